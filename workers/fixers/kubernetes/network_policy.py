"""A NetworkPolicy for the pods of a workload: who may reach them, and at which ports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from daemon.domain.fix import Candidate
from workers.fixers.changed import if_changed
from workers.fixers.docker.bases.image_tables import SERVICE_PORTS
from workers.fixers.docker.bases.running import running
from workers.fixers.kubernetes.containers.own_image import dockerfile_of, opened_by
from workers.fixers.kubernetes.containers.shell_only import shell_only
from workers.fixers.kubernetes.containers.unknown_servers import is_unknown_server
from workers.fixers.kubernetes.manifests.objects import declared, document_behind
from workers.fixers.kubernetes.policy_pods import Pods
from workers.fixers.kubernetes.workload import Part, Resource
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.images import split
from workers.source.yamltext import Value


@fixer(
    name="kubernetes-network-policy",
    weakness="access-control",
    rules={"checkov": ["CKV2_K8S_6"]},
    explain="""Without a NetworkPolicy every pod of the cluster reaches every port of every other: who breaks into one
program can try all others. A policy that selects a pod closes what it does not name. What the pod's containers declare
and its Services name stays open: to everybody, or where no manifest lets anybody in from outside, to the pods of the
same namespace alone. A pod that offers nothing takes no connection at all. A cluster whose network plug-in knows no
policies ignores them.""",
)
def network_policy(target: Target) -> Iterator[Candidate]:
    """The declared ports from everywhere; from the same namespace; none where nothing is offered."""
    resource = Resource(target)
    pods = Pods(resource)
    ports = pods.ports()
    if not ports:
        if not all(_offers_nothing(resource, part) for part in resource.containers(lambda _node: True)):
            message = (
                "the pod declares no port and no Service leads to it, which is no proof that nobody connects: figures "
                "for monitoring, for one, are asked for at the pod's own address"
            )
            raise NoFix(message)
        if not any(_listens(resource, part) for part in resource.containers(lambda _node: True)):
            how = "The pod declares no port and no Service leads to it: nothing has to connect to it, and nothing can."
            yield from _policy(pods, "no-incoming", [], how)
        how = "The pod offers nothing that is known of; only pods of the same namespace can still reach it."
        yield from _policy(pods, "same-namespace", [{"from": [{"podSelector": {}}]}], how)
        return
    everyone: list[Value] = [{"ports": [port.value for port in ports]}]
    how = "Only the ports that the pod declares, and that its Services name, can still be reached."
    yield from _policy(pods, "declared-ports", everyone, how)
    if pods.served and pods.inside():
        within: list[Value] = [{"from": [{"namespaceSelector": {}}], "ports": [port.value for port in ports]}]
        how = "Only pods of the cluster reach it, at its declared ports: nothing leads anybody from outside to it."
        yield from _policy(pods, "cluster-only", within, how)
        if pods.private() and pods.called():
            near: list[Value] = [{"from": [{"podSelector": {}}], "ports": [port.value for port in ports]}]
            how = "Only pods of the same namespace reach it, where the manifests have those that call its Service."
            warning = "callers from other namespaces, as monitoring or a gateway, need a rule of their own"
            yield from _policy(pods, "same-namespace", near, how, warning)


def _offers_nothing(resource: Resource, part: Part) -> bool:
    """Whether what runs there is known to wait for nobody: a task that ends, a shell, an image that opens no port."""
    if resource.kind in ("Job", "CronJob") or shell_only(part.node):
        return True
    tree, image = resource.target.tree, part.node.text("image")
    return resource.kind != "DaemonSet" and dockerfile_of(tree, image) is not None and not opened_by(tree, image)


def _listens(resource: Resource, part: Part) -> bool:
    """Whether the image is a server's by its name, which listens whether its port is declared or not."""
    image = part.node.text("image")
    return is_unknown_server(resource, part) or running(image).low_port or split(image)[0] in SERVICE_PORTS


def _policy(pods: Pods, approach: str, ingress: Sequence[Value], how: str, *warnings: str) -> Iterator[Candidate]:
    metadata: Mapping[str, Value] = {"name": pods.name} | ({"namespace": pods.namespace} if pods.namespace else {})
    value: dict[str, Value] = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata,
        "spec": {
            "podSelector": {"matchLabels": dict(pods.selector)},
            "policyTypes": ["Ingress"],
            "ingress": [*ingress, *pods.peers()],
        },
    }
    edits, declares = pods.labelled()
    if edits:
        how = f"{how} The pod gets a label of its own, by which the policy selects it."
    edits.append(document_behind(pods.resource.doc, pods.resource.index, value))
    yield from if_changed(approach, edits, how, [*declares, declared(value, pods.name)], warnings)
