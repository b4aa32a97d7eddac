"""The alert rules, tried by Prometheus' own tool: each fires when it must, and only then."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_each_alert_fires_when_it_must_and_only_then(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("no promtool: install prometheus")
    shutil.copy(ROOT / "etc/prometheus/customs.rules.yml", tmp_path)
    cases = tmp_path / "cases.yml"
    shutil.copy(Path(__file__).with_name("customs.rules.test.yml"), cases)
    tried = subprocess.run(
        [promtool, "test", "rules", cases],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert tried.returncode == 0, tried.stdout + tried.stderr
