"""Pods whose program calls the Kubernetes API keep their token."""

import pytest

from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree


def _proposal(image, files=()):
    manifest = (
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  namespace: shop\n"
        f"spec:\n  containers:\n    - name: p\n      image: {image}\n"
    )
    where = Location(path="k8s/p.yaml", region=Region(start_line=1, end_line=9))
    finding = Finding(tool="checkov", rule="CKV_K8S_38", message="", severity=Severity.LOW, locations=(where,))
    tree = MemoryTree({"k8s/p.yaml": manifest.encode(), **{name: text.encode() for name, text in dict(files).items()}})
    return propose(Target(finding=finding, tree=tree))


GO = {"go.mod": "module github.com/example/watcher\n\nrequire k8s.io/client-go v0.30.0\n"}
PYTHON = {"watch/Dockerfile": "FROM python:3.13\n", "watch/requirements.txt": "requests\nkubernetes==31.0.0\n"}


@pytest.mark.parametrize(
    ("image", "files"),
    [
        ("bitnami/kubectl:1.31", {}),
        ("registry.example.org/shop-operator:1", {}),
        ("example/watcher:1", GO),
        ("registry.example.org/watch:1", PYTHON),
    ],
)
def test_a_program_that_calls_the_api_keeps_its_token(image, files):
    found = _proposal(image, files)
    assert not found.candidates
    assert "it needs the token for that" in found.reason


@pytest.mark.parametrize(
    ("image", "files"),
    [
        ("registry.example.org/shop:1", {}),
        ("redis:7", GO),
        ("registry.example.org/web:1", {**PYTHON, "web/Dockerfile": "FROM node:22\n"}),
        ("example/watcher:1", {"go.mod": "module github.com/example/watcher\n"}),
    ],
)
def test_other_programs_get_none(image, files):
    assert _proposal(image, files).candidates


def test_a_container_that_is_told_of_the_token_keeps_it():
    assert not _proposal(
        "example/app:1\n      args: ['--token=/var/run/secrets/kubernetes.io/serviceaccount/token']"
    ).candidates
    assert not _proposal("example/app:1\n      env: [{name: VAULT_ROLE, value: app}]").candidates


BINDING = """apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: a}
subjects: [{kind: ServiceAccount, name: %s, namespace: store}]
roleRef: {kind: Role, name: a}
"""
BOUND = """apiVersion: v1
kind: Pod
metadata: {name: a, namespace: store}
spec:
  serviceAccountName: %s
  containers:
  - name: a
    image: %s
"""


@pytest.mark.parametrize(
    ("account", "image", "made"),
    [
        ("default", "nginx:1.25", ["no-token"]),
        ("default", "busybox\n    command: [sleep, '3600']", ["no-token"]),
        ("default", "nginx\n    args: [run]", []),
        ("default", "example.org/shop:1", []),
        ("shop", "nginx:1.25", []),
        ("shop", "busybox\n    command: [sleep, '3600']", []),
    ],
)
def test_rights_of_the_default_account_are_no_server_s(account, image, made):
    files = {"rbac.yaml": BINDING % account, "pod.yaml": BOUND % (account, image)}
    place = Location(path="pod.yaml", region=Region(start_line=1))
    finding = Finding(tool="checkov", rule="CKV_K8S_38", message="", severity=Severity.LOW, locations=(place,))
    tree = MemoryTree({name: text.encode() for name, text in files.items()})
    assert [one.approach for one in propose(Target(finding=finding, tree=tree)).candidates] == made
