"""The Dockerfile of the repository that builds a container's image: what it is built on, and what it starts."""

from __future__ import annotations

import re

from workers.fixers.docker.bases.images import Base, base_of
from workers.fixers.docker.bases.own_base import built_from
from workers.fixers.docker.build import final_stage, lineage
from workers.fixers.docker.users.needs_root import refuse_where_root_is_needed
from workers.fixers.kubernetes.containers.own_image import dockerfile_of
from workers.fixers.kubernetes.containers.shell_only import shell_only
from workers.fixers.kubernetes.workload import Part, Resource
from workers.fixers.registry import NoFix
from workers.source import dockerfile
from workers.source.dockerfile import Dockerfile, Stage
from workers.source.remembered import remembered
from workers.source.tree import SourceTree
from workers.source.yamldoc import Node

_HAS_HOME = re.compile(r"(?:^|[\s\"'/])(?:npm|yarn|pnpm|bundle|dotnet\s+run|go\s+run|cargo|composer|uv)(?=[\s\"',]|$)")
"""What keeps files in the home of whoever starts it."""
_SHELL_WRITES = re.compile(
    r">|\b(?:chgrp|chown|chmod|ping|dd|kill|cp|mkdir|mktemp|mv|rm|tar|tee|touch|unzip|wget|ln|stress|sysctl|gunzip)\b"
    r"|\bcurl\b[^;&|]*\s-(?:\w*[oO]|-output|-remote-name)"
)
_NOWHERE = re.compile(
    r">>?\s*/dev/\w+|2>&1|\bwget\b(?=[^;&|]*\s(?:--spider|-\w*O\s*(?:-|/dev/null))(?:\s|$))|\s-o\s*/dev/null"
)
_IN_TMP = re.compile(
    r"(?:\b(?:touch|mkdir(?:\s+-p)?|rm(?:\s+-[rf]+)?|tee(?:\s+-a)?)\s+|>>?\s*)/tmp(?:/\w[\w.-]*)+(?=\s*(?:[;&|)\n]|$))"
)
"""What every user may write, who may remove it again."""
_MUCH = re.compile(r"\b(?:awk|dd|sort|stress|tail|yes|node|perl|python[\d.]*|ruby)\b|/dev/(?:zero|u?random|shm)")


def own_base(resource: Resource, part: Part) -> Base | None:
    """What an image of the repository is built on."""
    found = own(resource, part)
    return found[2] if found else None


def own(resource: Resource, part: Part) -> tuple[Dockerfile, Stage, Base] | None:
    """The Dockerfile that builds its image, its last stage, and what that is built on."""
    tree = resource.target.tree
    file = dockerfile_of(tree, part.node.text("image"))
    if file is None or file.windows:
        return None
    stage = final_stage(file)
    chain = built_from(tree, file, stage)
    return (file, stage, base_of(file, stage)) if len(chain) == 1 else None


def needs_root(resource: Resource, file: Dockerfile) -> str:
    """Why what its last stage starts is root's alone to start; empty where nothing says so."""
    return _needs_root(resource.target.tree, file.path)


@remembered
def _needs_root(tree: SourceTree, path: str) -> str:
    file = dockerfile.parse(tree.read(path), path)
    stage = final_stage(file)
    try:
        refuse_where_root_is_needed(tree, [(file, stage)], base_of(file, stage))
    except NoFix as reason:
        return str(reason)
    return ""


def keeps_home(resource: Resource, part: Part) -> bool:
    """Whether it starts by a tool that keeps files in its user's home, or may."""
    found = own(resource, part)
    if found is None:
        return True
    commands = [one.text for each in lineage(*found[:2]) for one in each.all("CMD", "ENTRYPOINT")]
    # A command of the manifest takes the place of both.
    said = [_words(part.node), *([] if part.node.child("command") is not None else commands)]
    return any(_HAS_HOME.search(text) for text in said)


def unknown(part: Part, what: str) -> str:
    """That nothing here says it."""
    return f"{what} is known to the makers of {part.node.text('image')} alone: nothing in the repository says it"


def takes_little(node: Node) -> bool:
    """Whether a shell runs commands there that take next to no memory, however large what they are about."""
    return shell_only(node) and not _MUCH.search(_words(node))


def _words(node: Node) -> str:
    lists = (node.child("command"), node.child("args"))
    return " ".join(item.value for one in lists if one is not None for item in one.items)


def shell(node: Node) -> bool:
    """Whether a shell runs commands there that every user may run, and that write nothing but temporary files."""
    return shell_only(node) and not _SHELL_WRITES.search(_IN_TMP.sub("", _lasting(node)))


def to_tmp(node: Node) -> bool:
    """Whether such commands write temporary files."""
    return _IN_TMP.search(_lasting(node)) is not None


def _lasting(node: Node) -> str:
    """The commands without what is thrown away; none are told apart where a volume has the place of temporary files."""
    mounts = node.child("volumeMounts")
    text = _NOWHERE.sub("", _words(node))
    if any(one.text("mountPath").startswith("/tmp") for one in (mounts.items if mounts else ())):  # noqa: S108
        return text.replace("/tmp", "/volume")  # noqa: S108
    return text
