"""Programs that call the Kubernetes API: by their image's name, or by what the repository's own depend on."""

from __future__ import annotations

import posixpath
import re

from workers.fixers.docker.bases.images import base_named
from workers.fixers.kubernetes.containers.own_image import dockerfile_of
from workers.fixers.kubernetes.containers.shell_only import shell_only
from workers.fixers.kubernetes.workload import Resource
from workers.source.remembered import remembered
from workers.source.tree import SourceTree, text_of

_KNOWN = re.compile(
    r"(?:^|/)(?:kubectl|kubewatch|kube-state-metrics|kube-downscaler|external-dns|external-secrets|sealed-secrets-controller|"
    r"cert-manager-[\w-]+|metrics-server|cluster-autoscaler|descheduler|velero|reloader|keda[\w-]*|argocd|argocli|workflow-controller|"
    r"traefik|(?:nginx-)?ingress(?:-controller)?|controller|[\w-]+-operator|[\w-]+-controller|operator|promtail|fluentd[\w-]*|"
    r"fluent-bit|filebeat|metricbeat|agent|cluster-agent|opentelemetry-collector[\w-]*|vector|telegraf|kube-proxy|coredns|"
    r"flannel|kured|node-problem-detector|headlamp|octant|k8s-sidecar|helm|flux|tiller)$"
)
_SERVERS = frozenset((
    "nginx", "nginxinc/nginx-unprivileged", "httpd", "redis", "valkey/valkey", "memcached", "mysql", "mariadb",
    "postgres", "postgis/postgis", "mongo", "wordpress", "phpmyadmin", "adminer", "registry.k8s.io/pause",
))  # fmt: skip
"""Images whose own programs know nothing of Kubernetes, whatever rights the account has that they run as."""
_DEPENDENCIES = re.compile(
    r"(?:^|/)(?:go\.mod|package\.json|requirements[\w.-]*\.txt|pyproject\.toml|pom\.xml|build\.gradle(?:\.kts)?|Cargo\.toml"
    r"|build\.sbt|mix\.exs|Gemfile|composer\.json|[\w.-]+\.csproj)$"
)
_CLIENT = re.compile(
    r"k8s\.io/client-go|sigs\.k8s\.io/controller-runtime|@kubernetes/client-node|kubernetes-client|io\.fabric8|io\.kubernetes|"
    r"spring-cloud[\w-]*-kubernetes|quarkus-kubernetes-config|hazelcast-kubernetes|jgroups-kubernetes|\bKubernetesClient\b|"
    r"(?:discovery|rollingupdate)-kubernetes|\bkubeclient\b|:libcluster\b|"
    r"^\W*(?:kubernetes(?:[-_]asyncio)?|kube|pykube[\w-]*|kopf)\W*(?:[=<>~!]|$)",
    re.MULTILINE,
)
_SAYS = re.compile(
    r"kubernetes\.io/serviceaccount|\bkubernetes\.default\b|\bkubectl\b|VAULT_(?:K8S|KUBERNETES|ROLE|AUTH)|KUBERNETES_NAMESPACE"
)
"""What a container is told where its program asks the API, or signs in elsewhere by the pod's token."""
_MODULE = re.compile(r"^module\s+(\S+)", re.MULTILINE)


def calls_none(resource: Resource) -> bool:
    """Whether every container runs what never calls the API: such a server, as it is, or a few commands of a shell."""
    listed = [resource.pod.node.child(key) for key in ("containers", "initContainers")]
    nodes = [node for one in listed if one is not None for node in one.items]
    own = (
        node.child("command") is None and node.child("args") is None
        and base_named(node.text("image")).image in _SERVERS
        for node in nodes if not shell_only(node)
    )  # fmt: skip
    return bool(nodes) and all(own) and not api_client(resource)


def api_client(resource: Resource) -> str:
    """Which container's program calls the API of its cluster, and how that is known; empty where none is known to."""
    containers = resource.pod.node.child("containers")
    for container in containers.items if containers else ():
        image = container.text("image")
        name = re.sub(r"(?::[\w.${}-]*)?(?:@.*)?$", "", image)
        told = next(
            (node.value for _, node in container.walk() if node.kind == "scalar" and _SAYS.search(node.value)), ""
        )
        if told:
            return f"{name} is told of the Kubernetes API or of its token (`{told.strip()[:60]}`)"
        if _KNOWN.search(name):
            return f"{name} is known to call the Kubernetes API"
        if path := _depends(resource.target.tree, image, name):
            return f"{name} is built here, and {path} takes a client of the Kubernetes API"
    return ""


@remembered
def _depends(tree: SourceTree, image: str, name: str) -> str | None:
    """The list of dependencies, of the folder that builds the image or of the program of its name, with a client."""
    built = dockerfile_of(tree, image)
    folder = posixpath.dirname(built.path) if built is not None else None
    last = name.rpartition("/")[2]
    for path in tree.paths():
        if not _DEPENDENCIES.search(path):
            continue
        above = posixpath.dirname(path)
        within = folder is not None and (above == "" or f"{folder}/".startswith(f"{above}/"))
        text = text_of(tree, path)
        module = _MODULE.search(text)
        named = module is not None and re.sub(r"/v\d+$", "", module[1]).rpartition("/")[2] == last
        if (within or named) and _CLIENT.search(text):
            return path
    return None
