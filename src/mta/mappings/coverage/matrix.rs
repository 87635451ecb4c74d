//! The pairs of classes of channels, filled by the entries in their order. Cannot
//! fail; past a bound of work what is left cannot be told.

use super::ask::{Ask, Number, Pair, Probes};
use super::bits::{self, Bits};
use super::side::Side;
use super::{Answer, Fit, Way};
use crate::mta::mappings::says::Kind;

/// Words of the matrix that are looked at: a tenth of a second of them. Five
/// thousand entries for all of two thousand sources that are told apart take half.
const LOOKED_AT: usize = 50_000_000;

/// The matrix while it is filled.
pub(super) struct Matrix<'a> {
    ask: Ask<'a>,
    sources: &'a Side,
    destinations: &'a Side,
    probes: Probes,
    lines: Vec<Line>,
    /// How many lines have cells that are open or doubtful.
    busy: usize,
    looked_at: usize,
}

/// A row.
struct Line {
    /// The number of the answer in each cell.
    cells: Vec<u32>,
    /// The cells that are not yet decided.
    open: Vec<u64>,
    /// Those that cannot be told, so that later entries may decide.
    doubtful: Vec<u64>,
    /// How many bits are set in either.
    left: Left,
}

#[derive(Clone, Copy, Debug)]
struct Left {
    open: u32,
    doubtful: u32,
}

/// What is in a matrix.
pub(super) struct Filled {
    /// The number of the answer for each row and column.
    pub(super) cells: Vec<Vec<u32>>,
    pub(super) answers: Vec<Answer>,
}

/// The matrix of the answers, by `fits` in the order of the entries.
pub(super) fn filled(ask: Ask, sources: &Side, destinations: &Side, fits: &[Fit]) -> Filled {
    let lines: Vec<Line> = (0..sources.len()).map(|_| Line::new(destinations.len())).collect();
    let busy = lines.iter().filter(|line| line.is_busy()).count();
    let probes = Probes::default();
    let mut matrix = Matrix { ask, sources, destinations, probes, lines, busy, looked_at: 0 };
    for fit in fits {
        if matrix.looked_at > LOOKED_AT {
            matrix.give_up();
        }
        if matrix.busy == 0 {
            break;
        }
        matrix.fit(fit);
    }
    Filled {
        cells: matrix.lines.into_iter().map(|line| line.cells).collect(),
        answers: matrix.probes.into_answers(),
    }
}

impl Matrix<'_> {
    fn fit(&mut self, fit: &Fit) {
        let rows = self.sources.set(fit.sources);
        let (Some(rows), Some(columns)) = (rows, self.destinations.set(fit.destinations)) else { return };
        match fit.way {
            Way::Once(Kind::Constant | Kind::Varying | Kind::Open) | Way::Never(_) => {
                self.same(fit, rows, columns);
            }
            Way::Once(Kind::GoesOn | Kind::VaryingGoesOn) | Way::Each(_) | Way::Perhaps(_) => {
                self.each(fit, rows, columns);
            }
        }
    }

    /// Gives all open cells the same answer.
    fn same(&mut self, fit: &Fit, rows: &Bits, columns: &Bits) {
        let mut number = None;
        let first = rows.numbers().next().zip(columns.numbers().next());
        let Some(pair) = first.and_then(|(row, column)| self.pair(row, column)) else { return };
        for row in rows.numbers() {
            self.looked_at += 1;
            let Some(line) = self.lines.get_mut(row).filter(|line| line.is_busy()) else { continue };
            self.looked_at += columns.words().len();
            line.resolve(columns, fit.way);
            if line.meets_open(columns) {
                line.take(columns, *number.get_or_insert_with(|| self.probes.same(&self.ask, fit, pair)));
            }
            self.busy -= usize::from(!line.is_busy());
        }
    }

    /// Gives each open cell its own answer, unless the entry does not fit it.
    fn each(&mut self, fit: &Fit, rows: &Bits, columns: &Bits) {
        let mut known = None;
        for row in rows.numbers() {
            self.looked_at += 1;
            let Some(line) = self.lines.get_mut(row).filter(|line| line.is_busy()) else { continue };
            self.looked_at += columns.words().len();
            line.resolve(columns, fit.way);
            let open = if self.probes.are_used_up() { Vec::new() } else { line.open_in(columns) };
            for column in open {
                let Some(pair) = self.pair(row, column) else { continue };
                let Some(number) = known.or_else(|| self.probes.each(&self.ask, fit, pair)) else { continue };
                if let Way::Once(_) = fit.way {
                    known = Some(number);
                }
                if let Some(line) = self.lines.get_mut(row) {
                    line.take(&Bits::of([column]), number);
                }
            }
            let Some(line) = self.lines.get_mut(row) else { continue };
            if self.probes.are_used_up() && line.meets_open(columns) {
                line.take(columns, known.unwrap_or_else(|| self.probes.used_up()));
            }
            self.busy -= usize::from(!line.is_busy());
        }
    }

    fn pair(&self, row: usize, column: usize) -> Option<Pair> {
        Some(Pair { source: self.sources.one(row)?, destination: self.destinations.one(column)? })
    }

    fn give_up(&mut self) {
        self.busy = 0;
        let number = self.probes.used_up();
        let all = Bits::of(0..self.destinations.len());
        self.lines.iter_mut().for_each(|line| line.take(&all, number));
    }
}

impl Line {
    fn new(width: usize) -> Self {
        let words = bits::words(width);
        Self {
            cells: vec![0; width],
            open: (0..words).map(|place| bits::full_word(place, width)).collect(),
            doubtful: vec![0; words],
            left: Left { open: u32::try_from(width).unwrap_or(u32::MAX), doubtful: 0 },
        }
    }

    /// Whether entries may yet decide here.
    fn is_busy(&self) -> bool {
        self.left.open > 0 || self.left.doubtful > 0
    }

    fn meets_open(&self, columns: &Bits) -> bool {
        self.left.open > 0 && columns.meets(&self.open)
    }

    fn open_in(&self, columns: &Bits) -> Vec<usize> {
        let open = columns.words().iter().zip(self.open.get(columns.first()..).unwrap_or_default());
        (columns.first()..)
            .zip(open)
            .flat_map(|(place, (mask, open))| bits::in_word(place, mask & open))
            .collect()
    }

    /// Doubtful cells in `columns` are no more where an entry fits `way` that would
    /// leave nothing to later ones.
    fn resolve(&mut self, columns: &Bits, way: Way) {
        if self.left.doubtful > 0 && columns.meets(&self.doubtful) && way.is_last_word() {
            let doubtful = self.doubtful.get_mut(columns.first()..).unwrap_or_default();
            for (doubtful, mask) in doubtful.iter_mut().zip(columns.words()) {
                self.left.doubtful -= (*doubtful & mask).count_ones();
                *doubtful &= !mask;
            }
        }
    }

    /// Decides the open cells in `columns`.
    fn take(&mut self, columns: &Bits, number: Number) {
        let first = columns.first();
        let open = self.open.get_mut(first..).unwrap_or_default().iter_mut();
        let doubtful = self.doubtful.get_mut(first..).unwrap_or_default().iter_mut();
        let (value, doubt) = match number {
            Number::Sure(value) => (value, 0),
            Number::Doubtful(value) => (value, u64::MAX),
        };
        for (place, (mask, (open, doubtful))) in (first..).zip(columns.words().iter().zip(open.zip(doubtful)))
        {
            let fresh = *open & mask;
            *open &= !fresh;
            *doubtful |= fresh & doubt;
            self.left.open -= fresh.count_ones();
            self.left.doubtful += (fresh & doubt).count_ones();
            for column in bits::in_word(place, fresh) {
                if let Some(cell) = self.cells.get_mut(column) {
                    *cell = value;
                }
            }
        }
    }
}

impl Way {
    /// Whether no entry below decides where one fits in this way.
    fn is_last_word(self) -> bool {
        match self {
            Self::Once(kind) | Self::Each(kind) => match kind {
                Kind::Constant | Kind::Varying => true,
                Kind::GoesOn | Kind::VaryingGoesOn | Kind::Open => false,
            },
            Self::Perhaps(_) | Self::Never(_) => false,
        }
    }
}
