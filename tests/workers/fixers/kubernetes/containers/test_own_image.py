"""What a manifest runs where the repository builds the image itself."""

import pytest

from daemon.domain.edits import apply_edits
from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree

POD = """apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  containers:
  - name: a
    image: registry.example/team/ledger-db:v1@sha256:0000000000000000000000000000000000000000000000000000000000000000
"""


def _made(dockerfiles, rule="CKV_K8S_28"):
    tree = MemoryTree({"pod.yaml": POD.encode()} | {path: text.encode() for path, text in dockerfiles.items()})
    finding = Finding(
        tool="checkov",
        rule=rule,
        message="",
        severity=Severity.LOW,
        locations=(Location(path="pod.yaml", region=Region(start_line=1, end_line=7)),),
    )
    candidates = propose(Target(finding=finding, tree=tree)).candidates
    return {one.approach: apply_edits(POD.encode(), one.edits).decode() for one in candidates}


def test_an_image_built_on_a_database_that_becomes_its_own_user_starts_as_that_user():
    made = _made({"src/ledger-db/Dockerfile": "FROM postgres:16-alpine\nCOPY init.sql /\n"})
    without_any = [text for text in made.values() if "ALL" in text]
    assert without_any
    assert all("runAsUser: 70" in text for text in without_any)


@pytest.mark.parametrize(
    "dockerfiles",
    [
        {},
        {"src/ledger-db/Dockerfile": "FROM postgres:16\nUSER 999\n"},
        {"src/my-ledger-db/Dockerfile": "FROM postgres:16\n"},
        {"a/ledger-db/Dockerfile": "FROM postgres:16\n", "b/ledger-db/Dockerfile": "FROM redis:7\n"},
    ],
    ids=["none", "a user of its own", "another name", "two of the name"],
)
def test_an_image_of_which_nothing_is_known_keeps_its_user(dockerfiles):
    made = _made(dockerfiles)
    assert made
    assert not any("runAsUser" in text for text in made.values())


@pytest.mark.parametrize(("step", "kept"), [("sed s/a/b/ t > /etc/nginx/a.conf", True), ("exec python app.py", False)])
def test_an_image_whose_entry_point_needs_root_gets_no_other_user(step, kept):
    files = {
        "pod.yaml": POD.replace("registry.example/team/ledger-db", "shop/web"),
        "services/web/Dockerfile": 'FROM python:3.12-slim\nCOPY . /\nENTRYPOINT ["/run.sh"]\n',
        "services/web/run.sh": f"#!/bin/sh\n{step}\n",
        "services/web/app.py": "import flask\n",
        "services/web/build.sh": "docker build -t shop/web:${VERSION} .\n",
    }
    tree = MemoryTree({path: text.encode() for path, text in files.items()})
    region = Region(start_line=1, end_line=7)
    for rule in ("CKV_K8S_23", "CKV_K8S_40", "CKV_K8S_22"):
        finding = Finding(
            tool="checkov",
            rule=rule,
            message="",
            severity=Severity.LOW,
            locations=(Location(path="pod.yaml", region=region),),
        )
        proposal = propose(Target(finding=finding, tree=tree))
        assert ("services/web/run.sh of this repository" in (proposal.reason or "")) is kept, rule
        assert bool(proposal.candidates) is not kept, rule


def test_an_image_that_compose_says_is_built_on_a_web_server_keeps_its_user():
    files = {
        "compose.yaml": "services:\n  a:\n    build: ./web\n    image: registry.example/team/ledger-db:v1\n",
        "web/Dockerfile": "FROM example/uwsgi-nginx-flask:python3.12\nCOPY app /app\n",
    }
    assert list(_made(files)) == ["drop-net-raw", "drop-net-raw-no-escalation"]


def test_an_image_built_on_a_web_server_may_write_where_that_writes():
    made = _made(
        {"src/ledger-db/Dockerfile": "FROM nginx:stable-alpine-slim\nCOPY dist /usr/share/nginx/html\n"}, "CKV_K8S_22"
    )
    assert list(made) == ["read-only-root-with-scratch", "read-only-root-with-memory"]
    assert all("/var/cache/nginx" in text for text in made.values())
