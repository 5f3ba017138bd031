"""Where a container answers, where several texts say it."""

import pytest

from daemon.domain.edits import apply_edits
from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree

POD = """apiVersion: v1
kind: Pod
metadata: {name: vote, labels: {app: vote}}
spec:
  containers:
  - name: vote
    image: example.org/team/vote:3
    ports: [{containerPort: 80}]
"""
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: vote}\nspec: {selector: {app: vote}, ports: [{port: %d}]}\n"
DOCKERFILE = "FROM python:3.12\nEXPOSE 5000\n"


@pytest.mark.parametrize(
    ("files", "asked"),
    [
        ({"v3/service.yaml": SERVICE % 80}, 80),
        ({"v1/service.yaml": SERVICE % 80}, 80),
        # Of another version.
        ({"v1/service.yaml": SERVICE % 80, "v3/service.yaml": SERVICE % 5000}, None),
        ({"v1/service.yaml": SERVICE % 80, "v3/service.yaml": SERVICE % 5000, "vote/Dockerfile": DOCKERFILE}, 5000),
        # Of another variant, which may run another program.
        ({"v1/service.yaml": SERVICE % 80, "v1/pod.yaml": POD.replace("vote:3", "vote:1")}, None),
        ({"v1/service.yaml": SERVICE % 80, "v1/pod.yaml": POD.replace("{app: vote}", "{app: bid}")}, 80),
        ({"vote/Dockerfile": DOCKERFILE}, None),
    ],
)
def test_a_port_is_asked_where_what_stands_beside_the_pod_agrees(files, asked):
    tree = MemoryTree({"v3/pod.yaml": POD.encode()} | {path: text.encode() for path, text in files.items()})
    finding = Finding(
        tool="checkov",
        rule="CKV_K8S_9",
        message="",
        severity=Severity.LOW,
        locations=(Location(path="v3/pod.yaml", region=Region(start_line=1, end_line=8)),),
    )
    made = [
        apply_edits(POD.encode(), one.edits).decode() for one in propose(Target(finding=finding, tree=tree)).candidates
    ]
    assert all(f"      port: {asked}\n" in text for text in made)
    assert bool(made) is (asked is not None)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["./podinfo", "--port=9898"], True),
        (["python", "-m", "http.server", "9898"], True),
        (["uvicorn", "app:app", "--host", "0.0.0.0", "--port", "9898"], True),
        (["gunicorn", "-b", "0.0.0.0:9898", "app"], True),
        (["serve", "-p", "9898"], True),
        (["work", "--queue=db:9898/0"], False),
        (["work", "--seconds", "9898"], False),
        (["work", "--server=http://web:9898"], False),
        (["work", "--db-port=9898"], False),
        (["work", "--port=98980"], False),
        (["work"], False),
    ],
)
def test_a_command_may_say_the_port_too(words, found):
    pod = POD.replace("80}", "9898}") + f"    command: {words}\n"
    finding = Finding(
        tool="checkov",
        rule="CKV_K8S_9",
        message="",
        severity=Severity.LOW,
        locations=(Location(path="pod.yaml", region=Region(start_line=1)),),
    )
    made = propose(Target(finding=finding, tree=MemoryTree({"pod.yaml": pod.encode()}))).candidates
    assert bool(made) is found
