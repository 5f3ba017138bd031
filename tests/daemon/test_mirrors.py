"""Mirrors against real git and file:// remotes: the scanned commit, its blobs on demand, no token anywhere."""

import base64
import os
import subprocess

import msgspec
import pytest

from daemon import mirrors
from daemon.errors import Retryable, SettingsError, SourceUnavailable
from daemon.mirrors import Mirrors
from daemon.settings import Repository, load
from workers.source.git import CommitTree

REPOSITORY = Repository(name="octo/orders")
TOKEN = "ghp_" + "k" * 36
WHO = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")


def git(where, *arguments):
    return subprocess.run(["git", "-C", where, *WHO, *arguments], check=True, capture_output=True, text=True).stdout


class Remote:
    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True)
        git(folder, "init", "-q")
        for name in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
            git(folder, "config", name, "true")

    def commit(self, content):
        (self.folder / "app.py").write_text(content)
        git(self.folder, "add", ".")
        git(self.folder, "commit", "-q", "-m", "x")
        return git(self.folder, "rev-parse", "HEAD").strip()


@pytest.fixture
def remote(tmp_path):
    return Remote(tmp_path / "remote" / "octo" / "orders.git")


@pytest.fixture
def mirror_of(tmp_path):
    def make(**more):
        base = f"file://{tmp_path / 'remote'}"
        return Mirrors(tmp_path / "mirrors", "https://api.github.com", base_url=base, token=lambda: TOKEN, **more)

    return make


def test_the_scanned_commit_is_fetched_without_history_and_blobs_come_when_read(remote, mirror_of, tmp_path):
    first, second = remote.commit("one\n"), remote.commit("two\n")
    assert mirror_of().find(REPOSITORY, second) is None
    mirror = tmp_path / "mirrors" / "octo" / "orders.git"
    objects = git(mirror, "rev-list", "--objects", "--missing=print", second).split("\n")
    assert [line for line in objects if line.startswith("?")], "the blob is not here yet"
    assert first not in git(mirror, "rev-list", second)
    tree = CommitTree(mirror, second, environment=mirrors.blob_access(mirror))
    assert tree.read("app.py") == b"two\n"
    # What is here needs the remote no more.
    remote.folder.rename(tmp_path / "gone")
    assert mirror_of().find(REPOSITORY, second) is None
    assert tree.read("app.py") == b"two\n"


def test_a_second_commit_goes_into_the_same_mirror_and_the_working_tree_is_never_read(remote, mirror_of, tmp_path):
    commits = [remote.commit("one\n"), remote.commit("two\n")]
    (remote.folder / "app.py").write_text("not committed\n")
    for commit in commits:
        mirror_of().find(REPOSITORY, commit)
    mirror = tmp_path / "mirrors" / "octo" / "orders.git"
    access = mirrors.blob_access(mirror)
    assert [CommitTree(mirror, one, environment=access).read("app.py") for one in commits] == [b"one\n", b"two\n"]


def test_the_token_is_in_no_file_and_on_no_command_line(remote, mirror_of, tmp_path, monkeypatch):
    commit = remote.commit("one\n")
    started = []
    real = subprocess.Popen
    monkeypatch.setattr(
        mirrors.subprocess, "Popen", lambda command, **more: started.append(command) or real(command, **more)
    )
    mirror_of().find(REPOSITORY, commit)
    secrets = [TOKEN, base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()]
    assert started
    assert not any(secret in part for secret in secrets for command in started for part in command)
    for file in (tmp_path / "mirrors").rglob("*"):
        if file.is_file():
            assert not any(secret.encode() in file.read_bytes() for secret in secrets), file


def test_the_token_is_for_its_host_alone_and_nothing_is_prompted_for(monkeypatch):
    monkeypatch.setenv("GIT_DIR", "/somewhere/else")
    monkeypatch.setenv("GIT_TRACE_CURL", "1")
    made = mirrors.access("https://github.com/octo/orders.git", TOKEN)

    def configured(url):
        command = ["git", "config", "--get-urlmatch", "http.extraHeader", url]
        return subprocess.run(command, env=made, capture_output=True, text=True, cwd="/").stdout

    assert configured("https://github.com/octo/orders.git").startswith("Authorization: Basic ")
    assert configured("https://github.com.evil.example/octo/orders.git") == ""
    assert configured("http://github.com/octo/orders.git") == ""
    assert made["GIT_TERMINAL_PROMPT"] == "0"
    assert not {"GIT_DIR", "GIT_TRACE_CURL"} & set(made)
    assert not any(TOKEN in value for value in mirrors.access("http://github.com/octo/orders.git", TOKEN).values())


def test_a_commit_that_exists_no_more_is_said_and_not_tried_again(remote, mirror_of):
    remote.commit("one\n")
    with pytest.raises(SourceUnavailable, match="exists no more"):
        mirror_of().find(REPOSITORY, "0" * 39 + "1")
    with pytest.raises(SourceUnavailable, match="not a commit"):
        mirror_of().find(REPOSITORY, "--upload-pack=evil")


def test_a_repository_that_is_not_there_names_the_permission(mirror_of, remote):
    with pytest.raises(SourceUnavailable, match="Contents: read"):
        mirror_of().find(Repository(name="octo/none"), "a" * 40)


def test_a_fetch_that_hangs_is_ended(remote, mirror_of, tmp_path, monkeypatch):
    commit = remote.commit("one\n")
    hanging = tmp_path / "bin" / "git-upload-pack"
    hanging.parent.mkdir()
    hanging.write_text("#!/bin/sh\nexec sleep 1000\n")
    hanging.chmod(0o755)
    programs = _exec_path(tmp_path, hanging)
    monkeypatch.setattr(mirrors, "environment", lambda: {**os.environ, "GIT_EXEC_PATH": programs})
    with pytest.raises(Retryable, match="longer than 2 s"):
        mirror_of(seconds=2.0).find(REPOSITORY, commit)


def _exec_path(tmp_path, hanging):
    """Git's own programs, but for the one."""
    folder = tmp_path / "exec"
    folder.mkdir()
    for program in os.scandir(subprocess.check_output(["git", "--exec-path"], text=True).strip()):
        (folder / program.name).symlink_to(program.path)
    (folder / "git-upload-pack").unlink()
    (folder / "git-upload-pack").symlink_to(hanging)
    return str(folder)


def test_a_configured_checkout_is_used_and_the_mirror_only_for_what_it_lacks(remote, mirror_of, tmp_path):
    old = remote.commit("one\n")
    subprocess.run(["git", "clone", "-q", remote.folder, tmp_path / "clone"], check=True)
    new = remote.commit("two\n")
    chosen = msgspec.structs.replace(REPOSITORY, checkout=str(tmp_path / "clone"))
    assert mirror_of().find(chosen, old) == str(tmp_path / "clone")
    assert mirror_of().find(chosen, new) is None


@pytest.mark.parametrize("name", ["../evil", "octo/..", "octo/a/b", "./x"])
def test_a_name_that_leads_out_of_the_folder_is_no_repository(tmp_path, name):
    (tmp_path / "config.yaml").write_text(f"poll: {{repositories: [{{name: '{name}'}}]}}\n")
    with pytest.raises(SettingsError):
        load({"SECAID_HOME": str(tmp_path)})
