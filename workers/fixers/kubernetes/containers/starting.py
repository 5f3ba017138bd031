"""How the containers of a pod start: as which user, and as which one they could."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

import msgspec

from daemon.domain.fix import Candidate
from workers.fixers.docker.bases.running import Running, running
from workers.fixers.kubernetes.containers.own_image import built_on, dockerfile_of
from workers.fixers.kubernetes.containers.ports import opened
from workers.fixers.kubernetes.containers.scratch import mounted, on_empty, scratch
from workers.fixers.kubernetes.manifests.given import acts
from workers.fixers.kubernetes.manifests.kustomize import new_names
from workers.fixers.kubernetes.workload import Part, Resource, is_true, security
from workers.fixers.registry import NoFix
from workers.source.images import split
from workers.source.tree import SourceTree
from workers.source.yamldoc import Path
from workers.source.yamltext import Value

UID = 10001
"""A user above the range that hosts give to people and services."""
_FIRST_FREE = 1024
_DATA = "PGDATA"
_TEMPLATES, _FILLED_IN = "/etc/nginx/templates", "/etc/nginx/conf.d"
"""nginx' entry point fills the one's files in and writes them to the other, which is root's."""
_LOW_PORT = "net.ipv4.ip_unprivileged_port_start"
"""Kubernetes lets every pod set it since 1.22: ports below 1024 then need no privilege in the pod's own network."""
FILES = "a volume with files of another user needs their owner changed first"


def starting(resource: Resource, part: Part) -> Running:
    """What is known of a container's start: its image, under the user that the manifest names."""
    known = _known(resource, part)
    user = security(part.node, "runAsUser") or security(resource.pod.node, "runAsUser")
    if user == "0":
        # The manifest asks for root whatever the image would become by itself.
        return msgspec.structs.replace(known, root=True, user=None, own_user=known.user)
    if user.isdigit():
        return msgspec.structs.replace(known, root=False, user=user, own_user=known.user)
    return known


def _known(resource: Resource, part: Part) -> Running:
    """What is known of the image; of the one that it is built on, where the repository builds it."""
    image = _run_there(resource.target.tree, part.node.text("image"))
    known = running(image) if image else Running(part.node.text("image"))
    base = built_on(resource.target.tree, image) if known.root is None and known.user is None else None
    known = msgspec.structs.replace(running(base), image=known.image) if base else known
    if acts(part.node):
        # What is known is what its own entry point does.
        user = known.user if known.root is False else None
        return msgspec.structs.replace(known, user=user, writes=(), reads_only=False, any_user=False)
    if known.writes and _fills_in(resource, part, _TEMPLATES):
        # What only root may write there, and nobody where the image takes no writes.
        return msgspec.structs.replace(known, rewrites=_FILLED_IN, user=None if known.root else known.user)
    return known


def _run_there(tree: SourceTree, image: str) -> str:
    """The image's name, or what kustomizations put for it; empty where they put several."""
    given = new_names(tree, split(image)[0])
    return image if not given else next(iter(given)) if len(given) == 1 else ""


def _fills_in(resource: Resource, part: Part, folder: str) -> bool:
    """Whether a folder of templates is mounted or built in, from which the entry point makes the configuration."""
    file = dockerfile_of(resource.target.tree, part.node.text("image"))
    mounts = part.node.child("volumeMounts")
    return any(one.text("mountPath").startswith(folder) for one in (mounts.items if mounts else ())) or (
        file is not None and any(folder in one.text for one in file.instructions if one.keyword in {"COPY", "ADD"})
    )


def as_own_users(
    resource: Resource,
    parts: Sequence[Part],
    approach: str,
    context: Mapping[str, Value],
    how: str,
    *,
    users: Mapping[Path, int] = MappingProxyType({}),
    pod: Mapping[str, Value] = MappingProxyType({}),
) -> Iterator[Candidate]:
    """The context for each container, started as the user that its image would become by itself, or as one given.

    It finds what root would have given it: the folders that it writes to, and leave to open a low port.

    Raises:
        NoFix: the pod has no place for either.
    """
    found = [starting(resource, part) for part in parts]
    below = _below(resource, parts, found)
    folders = {part.path: _missing(part, one, users.get(part.path)) for part, one in zip(parts, found, strict=True)}
    settings = {**port_settings(resource, parts), **pod}
    space = scratch(resource, parts, folders)
    if space is None:
        message = "a volume of the pod has the name, or the list of volumes is an alias: scratch space has no place"
        raise NoFix(message)
    edits, declares = space
    groups = set()
    for part, one in zip(parts, found, strict=True):
        number = users.get(part.path) or (int(one.user or UID) if one.root else None)
        values: dict[str, Value] = {"runAsUser": number} if number else {}
        if number and one.root and part.node.child("volumeMounts") and not security(resource.pod.node, "fsGroup"):
            groups.add(number)
        if folder := below.get(part.path):
            edits += resource.append(part, "env", {"name": _DATA, "value": folder})
            declares += resource.declare(part, "env")
        edits += resource.put(part, {"securityContext": {**values, **context}})
        declares += resource.declare(part, *(f"securityContext.{key}" for key in (*values, *context)))
    if len(groups) == 1:
        settings["fsGroup"] = groups.pop()
    if settings:
        edits += resource.put(resource.pod, {"securityContext": settings})
        declares += resource.declare(resource.pod, *(f"securityContext.{key}" for key in settings))
    candidate = resource.candidate(approach, edits, how, declares, [FILES])
    if candidate:
        yield candidate


def _below(resource: Resource, parts: Sequence[Part], found: Sequence[Running]) -> dict[tuple[str | int, ...], str]:
    """Where a program's data go that must own their folder, and whose volume, made anew for each pod, is root's.

    Raises:
        NoFix: the volume lasts, and holds data.
    """
    below = {}
    for part, one in zip(parts, found, strict=True):
        if one.root and one.must_own and mounted(part.node, one.must_own) and not _names(part, _DATA):
            if not on_empty(resource, part.node, one.must_own):
                message = (
                    f"{one.image} has to own {one.must_own}, and the top of the volume there is root's: set {_DATA} to "
                    "a folder below it, and move the data there first"
                )
                raise NoFix(message)
            below[part.path] = f"{one.must_own}/pgdata"
    return below


def _names(part: Part, variable: str) -> bool:
    env = part.node.child("env")
    return any(item.text("name") == variable for item in (env.items if env else ()))


def _missing(part: Part, one: Running, user: int | None) -> list[str]:
    """Folders that root would have made writable, or that belong to the image's own user where another one starts."""
    wanted = [*(one.writes if one.low_port else ()), *((one.data,) if user and one.data else ())]
    return [path for path in wanted if one.root and not mounted(part.node, path)]


def port_settings(resource: Resource, parts: Sequence[Part]) -> dict[str, Value]:
    """What the pod must say so that its containers open their low ports without privileges; nothing where none does.

    Raises:
        NoFix: the pod has no network of its own to say it for, or says something else.
    """
    if not any(_opens_low_port(resource, part) for part in parts):
        return {}
    pod = resource.pod.node
    old = pod.get("securityContext", "sysctls")
    if old is not None and any(item.text("name") == _LOW_PORT for item in old.items):
        return {}
    if is_true(pod.text("hostNetwork")) or old is not None:
        message = "a container opens a port below 1024 on a network with settings of its own, which takes root"
        raise NoFix(message)
    return {"sysctls": [{"name": _LOW_PORT, "value": "0"}]}


def _opens_low_port(resource: Resource, part: Part) -> bool:
    return starting(resource, part).root is not False and opens_low_port(resource, part)


def opens_low_port(resource: Resource, part: Part) -> bool:
    """Whether a container opens a port below 1024, as far as anything says; where nothing does, as its image does."""
    numbers = opened(resource, part)
    return any(number < _FIRST_FREE for number in numbers) if numbers else running(part.node.text("image")).low_port
