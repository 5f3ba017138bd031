"""What holds for every parser; a new one is covered the moment it exists."""

import re
from pathlib import Path

import pytest

from daemon.domain.report import Report
from daemon.errors import ReportBroken, UnknownFormat
from workers.parsers import NotReport, read
from workers.parsers.content import Probe, examine
from workers.parsers.registry import PARSERS


def test_every_parser_has_a_sample_and_every_sample_a_parser(samples: dict[str, bytes]) -> None:
    assert set(samples) == set(PARSERS.names())


def test_exactly_one_parser_recognises_a_sample(sample: Path) -> None:
    probe = examine(sample.read_bytes())
    assert isinstance(probe, Probe)
    assert [parser.name for parser in PARSERS if parser.recognises(probe)] == [sample.stem]


def _read(sample: Path) -> Report:
    found = read(sample.read_bytes(), "any-name.at-all")
    assert isinstance(found, Report)
    return found


def test_every_raw_row_is_a_finding_or_ignored_because_of_something(report_file: Path) -> None:
    report = _read(report_file)
    assert report.format == report_file.stem
    assert report.rows
    for number, row in enumerate(report.rows):
        assert row.index == number
        assert re.fullmatch(r"[0-9a-f]{64}", row.raw_sha256)
        assert (row.finding is None) != (row.ignored is None)
        assert row.ignored != ""


def test_findings_are_fit_to_be_stored_and_shown(report_file: Path) -> None:
    for row in _read(report_file).rows:
        if finding := row.finding:
            assert finding.tool == finding.tool.lower()
            assert finding.rule
            assert finding.message
            assert finding.category == "other"
            for location in (*finding.locations, *finding.related, *finding.flow):
                assert location.path or location.url or location.logical
                if location.path:
                    assert not location.path.startswith("/")
                    assert ".." not in location.path.split("/")


def test_no_secret_of_a_report_comes_through(report_file: Path) -> None:
    assert "Zx81-not-a-shape" not in repr(_read(report_file))


def test_reading_is_a_function_of_the_content(report_file: Path) -> None:
    assert _read(report_file) == _read(report_file)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_other_unicode_encodings_give_the_same_rows(json_file: Path, encoding: str) -> None:
    wanted = _read(json_file)
    found = read(json_file.read_bytes().decode().encode(encoding), "any-name.at-all")
    assert found == wanted


def test_a_report_cut_short_is_never_a_clean_one(sample: Path) -> None:
    content = sample.read_bytes()
    for part in (0.1, 0.5, 0.9):
        try:
            found = read(content[: int(len(content) * part)].rstrip(), "cut")
        except (ReportBroken, UnknownFormat):
            continue
        assert isinstance(found, NotReport) or found.rows


def test_more_rows_than_allowed_are_refused(report_file: Path) -> None:
    _read(report_file)
    with pytest.raises(ReportBroken, match="more than 0 rows"):
        read(report_file.read_bytes(), "big", max_rows=0)


def test_a_failed_audit_is_broken_and_not_clean(samples: dict[str, bytes]) -> None:
    with pytest.raises(ReportBroken, match="existing lockfile"):
        read(samples["npm-audit-error"], "audit.json")
