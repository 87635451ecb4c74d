//! Bytes that come one by one, handed on in pieces: content is decoded in constant
//! memory. Cannot fail; who takes them may want no more.

/// Bytes in one piece.
const PIECE: usize = 16 * 1024;

/// Takes pieces of content, and says whether it wants more.
pub type Take<'t> = &'t mut dyn FnMut(&[u8]) -> bool;

/// Gathers bytes to pieces. The last piece is handed on by [`Pieces::end`].
pub(crate) struct Pieces<'t> {
    piece: Vec<u8>,
    take: Take<'t>,
    wanted: bool,
}

impl<'t> Pieces<'t> {
    /// For `take`.
    pub(crate) fn new(take: Take<'t>) -> Self {
        Self { piece: Vec::with_capacity(PIECE), take, wanted: true }
    }

    /// Adds one byte.
    pub(crate) fn push(&mut self, byte: u8) {
        if self.wanted {
            self.piece.push(byte);
            if self.piece.len() == PIECE {
                self.hand_on();
            }
        }
    }

    /// Adds `bytes`.
    pub(crate) fn extend(&mut self, mut bytes: &[u8]) {
        while self.wanted && !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(PIECE - self.piece.len()));
            self.piece.extend_from_slice(now);
            bytes = later;
            if self.piece.len() == PIECE {
                self.hand_on();
            }
        }
    }

    /// Whether more is wanted.
    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted
    }

    /// Hands on what is left.
    pub(crate) fn end(mut self) {
        self.hand_on();
    }

    fn hand_on(&mut self) {
        if self.wanted && !self.piece.is_empty() {
            self.wanted = (self.take)(&self.piece);
        }
        self.piece.clear();
    }
}

/// Gives `take` what stands there already.
pub(crate) fn plain(bytes: &[u8], take: Take<'_>) {
    let mut pieces = bytes.chunks(PIECE);
    while pieces.next().is_some_and(&mut *take) {}
}

/// Bytes that are handed over in pieces, in one.
pub(crate) fn whole(capacity: usize, give: impl FnOnce(Take<'_>)) -> Vec<u8> {
    let mut out = Vec::with_capacity(capacity);
    give(&mut |piece| {
        out.extend_from_slice(piece);
        true
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_whole_and_end_when_no_more_is_wanted() {
        let content: Vec<u8> = (0..PIECE * 2 + 5).map(|i| (i % 251) as u8).collect();
        let push = |take: Take<'_>| {
            let mut pieces = Pieces::new(take);
            pieces.extend(&content);
            pieces.end();
        };
        assert_eq!(whole(0, push), content);
        assert_eq!(whole(0, |take| plain(&content, take)), content);
        let mut count = 0;
        push(&mut |piece| {
            count += piece.len();
            false
        });
        assert_eq!(count, PIECE);
    }
}
