#!/bin/sh
# What a site's own script does at the least: scan, look into the log, copy.
log=$OUTPUT_FILE.log
clamdscan -c "$1" --fdpass --no-summary "$INPUT_FILE" > "$log" 2>&1
if grep -q ' FOUND$' "$log"; then
    echo 'A virus was found.' > "$OUTPUT_FILE"
else
    cp "$INPUT_FILE" "$OUTPUT_FILE"
fi
rm -f "$log"
exit 0
