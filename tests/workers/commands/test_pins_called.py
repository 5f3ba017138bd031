"""`secaid pins` reads the workflows of others that are called; `secaid fix` then grants them what they ask for."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from daemon.domain.edits import apply_edits
from daemon.domain.finding import Finding
from workers.commands import asking
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source import called
from workers.source.tree import MemoryTree
from workers.verify.workflows import preserved

WHO = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false", "-c", "tag.gpgsign=false")
PATH = ".github/workflows/ci.yml"
STATED = """on:
  workflow_call:
    secrets:
      Key:
        required: true
permissions:
  contents: read
jobs:
  build:
    runs-on: ubuntu-latest
    permissions:
      packages: write
    steps:
      - run: make
        env:
          KEY: ${{ secrets.KEY }}
  scan:
    uses: ./.github/workflows/scan.yml
    permissions:
      security-events: write
"""
SILENT = "on: workflow_call\njobs:\n  lint:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n"
NESTED = """on: workflow_call
jobs:
  all:
    uses: acme/more/.github/workflows/all.yml@main
    secrets: inherit
"""
EVERYTHING = SILENT.replace("jobs:", "permissions: write-all\njobs:")
UNDECLARED = STATED.replace("secrets.KEY", "secrets.OTHER")


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *WHO, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def repository(folder: Path, **files: str) -> str:
    """A host's repository with these workflows, at `v1`; the commit."""
    (folder / ".github" / "workflows").mkdir(parents=True)
    for name, text in files.items():
        (folder / ".github" / "workflows" / f"{name}.yml").write_text(text)
    git(folder, "init", "-q", "-b", "main")
    for setting in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
        git(folder, "config", setting, "true")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "x")
    git(folder, "tag", "v1")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The commit of `acme/ci`, at a host that stands in for GitHub."""
    monkeypatch.setattr("workers.commands.pins.clone_base", lambda _api: f"file://{tmp_path / 'host'}")
    repository(tmp_path / "host" / "acme" / "more.git", all=STATED, scan=SILENT)
    files = {"stated": STATED, "scan": SILENT, "silent": SILENT, "nested": NESTED, "everything": EVERYTHING}
    return repository(tmp_path / "host" / "acme" / "ci.git", **files, undeclared=UNDECLARED, large="#" * 200_000)


@pytest.fixture
def asked(run: Callable[..., Any], tmp_path: Path) -> Callable[..., tuple[str, int, dict[str, str]]]:
    """A workflow that calls one of `acme/ci`, and what asking for it says."""

    def ask(name: str, ref: str = "v1", **more: str) -> tuple[str, int, dict[str, str]]:
        head = f"on: push\njobs:\n  a:\n    uses: acme/ci/.github/workflows/{name}.yml@{ref}\n"
        text = head + "".join(f"    {key}: {value}\n" for key, value in more.items())
        file = tmp_path / "project" / PATH
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        ended = run("pins", str(tmp_path / "project"), "--json")
        return text, ended.exit_code, json.loads(ended.stdout)["failed"]

    return ask


@pytest.fixture
def fixed(make_finding: Callable[..., Finding]) -> Callable[..., tuple[dict[str, str], list[str], str]]:
    """Each approach's text, what the fixes warn of, and why there is none."""

    def fix(rule: str, text: str) -> tuple[dict[str, str], list[str], str]:
        tree = MemoryTree({PATH: text.encode()})
        line = 5 if rule == "secrets-inherit" else 3
        proposal = propose(Target(finding=make_finding(rule, PATH, line, tool="zizmor"), tree=tree))
        texts = {one.approach: apply_edits(text.encode(), one.edits).decode() for one in proposal.candidates}
        for after in texts.values():
            assert preserved.broken(text.encode(), after.encode(), tree, PATH) == []
        warned = [warning for one in proposal.candidates for warning in one.warnings]
        return texts, warned, proposal.reason or ""

    return fix


BLOCK = "    permissions:\n      contents: read\n      packages: write\n      security-events: write\n"


def test_a_job_is_granted_what_the_called_workflow_says_that_it_asks_for(
    commit: str, asked: Callable[..., Any], fixed: Callable[..., Any]
) -> None:
    text, code, _ = asked("stated")
    assert code == 0
    texts, warned, _ = fixed("excessive-permissions", text)
    assert texts["permissions-job"] == text + BLOCK
    assert set(texts) == {"permissions-job", "permissions-read", "permissions-none"}
    assert f"acme/ci/.github/workflows/stated.yml asks for no more at {commit[:12]}" in warned[0]
    less = (text + BLOCK).replace("      packages: write\n", "")
    [why] = preserved.broken(text.encode(), less.encode(), MemoryTree({}), PATH)
    assert "needs packages:write" in why


def test_what_was_read_is_named_without_its_text(
    run: Callable[..., Any], tmp_path: Path, commit: str, asked: Callable[..., Any]
) -> None:
    asked("stated")
    read = json.loads(run("pins", str(tmp_path / "project"), "--json").stdout)["read"]["acme/ci"]
    assert read["workflows"] == {commit: [f".github/workflows/{name}.yml" for name in ("scan", "stated")]}


def test_at_a_commit_nothing_can_change(commit: str, asked: Callable[..., Any], fixed: Callable[..., Any]) -> None:
    text, _, _ = asked("stated", commit)
    assert fixed("excessive-permissions", text)[:2][1] == []


def test_calls_of_calls_are_followed(commit: str, asked: Callable[..., Any], fixed: Callable[..., Any]) -> None:
    text, code, _ = asked("nested", secrets="inherit")
    assert code == 0
    assert fixed("excessive-permissions", text)[0]["permissions-job"] == text.replace(
        "    secrets", f"{BLOCK}    secrets"
    )
    assert "uses the secret KEY without declaring it" in fixed("secrets-inherit", text)[2]


@pytest.mark.parametrize(
    ("name", "why", "refused"),
    [
        ("silent", "its job lint says nothing of permissions", "whose needs are not known here"),
        ("everything", "its job lint asks for `write-all`", "needs *:write"),
    ],
)
def test_what_says_nothing_is_granted_nothing(
    commit: str, asked: Callable[..., Any], fixed: Callable[..., Any], name: str, why: str, refused: str
) -> None:
    text, _, _ = asked(name)
    texts, _, reason = fixed("excessive-permissions", text)
    assert texts == {}
    assert f"acme/ci/.github/workflows/{name}.yml, read at {commit[:12]}, {why}" in reason
    less = f"{text}    permissions:\n      contents: read\n"
    assert refused in " ".join(preserved.broken(text.encode(), less.encode(), MemoryTree({}), PATH))


def test_secrets_are_named_as_the_called_workflow_declares_them(
    commit: str, asked: Callable[..., Any], fixed: Callable[..., Any]
) -> None:
    text, _, _ = asked("stated", secrets="inherit")
    texts, warned, _ = fixed("secrets-inherit", text)
    named = text.replace("secrets: inherit", "secrets:\n      Key: ${{ secrets.KEY }}")
    assert texts == {"secrets-named": named}
    assert "it may use others one day" in warned[0]
    [why] = preserved.broken(text.encode(), named.replace("Key:", "More:").encode(), MemoryTree({}), PATH)
    assert "reads the secret KEY" in why


def test_what_uses_no_secret_gets_none(commit: str, asked: Callable[..., Any], fixed: Callable[..., Any]) -> None:
    text, _, _ = asked("silent", secrets="inherit")
    assert fixed("secrets-inherit", text)[0] == {"secrets-none": text.replace("    secrets: inherit\n", "")}


def test_a_secret_that_is_not_declared_cannot_be_named(
    commit: str, asked: Callable[..., Any], fixed: Callable[..., Any]
) -> None:
    text, _, _ = asked("undeclared", secrets="inherit")
    texts, _, reason = fixed("secrets-inherit", text)
    assert texts == {}
    assert "uses the secret OTHER without declaring it" in reason
    named = text.replace("inherit", "\n      KEY: ${{ secrets.KEY }}\n      OTHER: ${{ secrets.OTHER }}")
    [why] = preserved.broken(text.encode(), named.encode(), MemoryTree({}), PATH)
    assert "declares no secret OTHER" in why


@pytest.mark.parametrize(
    ("name", "ref", "why"),
    [
        ("gone", "v1", "gone.yml is not a regular file of commit"),
        ("large", "v1", "too large for a workflow"),
        ("stated", "v2", "no such tag or branch"),
        ("stated", "1" * 40, "exists no more"),
    ],
)
def test_what_cannot_be_read_is_said(
    commit: str, asked: Callable[..., Any], fixed: Callable[..., Any], name: str, ref: str, why: str
) -> None:
    text, code, failed = asked(name, ref)
    assert code == 3
    assert why in " ".join(failed.values())
    assert "`secaid pins` reads it there" in fixed("excessive-permissions", text)[2]


def test_what_was_read_for_another_folder_stays(
    commit: str, asked: Callable[..., Any], fixed: Callable[..., Any]
) -> None:
    text, _, _ = asked("stated", "main")
    asked("silent")
    assert fixed("excessive-permissions", text)[0]
    assert called.find("acme/ci/.github/workflows/silent.yml@v1") is not None


def test_a_circle_of_calls_ends(
    tmp_path: Path, commit: str, asked: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    repository(tmp_path / "host" / "acme" / "circle.git", all=NESTED.replace("acme/more", "acme/circle"))
    monkeypatch.setattr(asking, "_MAX_CALLS", 2)
    host = asking.Host(f"file://{tmp_path / 'host'}", "https://api.example.org", None)
    first = called.Call("acme/circle", ".github/workflows/all.yml", "v1")
    assert host.follow([first]) == {first, first._replace(ref="main")}
