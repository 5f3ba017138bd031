"""Where a container answers: as it declares, as its Service says, or as its image is known to."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from workers.fixers.docker.bases.images import base_named
from workers.fixers.kubernetes.containers.own_image import opened_by
from workers.fixers.kubernetes.manifests.objects import Object, labels, objects, selects
from workers.fixers.kubernetes.workload import Part, Resource
from workers.source.tree import SourceTree
from workers.source.yamldoc import Node

_IMAGES = {
    "nginx": 80, "httpd": 80, "nginxinc/nginx-unprivileged": 8080, "caddy": 80, "phpmyadmin": 80, "tomcat": 8080,
    "jenkins/jenkins": 8080, "redis": 6379, "valkey/valkey": 6379, "memcached": 11211, "postgres": 5432,
    "postgis/postgis": 5432, "mysql": 3306, "mariadb": 3306, "mongo": 27017, "rabbitmq": 5672, "cassandra": 9042,
    "zookeeper": 2181, "neo4j": 7687, "solr": 8983, "sonarqube": 9000, "registry": 5000,
}  # fmt: skip
"""What an image that nobody gives another command or configuration listens at."""
_BY_COMMAND = (
    r"(?:(?:-[pPbl]|--?(?:(?:http|https|web|server|secure|insecure|listen|metrics|api|grpc)[-._])*(?:port|addr|address|bind|listen))"
    r"[=\s](?:(?:0\.0\.0\.0|\*|\[::\])?:)?|(?:0\.0\.0\.0|\*|\[::\])?:|http\.server\s)"
)
"""How a server is told its port: not where it finds another one."""
_CONFIGURATION = re.compile(r"^/etc\b|conf", re.IGNORECASE)
_ADDRESS = re.compile(r"PORT|ADDR|LISTEN|BIND", re.IGNORECASE)


def port(resource: Resource, part: Part) -> int | str | None:
    """A TCP port at which a container is known to answer, by number or name; none where nothing but it says so.

    The first that it declares, where a Service leads there, its command names it too, the Dockerfile of its image opens
    it, or its image is known for it: a worker often has the port of the server that its manifest was copied from. Else
    what a Service leads to, or the image's own; where it declares another one, only what both say.
    """
    declared = _declared(part.node)
    if declared is None:
        return _of_service(resource, part) or _of_image(part.node)
    number, name = _number(part.node, declared)
    known = {
        str(_IMAGES.get(base_named(part.node.text("image")).image, "")),
        *opened_by(resource.target.tree, part.node.text("image")),
    }
    if number in known or _led_to(resource, {number, name} - {""}) or _commanded(part.node, number):
        return declared
    return next((one for one in _of_services(resource, part) if str(one) in known), None)


def _commanded(node: Node, number: str) -> bool:
    """Whether the command or its arguments name the port: `--port=9898`, `http.server 8080`, `0.0.0.0:8000`."""
    lists = (node.child("command"), node.child("args"))
    words = [item.value for one in lists if one is not None for item in one.items]
    named = rf"(?:^|\s){_BY_COMMAND}{number}(?!\S)"
    return re.search(named, " ".join(words)) is not None and number.isdigit()


def _number(node: Node, declared: int | str) -> tuple[str, str]:
    """The number of a port that a container declares, and its name."""
    ports = node.child("ports")
    for one in ports.items if ports else ():
        if str(declared) in (one.text("name"), one.text("containerPort")):
            return one.text("containerPort"), one.text("name")
    return str(declared), ""


def _led_to(resource: Resource, wanted: set[str]) -> bool:
    """Whether a Service that selects the pod leads to one of these ports, or something asks there for figures."""
    for one in _services(resource):
        listed = one.root.get("spec", "ports")
        for entry in listed.items if listed else ():
            if (entry.text("targetPort") or entry.text("port")) in wanted:
                return True
    template = _template(resource)
    notes = labels(template.get("metadata", "annotations")) if template else None
    return (notes or {}).get("prometheus.io/port") in wanted


def _declared(node: Node) -> int | str | None:
    ports = node.child("ports")
    for one in ports.items if ports else ():
        if one.text("protocol") in ("", "TCP") and one.text("containerPort"):
            text = one.text("containerPort")
            return int(text) if text.isdigit() else text
    return None


def opened(resource: Resource, part: Part) -> set[int]:
    """The ports that a container opens, as far as it, its Services or the Dockerfile of its image say."""
    ports = part.node.child("ports")
    found = {one.text("containerPort") for one in (ports.items if ports else ())}
    found = found or opened_by(resource.target.tree, part.node.text("image"))
    return {int(one) for one in found if one.isdigit()} | {*_of_services(resource, part)}


def _of_service(resource: Resource, part: Part) -> int | None:
    return next(_of_services(resource, part), None)


def _of_services(resource: Resource, part: Part) -> Iterator[int]:
    """Of Services that select the pod by a number, where the pod has no other container."""
    containers = resource.pod.node.child("containers")
    if containers is None or len(containers.items) != 1 or part.path[-2:-1] != ("containers",):
        return
    for one in _services(resource):
        listed = one.root.get("spec", "ports")
        for entry in listed.items if listed else ():
            number = entry.text("targetPort") or entry.text("port")
            if entry.text("protocol") in ("", "TCP") and number.isdigit():
                yield int(number)


def _template(resource: Resource) -> Node | None:
    return resource.root if resource.kind == "Pod" else resource.root.get(*resource.pod.path[len(resource.path) : -1])


def _services(resource: Resource) -> list[Object]:
    """The Services that select the pod; where some stand beside it, no other version's of another folder.

    Nor those that stand beside pods of their own: a variant in another folder may run another program.
    """
    template = _template(resource)
    own = labels(template.get("metadata", "labels")) if template else None
    namespace = resource.root.text("metadata", "namespace")
    found = [
        one for one in (objects(resource.target.tree) if own else ())
        if one.kind == "Service" and one.namespace == namespace
        and selects(labels(one.root.get("spec", "selector")), own or {})
    ]  # fmt: skip
    folder = posixpath.dirname(resource.doc.path)
    beside = [one for one in found if posixpath.dirname(one.path) == folder]
    return beside or [one for one in found if not _selects_beside(resource.target.tree, one)]


def _selects_beside(tree: SourceTree, service: Object) -> bool:
    """Whether a Service selects a pod of its own folder."""
    selector, folder = labels(service.root.get("spec", "selector")), posixpath.dirname(service.path)
    return any(
        selects(selector, labels(found) or {})
        for one in objects(tree)
        if posixpath.dirname(one.path) == folder
        for found in (one.root.get("spec", "template", "metadata", "labels"), one.root.get("metadata", "labels"))
        if one.kind == "Pod" or one.root.get("spec", "template", "spec") is not None
    )


def _configured(node: Node) -> bool:
    """Whether a mounted file or a variable may tell the image's program to listen elsewhere."""
    mounts, variables = node.child("volumeMounts"), node.child("env")
    return any(_CONFIGURATION.search(one.text("mountPath")) for one in (mounts.items if mounts else ())) or any(
        _ADDRESS.search(one.text("name")) for one in (variables.items if variables else ())
    )


def _of_image(node: Node) -> int | None:
    if node.child("command") is not None or node.child("args") is not None or _configured(node):
        return None
    return _IMAGES.get(base_named(node.text("image")).image)
