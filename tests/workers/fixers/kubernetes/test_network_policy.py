"""What other manifests of the repository say about a pod's policy."""

import pytest

from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree

POD = (
    b"kind: Pod\nmetadata: {name: a, labels: {app: a}}\nspec: {containers: [{name: a, ports: [{containerPort: 1}]}]}\n"
)
POLICY = b"kind: NetworkPolicy\nmetadata: {name: a}\nspec: {podSelector: {matchLabels: {app: a}}}\n"
SERVICE = b"kind: Service\nmetadata: {name: svc}\nspec: {selector: {app: a}, ports: [{port: 1}]}\n"
INGRESS = b"kind: Ingress\nmetadata: {name: in}\nspec: {defaultBackend: {service: {name: svc}}}\n"


def _approaches(files):
    finding = Finding(
        tool="checkov",
        rule="CKV2_K8S_6",
        message="",
        severity=Severity.LOW,
        locations=(Location(path="k8s/pod.yaml", region=Region(start_line=1, end_line=3)),),
    )
    proposal = propose(Target(finding=finding, tree=MemoryTree({"k8s/pod.yaml": POD} | files)))
    return [one.approach for one in proposal.candidates]


@pytest.mark.parametrize(
    ("files", "approaches"),
    [
        ({}, ["declared-ports"]),
        ({"k8s/svc.yaml": SERVICE}, ["declared-ports", "cluster-only", "same-namespace"]),
        ({"k8s/svc.yaml": SERVICE, "in.yaml": INGRESS}, ["declared-ports"]),
        ({"svc.yaml": SERVICE.replace(b"{selector", b"{type: NodePort, selector")}, ["declared-ports"]),
        ({"svc.yaml": SERVICE, "b.yaml": POD.replace(b"name: a,", b"name: b, namespace: n,")},
         ["declared-ports", "cluster-only"]),
        ({"policies/a.yaml": POLICY}, []),
        ({"other/a.yaml": POLICY, "other/pod.yaml": POD}, ["declared-ports"]),
        ({"b.yaml": POD.replace(b"name: a,", b"name: b,")}, []),
        ({"b.yaml": POD.replace(b"name: a,", b"name: b,").replace(b"app: a", b"app: b")}, ["declared-ports"]),
    ],
    ids=["alone", "a Service", "an Ingress", "a node's port", "another namespace", "a policy", "a variant's policy",
         "another pod's labels too", "other labels"],
)  # fmt: skip
def test_as_much_is_closed_as_the_repository_shows_that_nobody_needs(files, approaches):
    assert _approaches(files) == approaches
