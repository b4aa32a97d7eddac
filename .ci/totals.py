"""Adds up test suites and ends with the line `N passed, N failed`.

    totals.py NAME:STATUS:FILE[:FILE...] ...

Each argument is one suite: its name, the exit status of its runner, and the JUnit XML files that
the runner wrote. If the files do not show what went wrong, the suite counts one failure more: there
is no file, no test ran, or the runner failed although each test passed.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree


@dataclass
class Suite:
    """The results of one runner's tests."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    remarks: list[str] = field(default_factory=list)

    def add(self, file: Path) -> None:
        """Counts the test cases of one JUnit XML file."""
        for case in ElementTree.parse(file).getroot().iter("testcase"):
            if case.find("failure") is not None or case.find("error") is not None:
                self.failed += 1
                self.remarks.append(f"failed: {case.get('classname')} {case.get('name')}")
            elif (skip := case.find("skipped")) is not None:
                self.skipped += 1
                reason = (skip.get("message") or "no reason given").splitlines()[0]
                self.remarks.append(
                    f"skipped: {case.get('classname')} {case.get('name')}: {reason}"
                )
            else:
                self.passed += 1


def read(status: str, files: list[Path]) -> Suite:
    """The suite whose runner ended with `status` and wrote those of `files` that exist."""
    suite = Suite()
    for file in files:
        if not file.exists():
            continue
        try:
            suite.add(file)
        except ElementTree.ParseError as error:
            suite.failed += 1
            suite.remarks.append(f"failed: {file.name} is not XML: {error}")
    if suite.passed + suite.failed == 0:
        suite.failed += 1
        suite.remarks.append(f"failed: no test ran (exit status {status})")
    elif status != "0" and suite.failed == 0:
        suite.failed += 1
        suite.remarks.append(
            f"failed: the runner ended with exit status {status} although no test failed"
        )
    return suite


def closing_line(passed: int, failed: int, skipped: int) -> str:
    """The last line."""
    return f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else "")


def main(arguments: list[str]) -> int:
    """Prints one line a suite, the failed and skipped tests, and the sum."""
    total = Suite()
    for argument in arguments:
        name, status, *files = argument.split(":")
        suite = read(status, [Path(file) for file in files])
        print(
            f"{name:<12}{suite.passed:>6} passed{suite.failed:>6} failed{suite.skipped:>6} skipped"
        )
        for remark in suite.remarks:
            print(f"    {remark}")
        total.passed += suite.passed
        total.failed += suite.failed
        total.skipped += suite.skipped
    if not arguments:
        total.failed += 1
    print(closing_line(total.passed, total.failed, total.skipped))
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
