#!/usr/bin/env bash
# Refuses commit subjects over 72 columns (docs/style.md): the newest one, and those not yet pushed.
set -euo pipefail
cd "$(dirname "$0")/.."

git rev-parse --git-dir >/dev/null 2>&1 || exit 0
status=0
while IFS= read -r subject; do
    if ((${#subject} > 72)); then
        echo "commit subject of ${#subject} columns; at most 72: $subject"
        status=1
    fi
done < <({ git log -1 --no-merges --format=%s; git log "@{upstream}.." --no-merges --format=%s 2>/dev/null; } | sort -u)
exit "$status"
