"""A proven change is carried over where its lines stand exactly once, and nowhere else."""

from daemon.domain.edits import apply_edits, unified_diff
from daemon.domain.finding import Finding
from daemon.domain.fix import Candidate, Edit, Fix, FixSource, Grade, Level, Verdict
from daemon.domain.severity import Severity
from workers.index.adapt import Change, adapt, changes

FINDING = Finding(tool="bandit", rule="B506", message="m", severity=Severity.MEDIUM)


def proven(before: str, after: str) -> Fix:
    patch = unified_diff({"a.py": before.encode()}, {"a.py": after.encode()})
    edit = Edit(path="a.py", start=0, end=len(before), text=after)
    candidate = Candidate(approach="safe-load", edits=(edit,), explanation="e", declares=("call:yaml.load",))
    return Fix(candidate=candidate, verdict=Verdict(level=Level.PRESERVED, grade=Grade.SAME_SCANNER), patch=patch)


REPLACED = proven("import yaml\n\nx = yaml.load(f)\n", "import yaml\n\nx = yaml.safe_load(f)\n")
INSERTED = proven("FROM a\nWORKDIR /x\n", "FROM a\nUSER 1000\nWORKDIR /x\n")


def carried(fix: Fix, text: str) -> str | None:
    candidate = adapt(fix, FINDING, "b.py", text.encode())
    return apply_edits(text.encode(), candidate.edits).decode() if candidate else None


def test_a_changed_line_is_found_under_another_indentation() -> None:
    text = "def f():\n    # ü\n    x = yaml.load(f)\n    return x\n"
    assert carried(REPLACED, text) == "def f():\n    # ü\n    x = yaml.safe_load(f)\n    return x\n"


def test_an_inserted_line_follows_the_line_it_followed() -> None:
    assert carried(INSERTED, "FROM a\nRUN b\n") == "FROM a\nUSER 1000\nRUN b\n"


def test_a_line_that_stands_twice_or_not_at_all_is_left_alone() -> None:
    assert carried(REPLACED, "x = yaml.load(f)\nx = yaml.load(f)\n") is None
    assert carried(REPLACED, "y = yaml.load(g)\n") is None


def test_a_file_that_is_not_utf8_is_left_alone() -> None:
    assert adapt(REPLACED, FINDING, "b.py", b"\xffx = yaml.load(f)\n") is None


def test_the_candidate_says_where_it_comes_from() -> None:
    candidate = adapt(REPLACED, FINDING, "b.py", b"x = yaml.load(f)\n")
    assert candidate is not None
    assert (candidate.source, candidate.approach) == (FixSource.CASE, "case-safe-load")
    assert candidate.declares == ("call:yaml.load",)


def test_a_diff_is_read_as_runs_of_lines() -> None:
    patch = unified_diff({"a": b"1\n2\n3\n4\n5\n"}, {"a": b"1\ntwo\n3\n4\n4b\n5\n"})
    assert changes(patch) == [Change(("2",), ("two",)), Change(("4",), ("4", "4b"))]
