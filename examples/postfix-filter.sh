#!/bin/sh
# A content filter for Postfix: has a message scanned by `convscan message` and
# gives the result back to Postfix. docs/postfix.md tells how to set it up.
#
# Usage, by pipe(8): postfix-filter.sh -f SENDER -- RECIPIENT... < message
#
# It exits 0 only when the message is in Postfix's queue again, is kept in the
# hold directory, or was discarded because the policy says so. Whatever else
# happens ends in 75: Postfix keeps the message and tries again. It never makes
# Postfix write to a sender.

convscan=${CONVSCAN:-/usr/local/bin/convscan}
config=${CONVSCAN_CONFIG:-/etc/convscan/postfix.toml}
sendmail=${SENDMAIL:-/usr/sbin/sendmail}
work=${CONVSCAN_WORK:-/var/spool/convscan/work}
# For messages that are to be held; on the same file system as `work`. Empty:
# Postfix keeps them and tries again, until maximal_queue_lifetime.
hold=${CONVSCAN_HOLD-/var/spool/convscan/hold}

later() {
    echo "convscan: $1"
    exit 75
}

PATH=/usr/bin:/bin
export PATH
umask 077
dir=$(mktemp -d "$work/in.XXXXXX") || later "no directory in $work"
trap 'rm -rf "$dir"' EXIT
trap 'exit 75' HUP INT TERM

cat > "$dir/message" || later "cannot save the message"
test -s "$dir/message" || later "the message is empty"

"$convscan" message --config "$config" --output "$dir/result" "$dir/message"
code=$?

case $code in
0)
    test -s "$dir/result" || later "no result, though the exit code is 0"
    # Never -t: recipients come from the envelope, not from the header.
    "$sendmail" -G -i "$@" < "$dir/result" || later "sendmail failed, exit code $?"
    ;;
10)
    test -n "$hold" || later "to be held, and there is no hold directory"
    rm -f "$dir/result"
    printf '%s\n' "$@" > "$dir/arguments" || later "cannot save the envelope"
    # On the disk before Postfix lets go of it.
    sync || later "cannot sync"
    kept=$hold/$(date +%Y%m%d-%H%M%S)-${dir##*/in.}
    test ! -e "$kept" && mv "$dir" "$kept" || later "cannot move the message to $hold"
    sync || later "cannot sync"
    echo "convscan: held as $kept"
    ;;
11)
    echo "convscan: discarded, as the policy says"
    ;;
75)
    later "to be tried again"
    ;;
*)
    # 12 too: an answer that returns mail to its sender is not carried out.
    later "exit code $code"
    ;;
esac
exit 0
