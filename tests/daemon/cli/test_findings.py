"""`secaid findings` as commands: what a person sees, and what `--json` keeps."""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from daemon.cli.context import here, opened
from daemon.cli.main import secaid
from daemon.domain.artifact import ArtifactOrigin
from daemon.domain.finding import Finding, Location, Package, Region
from daemon.domain.scan import FileAccount, KeptFinding, ReportState, Scan
from daemon.domain.severity import Severity
from daemon.store import artifacts, findings, lifecycle
from daemon.store.artifacts import NewArtifact
from daemon.store.engine import Store

PLACE = Location(path="src/app.py", region=Region(start_line=7), snippet="    eval(x)")
EVIL = "\x1b[31m[bold]eval\x1b[0m of input"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("SECAID_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "160")
    with opened(here()) as made:
        yield made


def kept(one: str, *, urgency: float = 70, group: str | None = None, **values: Any) -> KeptFinding:
    whole = {"tool": "semgrep", "rule": "eval", "message": EVIL, "severity": "high", "locations": (PLACE,)} | values
    made = msgspec.convert(whole, Finding)
    return KeptFinding(id=one, finding=made, group=group, urgency=urgency, urgency_reasons=("severity high",))


def save(store: Store, number: int, *found: KeptFinding) -> None:
    new = NewArtifact(
        name=f"semgrep-{number}", origin=ArtifactOrigin.GITHUB, sha256=str(number), size=1, stored_at="x",
        repository="o/r", branch="main", external_id=str(number),
    )  # fmt: skip
    files = (FileAccount(path="r.json", state=ReportState.PARSED, tool="semgrep"),)
    with store.begin() as conn:
        artifact = artifacts.get(conn, artifacts.add(conn, new)[0])
        lifecycle.save_scan(conn, artifact, Scan(files=files, findings=found))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(secaid, ["findings", *arguments])


def said(*arguments: str) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_list_tells_what_is_new_how_old_it_is_and_whether_a_fix_is_at_hand(store: Store) -> None:
    package = Package(ecosystem="npm", name="left", version="1", fixed_versions=("2",))
    save(store, 100, kept("a" * 32))
    save(store, 101, kept("a" * 32), kept("b" * 32, urgency=90, package=package))
    lines = run("list").stdout.splitlines()
    assert lines[0] == "2 findings, most urgent first; 1 new since the last scan"
    shown = [line.split() for line in lines if line.startswith("high")]
    assert shown[0] == ["high", "b" * 10, "semgrep", "eval", "left", "1", "new", "in", "2"]
    assert shown[1] == ["high", "a" * 10, "semgrep", "eval", "src/app.py:7", "now", "pending"]
    assert [one["id"][0] for one in said("list", "--new")["findings"]] == ["b"]


def test_a_narrow_terminal_gets_two_lines_a_finding_and_nothing_is_folded(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    deep = Location(path=f"src/{'deep/' * 20}app.py", region=Region(start_line=7))
    save(store, 100, kept("a" * 32, rule=f"rules.{'long-' * 12}end", locations=(deep,)))
    lines = [line.rstrip() for line in run("list").stdout.splitlines()]
    assert all(len(line) <= 80 for line in lines)
    first, second = lines[-2:]
    assert first.startswith("high      aaaaaaaaaa  semgrep …")
    assert first.endswith("long-end, new, pending")
    assert second.strip().startswith("…")
    assert second.endswith("deep/deep/app.py:7")


def test_into_a_pipe_every_finding_is_one_whole_line(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS")
    rule = f"rules.{'long-' * 40}end"
    save(store, 100, kept("a" * 32, rule=rule))
    (line,) = (line for line in run("list").stdout.splitlines() if line.startswith("high"))
    assert line.split() == ["high", "a" * 10, "semgrep", rule, "src/app.py:7", "new", "pending"]


@pytest.mark.parametrize(
    ("rule", "title", "shown"),
    [
        ("B303", "Use of MD5", "B303 Use of MD5"),
        ("CKV2_GHA_1", "No write-all", "CKV2_GHA_1 No write-all"),
        ("10038-1", "No policy", "10038-1 No policy"),
        ("7af43613-6bb9-4a0e-8c4d-1314b799425e", "S3 is open", "S3 is open"),
        ("eval-of-input", "Evaluates input", "eval-of-input"),
    ],
)
def test_a_rule_that_is_a_mere_number_is_told_in_words(store: Store, rule: str, title: str, shown: str) -> None:
    save(store, 100, kept("a" * 32, rule=rule, title=title))
    (line,) = (line for line in run("list").stdout.splitlines() if line.startswith("high"))
    assert f"semgrep  {shown}  src/app.py:7" in line


@pytest.mark.parametrize(
    ("version", "fixed", "nearest"),
    [
        ("5.1.0", ("2.11.2", "5.2.1", "6.0.5"), "5.2.1"),
        ("4.1.106.Final", ("4.2.4.Final", "4.1.124.Final"), "4.1.124.Final"),
        ("9.0", ("1.2", "2.3"), "1.2"),
        ("", ("2.0", "1.5"), "1.5"),
    ],
)
def test_of_several_versions_that_fix_it_the_next_one_is_shown(
    store: Store, version: str, fixed: tuple[str, ...], nearest: str
) -> None:
    package = Package(ecosystem="npm", name="pg", version=version, fixed_versions=fixed)
    save(store, 100, kept("a" * 32, package=package))
    (line,) = (line for line in run("list").stdout.splitlines() if line.startswith("high"))
    assert line.rstrip().endswith(f"in {nearest}")


def test_neighbours_of_one_group_are_folded_for_people_and_listed_in_json(store: Store) -> None:
    save(store, 100, *(kept(letter * 32, group="g") for letter in "abc"), kept("d" * 32, urgency=5))
    assert [line.split()[4:6] for line in run("list").stdout.splitlines() if line.startswith("high")] == [
        ["src/app.py:7", "+2"],
        ["src/app.py:7", "new"],
    ]
    assert len(said("list")["findings"]) == 4
    assert said("show", "a")["group_members"] == ["a" * 32, "b" * 32, "c" * 32]


def test_a_noisy_rule_is_named_above_the_list(store: Store) -> None:
    save(store, 100, *(kept(f"{number:032x}", rule="loud") for number in range(12)), kept("f" * 32))
    assert "12 of 13 semgrep findings come from one rule, loud: 0 with a verified fix, 0 applied fixes" in run(
        "list"
    ).stdout.replace("\n", " ")
    assert [rule["rule"] for rule in said("list")["noisy_rules"]] == ["loud"]


def test_show_tells_everything_and_no_finding_colours_the_terminal(store: Store) -> None:
    save(store, 100, kept("a" * 32, cwes=[95], help_uri="https://example.org/rule"))
    shown = run("show", "aaa").stdout
    for text in (
        "[bold]eval",
        "src/app.py:7 of o/r on main",
        "CWE-95",
        "70: severity high",
        "https://example.org/rule",
    ):
        assert text in shown
    assert "\x1b" not in shown
    assert said("show", "aaa")["finding"]["rule"] == "eval"


def test_a_finding_is_suppressed_with_a_reason_until_a_day_and_lifted(store: Store) -> None:
    save(store, 100, kept("a" * 32), kept("b" * 32))
    day = (dt.date.today() + dt.timedelta(days=30)).isoformat()
    (one,) = said("suppress", "aa", "--reason", "test code", "--until", day)["findings"]
    assert (one["state"], one["state_reason"]) == ("suppressed", "test code")
    assert one["state_until"] > dt.datetime.now(dt.UTC).timestamp()
    assert [found["id"][0] for found in said("list")["findings"]] == ["b"]
    assert f"test code, until {day}" in run("show", "aa").stdout.replace("\n", "")
    assert run("suppress", "aa", "--lift").stdout == f"{'a' * 10} is open\n"


def test_a_suppression_that_has_run_out_is_open_when_one_looks(store: Store) -> None:
    save(store, 100, kept("a" * 32))
    with store.begin() as conn:
        findings.suppress(conn, "a" * 32, "a while", dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1))
    assert said("list")["findings"][0]["state_reason"] == "its suppression has ended"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("suppress", "aa"), "either --reason"),
        (("suppress", "aa", "--lift"), "is open, not suppressed"),
        (("suppress", "aa", "--reason", "x", "--until", "2020-01-01"), "a day in the future"),
        (("suppress", "zz", "--reason", "x"), "no finding has an id that begins with 'zz'"),
        (("list", "--since", "soon"), "12h, 7d or 2w"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_would(store: Store, arguments: list[str], message: str) -> None:
    save(store, 100, kept("a" * 32, severity=Severity.LOW))
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
