"""What other manifests of the repository say about a pod's policy."""

import pytest

from daemon.domain.edits import apply_edits
from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree
from workers.verify.structure.preserved import preservation

POD = (
    b"kind: Pod\nmetadata: {name: a, labels: {app: a}}\n"
    b"spec: {containers: [{name: a, image: a, ports: [{containerPort: 1}]}]}\n"
)
POLICY = b"kind: NetworkPolicy\nmetadata: {name: a}\nspec: {podSelector: {matchLabels: {app: a}}}\n"
SERVICE = b"kind: Service\nmetadata: {name: svc}\nspec: {selector: {app: a}, ports: [{port: 1}]}\n"
CALLER = b"kind: Job\nmetadata: {name: j}\nspec: {template: {spec: {containers: [{env: [{name: URL, value: 'http://svc:1'}]}]}}}\n"
INGRESS = b"kind: Ingress\nmetadata: {name: in}\nspec: {defaultBackend: {service: {name: svc}}}\n"
WEBHOOK = b"kind: ValidatingWebhookConfiguration\nwebhooks: [{clientConfig: {service: {name: svc}}}]\n"
EXPRESSION = (
    b"kind: NetworkPolicy\nmetadata: {name: p}\n"
    b"spec: {podSelector: {matchExpressions: [{key: app, operator: In, values: [a, b]}]}}\n"
)
CILIUM = b"kind: CiliumNetworkPolicy\nmetadata: {name: p}\nspec: {endpointSelector: {matchLabels: {k8s:app: a}}}\n"


def _proposed(files):
    finding = Finding(
        tool="checkov",
        rule="CKV2_K8S_6",
        message="",
        severity=Severity.LOW,
        locations=(Location(path="k8s/pod.yaml", region=Region(start_line=1, end_line=3)),),
    )
    return propose(Target(finding=finding, tree=MemoryTree({"k8s/pod.yaml": POD} | files))).candidates


def _approaches(files):
    return [one.approach for one in _proposed(files)]


@pytest.mark.parametrize(
    ("files", "approaches"),
    [
        ({}, ["declared-ports"]),
        ({"k8s/svc.yaml": SERVICE}, ["declared-ports", "cluster-only"]),
        ({"k8s/svc.yaml": SERVICE, "j.yaml": CALLER}, ["declared-ports", "cluster-only", "same-namespace"]),
        ({"k8s/svc.yaml": SERVICE, "in.yaml": INGRESS}, ["declared-ports"]),
        ({"svc.yaml": SERVICE.replace(b"{selector", b"{type: NodePort, selector")}, ["declared-ports"]),
        ({"svc.yaml": SERVICE, "b.yaml": POD.replace(b"name: a,", b"name: b, namespace: n,")},
         ["declared-ports", "cluster-only"]),
        ({"svc.yaml": SERVICE, "k8s/pod.yaml": POD.replace(b"containerPort: 1", b"containerPort: 1, hostPort: 1")},
         ["declared-ports"]),
        ({"svc.yaml": SERVICE, "o/p.yaml": b"kind: Service\nmetadata: {name: svc}\nspec: {type: LoadBalancer}\n"},
         ["declared-ports"]),
        ({"svc.yaml": SERVICE, "hook.yaml": WEBHOOK}, ["declared-ports"]),
        ({"policies/a.yaml": POLICY}, []),
        ({"policies/a.yaml": EXPRESSION}, []),
        ({"policies/a.yaml": CILIUM}, []),
        ({"policies/a.yaml": CILIUM.replace(b"k8s:app: a", b"k8s:app: b")}, ["declared-ports"]),
        ({"other/a.yaml": POLICY, "other/pod.yaml": POD}, ["declared-ports"]),
        ({"b.yaml": POD.replace(b"name: a,", b"name: b,")}, []),
        ({"b.yaml": POD.replace(b"name: a,", b"name: b,").replace(b"app: a", b"app: b")}, ["declared-ports"]),
    ],
    ids=["alone", "a Service", "one that is called", "an Ingress", "a node's port", "another namespace",
         "the host's port",
         "an overlay's type", "a webhook, which the API server calls", "a policy", "a policy by expression", "Cilium's",
         "Cilium's of another", "a variant's policy", "another pod's labels too", "other labels"],
)  # fmt: skip
def test_as_much_is_closed_as_the_repository_shows_that_nobody_needs(files, approaches):
    assert _approaches(files) == approaches


@pytest.mark.parametrize(
    ("service", "own"), [(SERVICE, False), (SERVICE.replace(b"{selector", b"{clusterIP: None, selector"), True)]
)
def test_pods_that_find_each_other_by_a_headless_service_reach_each_other_at_any_port(service, own):
    rule = """    - from:
        - podSelector:
            matchLabels:
              app: a
"""
    proposed = _proposed({"k8s/svc.yaml": service})
    assert len(proposed) == 2
    assert all((rule in one.edits[0].text) is own for one in proposed)


def test_the_label_of_a_pod_in_a_file_of_several_is_declared():
    """What is declared is where the label is written: in the pod's own document."""
    files = {"k8s/pod.yaml": POD.replace(b", labels: {app: a}", b"") + b"---\n" + SERVICE}
    candidates = _proposed(files)
    assert candidates
    for candidate in candidates:
        before = files["k8s/pod.yaml"]
        after = apply_edits(before, candidate.edits)
        assert b"app.kubernetes.io/name: a" in after
        kept = preservation("k8s/pod.yaml", before, after, candidate.edits, candidate.declares, [])
        assert kept.violations == ()
