"""The pods of a workload, and what a repository's manifests say of who reaches them, and where."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

import msgspec

from daemon.domain.fix import Edit
from workers.fixers.kubernetes.manifests.injected import injected
from workers.fixers.kubernetes.manifests.objects import Object, labels, objects, selects
from workers.fixers.kubernetes.manifests.service_names import calls, from_outside, names
from workers.fixers.kubernetes.workload import Part, Resource, is_true
from workers.fixers.registry import Harmless, NoFix
from workers.source.yamldoc import Node
from workers.source.yamltext import Value

_PODS = {"Pod": (), "CronJob": ("spec", "jobTemplate", "spec", "template")}
_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9.]{0,61}[a-z0-9])?")
_MESH_PORTS = (15008, 15020, 15090)
"""Where Istio's proxy beside a program takes traffic of the mesh, and is asked for its own figures."""
_FOR_SERVER = re.compile(r"webhook|inject|admission|api-?server|validator")
"""Who is asked by the API server, which is no pod of the cluster as a rule: some tell it so only when they run."""
_EVERYWHERE = re.compile(r"Global|Admin|Baseline|CiliumClusterwide")
"""Policies that belong to no namespace."""


class Port(msgspec.Struct, frozen=True, order=True):
    """Where a pod listens."""

    protocol: str
    port: str

    @property
    def value(self) -> Mapping[str, Value]:
        """As a policy names it."""
        return {"port": int(self.port) if self.port.isdigit() else self.port, "protocol": self.protocol}


class Pods:
    """The pods of one workload, and what the repository says about them."""

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        root = resource.root
        self.template = root if resource.kind == "Pod" else _template(resource)
        self.spec = resource.pod.node
        self.name = root.text("metadata", "name")
        self.new_labels = self._new_labels()
        self.labels = labels(self.template.get("metadata", "labels")) or self.new_labels
        self.selector = labels(root.get("spec", "selector", "matchLabels")) or self.labels or {}
        self.annotations = labels(self.template.get("metadata", "annotations")) or {}
        self.namespace = root.text("metadata", "namespace")
        self._all = list(objects(resource.target.tree))
        self._refuse()
        self._services = [one for one in self._all if one.kind == "Service" and self._led_by(one)]
        if self.new_labels and self._services:
            message = (
                f"the pod has no labels, and with its name as one the Service of {self._services[0].path} selects it"
            )
            raise NoFix(message)

    @property
    def served(self) -> bool:
        """Whether a Service of the repository leads to it."""
        return bool(self._services)

    @property
    def outside(self) -> bool:
        """Whether a Service of the repository leads to it from outside of the cluster."""
        return any(one.root.text("spec", "type") in ("NodePort", "LoadBalancer") for one in self._services)

    def labelled(self) -> tuple[list[Edit], list[str]]:
        """Edits that give the pod the label which the policy selects it by, and what they declare."""
        if not self.new_labels:
            return [], []
        path = self.resource.path if self.resource.kind == "Pod" else self.resource.pod.path[:-1]
        part = Part(path, self.template)
        edits = self.resource.put(part, {"metadata": {"labels": dict(self.new_labels)}})
        return edits, self.resource.declare(part, "metadata.labels")

    def _new_labels(self) -> dict[str, str]:
        """A label for a pod without: its name; only where no controller has to find the pod by its labels."""
        found = self.template.get("metadata", "labels")
        bare = found is None or found.empty
        fits = _LABEL.fullmatch(self.name) and self.resource.kind in ("Pod", "Job", "CronJob")
        return {"app.kubernetes.io/name": self.name} if bare and fits else {}

    def ports(self) -> list[Port]:
        """Every port that the containers declare or are asked at, and that the Services lead to."""
        found = [port for container in self._containers() for port in _declared(container)]
        for service in self._services:
            found += _targets(service.root, set(found))
        asked = self.annotations.get("prometheus.io/port", "")
        if asked.isdigit():
            found.append(Port("TCP", asked))
        if found and self._meshed():
            found += [Port("TCP", str(port)) for port in _MESH_PORTS]
        return list(dict.fromkeys(found))

    def inside(self) -> bool:
        """Whether the repository's manifests lead nobody to it but through Services inside of the cluster."""
        named = {one.name for one in self._services}
        return (
            not any(_FOR_SERVER.search(one) for one in (self.name, *named))
            and not any(_of_host(container) for container in self._containers())
            and all(
                one.root.text("spec", "type") in ("", "ClusterIP") and one.root.get("spec", "externalIPs") is None
                # Of that name anywhere: an overlay's patch has no selector.
                for one in self._all
                if one.kind == "Service" and one.name in named
            )
            and not any(names(one.root, named) for one in self._all if from_outside(one.kind))
        )

    def peers(self) -> list[Value]:
        """A rule that lets the workload's own pods reach each other, where they may form a cluster at any port."""
        headless = any(one.root.text("spec", "clusterIP") == "None" for one in self._services)
        if self.resource.kind not in ("StatefulSet", "DaemonSet") and not headless:
            return []
        return [{"from": [{"podSelector": {"matchLabels": dict(self.selector)}}]}]

    def private(self) -> bool:
        """Whether no mesh, no monitoring and no other namespace of the repository may have a caller."""
        scraped = any(key.startswith("prometheus.io/") for key in self.annotations)
        elsewhere = {one.namespace for one in self._all if one.namespace} - {self.namespace}
        return not (self._meshed() or scraped or elsewhere)

    def _meshed(self) -> bool:
        """Whether Istio may put its proxy beside the program, as the pod says, or objects of Istio's beside it."""
        said = any("istio.io/" in key for key in (*self.annotations, *(self.labels or {})))
        kinds = (one for one in self._all if one.namespace == self.namespace)
        return said or any("istio.io/" in one.root.text("apiVersion") for one in kinds)

    def called(self) -> bool:
        """Whether pods of the same namespace name one of its Services, as who calls it does."""
        named = {one.name for one in self._services}
        others = (one for one in self._all if one.namespace == self.namespace and one.name != self.name)
        return any(calls(one.root, named) for one in others if one.kind != "Service" and not from_outside(one.kind))

    def _refuse(self) -> None:
        """Raises `NoFix` where no policy can be made for these pods alone."""
        message = ""
        if self.resource.path:
            message = "the object stands in a List: a policy of its own has no place there"
        elif not self.name or not self.labels or not selects(self.selector, self.labels):
            message = "the pod has no name and labels that a policy could select it by"
        elif is_true(self.spec.text("hostNetwork")):
            message = "the pod uses the host's network, where no NetworkPolicy holds"
        elif asked := injected(self.resource):
            message = (
                f"what {asked} puts beside it takes the pod's traffic at ports of its own: write the policy with it"
            )
        elif other := self._other():
            message = f"{other.kind} {other.name} in {other.path} has these labels too, and a policy holds for both"
        elif policy := self._policy():
            message = f"the {policy.kind} {policy.name} in {policy.path} selects the pod already, or may"
            raise Harmless(message)
        if message:
            raise NoFix(message)

    def _other(self) -> Object | None:
        """A workload of another name whose pods the selector matches too."""
        for one in self._all:
            template = one.root if one.kind == "Pod" else _pod_template(one.root)
            own = labels(template.get("metadata", "labels")) if template else None
            if own and one.name != self.name and selects(self.selector, own) and one.namespace == self.namespace:
                return one
        return None

    def _policy(self) -> Object | None:
        """A policy that holds for the pods already, or may: one more would let in whom that one keeps out."""
        for one in self._all:
            far = one.namespace != self.namespace and not _EVERYWHERE.match(one.kind)
            if one.kind.endswith("NetworkPolicy") and not far and not self._of_another(one):
                named = one.name == self.name and one.kind == "NetworkPolicy"
                if named or _may_select(one.root, self.labels or {}):
                    return one
        return None

    def _of_another(self, policy: Object) -> bool:
        """Whether it lies beside another variant of the same workload: one of the two is applied, not both."""
        mine, theirs = (posixpath.dirname(path) for path in (self.resource.doc.path, policy.path))
        same = (self.resource.kind, self.name)
        beside = (one for one in self._all if posixpath.dirname(one.path) == theirs)
        return mine != theirs and any((one.kind, one.name) == same for one in beside)

    def _led_by(self, service: Object) -> bool:
        return selects(labels(service.root.get("spec", "selector")), self.labels or {})

    def _containers(self) -> Iterator[Node]:
        for section in ("containers", "initContainers"):
            items = self.spec.child(section)
            yield from items.items if items else ()


def _template(resource: Resource) -> Node:
    found = _pod_template(resource.root)
    if found is None:
        message = f"{resource.kind} has no pod template of its own"
        raise NoFix(message)
    return found


def _pod_template(root: Node) -> Node | None:
    return root.get(*(_PODS.get(root.text("kind")) or ("spec", "template")))


def _declared(container: Node) -> Iterator[Port]:
    listed = container.child("ports")
    for one in listed.items if listed else ():
        if number := one.text("containerPort"):
            yield Port(one.text("protocol") or "TCP", number)
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        for kind in ("httpGet", "tcpSocket", "grpc"):
            number = container.text(probe, kind, "port")
            if number.isdigit():
                yield Port("TCP", number)


def _of_host(container: Node) -> bool:
    """Whether the host's own ports lead to it."""
    listed = container.child("ports")
    return any(one.child("hostPort") is not None for one in (listed.items if listed else ()))


def _targets(service: Node, known: set[Port]) -> Iterator[Port]:
    """The pod's ports that a Service leads to; one that it names is among the declared ones already."""
    listed = service.get("spec", "ports")
    for one in listed.items if listed else ():
        number = one.text("targetPort") or one.text("port")
        port = Port(one.text("protocol") or "TCP", number)
        if number.isdigit() and port not in known:
            yield port


def _may_select(policy: Node, own: Mapping[str, str]) -> bool:
    """Whether a policy, Kubernetes' or a network plug-in's, holds for pods with these labels, as far as can be told."""
    spec = policy.child("spec")
    chosen = (spec.child("podSelector") or spec.child("endpointSelector")) if spec else None
    if spec is None or chosen is None:
        return spec is not None and spec.child("nodeSelector") is None
    named = labels(chosen.child("matchLabels")) or {}
    named = {key.removeprefix("k8s:").removeprefix("any:"): value for key, value in named.items()}
    return all(own.get(key) == value for key, value in named.items() if "io.kubernetes.pod" not in key)
