"""A finding keeps its identity where git shows that its file was renamed, however often."""

import subprocess
from pathlib import Path

import pytest

from daemon.domain.finding import Finding, Location, Region
from daemon.domain.report import Report, Row
from daemon.domain.severity import Severity
from daemon.errors import SourceUnavailable
from workers.jobs.source import renamed_files
from workers.source.git import CommitTree
from workers.source.tree import FolderTree, SourceTree
from workers.triage.merge import distinct

CODE = "".join(f"line {number}\n" for number in range(30))


def git(folder: Path, *arguments: str) -> str:
    config = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    return subprocess.run(
        ["git", *config, "-C", str(folder), *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "first.py").write_text(CODE)
    (tmp_path / "same.py").write_text("x = 1\n")
    return tmp_path


def committed(repository: Path, *moves: tuple[str, str]) -> str:
    """A commit after files were moved; the moved ones also change a little."""
    for old, new in moves:
        git(repository, "mv", old, new)
        (repository / new).write_text((repository / new).read_text() + f"came from {old}\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "m")
    return git(repository, "rev-parse", "HEAD")


def identity(path: str, tree: SourceTree, renames: dict[str, str]) -> str:
    place = Location(path=path, region=Region(start_line=7))
    finding = Finding(tool="t", rule="r", message="m", severity=Severity.LOW, locations=(place,))
    row = Row(index=0, raw_sha256="0" * 64, finding=finding)
    (kept,) = distinct([Report(tool="t", format="f", path="p", rows=(row,))], tree, renames=renames).findings
    return kept.id


def test_two_renames_in_a_row_lead_to_the_first_path(repository: Path) -> None:
    one = committed(repository)
    two = committed(repository, ("first.py", "second.py"))
    three = committed(repository, ("second.py", "third.py"))
    first = renamed_files(CommitTree(repository, two), one, {})
    second = renamed_files(CommitTree(repository, three), two, first)
    assert (first, second) == ({"second.py": "first.py"}, {"third.py": "first.py"})
    before = identity("first.py", CommitTree(repository, one), {})
    assert identity("second.py", CommitTree(repository, two), first) == before
    assert identity("third.py", CommitTree(repository, three), first | second) == before
    assert identity("third.py", CommitTree(repository, three), {}) != before


def test_a_partial_mirror_finds_exact_renames_and_downloads_nothing(repository: Path, tmp_path: Path) -> None:
    one = committed(repository)
    git(repository, "mv", "same.py", "moved.py")
    two = committed(repository, ("first.py", "changed.py"))
    git(repository, "config", "uploadpack.allowFilter", "true")
    mirror = tmp_path / "mirror.git"
    git(tmp_path, "clone", "-q", "--bare", "--filter=blob:none", repository.as_uri(), str(mirror))
    assert CommitTree(mirror, two).renames(one) == {"moved.py": "same.py"}
    assert CommitTree(repository, two).renames(one) == {"moved.py": "same.py", "changed.py": "first.py"}


def test_without_both_commits_nothing_is_known_to_be_renamed(repository: Path) -> None:
    tree = CommitTree(repository, committed(repository))
    assert renamed_files(tree, None, {}) == {}
    assert renamed_files(tree, "deadbeef", {}) == {}
    assert renamed_files(FolderTree(repository), "deadbeef", {}) == {}
    with pytest.raises(SourceUnavailable):
        tree.renames("deadbeef")
