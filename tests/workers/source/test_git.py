"""A commit's tree is read from git's objects, whatever the working tree holds."""

import subprocess
from pathlib import Path

import pytest

from daemon.errors import SourceUnavailable
from workers.source.git import CommitTree


def git(repository: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", *identity, "-C", str(repository), *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_bytes(b"x = 1\r\n")
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "b.js").write_text("1")
    git(tmp_path, "add", "-Af")
    git(tmp_path, "commit", "-qm", "one")
    return tmp_path


def test_bytes_come_from_the_commit_not_from_the_working_tree(repository: Path) -> None:
    tree = CommitTree(repository, git(repository, "rev-parse", "--short=7", "HEAD"))
    (repository / "src" / "a.py").write_text("changed")
    assert tree.read("src/a.py") == b"x = 1\r\n"


def test_links_and_dependencies_are_left_out(repository: Path) -> None:
    tree = CommitTree(repository, git(repository, "rev-parse", "HEAD"))
    assert list(tree.paths()) == ["src/a.py"]
    with pytest.raises(SourceUnavailable, match="not a regular file"):
        tree.read("link")


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "", "a/../../b"])
def test_a_path_outside_is_refused(repository: Path, path: str) -> None:
    tree = CommitTree(repository, git(repository, "rev-parse", "HEAD"))
    with pytest.raises(SourceUnavailable, match="inside the repository"):
        tree.read(path)


def test_a_missing_commit_says_which_and_where(repository: Path) -> None:
    with pytest.raises(SourceUnavailable, match=r"commit deadbeef is not in .*fetch it there"):
        CommitTree(repository, "deadbeef")


@pytest.mark.parametrize("commit", ["--help", "HEAD", "main; rm", "zz"])
def test_only_a_sha_names_a_commit(repository: Path, commit: str) -> None:
    with pytest.raises(SourceUnavailable, match="not a commit's SHA"):
        CommitTree(repository, commit)


def test_a_folder_that_is_no_repository_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable):
        CommitTree(tmp_path, "abcdef1")
