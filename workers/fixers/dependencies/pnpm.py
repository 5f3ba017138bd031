"""Which file pnpm reads overrides from: `package.json`, since release 10.5 the workspace's own, from 11 that alone."""

from __future__ import annotations

import posixpath
import re

from daemon.domain.fix import Edit
from workers.fixers.dependencies.job import Job, refuse
from workers.source import yamldoc, yamledit
from workers.source.manifests.npm import Json
from workers.source.manifests.pnpm import WORKSPACE
from workers.source.yamldoc import YamlDoc

_READS_WORKSPACE = (10, 5)
_READS_IT_ALONE = (11,)
_SINCE_EVER = frozenset(("packages", "catalog", "catalogs"))


def workspace(job: Job, package: Json) -> YamlDoc | None:
    """The workspace's file, where overrides belong there; none where `package.json` has them.

    Raises:
        NoFix: pnpm would read neither, or the file cannot be read.
    """
    path = posixpath.join(posixpath.dirname(package.path), WORKSPACE)
    content, release = job.read(path), _release(package)
    own = package.at("pnpm", "overrides") is not None
    if content is None:
        if release and release >= _READS_IT_ALONE:
            message = f"pnpm {release[0]} reads overrides from {WORKSPACE} alone, which is not there yet: add the file"
            raise refuse(message)
        return None
    try:
        doc = yamldoc.parse(content, path)
    except yamldoc.YamlBroken as error:
        raise refuse(str(error)) from error
    if doc.root.kind != "mapping" or (own and release < _READS_IT_ALONE):
        return None
    settings = bool(set(doc.root.keys()) - _SINCE_EVER)
    return doc if (release >= _READS_WORKSPACE if release else settings) else None


def override(doc: YamlDoc, selector: str, version: str) -> Edit:
    """The edit that decides a version in the workspace's file."""
    try:
        return yamledit.put(doc, doc.root, ("overrides", selector), version)
    except ValueError as error:
        message = f"the overrides of {doc.path} cannot be added to: {error}"
        raise refuse(message) from error


def _release(package: Json) -> tuple[int, ...]:
    """The release of pnpm that the project names; empty where it names none."""
    node = package.at("packageManager")
    match = re.match(r"pnpm@(\d+)\.(\d+)", package.string(node)) if node is not None else None
    return (int(match[1]), int(match[2])) if match else ()
