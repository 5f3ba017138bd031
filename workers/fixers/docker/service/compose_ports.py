"""The Compose services that a Dockerfile's image is built for, and the port that they publish."""

from __future__ import annotations

import contextlib
import functools
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import yaml

from daemon.errors import SourceUnavailable
from workers.fixers.docker.bases.published import is_published
from workers.source.images import split
from workers.source.remembered import remembered
from workers.source.tree import SourceTree, text_of

_MAX_BYTES = 256 * 1024
_MAX_FILES = 50
_COMPOSE = re.compile(r"(?:^|/)(?:docker-)?compose[^/]*\.ya?ml$")
_ASSIGNED = re.compile(r"^[ \t]*(?:export[ \t]+)?(?P<name>\w+)=(?P<value>[^#\r\n]*)", re.MULTILINE)
_VARIABLE = re.compile(r"(?<!\$)\$\{(?P<name>\w+)(?::?-(?P<default>[^{}$]*))?\}")
_STAGE = re.compile(r"^FROM\s+(?:--\S+\s+)?\S+(?:[ \t]+AS[ \t]+(\S+))?", re.MULTILINE | re.IGNORECASE)
_PORT = re.compile(r"(?:.*:)?(\d{1,5})(?:/tcp)?")
_TLS = 443
_PROGRAM = ("command", "entrypoint")


class _Service(NamedTuple):
    """One service of a Compose file, and the Dockerfile that it is built from, where it is."""

    compose: str
    name: str
    settings: dict[str, Any]
    built: str | None

    @property
    def image(self) -> str:
        return str(self.settings.get("image") or "")


def compose_services(tree: SourceTree, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each service that is built from this Dockerfile, with the path of its Compose file."""
    return ((name, settings) for name, _, settings in _built(tree, path))


def other_commands(tree: SourceTree, path: str, port: str | None) -> list[tuple[str, str]]:
    """The services (Compose file, name) that start this Dockerfile's image with a command of their own and do not
    publish the port.

    A worker beside the server inherits the image's health check, and nothing listens there in it.
    """
    return [
        (name, service)
        for name, service, settings in _built(tree, path)
        if not settings.keys().isdisjoint(_PROGRAM)
        and "healthcheck" not in settings
        and not _may_listen(settings, port)
    ]


def _may_listen(service: dict[str, Any], port: str | None) -> bool:
    """Whether the service publishes something: that port, where it is a number and the service's are told."""
    if service.keys().isdisjoint({"ports", "expose"}):
        return False
    told = set(_ports(service))
    return "expose" in service or not told or port is None or not port.isdigit() or int(port) in told


def service_names(tree: SourceTree, path: str) -> set[str]:
    """What the neighbours of a container built from this Dockerfile call it."""
    return {service for _, service, _ in _built(tree, path)}


def compose_port(tree: SourceTree, path: str) -> int | None:
    """The container's port that each Compose service built from this Dockerfile publishes, or offers to neighbours.

    None where they differ. What serves HTTP and TLS may wait for its certificate with the latter.
    """
    services = [service for _, service in compose_services(tree, path)]
    told = [sorted(_ports(one), key=_TLS.__eq__) or list(_ports(one, "expose")) for one in services]
    found = {port for ports in told for port in ports[:1]}
    return found.pop() if len(found) == 1 else None


def may_run(tree: SourceTree, path: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Compose file, service and its settings, for each that is built from a Dockerfile, or is where a variable says so.

    `build: ./bin/${PHP}` may be built from each Dockerfile in a folder of `bin`.
    """
    return _built(tree, path, open_ended=True)


def _built(tree: SourceTree, path: str, *, open_ended: bool = False) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Compose file, service and its settings, for each that is built from a Dockerfile, or runs what came of it.

    That is what another service builds under this name, whatever the tag, or what the repository publishes.
    """
    found = [
        _Service(name, service, settings, _dockerfile(name, settings.get("build")))
        for name, services in _composed(tree)
        for service, settings in services.items()
    ]
    other = {one.image for one in found if _other_stage(tree, path, one.settings.get("build"))}
    called = {split(one.image)[0] for one in found if one.built == path and one.image}
    for one in found:
        if one.built is None:
            named = split(one.image)[0] in called or is_published(tree, path, one.image)
            own = named and one.image not in {"", *other}
        else:
            own = one.built == path or (open_ended and _may_be(one.built, path))
            own = own and not _other_stage(tree, path, one.settings["build"])
        if own:
            yield one.compose, one.name, one.settings


@remembered
def _composed(tree: SourceTree) -> list[tuple[str, dict[str, dict[str, Any]]]]:
    """The Compose files, each service with what it runs and offers by the one that it extends."""
    files: dict[str, dict[str, dict[str, Any]]] = {}
    for name in [name for name in tree.paths() if _COMPOSE.search(name)][:_MAX_FILES]:
        with contextlib.suppress(SourceUnavailable):
            files[name] = _services(tree.read(name), _beside(tree, name))
    return [
        (name, {service: {**_extended(files, name, settings), **settings} for service, settings in services.items()})
        for name, services in files.items()
    ]


def _extended(files: Mapping[str, dict[str, dict[str, Any]]], name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    extends = settings.get("extends")
    if not isinstance(extends, dict):
        extends = {"service": extends}
    file = posixpath.normpath(
        posixpath.join(posixpath.dirname(name), str(extends.get("file") or posixpath.basename(name)))
    )
    below = files.get(file, {}).get(str(extends.get("service")), {})
    return {key: below[key] for key in (*_PROGRAM, "healthcheck", "ports", "expose") if key in below}


def _beside(tree: SourceTree, compose: str) -> bytes:
    """The `.env` from which Compose takes the variables of the file beside it."""
    try:
        return tree.read(posixpath.join(posixpath.dirname(compose), ".env"))[:_MAX_BYTES]
    except SourceUnavailable:
        return b""


def _variables(environment: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for match in _ASSIGNED.finditer(environment.decode("utf-8", "replace")):
        found[match["name"]] = _filled_in(match["value"].strip().strip("\"'"), found)
    return found


def _filled_in(text: str, variables: Mapping[str, str]) -> str:
    """The text with each variable that is known, or has a default; the others stay as they are written."""
    return _VARIABLE.sub(lambda match: variables.get(match["name"]) or match["default"] or match[0], text)


@functools.lru_cache(maxsize=_MAX_FILES)
def _services(content: bytes, environment: bytes) -> dict[str, dict[str, Any]]:
    """Service → settings, to be read only: several questions of one finding read the same files."""
    if len(content) > _MAX_BYTES:
        return {}
    try:
        document = yaml.safe_load(_filled_in(content.decode("utf-8", "replace"), _variables(environment)))
    except (yaml.YAMLError, RecursionError, ValueError):
        return {}
    services = document.get("services") if isinstance(document, dict) else None
    found = services.items() if isinstance(services, dict) else ()
    return {str(name): service for name, service in found if isinstance(service, dict)}


def _dockerfile(compose: str, build: Any) -> str | None:
    if not build:
        return None
    settings = build if isinstance(build, dict) else {"context": build}
    context, name = settings.get("context", "."), settings.get("dockerfile", "Dockerfile")
    if not isinstance(context, str) or not isinstance(name, str):
        return None
    return posixpath.normpath(posixpath.join(posixpath.dirname(compose), context, name))


def _other_stage(tree: SourceTree, path: str, build: Any) -> bool:
    """Whether a service is built from another stage of the Dockerfile than its last, which is another image."""
    target = build.get("target") if isinstance(build, dict) else None
    if not isinstance(target, str) or "$" in target:
        return False
    names = _STAGE.findall(text_of(tree, path))
    return target.lower() in (name.lower() for name in names[:-1]) and target.lower() != names[-1].lower()


def _may_be(built: str, path: str) -> bool:
    parts = re.split(r"\$(?:\{[^{}]*\}|\w+)", built)
    return len(parts) > 1 and re.fullmatch("[^/]+".join(map(re.escape, parts)), path) is not None


def _ports(service: dict[str, Any], key: str = "ports") -> Iterator[int]:
    ports = service.get(key)
    for port in ports if isinstance(ports, list) else ():
        text = port.get("target", "") if isinstance(port, dict) else port
        match = _PORT.fullmatch(str(text))
        if match and 0 < int(match[1]) < 2**16:
            yield int(match[1])
