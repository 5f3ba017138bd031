"""The objects that have to leave the default namespace together: a folder, and what refers to it or is referred to."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator

from daemon.errors import SourceUnavailable
from workers.fixers.kubernetes.called_hosts import called
from workers.fixers.kubernetes.filled_in import KUSTOMIZATIONS
from workers.fixers.kubernetes.objects import Object, objects
from workers.fixers.kubernetes.placed import commands, kustomized, lists_only, placed
from workers.fixers.kubernetes.references import Reference, references
from workers.fixers.kubernetes.templated import templated
from workers.fixers.registry import Harmless, NoFix
from workers.source import yamldoc
from workers.source.tree import SourceTree

NAMESPACED = re.compile(
    r"""Pod | Deployment | DaemonSet | StatefulSet | ReplicaSet | ReplicationController | Job | CronJob | Service
      | Secret | ServiceAccount | Role | RoleBinding | ConfigMap | Ingress | PersistentVolumeClaim
      | HorizontalPodAutoscaler | PodDisruptionBudget | NetworkPolicy | ResourceQuota | LimitRange | Endpoints
      | EndpointSlice | PodTemplate | VirtualService | DestinationRule | Gateway | ServiceEntry | Sidecar
      | PeerAuthentication | AuthorizationPolicy | RequestAuthentication | HTTPRoute | GRPCRoute | ServiceMonitor
      | PodMonitor | PrometheusRule | Prometheus | PrometheusAgent | Alertmanager | AlertmanagerConfig | ThanosRuler
      | Probe | ScrapeConfig | Certificate | Issuer | ManagedCertificate | BackendConfig
      | FrontendConfig | IngressRoute | IngressRouteTCP | IngressRouteUDP | Middleware | ExternalSecret | SecretStore
      | SealedSecret | ScaledObject | ScaledJob | TriggerAuthentication | VerticalPodAutoscaler | Lease | Event
      | Rollout | AnalysisTemplate | AnalysisRun | Experiment | WorkflowTemplate | CronWorkflow | TCPRoute | TLSRoute
      | UDPRoute | ReferenceGrant | EnvoyFilter | WorkloadEntry | Telemetry | CertificateRequest | HelmRelease
      | GitRepository | HelmRepository | OCIRepository | ImageRepository | ImagePolicy | TargetGroupBinding""",
    re.VERBOSE,
)
"""Kinds that live in a namespace."""
CLUSTER_WIDE = re.compile(
    r"""Namespace | ClusterRole | ClusterRoleBinding | CustomResourceDefinition | StorageClass | PersistentVolume
      | PriorityClass | IngressClass | ClusterIssuer | RuntimeClass | GatewayClass | ClusterAnalysisTemplate
      | ClusterWorkflowTemplate | ClusterSecretStore | ClusterExternalSecret | ClusterTriggerAuthentication
      | ValidatingWebhookConfiguration | MutatingWebhookConfiguration | APIService | CSIDriver | VolumeSnapshotClass
      | ValidatingAdmissionPolicy | ValidatingAdmissionPolicyBinding | Node | CertificateSigningRequest""",
    re.VERBOSE,
)
"""Kinds that live in none."""
_TRUST = ("iam.gke.io/gcp-service-account", "eks.amazonaws.com/role-arn", "azure.workload.identity/client-id")
"""Annotations of an account that a cloud knows by its namespace."""
_ENFORCED = "pod-security.kubernetes.io/enforce"
_IMAGE = re.compile(r"--image[= ]\S+")
_OF_NODES = re.compile(r"\b(?:taint|cordon|uncordon|drain|nodes?)\b")
"""Commands about nodes, which are in no namespace."""
_OF_TOOLS = re.compile(r"(?:kustomize\.config\.k8s\.io|kind\.x-k8s\.io|kubeadm\.k8s\.io|k3d\.io|eksctl\.io|skaffold)/")
"""What makes clusters and puts manifests together: no cluster gets it."""
_SELF = re.compile(r"\.default(?:\.svc\b|[:/]|$)|\bns/default\b")
_SUBSTITUTED = re.compile(r"\$\{\w+\}")
_SHELL = frozenset(("command", "args", "data", "stringData", "annotations"))
"""Keys below which `${NAME}` is a shell's, or whoever reads it."""
_KIND = re.compile(rb"^kind:", re.MULTILINE)


class Moving:
    """A closed set of folders: no object in it refers to one that stays, and none that stays refers to one in it."""

    def __init__(self, tree: SourceTree, path: str) -> None:
        """Find it.

        Raises:
            NoFix: something of it cannot move soundly; the message says what.
            Harmless: something else places it already.
        """
        self._tree = tree
        if where := placed(tree, path):
            raise Harmless(where)
        self.folders = {posixpath.dirname(path)}
        by_folder: dict[str, list[Object]] = {}
        self._scopes: dict[str, str] = {}
        for one in objects(tree):
            if _OF_TOOLS.match(one.root.text("apiVersion")):
                continue
            if one.kind == "CustomResourceDefinition":
                self._scopes[one.root.text("spec", "names", "kind")] = one.root.text("spec", "scope")
            by_folder.setdefault(posixpath.dirname(one.path), []).append(one)
        self._by_folder = by_folder
        self._wanted = {folder: self._open(inside) for folder, inside in by_folder.items()}
        self._close()
        self.all = [one for folder in sorted(self.folders) for one in by_folder.get(folder, ())]
        self.objects = [one for one in self.all if _in_default(one) and self._scope(one) != "Cluster"]
        self._refuse()

    def namespaces(self) -> list[str]:
        """Those that objects beside them name, the most frequent first."""
        names = [one.name if one.kind == "Namespace" else one.namespace for one in self.all]
        used = [name for name in names if name not in ("", "default") and not name.endswith("-system")]
        return sorted(set(used), key=lambda name: (-used.count(name), name))

    def _open(self, inside: Iterable[Object]) -> set[Reference]:
        """What the objects of a folder in the default namespace refer to and the folder does not define."""
        inside = list(inside)
        own = {(one.kind, one.name) for one in inside}
        placed = (one for one in inside if _in_default(one))
        return {found for one in placed for found in references(one.root) if (found.kind, found.name) not in own}

    def _close(self) -> None:
        while True:
            mine = {(one.kind, one.name) for folder in self.folders for one in self._placed(folder)}
            asked = {found for folder in self.folders for found in self._wanted.get(folder, ())}
            more = {
                folder
                for folder in self._by_folder.keys() - self.folders
                if any((one.kind, one.name) in mine for one in self._wanted[folder])
                or self._has(folder, {(one.kind, one.name) for one in asked} - mine)
            }
            if not more:
                return
            self.folders |= more

    def _placed(self, folder: str) -> Iterator[Object]:
        return (one for one in self._by_folder.get(folder, ()) if _in_default(one))

    def _has(self, folder: str, names: set[tuple[str, str]]) -> bool:
        return any((one.kind, one.name) in names for one in self._placed(folder))

    def _refuse(self) -> None:
        reason = (
            self._guarded()
            or self._managed()
            or self._unused()
            or self._missing()
            or self._variants()
            or self._tied()
            or self._called()
            or self._commanded()
        )
        if reason:
            raise NoFix(reason)

    def _guarded(self) -> str:
        """Whether a namespace beside it lets in only pods of some kind."""
        for one in self.all:
            labels = one.root.get("metadata", "labels") if one.kind == "Namespace" else None
            if labels is not None and any(key.value == _ENFORCED for key, _ in labels.entries):
                return f"the namespace {one.name} of {one.path} refuses pods below its level ({_ENFORCED})"
        return ""

    def _unused(self) -> str:
        """Whether nothing in it runs: who uses the rest is not to be seen here."""
        if any(one.root.get("spec", "template") or one.kind in ("Pod", "CronJob") for one in self.objects):
            return ""
        return "no manifest here runs a program that uses it, and who does would look in the default namespace"

    def _missing(self) -> str:
        """What is referred to and no manifest defines: it would stay behind."""
        own = {(one.kind, one.name) for one in self.all}
        for folder in sorted(self.folders):
            for found in sorted(self._wanted.get(folder, ()), key=lambda one: (one.kind, one.name)):
                if found.certain and (found.kind, found.name) not in own:
                    return (
                        f"{folder or 'the folder'} uses the {found.kind} {found.name}, which no manifest of the "
                        "repository makes: it would stay in the default namespace"
                    )
        return ""

    def _variants(self) -> str:
        """Whether one object stands in two folders: each is applied without the other, with what is beside it."""
        seen: dict[tuple[str, str], str] = {}
        for one in self.objects:
            folder = posixpath.dirname(one.path)
            other = seen.setdefault((one.kind, one.name), folder)
            if one.name and other != folder:
                return (
                    f"{other or '.'} and {folder} both hold a {one.kind} {one.name}: which one belongs here is not told"
                )
        return ""

    def _scope(self, one: Object) -> str:
        """`Namespaced` or `Cluster`, as Kubernetes or the repository's own definition of the kind says; else empty."""
        if NAMESPACED.fullmatch(one.kind):
            return "Namespaced"
        return "Cluster" if CLUSTER_WIDE.fullmatch(one.kind) else self._scopes.get(one.kind, "")

    def _tied(self) -> str:
        for one in self.all:
            if not self._scope(one) and _in_default(one):
                return f"whether the {one.kind} in {one.path} lives in a namespace is not known here"
            annotations = one.root.get("metadata", "annotations")
            if one.kind == "ServiceAccount" and annotations and any(annotations.text(key) for key in _TRUST):
                return f"the cloud trusts the account {one.name} of {one.path} by its namespace: change it there first"
            for path, node in one.root.walk():
                named = path[-1:] == ("namespace",) and node.value == "default" and not _moves(path)
                if node.kind == "scalar" and (named or _SELF.search(node.value)):
                    return f"{one.path} names the default namespace itself: {node.value.strip()[:60]}"
        return ""

    def _called(self) -> str:
        moved = {(one.kind, one.name) for one in self.objects}
        others = (one for inside in self._by_folder.values() for one in inside if (one.kind, one.name) not in moved)
        return called(self._tree, self.objects, filter(_in_default, others), self.folders)

    def _managed(self) -> str:
        """Whether something else decides on the namespace: Helm, a kustomization, a template."""
        for path in self._tree.paths():
            folder, _, name = path.rpartition("/")
            if name == "Chart.yaml" and any(f"{one}/".startswith(f"{folder}/") or not folder for one in self.folders):
                return f"the manifests belong to the chart {path}: its release names the namespace"
            if name in KUSTOMIZATIONS:
                if lists_only(self._tree, path):
                    continue
                if self.folders & {folder, *_folders(kustomized(self._tree, path))}:
                    return f"{path} places the objects: its `namespace:` is the place to say which one is theirs"
            elif folder in self.folders and name.endswith((".yaml", ".yml")) and _template(self._tree, path):
                return f"{path} is filled in by something else, and which objects it holds is not known"
        return ""

    def _commanded(self) -> str:
        """Whether a script names the objects, and so has to change too."""
        names = {word for one in self.objects for word in (one.name, *_label_values(one)) if word}
        files = {posixpath.basename(one.path) for one in self.all} | {folder for folder in self.folders if folder}
        for path, command, scoped, applies in commands(self._tree):
            if applies and (scoped or "default" in command) and any(file in command for file in files):
                return f"{path} says itself which namespace the manifests go to: `{command.strip()[:80]}`"
            named = names & set(re.findall(r"[\w.-]+", _IMAGE.sub("", command)))
            if named and not _OF_NODES.search(command) and not (scoped or applies or path.endswith(".md")):
                return f"{path} looks for them in the default namespace: `{command.strip()[:80]}`"
        return ""


def _label_values(one: Object) -> list[str]:
    """What commands select pods by."""
    found = one.root.get("metadata", "labels"), one.root.get("spec", "template", "metadata", "labels")
    return [value.value for node in found if node for _, value in node.entries]


def _in_default(one: Object) -> bool:
    return one.namespace in ("", "default")


def _moves(path: yamldoc.Path) -> bool:
    """Whether it is a place that moves along: the object's own, or that of an account that rights are given to."""
    return path == ("metadata", "namespace") or path[0] == "subjects"


def _folders(paths: Iterable[str]) -> Iterator[str]:
    """Each path, which may be a folder, and the folder that it is in."""
    for path in paths:
        yield from (path, posixpath.dirname(path))


def _template(tree: SourceTree, path: str) -> bool:
    """Whether something else writes objects into the file, or their names."""
    try:
        content = tree.read(path)
    except SourceUnavailable:
        return False
    if not _KIND.search(content):
        return False
    if templated(path, content):
        return True
    if b"${" not in content:
        return False
    try:
        roots = yamldoc.parse(content, path).roots
    except yamldoc.YamlBroken:
        return True
    scalars = (found for root in roots for found in root.walk() if found[1].kind == "scalar")
    return any(_SUBSTITUTED.search(node.value) and not _SHELL & {*where} for where, node in scalars)
