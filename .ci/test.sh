#!/usr/bin/env bash
# Runs every test suite and ends with one line that adds them up. `make test` has built what it needs.
#
#   CUSTOMS_TEST_ALL=1           all seeds, and all combinations of what hardly has to do with each other
#   TEST_WORKERS=N               workers of each suite that can be divided (default: two a core, at most 8)
#   CUSTOMS_TEST_PYTHONS=A:B     interpreters for the tests of the hook, in addition to those of pyenv and PATH
#                                (default: the newest of Debian unstable, if available)
#   CUSTOMS_TEST_FOLDER=DIR      where the tests' PostgreSQL servers are (default: in memory if /dev/shm has room)
#
# The Slurm tests, which mostly wait for jobs, run beside the Swift tests and those of the hook. The tests of deployed
# files run beside the end-to-end tests.
set -euo pipefail
cd "$(dirname "$0")/.."

SWIFT=${SWIFT:-swift}
PYTHON=.venv-test/bin/python
cores=$(nproc)
workers=${TEST_WORKERS:-$((cores < 4 ? cores * 2 : 8))}
# Seconds for all Slurm tests together; stopping their cluster has no limit.
slurm_seconds=360

results=$(mktemp -d "${TMPDIR:-/tmp}/customs-test.XXXXXX")
slurm_folder=$(mktemp -d /tmp/customs-slurm-XXXXXX)
slurm=
deploy=
suites=()

end_slurm() { # ends the rest of the tests' cluster, if they were killed
    if [[ -e $slurm_folder/rig/state ]]; then
        RIG_STATE=$slurm_folder/rig/state Acceptance/slurm-rig/stop.sh --wipe || true
    fi
    rm -rf "$slurm_folder"
}

# A new database is hundreds of files. In memory they take a fifth of the time, and about 2 GiB.
memory=
if [[ -z ${CUSTOMS_TEST_FOLDER:-} && -w /dev/shm ]] &&
    (($(df --output=avail --block-size=1G /dev/shm | tail -n 1) >= 4)); then
    memory=$(mktemp -d /dev/shm/customs-test-XXXXXX)
    # a server that root starts runs as another user
    chmod 755 "$memory"
    export CUSTOMS_TEST_FOLDER=$memory
fi

finish() {
    if [[ -n $slurm ]]; then
        kill "$slurm" 2>/dev/null || true
        wait "$slurm" || true
        end_slurm
    fi
    [[ -z $deploy ]] || kill "$deploy" 2>/dev/null || true
    rm -rf "$results" ${memory:+"$memory"}
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# The newest Python, prepared while the Swift tests are built. If it is unavailable, the tests run without it.
newest=python3.15
newer_pythons=${XDG_CACHE_HOME:-$HOME/.cache}/customs-tests/pythons
newer=
if [[ -z ${CUSTOMS_TEST_PYTHONS:-} ]] && ! command -v "$newest" >/dev/null; then
    timeout 180 .ci/newer-pythons.sh "$newer_pythons" "$newest" </dev/null >"$results/pythons" 2>"$results/pythons.log" &
    newer=$!
fi

# Longer than any single test takes, so that a test that hangs does not block the rest.
pytest=("$PYTHON" -m pytest -ra --timeout=600 -o junit_family=xunit2)

# One cluster, and so one worker.
CUSTOMS_SLURM_FOLDER=$slurm_folder timeout --foreground --kill-after=120 "$slurm_seconds" \
    "${pytest[@]}" Acceptance/slurm --junit-xml="$results/Slurm.xml" </dev/null >"$results/slurm.log" 2>&1 &
slurm=$!

echo "== Swift tests (after $SECONDS s)"
status=0
# In release mode, because the tests with millions of mutations take minutes in debug mode; they use the public
# interfaces only. With the flags of `make build`, so that only the tests themselves are compiled here.
read -ra swift_flags <<<"${SWIFT_FLAGS:--c release}"
{
    "$SWIFT" build "${swift_flags[@]}" --product customsPackageTests &&
        "$SWIFT" test "${swift_flags[@]}" --skip-build --xunit-output "$results/swift.xml"
} </dev/null || status=$?
# XCTest writes the named file, Swift Testing one beside it.
suites+=("Swift:$status:$results/swift.xml:$results/swift-swift-testing.xml")

if [[ -n $newer ]]; then
    if wait "$newer"; then
        CUSTOMS_TEST_PYTHONS=$(cat "$results/pythons")
        export CUSTOMS_TEST_PYTHONS
    else
        echo "== $newest is unavailable from Debian unstable; the tests of the hook run without it"
        tail -n 3 "$results/pythons.log"
    fi
fi

pytest_suite() { # pytest_suite NAME [OPTION...]
    local suite=$1 status=0
    shift
    echo "== $suite tests (after $SECONDS s)"
    "${pytest[@]}" "Acceptance/${suite,,}" --junit-xml="$results/$suite.xml" "$@" </dev/null || status=$?
    suites+=("$suite:$status:$results/$suite.xml")
}
together=(-n "$workers" --dist worksteal)

pytest_suite Hook "${together[@]}"

echo "== Slurm tests, which ran meanwhile (after $SECONDS s)"
status=0
wait "$slurm" || status=$?
slurm=
end_slurm
cat "$results/slurm.log"
((status != 124 && status != 137)) || echo "Slurm tests: not done in $slurm_seconds s"
suites+=("Slurm:$status:$results/Slurm.xml")

# It ends before workers would have started, and waits for some of that time.
"${pytest[@]}" Acceptance/deploy --junit-xml="$results/Deploy.xml" </dev/null >"$results/deploy.log" 2>&1 &
deploy=$!
pytest_suite EndToEnd "${together[@]}"
echo "== Deploy tests, which ran meanwhile (after $SECONDS s)"
status=0
wait "$deploy" || status=$?
deploy=
cat "$results/deploy.log"
suites+=("Deploy:$status:$results/Deploy.xml")

echo "== All suites"
"$PYTHON" .ci/totals.py "${suites[@]}"
