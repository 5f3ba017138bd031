"""Tags and branches of a real repository, asked of a file:// host."""

import subprocess

import pytest

from daemon.errors import Retryable, SourceUnavailable
from daemon.refs import read_refs

WHO = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false", "-c", "tag.gpgsign=false")


@pytest.fixture
def host(tmp_path):
    """A host with one repository of three commits: `v1.0.0` plain, `v1.1.0` annotated, and the tip of `main`."""
    folder = tmp_path / "acme" / "build"
    folder.mkdir(parents=True)

    def git(*arguments):
        return subprocess.run(
            ["git", "-C", folder, *WHO, *arguments], check=True, capture_output=True, text=True
        ).stdout

    git("init", "-q", "-b", "main")
    commits = []
    for name in ("v1.0.0", "v1.1.0", ""):
        git("commit", "-q", "--allow-empty", "-m", name or "more")
        commits.append(git("rev-parse", "HEAD").strip())
        if name:
            git("tag", *(("-a", "-m", name) if name == "v1.1.0" else ()), name)
    return f"file://{tmp_path}", commits


def test_a_tag_is_the_commit_that_it_names_also_an_annotated_one(host):
    base, (first, second, tip) = host
    refs = read_refs(base, "acme/build", None)
    assert refs.tags == {"v1.0.0": first, "v1.1.0": second}
    assert refs.branches == {"main": tip}


def test_what_is_not_there_is_said(host):
    with pytest.raises(Retryable, match="acme/other"):
        read_refs(host[0], "acme/other", None)


@pytest.mark.parametrize("name", ["--upload-pack=touch /tmp/x", "../acme/build", "acme", "a/b/c", "a/.."])
def test_a_name_that_is_none_is_not_asked_for(host, name):
    with pytest.raises(SourceUnavailable, match="not the name of a repository"):
        read_refs(host[0], name, None)
