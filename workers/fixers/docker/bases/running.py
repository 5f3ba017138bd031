"""What well-known images do when they start: the user they start as and can run as, what they write, their memory."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from workers.fixers.docker.bases.images import Base, base_named


class Running(msgspec.Struct, frozen=True):
    """An image at run time; what is not known of it is left empty."""

    image: str
    root: bool | None = None
    """Whether it starts as root where nobody says otherwise; none where unknown."""
    user: str | None = None
    """The number that it can run as from the start."""
    writes: tuple[str, ...] = ()
    """Folders of the image, beside its volumes, that it writes to when it starts."""
    rewrites: str | None = None
    """A folder of its own files, its configuration as a rule, that it changes when it starts."""
    low_port: bool = False
    """Whether it opens a port below 1024."""
    data: str | None = None
    """Its data's folder, a volume of the image that belongs to its own user."""
    must_own: str | None = None
    """Its data's folder, where it changes that folder's own mode and has to be its owner."""
    own_files: bool = False
    """Whether its data belong to its own user alone, whatever other user it is started as."""
    memory: str | None = None
    """What it takes as a rule at most, as it comes."""
    numeric: bool = False
    """Whether the image names its user by a number, which the kubelet can check."""
    any_user: bool = False
    """Whether every user can run it."""
    reads_only: bool = False
    """Whether it writes to nothing but its volumes."""
    own_user: str | None = None
    """That of the image, where a manifest names another one."""

    @property
    def drops_root(self) -> bool:
        """Whether it starts as root and gives that away itself, by capabilities that it must have until then."""
        return bool(self.root) and self.user is not None


TMP = "/tmp"  # noqa: S108 - a path of the image
_APACHE: dict[str, Any] = {"writes": ("/var/run/apache2", TMP), "low_port": True, "own_files": True, "memory": "512Mi"}
_GOSU: dict[str, Any] = {"own_files": True, "root": True}
_POSTGRES: dict[str, Any] = {
    **_GOSU, "user": "999", "writes": ("/var/run/postgresql", TMP), "must_own": "/var/lib/postgresql/data",
    "memory": "1Gi",
}  # fmt: skip
_ANY: dict[str, Any] = {"any_user": True, "reads_only": True}
_NOBODY: dict[str, Any] = {"root": False, "user": "65534"}
_NGINX: dict[str, Any] = {"memory": "256Mi"}
_KNOWN = {
    one.image: one
    for one in (
        Running("nginx", True, "101", ("/var/cache/nginx", "/var/run"), low_port=True, **_NGINX),
        Running("nginxinc/nginx-unprivileged", False, "101", (TMP,), **_NGINX),
        Running("httpd", True, "33", ("/usr/local/apache2/logs",), low_port=True, memory="256Mi"),
        Running("wordpress", True, "33", **_APACHE), Running("drupal", True, "33", **_APACHE),
        Running("joomla", True, "33", **_APACHE), Running("nextcloud", True, "33", **_APACHE),
        Running("php", True), Running("phpmyadmin", True, rewrites="/etc/phpmyadmin"),
        Running("redis", user="999", data="/data", reads_only=True, **_GOSU),
        Running("valkey/valkey", user="999", data="/data", reads_only=True, **_GOSU),
        Running("postgres", **_POSTGRES),
        Running("postgis/postgis", **_POSTGRES),
        Running("mysql", data="/var/lib/mysql", user="999", writes=("/var/run/mysqld", TMP), memory="1Gi", **_GOSU),
        Running("mariadb", data="/var/lib/mysql", user="999", writes=("/run/mysqld", TMP), memory="512Mi", **_GOSU),
        Running("mongo", data="/data/db", user="999", writes=(TMP,), memory="1Gi", **_GOSU),
        Running("rabbitmq", data="/var/lib/rabbitmq", user="999", writes=(TMP, "/var/log/rabbitmq"),
                memory="512Mi", **_GOSU),
        Running("memcached", False, "11211", reads_only=True, memory="128Mi"),
        Running("elasticsearch", None, "1000", (), "/usr/share/elasticsearch/config", memory="2Gi", own_files=True),
        Running("docker.elastic.co/elasticsearch/elasticsearch", None, "1000", (), "/usr/share/elasticsearch/config",
                memory="2Gi", own_files=True),
        Running("cassandra", user="999", rewrites="/etc/cassandra", memory="2Gi", **_GOSU),
        Running("zookeeper", user="1000", rewrites="/conf", memory="512Mi", **_GOSU),
        Running("neo4j", memory="2Gi"), Running("solr", False, "8983", memory="1Gi", own_files=True),
        Running("kibana", memory="1Gi"), Running("logstash", memory="1Gi"), Running("sonarqube", memory="2Gi"),
        Running("jenkins/jenkins", False, "1000", memory="1Gi", own_files=True),
        Running("tomcat", True, None, ("/usr/local/tomcat/logs", "/usr/local/tomcat/work", "/usr/local/tomcat/temp"),
                memory="512Mi"),
        Running("confluentinc/cp-kafka", memory="1Gi"), Running("bitnami/kafka", memory="1Gi"),
        Running("apache/kafka", memory="1Gi"), Running("keycloak/keycloak", memory="1Gi"),
        Running("quay.io/keycloak/keycloak", memory="1Gi"),
        Running("grafana/grafana", False, "472", ("/var/lib/grafana", TMP), own_files=True, memory="512Mi"),
        Running("jaegertracing/all-in-one", False, "10001", (TMP,), memory="1Gi"),
        Running("kennethreitz/httpbin", True, None, (TMP,), low_port=True, any_user=True, memory="512Mi"),
        *(Running(name, True, low_port=True, memory="128Mi", **_ANY)
          for name in ("traefik/whoami", "containous/whoami")),
        *(Running(name, memory="128Mi", **_ANY) for name in (
            "hashicorp/http-echo", "gcr.io/google-samples/hello-app", "registry.k8s.io/pause", "k8s.gcr.io/pause",
            "us-docker.pkg.dev/google-samples/containers/gke/hello-app")),
        *(Running(name, **_NOBODY, memory="256Mi", **_ANY) for name in (
            "registry.k8s.io/kube-state-metrics/kube-state-metrics", "quay.io/coreos/kube-state-metrics",
            "coredns/coredns", "registry.k8s.io/coredns/coredns", "k8s.gcr.io/coredns/coredns",
            "otel/opentelemetry-collector", "otel/opentelemetry-collector-contrib")),
        *(Running(f"{maker}/{name}", **_NOBODY, writes=(folder,) if folder else (), own_files=bool(folder),
                  any_user=not folder, reads_only=not folder, memory=memory)
          for maker in ("prom", "quay.io/prometheus")
          for name, folder, memory in (
              ("prometheus", "/prometheus", None), ("alertmanager", "/alertmanager", "256Mi"),
              ("pushgateway", "", "256Mi"), ("node-exporter", "", "128Mi"), ("statsd-exporter", "", "256Mi"),
              ("mysqld-exporter", "", "128Mi"))),
        *(Running(name, None, None, rewrites="/etc/nginx", own_files=True, low_port=True, memory="512Mi") for name in (
            "registry.k8s.io/ingress-nginx/controller", "k8s.gcr.io/ingress-nginx/controller",
            "quay.io/kubernetes-ingress-controller/nginx-ingress-controller")),
    )
}  # fmt: skip
_PHP = frozenset(("wordpress", "drupal", "joomla", "nextcloud"))
_ALPINE_USERS = {"httpd": "82", "postgres": "70", "postgis/postgis": "70", "rabbitmq": "100"}
_BITNAMI = re.compile(r"^(?:[\w.:-]+/)*bitnami(?:legacy)?/(?!minideb$)([\w-]+)$")


def running(reference: str) -> Running:
    """What is known of an image at run time."""
    base = base_named(reference)
    known = _KNOWN.get(base.image)
    if match := _BITNAMI.match(base.image):
        memory = known.memory if known else None
        return Running(
            base.image, False, "1001", (), f"/opt/bitnami/{match[1]}/conf", own_files=True, memory=memory, numeric=True
        )
    if known is None:
        return Running(base.image, base.runs_as_root)
    return _fitted(known, base)


def _fitted(known: Running, base: Base) -> Running:
    changes: dict[str, object] = {}
    if base.family == "alpine" and base.image in _ALPINE_USERS:
        changes["user"] = _ALPINE_USERS[base.image]
    if base.image in _PHP and "fpm" in base.tag:
        changes |= {"low_port": False, "writes": (TMP,)}
        if base.family == "alpine":
            changes["user"] = "82"
    if base.image == "php" and "apache" in base.tag:
        changes |= {**_APACHE, "user": "33"}
    return msgspec.structs.replace(known, **changes)
