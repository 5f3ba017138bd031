"""What the files around a Dockerfile say of who runs its image, and of what it is built on."""

import pytest

from daemon.domain.edits import apply_edits
from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree

WORKER = 'FROM debian:12\nCMD ["/worker"]\n'
POD = """apiVersion: v1
kind: {kind}
metadata:
  name: worker
spec:
  {path}
    containers:
    - name: worker
      image: {image}
{more}"""
SKAFFOLD = """apiVersion: skaffold/v4beta11
kind: Config
build:
  artifacts:
  - image: demo
    context: web
---
kind: Config
"""


def _propose(dockerfile, files):
    finding = Finding(
        tool="checkov",
        rule="CKV_DOCKER_2",
        message="",
        severity=Severity.LOW,
        locations=(Location(path="web/Dockerfile", region=Region(start_line=1)),),
    )
    tree = MemoryTree({"web/Dockerfile": dockerfile.encode(), **{name: text.encode() for name, text in files.items()}})
    proposal = propose(Target(finding=finding, tree=tree))
    own = {one.approach: [edit for edit in one.edits if edit.path == "web/Dockerfile"] for one in proposal.candidates}
    made = {approach: apply_edits(dockerfile.encode(), edits).decode() for approach, edits in own.items()}
    return made, proposal


def _pod(image, kind="Deployment", more="", path="template:\n   spec:"):
    return POD.format(kind=kind, image=image, more=more, path=path)


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        (_pod("example.org/shop/web:1"), "belongs into that manifest"),
        (_pod("web", more="      livenessProbe: {exec: {command: [check]}}\n"), "asks by the probes of that manifest"),
        (_pod("web", kind="Job"), "it waits until the Job's work is done"),
    ],
)
def test_what_only_kubernetes_runs_has_nothing_to_mend(manifest, said):
    made, proposal = _propose(WORKER, {"k8s/web.yaml": manifest})
    assert (made, proposal.harmless) == ({}, True)
    assert said in proposal.reason
    assert "k8s/web.yaml" in proposal.reason


@pytest.mark.parametrize(
    "files",
    [
        {"k8s/web.yaml": _pod("example.org/shop/website:1")},
        {"k8s/web.yaml": _pod("web"), "other/web/Dockerfile": "FROM scratch\n"},
        {"k8s/web.yaml": _pod("web"), "compose.yaml": "services:\n  web:\n    build: ./web\n"},
        {"kustomization.yaml": "kind: Kustomization\nimages:\n- name: web\n"},
    ],
    ids=["another image", "two folders of the name", "Compose runs it too", "no container"],
)
def test_an_image_that_something_else_may_run_is_declined(files):
    made, proposal = _propose(WORKER, files)
    assert (made, proposal.harmless) == ({}, False)


@pytest.mark.parametrize(
    "names",
    [
        {"skaffold.yaml": SKAFFOLD, "k8s.yaml": _pod("demo")},
        {
            "web/cloudbuild.yaml": "steps:\n- args:\n  - 'build'\n  - '-t'\n  - 'example.org/shop/demo:v1'\n",
            "k8s.yaml": _pod("example.org/shop/demo:v2"),
        },
        {
            "web/Makefile": "push:\n\tdocker build -t example.org/shop/demo:v1 .\n",
            "k8s.yaml": _pod("example.org/shop/demo"),
        },
    ],
)
def test_an_image_is_named_by_what_builds_it(names):
    _, proposal = _propose(WORKER, names)
    assert proposal.harmless
    assert "k8s.yaml" in proposal.reason


def test_the_port_of_a_manifest_is_asked():
    made, _ = _propose(WORKER, {"k8s.yaml": _pod("web", more="      ports:\n      - containerPort: 7070\n")})
    assert "/dev/tcp/127.0.0.1/7070" in made["port-bash"]


def test_a_health_check_of_compose_is_enough():
    files = {"compose.yaml": "services:\n  web:\n    build: ./web\n    healthcheck: {test: [CMD, check]}\n"}
    _, proposal = _propose(WORKER, files)
    assert proposal.harmless
    assert "compose.yaml asks each service" in proposal.reason


def test_a_command_of_compose_may_start_a_service():
    files = {"compose.yaml": "services:\n  web:\n    build: ./web\n    command: serve\n"}
    assert _propose("FROM python:3.12\n", {})[1].harmless
    assert not _propose("FROM python:3.12\n", files)[1].harmless


def test_the_image_of_a_variable_namespace_is_the_one_that_the_repository_builds():
    base = "FROM ubuntu:24.04\nRUN apt-get update && apt-get install -y curl\nCMD run\n"
    hub = "ARG NAMESPACE=shop\nFROM ${NAMESPACE}/node-base:1\nEXPOSE 4444\n"
    made, _ = _propose(hub, {"NodeBase/Dockerfile": base})
    assert list(made) == ["port-bash", "listening-socket"]
    made, _ = _propose(hub.replace("4444", "8080"), {"NodeBase/Dockerfile": base})
    assert '"curl"' in made["http-curl"]
    made, _ = _propose(hub.replace("${NAMESPACE}", "shop"), {"NodeBase/Dockerfile": base})
    assert list(made) == ["brought-nc", "brought-grep"], "an image of somebody else may have the name of a folder"


def test_an_image_that_others_are_built_on_starts_nothing():
    files = {"app/Dockerfile": "ARG NAMESPACE=shop\nFROM ${NAMESPACE}/web:1\nCMD serve\n"}
    _, proposal = _propose("FROM example.org/base:1\nRUN true\n", files)
    assert proposal.harmless
    assert proposal.reason.startswith("app/Dockerfile is built on the image of web/Dockerfile")
    assert not _propose("FROM example.org/base:1\nCMD run\n", files)[1].harmless


@pytest.mark.parametrize(
    ("body", "ends"),
    [
        ('fmt.Println("done")', True),
        ("for {\n\t\ttime.Sleep(time.Second)\n\t}", False),
        ("for counter := 0; ; counter++ {\n\t}", False),
        ("for i := 0; i < 3; i++ {\n\t}", True),
    ],
)
def test_a_go_program_that_ends_is_a_job(body, ends):
    dockerfile = 'FROM golang:1.23 AS b\nCOPY . .\nRUN go build -o /app\nFROM alpine:3.20\nCMD ["/app"]\n'
    _, proposal = _propose(dockerfile, {"web/main.go": f"package main\n\nfunc main() {{\n\t{body}\n}}\n"})
    assert proposal.harmless is ends


def test_a_worker_of_the_same_image_inherits_the_check_and_the_fix_says_so():
    web, worker = "web:\n    build: ./web\n    ports: ['8000:8000']", "worker:\n    build: ./web\n    command: work"
    compose = f"services:\n  {web}\n  {worker}\n"
    expose = "FROM python:3.12-slim\nEXPOSE 8000\nCMD python serve.py\n"
    _, proposal = _propose(expose, {"compose.yaml": compose})
    assert proposal.candidates
    assert all("`worker` of compose.yaml starts another program" in one.explanation for one in proposal.candidates)
    asked = compose.replace("    command: work\n", "    command: work\n    healthcheck: {disable: true}\n")
    _, proposal = _propose(expose, {"compose.yaml": asked})
    assert proposal.candidates
    assert not any("compose.yaml" in "".join(one.warnings) for one in proposal.candidates)


def test_a_container_that_only_waits_has_no_service():
    idle = 'FROM node:24\nEXPOSE 3000\nCMD ["tail", "-f", "/dev/null"]\n'
    made, proposal = _propose(idle, {})
    assert (made, proposal.harmless) == ({}, True)
    started = {"compose.yaml": "services:\n  web:\n    build: ./web\n    command: node server\n"}
    assert not _propose(idle, started)[1].harmless


def test_what_starts_nothing_is_asked_by_the_service_that_compose_starts_in_it():
    files = {"compose.yaml": "services:\n  web:\n    build: ./web\n    ports: ['8000:8000']\n    command: sleep 1d\n"}
    made, proposal = _propose("FROM mcr.microsoft.com/devcontainers/python:3\nEXPOSE 8000\n", files)
    assert (made, proposal.harmless) == ({}, False)
    assert "starts no service, and Compose a command of its own in it" in proposal.reason
    made, proposal = _propose('FROM node:22\nCMD ["bash", "-l"]\n', files)
    assert (made, proposal.harmless) == ({}, False)
    assert "starts no service" in proposal.reason


def test_fpm_of_another_images_name_is_no_web_server():
    made, _ = _propose("FROM example/shop:fpm-alpine\nRUN apk add tool\nEXPOSE 9000\n", {})
    assert list(made) == ["port-nc", "listening-socket"]


@pytest.mark.parametrize(("ports", "asked"), [("['3000:3000']", True), ("['2525:25']", False)])
def test_what_compose_starts_for_another_port_would_inherit_the_check(ports, asked):
    service = f"{{build: ./web, command: start, ports: {ports}}}"
    files = {"compose.yaml": f"services: {{web: {{build: ./web, ports: ['3000:3000']}}, mail: {service}}}\n"}
    made, proposal = _propose('FROM node:22\nEXPOSE 3000\nCMD ["node", "a.js"]\n', files)
    assert made
    assert all(("`mail` of compose.yaml" in one.explanation) is not asked for one in proposal.candidates)


def test_a_database_of_an_unknown_image_is_not_greeted():
    made, _ = _propose("FROM example/mysql8\nEXPOSE 3306\n", {})
    assert list(made) == ["brought-grep"]
    assert '"/usr/local/bin/busybox", "grep", "-qE", ":0CEA ' in made["brought-grep"]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ('case "${APP_ROLE}" in\nweb) a ;;\nesac\n', "starts what it is told (`APP_ROLE`)"),
        ('if [ "$PROCESS_TYPE" = "job" ]; then b; fi\n', "starts what it is told (`PROCESS_TYPE`)"),
        ('case "$1" in\nweb) a ;;\nworker|beat) b ;;\nesac\n', "starts what it is told (`worker`)"),
        ("export HOST=`hostname -i`\nserve\n", "looks up the container's own address"),
        ('case "$1" in\nweb) a ;;\nhelp) b ;;\nesac\n', ""),
    ],
)
def test_an_image_that_starts_several_programs_is_not_asked_for_one(script, said):
    dockerfile = 'FROM debian:12\nCOPY . .\nEXPOSE 8000\nENTRYPOINT ["./entrypoint.sh"]\n'
    made, proposal = _propose(dockerfile, {"web/entrypoint.sh": script})
    assert said in (proposal.reason or "")
    assert bool(made) is not bool(said)
