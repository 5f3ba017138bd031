"""Small reports of our own writing, one for each format, named after its parser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.domain.finding import Finding
from daemon.domain.report import Report
from workers.parsers import read

SAMPLES = Path(__file__).parent / "samples"
NO_REPORT = {"npm-audit-error"}
"""Formats that only say that a scan failed."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests with a `sample` run over all of them, with a `report_file` over those that are reports."""
    files = sorted(SAMPLES.iterdir())
    reports = [file for file in files if file.stem not in NO_REPORT]
    json_reports = [file for file in reports if file.suffix in {".json", ".sarif"}]
    for name, found in (("sample", files), ("report_file", reports), ("json_file", json_reports)):
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, found, ids=[file.stem for file in found])


@pytest.fixture(scope="session")
def samples() -> dict[str, bytes]:
    """Parser name → content."""
    return {file.stem: file.read_bytes() for file in SAMPLES.iterdir()}


@pytest.fixture(scope="session")
def report_of(samples: dict[str, bytes]) -> Callable[[str], Report]:
    """Parser name → its sample, read."""

    def report(name: str) -> Report:
        found = read(samples[name], name)
        assert isinstance(found, Report)
        return found

    return report


@pytest.fixture(scope="session")
def findings_of(report_of: Callable[[str], Report]) -> Callable[[str], list[Finding]]:
    """Parser name → the findings in its sample."""
    return lambda name: [row.finding for row in report_of(name).rows if row.finding]
