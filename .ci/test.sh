#!/usr/bin/env bash
# Runs every test suite and ends with one line that adds them up. `make test` has built what it needs.
set -euo pipefail
cd "$(dirname "$0")/.."

results=$(mktemp -d "${TMPDIR:-/tmp}/customs-test.XXXXXX")
trap 'rm -rf "$results"' EXIT

SWIFT=${SWIFT:-swift}
PYTHON=.venv-test/bin/python
suites=()

echo "== Swift tests"
status=0
# A build of its own: Swift Testing comes only as a shared library, the released binaries are static. In release, for the
# tests by millions of mutations take minutes in debug; they use the public interfaces only.
"$SWIFT" test -c release --scratch-path .build-tests --xunit-output "$results/swift.xml" </dev/null || status=$?
# XCTest writes the file that it was told, Swift Testing one beside it.
suites+=("Swift:$status:$results/swift.xml:$results/swift-swift-testing.xml")

for suite in Hook Deploy EndToEnd Slurm; do
    echo "== $suite tests"
    status=0
    # No single test takes that long: one that hangs must not hang everything.
    "$PYTHON" -m pytest "Tests/$suite" --timeout=600 --junit-xml="$results/$suite.xml" \
        -o junit_family=xunit2 -ra </dev/null || status=$?
    suites+=("$suite:$status:$results/$suite.xml")
done

echo "== All suites"
"$PYTHON" .ci/totals.py "${suites[@]}"
