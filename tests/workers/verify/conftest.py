"""The corpus of fixes known to be right and known to be wrong, and the real scanners that judge them.

A case is a file before, what an honest fixer declares for its rule, and any number of outcomes:

    == hadolint DL3000 Dockerfile | instruction:WORKDIR
    FROM debian:12-slim
    »WORKDIR app
    -- right absolute
    < WORKDIR app
    > WORKDIR /app
    -- wrong still relative
    < WORKDIR app
    > WORKDIR ./app

`»` marks the flagged line. Of an outcome, the lines behind `<` (they stand once in the file) become those behind the
`>` that follow. A third part of the header names a package: ecosystem, name, installed and fixed version.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from daemon.domain.finding import Finding, Location, Package, Region
from daemon.domain.fix import Candidate, Edit, Verdict
from daemon.domain.severity import Severity
from workers.parsers import read
from workers.source.tree import MemoryTree
from workers.verify.attempt import Task
from workers.verify.batch import Scanners
from workers.verify.environments import available
from workers.verify.own_rules import with_own_rules
from workers.verify.scanner import SCANNERS as ADAPTERS
from workers.verify.verifier import Verifier

SCANNERS = Path(".secaid/scanners").absolute()
CORPUS = Path(__file__).parent / "corpus"
OWN_RULES = (Path(__file__).parent / "own_rules.yml").read_bytes()
EXPLANATION = "An explanation that is long enough to be one, for the person who applies it."


@dataclasses.dataclass(frozen=True)
class Outcome:
    """One fix of the corpus, and whether it is right."""

    name: str
    right: bool
    task: Task


def candidate(path: str, before: bytes, after: bytes, declares: Iterable[str], approach: str = "case") -> Candidate:
    """The change as one minimal edit."""
    start = _alike(before, after)
    end = _alike(before[start:][::-1], after[start:][::-1])
    edit = Edit(path=path, start=start, end=len(before) - end, text=after[start : len(after) - end].decode())
    return Candidate(approach=approach, edits=(edit,), explanation=EXPLANATION, declares=tuple(declares))


def _alike(one: bytes, other: bytes) -> int:
    """How many bytes both begin with."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def read_corpus(folder: Path = CORPUS) -> list[Outcome]:
    """Every outcome of every case."""
    return [outcome for file in sorted(folder.glob("*.txt")) for outcome in _outcomes(file)]


def _outcomes(file: Path) -> Iterator[Outcome]:
    for block in ("\n" + file.read_text("utf-8")).split("\n== ")[1:]:
        head, *changes = ("\n" + block).split("\n-- ")
        header, _, text = head[1:].partition("\n")
        words, declares, package = (*header.split(" | "), "")[:3]
        tool, rule, path = words.split()
        line = text[: text.index("»")].count("\n") + 1
        before = text.replace("»", "").rstrip("\n") + "\n"
        finding = Finding(
            tool=tool,
            rule=rule,
            message="",
            severity=Severity.MEDIUM,
            locations=(Location(path=path, region=Region(start_line=line)),),
            package=_package(package),
        )
        for change in changes:
            title, _, body = change.partition("\n")
            kind, _, name = title.partition(" ")
            assert kind in {"right", "wrong"}, title
            after = _changed(before, body)
            made = candidate(path, before.encode(), after.encode(), declares.split(), name)
            task = Task(finding=finding, candidate=made, tree=MemoryTree({path: before.encode()}))
            yield Outcome(f"{tool} {rule} {path}: {name}", kind == "right", task)


def _package(words: str) -> Package | None:
    if not words:
        return None
    ecosystem, name, version, *fixed = words.split()
    return Package(ecosystem=ecosystem, name=name, version=version, fixed_versions=tuple(fixed))


def _changed(before: str, body: str) -> str:
    old: list[str] = []
    new: list[str] = []
    for line in [*body.split("\n"), "<"]:
        mark, text = line[:1], line[2:]
        if mark == "<" and new:
            before = _replaced(before, old, new)
            old, new = [], []
        if mark == "<":
            old.append(text)
        elif mark == ">":
            new.append(text)
    return _replaced(before, old[:-1], []) if old[:-1] else before


def _replaced(before: str, old: list[str], new: list[str]) -> str:
    gone = "".join(f"{line}\n" for line in old)
    assert before.count(gone) == 1, f"{gone!r} stands {before.count(gone)} times in {before!r}"
    return before.replace(gone, "".join(f"{line}\n" for line in new))


@pytest.fixture(scope="session")
def scanners(tmp_path_factory: pytest.TempPathFactory) -> Scanners:
    """Every scanner that is installed here, semgrep with a few rules of its own."""
    tools, missing = available([SCANNERS])
    # One that needs what a machine may lack (Java) says no more here than that a file parses.
    absent = {name for name in missing if not (SCANNERS / name).exists() and not ADAPTERS.get(name).needs}
    if absent:
        pytest.skip(f"not installed here: {', '.join(sorted(absent))}; run `make all-scanners`")
    rules = MemoryTree({".semgrep/rules.yml": OWN_RULES})
    return Scanners(with_own_rules(tools, rules, tmp_path_factory.mktemp("rules")), read)


@pytest.fixture
def verify(scanners: Scanners):
    """Verdicts of some tasks, as one batch."""

    def judge(*tasks: Task) -> list[Verdict]:
        return Verifier(scanners).verify(tasks)

    return judge
