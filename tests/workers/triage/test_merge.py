"""Rows that say the same become one; nothing is dropped without a word."""

from collections.abc import Callable, Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.finding import Finding, Location, Package, Region
from daemon.domain.report import Report, Row
from daemon.domain.scan import Disposition
from daemon.domain.severity import Severity
from workers.source.tree import MemoryTree
from workers.triage.merge import distinct

SOURCE = MemoryTree({"app.py": b"def f(x):\n    call(x)\n    call(x)\n    call(y)\n"})


def report(findings: Sequence[Finding | str], path: str = "report.json") -> Report:
    rows = tuple(
        Row(index=index, raw_sha256="0" * 64, ignored=item)
        if isinstance(item, str)
        else Row(index=index, raw_sha256="0" * 64, finding=item)
        for index, item in enumerate(findings)
    )
    return Report(tool="t", format="f", path=path, rows=rows)


def on(line: int, column: int | None = None, rule: str = "r", **fields: object) -> Finding:
    region = Region(start_line=line, start_column=column, end_line=line)
    where = Location(path="app.py", region=region, snippet=fields.pop("snippet", None))  # type: ignore[arg-type]  # a test's own
    defaults = {"tool": "t", "message": "m", "severity": Severity.LOW}
    return Finding(rule=rule, locations=(where,), **(defaults | fields))


def test_every_row_is_kept_a_duplicate_of_or_ignored_because() -> None:
    triage = distinct([report([on(2), "passed"], "a.json"), report([on(2), on(4)], "b.sarif")], SOURCE)
    (kept, ignored), (duplicate, other) = triage.accounts
    assert (kept.disposition, kept.reason) == (Disposition.KEPT, None)
    assert (ignored.disposition, ignored.reason, ignored.finding_id) == (Disposition.IGNORED, "passed", None)
    assert (duplicate.disposition, duplicate.reason) == (Disposition.DUPLICATE, "repeats row 0 of a.json")
    assert duplicate.finding_id == kept.finding_id
    assert [found.id for found in triage.findings] == [kept.finding_id, other.finding_id]
    assert [triage.count(fate) for fate in Disposition] == [2, 1, 1]


def test_two_findings_of_one_rule_on_equal_code_stay_two_also_when_they_move() -> None:
    before = distinct([report([on(2), on(3)])], SOURCE)
    moved = MemoryTree({"app.py": b"import x\n" + SOURCE.read("app.py")})
    after = distinct([report([on(4), on(3)])], moved)
    assert len(before.findings) == 2
    assert {kept.id for kept in after.findings} == {kept.id for kept in before.findings}


def test_two_columns_of_one_line_stay_two_and_a_row_without_column_joins_the_first() -> None:
    triage = distinct([report([on(2, 5), on(2, 9)]), report([on(2)], "other.sarif")], SOURCE)
    assert len(triage.findings) == 2
    assert triage.accounts[1][0].finding_id == triage.accounts[0][0].finding_id


def test_two_things_that_a_report_says_of_one_place_stay_two_and_pair_with_the_other_format() -> None:
    native = report([on(2, message="variable a"), on(2, message="variable b"), on(2, message="variable a")])
    sarif = report([on(2, message="b is unused"), on(2, message="variable a")], "other.sarif")
    triage = distinct([native, sarif], SOURCE)
    a, b = (kept.id for kept in triage.findings)
    assert [[row.finding_id for row in rows] for rows in triage.accounts] == [[a, b, a], [b, a]]
    assert triage.count(Disposition.DUPLICATE) == 3


def test_places_outside_of_the_repository_are_told_apart_by_their_lines() -> None:
    def outside(line: int) -> Finding:
        return msgspec.structs.replace(
            on(line), locations=(Location(logical="C:/x.ts", region=on(line).location.region),)
        )

    assert len(distinct([report([outside(3), outside(9)])]).findings) == 2


@given(st.permutations(range(6)))
def test_ids_do_not_hang_on_the_order_of_rows(order: list[int]) -> None:
    findings = [on(2), on(3), on(4), on(2, rule="s"), on(4, 7, rule="s"), on(4, 9, rule="s")]
    wanted = {(kept.id, kept.finding.line, kept.finding.rule) for kept in distinct([report(findings)], SOURCE).findings}
    found = distinct([report([findings[number] for number in order])], SOURCE).findings
    assert {(kept.id, kept.finding.line, kept.finding.rule) for kept in found} == wanted


def test_a_snippet_that_only_one_format_quotes_serves_both() -> None:
    native, sarif = report([on(2)]), report([on(2, snippet="    call(x)", help_text="words", cwes=(78,))], "b")
    both, other_way = distinct([native, sarif]), distinct([sarif, native])
    (kept,) = both.findings
    assert kept.id == other_way.findings[0].id == distinct([sarif]).findings[0].id
    assert (kept.finding.location.snippet, kept.finding.help_text, kept.finding.cwes) == ("    call(x)", "words", (78,))


def test_what_one_row_knows_fills_the_gaps_of_the_other() -> None:
    package = Package(ecosystem="unknown", name="left", version="1", fixed_versions=("2",))
    known = Package(ecosystem="npm", name="left", version="1", purl="pkg:npm/left@1", fixed_versions=("3",))
    one = Finding(tool="t", rule="CVE-2021-10001", message="m", severity=Severity.UNKNOWN, package=package)
    other = Finding(
        tool="t", rule="CVE-2021-10001", message="n", severity=Severity.HIGH, cvss_score=8.1, package=known, epss=0.2
    )
    (kept,) = distinct([report([one, other])]).findings
    merged = kept.finding
    assert (merged.severity, merged.cvss_score, merged.epss, merged.message) == (Severity.HIGH, 8.1, 0.2, "m")
    assert merged.package
    assert (merged.package.ecosystem, merged.package.purl) == ("npm", "pkg:npm/left@1")
    assert merged.package.fixed_versions == ("2", "3")


def test_findings_of_two_repositories_are_not_one() -> None:
    ids = {distinct([report([on(2)])], SOURCE, scope=scope).findings[0].id for scope in ("", "o/a", "o/b")}
    assert len(ids) == 3


@pytest.mark.parametrize("alias", ["CVE-2021-10001", "GHSA-2222-3333-4444"])
def test_aliases_of_one_vulnerability_group_over_tools_and_manifests(alias: str) -> None:
    def vulnerable(tool: str, rule: str, manifest: str, *aliases: str, version: str = "1") -> Finding:
        package = Package(ecosystem="npm", name="Left", version=version, manifest=manifest)
        return Finding(tool=tool, rule=rule, message="m", severity=Severity.LOW, package=package, aliases=aliases)

    findings = [
        vulnerable("osv-scanner", "GHSA-2222-3333-4444", "a/package-lock.json", "CVE-2021-10001"),
        vulnerable("trivy", "CVE-2021-10001", "b/package-lock.json"),
        vulnerable("snyk", "SNYK-JS-LEFT-1", "a/package-lock.json", alias),
        vulnerable("trivy", "CVE-2021-10001", "a/package-lock.json", version="2"),
        vulnerable("trivy", "CVE-2022-20002", "a/package-lock.json"),
    ]
    groups = distinct([report(findings)]).groups
    assert sorted((key, len(ids)) for key, ids in groups.items()) == [
        ("left@1 CVE-2021-10001", 3),
        ("left@1 CVE-2022-20002", 1),
        ("left@2 CVE-2021-10001", 1),
    ]


def test_one_weakness_of_one_place_groups_over_tools(make_finding: Callable[..., Finding]) -> None:
    path = ".github/workflows/ci.yml"
    findings = [
        make_finding("template-injection", path=path, line=8, tool="zizmor"),
        make_finding("yaml.github-actions.security.run-shell-injection", path=path, line=8, tool="semgrep"),
        make_finding("artipacked", path=path, line=8, tool="zizmor"),
        make_finding("template-injection", path=path, line=20, tool="zizmor"),
    ]
    groups = distinct([report(findings)]).groups
    assert sorted(len(ids) for ids in groups.values()) == [1, 1, 2]


@pytest.mark.parametrize(("first", "second"), [("not_affected", None), (None, "not_affected"), ("a", "b")])
def test_a_finding_is_hidden_only_where_everybody_hides_it(first: str | None, second: str | None) -> None:
    (kept,) = distinct([report([on(2, suppressed=first), on(2, suppressed=second)])], SOURCE).findings
    assert kept.finding.suppressed == (first if second else None)
