"""Bumps before and after, each proved by the version that the manifest declares then.

    == PyPI flask 2.0.1 fixed 2.2.5,2.3.2 in requirements.txt | title
    »» requirements.txt
    flask==2.0.1
    -- bump
    »» requirements.txt
    flask==2.2.5

Behind each approach stand the files that it changes.
"""

import dataclasses
import re
from pathlib import Path

import pytest

from daemon.domain.edits import apply_edits, by_path
from daemon.domain.finding import Finding, Location, Package
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree
from workers.verify import dependency, gaming


@dataclasses.dataclass(frozen=True)
class Bump:
    name: str
    package: Package
    files: dict[str, bytes]
    after: dict[str, dict[str, bytes]]
    nothing: str | None

    @property
    def target(self) -> Target:
        finding = Finding(
            tool="osv-scanner",
            rule="CVE-2000-0001",
            message="",
            severity=Severity.HIGH,
            category="dependency",
            package=self.package,
            aliases=("CVE-2000-0001",),
            locations=(Location(path=self.package.manifest),),
        )
        return Target(finding=finding, tree=MemoryTree(self.files))


def _files(text: str) -> dict[str, bytes]:
    parts = re.split(r"^»» (.+)\n", text, flags=re.MULTILINE)
    return {name: content.encode() for name, content in zip(parts[1::2], parts[2::2], strict=True)}


def _read(block: str) -> Bump:
    head, *outcomes = ("\n" + block).split("\n-- ")
    title, _, before = head[1:].partition("\n")
    words = title.partition(" | ")[0].split()
    fixed = () if words[4] == "nothing" else tuple(words[4].split(","))
    package = Package(ecosystem=words[0], name=words[1], version=words[2], fixed_versions=fixed, manifest=words[6])
    nothing = next((each.partition(": ")[2].strip() for each in outcomes if each.startswith("nothing:")), None)
    after = {each.partition("\n")[0]: _files(each.partition("\n")[2] + "\n") for each in outcomes if nothing is None}
    return Bump(title.partition(" | ")[2], package, _files(before + "\n"), after, nothing)


def _bumps() -> list[Bump]:
    text = (Path(__file__).parent / "bumps.txt").read_text("utf-8")
    return [_read(block.rstrip("\n")) for block in ("\n" + text).split("\n== ")[1:]]


@pytest.mark.parametrize("bump", _bumps(), ids=lambda each: each.name)
def test_a_bump_changes_the_declaration_and_nothing_else(bump):
    """The listed approaches, and no other; the version declared afterwards is the evidence."""
    proposal = propose(bump.target)
    if bump.nothing is not None:
        assert (proposal.candidates, proposal.reason) == ((), bump.nothing)
        return
    made = {}
    for candidate in proposal.candidates:
        patched = {path: apply_edits(bump.files[path], edits) for path, edits in by_path(candidate.edits).items()}
        made[candidate.approach] = patched
        shown = dependency.evidence(bump.package, bump.target.tree, patched)
        assert shown.reason is None, (candidate.approach, shown)
        edits = {path: (content, by_path(candidate.edits)[path]) for path, content in patched.items()}
        assert {gaming.trick(path, bump.files[path], content) for path, content in patched.items()} <= {None}
        assert dependency.violations(candidate.declares, bump.target.tree, edits) == []
    assert made == bump.after


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("bump", _bumps(), ids=lambda each: each.name)
def test_a_second_run_finds_nothing_to_change(bump, newline):
    """On the patched files the version is the fixed one: the same approach changes nothing more."""
    files = {path: content.replace(b"\n", newline.encode()) for path, content in bump.files.items()}
    target = dataclasses.replace(bump, files=files).target
    for candidate in propose(target).candidates:
        patched = dict(files)
        for path, edits in by_path(candidate.edits).items():
            patched[path] = apply_edits(files[path], edits)
            assert patched[path].count(b"\n") == patched[path].count(newline.encode())
        again = propose(dataclasses.replace(bump, files=patched).target)
        for other in again.candidates:
            if other.approach == candidate.approach:
                assert {path: apply_edits(patched[path], edits) for path, edits in by_path(other.edits).items()} == {
                    path: patched[path] for path in other.paths
                }
