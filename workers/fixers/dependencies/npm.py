"""npm, yarn and pnpm: `package.json`; overrides where the package is transitive. Lockfiles carry hashes."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Sequence

from daemon.domain.fix import Candidate, Edit
from workers.fixers.dependencies import pnpm
from workers.fixers.dependencies.job import Job, newline_of, refuse, replace
from workers.fixers.dependencies.ranges import is_npm_wildcard, raise_npm
from workers.source.manifests.declaration import Declaration
from workers.source.manifests.npm import Json, declarations
from workers.source.yamldoc import YamlDoc

_LOCKS = {
    "pnpm-lock.yaml": ("pnpm", "pnpm install"),
    "yarn.lock": ("yarn", "yarn install"),
    "package-lock.json": ("npm", "npm install"),
    "npm-shrinkwrap.json": ("npm", "npm install"),
}


def propose(job: Job) -> Iterator[Candidate]:
    """Raise what `package.json` asks for; override what it does not name."""
    path = job.manifest if posixpath.basename(job.manifest) == "package.json" else job.nearest("package.json")
    document = _document(job, path) if path else None
    if document is None:
        message = f"no package.json in the repository decides the version of {job.package.name}"
        raise refuse(message)
    manager, locks = _manager(job)
    asked = [
        place
        for each in (document, *_members(job, document))
        for place in declarations(each)
        if place.name == job.package.name
    ]
    direct = [place for place in asked if _covers(job, place) and job.needs_raising(place)]
    if direct:
        yield from _raise(job, direct, locks)
    else:
        yield from _override(job, document, manager, locks, asked)


def _document(job: Job, path: str) -> Json | None:
    content = job.read(path)
    if content is None:
        return None
    try:
        return Json(path, content)
    except ValueError as error:
        raise refuse(str(error)) from error


def _members(job: Job, root: Json) -> list[Json]:
    """The packages of a workspace, which share their root's lockfile: those below it without one of their own."""
    folder = posixpath.dirname(root.path)
    if root.at("workspaces") is None and job.read(posixpath.join(folder, "pnpm-workspace.yaml")) is None:
        return []
    below = job.files(lambda path: posixpath.basename(path) == "package.json" and path != root.path)
    inside = [path for path in below if not folder or path.startswith(f"{folder}/")]
    locked = {posixpath.dirname(path) for path in job.files(lambda path: posixpath.basename(path) in _LOCKS)} - {folder}
    members = [path for path in inside if not any(_within(path, other) for other in locked if _within(other, folder))]
    return [document for path in members if (document := _document(job, path)) is not None]


def _within(path: str, folder: str) -> bool:
    return not folder or path == folder or path.startswith(f"{folder}/")


def _manager(job: Job) -> tuple[str, list[str]]:
    """The package manager whose lockfile is nearest, and what to say about that lockfile."""
    name = posixpath.basename(job.manifest)
    lock = name if name in _LOCKS else posixpath.basename(job.nearest(*_LOCKS) or "")
    if lock not in _LOCKS:
        return "npm", []
    manager, command = _LOCKS[lock]
    return manager, [f"{lock} pins integrity hashes: write it anew with `{command}`"]


def _covers(job: Job, place: Declaration) -> bool:
    """Whether this is the request that brought the installed version: the same major line, or no number at all.

    A project may ask for one major line itself while a dependency brings the vulnerable older one.
    """
    asked = re.findall(r"\d+", place.version.rpartition("@")[2])
    mine = re.findall(r"\d+", job.package.version)
    return not asked or not mine or asked[0] == mine[0] or ">" in place.version or "||" in place.version


def _raise(job: Job, places: Sequence[Declaration], locks: list[str]) -> Iterator[Candidate]:
    for approach, version, what in job.versions():
        edits = [
            replace(place.at, wanted)
            for place in places
            if (wanted := raise_npm(place.version, version)) is not None and wanted != place.version
        ]
        if edits:
            how = f"Asks for {job.package.name} {version}, {what}, in the range style that stands there."
            yield job.candidate(approach, edits, how, warnings=locks)
    # What a package asks of its users' trees stays a range: pinning it there would break theirs.
    own = [place for place in places if place.scope != "peerDependencies"]
    exact = all(re.match(r"=?v?\d[\w.+-]*$", place.version) and not is_npm_wildcard(place.version) for place in own)
    version = job.choice.smallest
    wanted = f"^{version}" if exact else version
    edits = [
        replace(place.at, wanted) for place in own if raise_npm(place.version, version) and "@" not in place.version
    ]
    if not any(raise_npm(place.version, version) for place in places):
        message = f"{places[0].at.path} takes {job.package.name} from `{places[0].version}`: name a fixed release there"
        raise refuse(message)
    if edits and exact:
        how = f"Asks for {wanted}: later fixes of the line arrive with the next update of the lockfile."
        yield job.candidate("compatible-range", edits, how, warnings=locks)
    elif edits:
        how = f"Pins {job.package.name} to exactly {version}: every installation gets the same release."
        yield job.candidate("pin-exact", edits, how, warnings=locks)


def _override(
    job: Job, document: Json, manager: str, locks: list[str], asked: Sequence[Declaration]
) -> Iterator[Candidate]:
    name, version = job.package.name, job.choice.smallest
    place = {"npm": ("overrides",), "pnpm": ("pnpm", "overrides"), "yarn": ("resolutions",)}[manager]
    workspace = pnpm.workspace(job, document) if manager == "pnpm" else None
    where = f"`overrides` of {workspace.path}" if workspace is not None else ".".join(place)
    parent = f"another dependency brings {name} {job.package.version}"

    def decides(selector: str, wanted: str) -> list[Edit]:
        made = pnpm.override(workspace, selector, wanted) if workspace else _set(document, place, selector, wanted)
        return [made]

    if manager != "yarn" and not _decided(job, document, place, workspace):
        line = f">={job.package.version.split('.')[0]}.0.0 <{version}"
        selector = f"{name}@{job.package.version if manager == 'npm' else line}"
        how = f"{where} replaces only the vulnerable releases, because {parent}; other lines stay."
        yield job.candidate("override-vulnerable", decides(selector, f"^{version}"), how, warnings=locks)
    if not asked:
        how = f"{where} decides the version everywhere, because {parent}."
        yield job.candidate("override", decides(name, f"^{version}"), how, warnings=locks)
        if manager == "yarn":
            how = f"{where} pins every {name} to exactly {version}, because {parent}."
            yield job.candidate("override-exact", decides(name, version), how, warnings=locks)


def _decided(job: Job, document: Json, place: Sequence[str], workspace: YamlDoc | None) -> bool:
    """Whether an override names the package already, for every release of it."""
    if workspace is not None:
        return workspace.root.get("overrides", job.package.name) is not None
    return document.at(*place, job.package.name) is not None


def _set(document: Json, keys: Sequence[str], name: str, value: str) -> Edit:
    """An edit that sets `keys… / name` to `value`, in the file's own layout."""
    content = document.syntax.content
    depth, node = 0, document.root
    while depth < len(keys) and (inner := dict(document.pairs(node)).get(keys[depth])) is not None:
        node, depth = inner, depth + 1
    existing = dict(document.pairs(node)).get(name) if depth == len(keys) else None
    if existing is not None:
        return Edit(path=document.path, start=existing.start_byte, end=existing.end_byte, text=json.dumps(value))
    unit = _indent(content)
    newline = newline_of(content)
    outer = unit * depth
    text = _nested([*keys[depth:], name], value, unit, newline, depth + 1)
    last = [child for child in node.children if child.type == "pair"]
    if last:
        at = last[-1].end_byte
        return Edit(path=document.path, start=at, end=at, text=f",{newline}{outer}{unit}{text}")
    span = f"{{{newline}{outer}{unit}{text}{newline}{outer}}}"
    return Edit(path=document.path, start=node.start_byte, end=node.end_byte, text=span)


def _nested(keys: Sequence[str], value: str, unit: str, newline: str, depth: int) -> str:
    if len(keys) == 1:
        return f"{json.dumps(keys[0])}: {json.dumps(value)}"
    inside = _nested(keys[1:], value, unit, newline, depth + 1)
    return f"{json.dumps(keys[0])}: {{{newline}{unit * (depth + 1)}{inside}{newline}{unit * depth}}}"


def _indent(content: bytes) -> str:
    match = re.search(rb"^([ \t]+)\"", content, re.MULTILINE)
    return match[1].decode() if match else "  "
