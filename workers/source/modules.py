"""Where a Terraform module comes from, and which commit a release of it is: by the lock shipped with secaid, and by
what `secaid pins` has read.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

import msgspec
from univers.gem import GemRequirement, GemVersion, InvalidRequirementError

from daemon.resources import resource
from workers.source import actions_lock
from workers.source.tree import SourceTree, text_of

_REGISTRY = re.compile(r"(?P<owner>[\w-]+)/(?P<name>[\w-]+)/(?P<provider>[a-z0-9-]+)(?P<folder>//[\w./-]+)?")
_GIT = re.compile(
    r"(?:git::)?(?:https://|ssh://git@|git@)?github\.com[/:](?P<repository>[\w.-]+/[\w.-]+?)(?:\.git)?"
    r"(?P<folder>//[\w./-]+)?(?:\?ref=(?P<ref>[\w./-]+))?"
)
_ORDER: tuple[Any, Any] = GemRequirement, GemVersion
"""`~>` of Terraform is that of Ruby; neither class has types."""
_ONE_NUMBER = re.compile(r"~>(\s*v?\d+)")
_SOURCE = re.compile(r"^[ \t]*source[ \t]*=[ \t]*\"([^\"\n]+)\"", re.MULTILINE)
COMMIT = re.compile(r"[0-9a-f]{40}")


class Source(msgspec.Struct, frozen=True):
    """What a module's `source` names, where it is a repository on GitHub."""

    repository: str
    """`owner/name`."""
    folder: str
    """`//modules/x`, or empty for the repository's root."""
    ref: str | None
    """Of a git source; empty where it takes the default branch, none where it is a module of the registry."""

    def at(self, commit: str) -> str:
        """The git source of the same files at a commit."""
        return f"git::https://github.com/{self.repository}.git{self.folder}?ref={commit}"


class _Module(msgspec.Struct, frozen=True):
    read: str
    """Where the releases were read, and the day of the newest commit there."""
    releases: dict[str, str]


class _Lock(msgspec.Struct, frozen=True):
    modules: dict[str, _Module]


def parse(source: str) -> Source | None:
    """A `source` without its quotes; none where it is a folder, another host's, or worked out."""
    if match := _REGISTRY.fullmatch(source):
        repository = f"{match['owner']}/terraform-{match['provider']}-{match['name']}"
        return Source(repository, match["folder"] or "", None)
    match = _GIT.fullmatch(source)
    return Source(match["repository"], match["folder"] or "", match["ref"] or "") if match else None


def of_tree(tree: SourceTree) -> dict[str, set[str]]:
    """`owner/name`, in lower case → the refs at which modules of a tree are taken from it."""
    found: dict[str, set[str]] = {}
    for path in tree.paths():
        if path.endswith(".tf"):
            sources = map(parse, _SOURCE.findall(text_of(tree, path)))
            for source in (each for each in sources if each is not None):
                refs = {source.ref} if source.ref and not COMMIT.fullmatch(source.ref) else set()
                found.setdefault(source.repository.lower(), set()).update(refs)
    return found


def releases(repository: str) -> Mapping[str, str]:
    """Tag → commit, the newest first; empty where nobody has read the repository."""
    shipped, read = _modules().get(repository.lower()), actions_lock.known(repository)
    if read is None:
        return shipped.releases if shipped else {}
    both = (shipped.releases if shipped else {}) | read.releases
    return {tag: both[tag] for tag in sorted(both, key=actions_lock.numbers, reverse=True)}


def refs(repository: str) -> Mapping[str, str]:
    """Releases, and what else modules are taken at (branches, other tags) where `secaid pins` has read it → commit."""
    read = actions_lock.known(repository)
    return {**(read.branches if read is not None else {}), **releases(repository)}


def read_at(repository: str) -> str:
    """Where its releases were read of last: `refs/tags at 82d1929 (2026-01-08)`."""
    read = actions_lock.known(repository)
    return read.read if read is not None else _modules()[repository.lower()].read


def newest(repository: str, constraint: str) -> str | None:
    """The newest release that a version constraint allows, as `terraform init` would choose it from the same."""
    return next((tag for tag in releases(repository) if allows(constraint, tag)), None)


def allows(constraint: str, tag: str) -> bool:
    """Whether a release satisfies a constraint such as `~> 5.0, != 5.3.0`; an empty one is satisfied by all."""
    # Terraform lets the last number that is given grow: `~> 5` takes 6, where a gem's would not.
    terms = [_ONE_NUMBER.sub(r">=\1", term) if "." not in term else term for term in constraint.split(",")]
    requirement, version = _ORDER
    try:
        wanted = requirement(*(term.strip() for term in terms if term.strip()))
    except InvalidRequirementError:
        return False
    return bool(wanted.satisfied_by(version(tag.removeprefix("v"))))


@functools.cache
def _modules() -> dict[str, _Module]:
    lock = msgspec.json.decode(resource("config", "modules.lock.json").read_bytes(), type=_Lock)
    return {name.lower(): module for name, module in lock.modules.items()}
