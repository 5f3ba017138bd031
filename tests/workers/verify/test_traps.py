"""Why a clean re-scan proves nothing by itself: each trap of the design, with the real scanner that falls into it."""

from __future__ import annotations

import msgspec

from daemon.domain.finding import Finding, Location, Region
from daemon.domain.fix import Candidate, Edit, Grade, Level
from daemon.domain.severity import Severity
from workers.source.tree import MemoryTree
from workers.verify.answers import Unit
from workers.verify.attempt import Task
from workers.verify.batch import Scanners
from workers.verify.verifier import Verifier

SAFE = "The loader that builds plain data only; documents with Python tags are refused."
LOADS = b"import yaml\n\n\ndef load(stream):\n    return yaml.load(stream, Loader=yaml.Loader)\n"


def task(
    old: str,
    new: str,
    *,
    tool: str = "bandit",
    rule: str = "B506",
    path: str = "app.py",
    content: bytes = LOADS,
    line: int = 5,
    declares: tuple[str, ...] = ("node:flagged",),
    proxies: dict[str, tuple[str, ...]] | None = None,
) -> Task:
    start = content.index(old.encode())
    edit = Edit(path=path, start=start, end=start + len(old.encode()), text=new)
    finding = Finding(
        tool=tool,
        rule=rule,
        message="",
        severity=Severity.MEDIUM,
        locations=(Location(path=path, region=Region(start_line=line)),),
    )
    return Task(
        finding=finding,
        candidate=Candidate(approach="case", edits=(edit,), explanation=SAFE, declares=declares),
        tree=MemoryTree({path: content}),
        proxies=proxies or {},
    )


GOOD = ("yaml.load(stream, Loader=yaml.Loader)", "yaml.safe_load(stream)")


def test_the_original_must_fire_or_the_verdict_is_unverifiable(verify):
    [verdict] = verify(task("safe_load", "load", content=LOADS.replace(*(side.encode() for side in GOOD)), rule="B506"))
    assert not verdict.verified
    assert verdict.grade is Grade.UNVERIFIED
    assert (verdict.reason or "").startswith("unverifiable here: bandit")


def test_a_finding_of_a_scanner_that_cannot_run_here_is_unverifiable(verify):
    [verdict] = verify(task(*GOOD, tool="codeql", rule="py/unsafe-deserialization"))
    assert verdict.reason is not None
    assert "no adapter for codeql" in verdict.reason


def test_another_scanner_stands_in_where_it_reports_the_same_place(verify):
    [verdict] = verify(task(*GOOD, tool="codeql", rule="py/unsafe-deserialization", proxies={"bandit": ("B506",)}))
    assert verdict.verified
    assert verdict.grade is Grade.PROXY


def test_checkov_says_zero_failed_about_a_file_it_could_not_read(scanners):
    """The trap itself, so that the check on liveness stays needed."""
    broken = Unit("deploy.yaml", b"apiVersion: v1\nkind: Pod\nspec: [\n")
    scan = scanners.scan({"checkov": [broken]})["checkov", broken]
    assert scan.findings == ()
    assert not scan.read


def test_zizmor_ends_well_on_a_folder_with_a_workflow_it_could_not_read(scanners):
    broken = Unit(".github/workflows/ci.yml", b"on: push\njobs: 7\n")
    scan = scanners.scan({"zizmor": [broken]})["zizmor", broken]
    assert not scan.read


def test_a_scanner_that_crashes_on_one_file_still_answers_for_the_others(scanners):
    broken = Unit(".github/workflows/ci.yml", b"on: push\njobs: 7\n")
    fine = Unit(
        ".github/workflows/ci.yml", b"on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: a/b@v1\n"
    )
    answers = scanners.scan({"zizmor": [broken, fine]})
    assert answers["zizmor", fine].read
    assert answers["zizmor", fine].findings


def test_the_repositorys_own_configuration_of_a_scanner_is_never_obeyed(scanners):
    dockerfile = Unit(
        "Dockerfile", b"FROM debian:12-slim\nWORKDIR app\n", ((".hadolint.yaml", b"ignored: [DL3000]\n"),)
    )
    python = Unit("a.py", b"eval(input())\n", ((".bandit", b"[bandit]\nskips: B307\n"),))
    answers = scanners.scan({"hadolint": [dockerfile], "bandit": [python]})
    assert [finding.rule for finding in answers["hadolint", dockerfile].findings] == ["DL3000"]
    assert [finding.rule for finding in answers["bandit", python].findings] == ["B307"]


def test_a_suppressed_finding_is_no_finding_but_adding_the_suppression_is_refused(verify):
    alone, with_code = verify(
        task(GOOD[0], f"{GOOD[0]}  # nosec"), task(GOOD[0], "yaml.load(stream, yaml.FullLoader)  # nosec")
    )
    assert "only comments" in (alone.reason or "")
    assert with_code.level is Level.PARSES
    assert "anti-gaming" in (with_code.reason or "")


def test_a_fix_for_one_scanner_that_another_one_reports_is_refused(verify):
    """Every applicable scanner looks at the whole file: here bandit's fix brings a mistake that hadolint would see."""
    content = b'FROM debian:12-slim\nUSER root\nCMD ["make"]\n'
    [verdict] = verify(
        task(
            "USER root",
            "USER nobody\nRUN sudo make",
            tool="hadolint",
            rule="DL3002",
            path="Dockerfile",
            content=content,
            line=2,
            declares=("instruction:USER", "instruction:RUN"),
        )
    )
    assert not verdict.verified
    assert "newly reports" in (verdict.reason or "")


def test_an_audit_note_that_stands_where_a_shell_stood_is_no_regression_but_is_recommended(verify):
    content = (
        b"import subprocess\n\n\ndef build(target):\n    subprocess.run(f'make {target}', shell=True, check=True)\n"
    )
    [verdict] = verify(
        task(
            "f'make {target}', shell=True",
            "['make', target]",
            rule="B602",
            content=content,
        )
    )
    assert verdict.verified
    assert any("B603" in sentence and "without a shell" in sentence for sentence in verdict.recommendations)


def test_a_new_weakness_of_medium_severity_is_refused_even_under_a_worse_one(verify):
    content = b"import requests\n\n\ndef get(url):\n    return requests.get(url, verify=False, timeout=9)\n"
    [verdict] = verify(task(", verify=False, timeout=9", "", rule="B501", content=content))
    assert not verdict.verified
    assert "B113" in (verdict.reason or "")


def test_a_candidate_that_declares_nothing_may_change_what_is_flagged_and_no_more(verify):
    """A model's edit says nothing about itself: without this, none could ever be verified."""
    within, beyond = verify(
        task(*GOOD, declares=()),
        task(f"def load(stream):\n    return {GOOD[0]}", f"def read(stream):\n    return {GOOD[1]}", declares=()),
    )
    assert within.verified
    assert "which the fix does not declare" in (beyond.reason or "")


def test_a_disguised_constant_is_reported_once_it_is_worked_out(verify):
    content = b"import requests\n\n\ndef get(url):\n    return requests.get(url, verify=False, timeout=9)\n"
    [verdict] = verify(task("verify=False", "verify=not True", rule="B501", content=content))
    assert verdict.level is Level.PARSES
    assert "worked out" in (verdict.reason or "")


def test_one_broken_task_spoils_no_other(verify):
    outside = msgspec.structs.replace(
        task(*GOOD).candidate, edits=(Edit(path="app.py", start=10_000, end=10_001, text="x"),)
    )
    missing = msgspec.structs.replace(task(*GOOD).candidate, edits=(Edit(path="gone.py", start=0, end=0, text="x"),))
    good, first, second = verify(
        task(*GOOD),
        msgspec.structs.replace(task(*GOOD), candidate=outside),
        msgspec.structs.replace(task(*GOOD), candidate=missing),
    )
    assert good.verified
    assert [first.level, second.level] == [Level.NONE, Level.NONE]


def test_nothing_is_scanned_twice(scanners):
    fresh = Scanners(scanners.tools.values(), scanners._parse)
    Verifier(fresh).verify([task(*GOOD)])
    starts = fresh.starts
    Verifier(fresh).verify([task(*GOOD), task(*GOOD)])
    assert fresh.starts == starts


def test_a_verdict_keeps_its_evidence(verify):
    [verdict] = verify(task(*GOOD))
    assert verdict.evidence["scanner"] == "bandit 1.9.4"
    assert verdict.evidence["findings_before"] > verdict.evidence["findings_after"]
    assert verdict.evidence["ended"] == ["bandit: B506"]
    assert any("bandit" in str(name) for name in verdict.evidence["checked_by"])


def test_a_file_too_large_for_a_scanner_is_unverifiable_and_starts_nothing(scanners):
    large = Unit("data.py", b"x = [" + b"1, " * 100_000 + b"]\n")
    fresh = Scanners(scanners.tools.values(), scanners._parse)
    scan = fresh.scan({"bandit": [large]})["bandit", large]
    assert not scan.read
    assert fresh.starts == 0
    assert "data rather than code" in scan.errors[0]


def test_a_fix_in_a_file_beside_the_findings_own_is_judged_where_the_finding_is(verify):
    """A module's variable decides; the file that declares it has no finding and no resource of its own."""
    files = {
        "main.tf": b'resource "aws_rds_cluster" "main" {\n  storage_encrypted = var.encrypted\n}\n',
        "variables.tf": b'variable "encrypted" {\n  default = false\n}\n\nvariable "other" {\n  default = false\n}\n',
    }
    finding = Finding(
        tool="checkov",
        rule="CKV_AWS_96",
        message="",
        severity=Severity.MEDIUM,
        locations=(Location(path="main.tf", region=Region(start_line=1, end_line=3)),),
    )

    def default(of: bytes, declared: str) -> Task:
        start = files["variables.tf"].index(b"false", files["variables.tf"].index(of))
        edit = Edit(path="variables.tf", start=start, end=start + len(b"false"), text="true")
        candidate = Candidate(approach="case", edits=(edit,), explanation=SAFE, declares=(declared,))
        return Task(finding=finding, candidate=candidate, tree=MemoryTree(files))

    right, wrong = verify(
        default(b"encrypted", "variable.encrypted.default"), default(b"other", "variable.other.default")
    )
    assert (right.level, right.verified) == (Level.PRESERVED, True)
    assert (wrong.verified, "still reports CKV_AWS_96" in (wrong.reason or "")) == (False, True)
