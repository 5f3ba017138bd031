"""npm, yarn, pnpm and bun: `package.json`; overrides where the package is transitive. Lockfiles carry hashes."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence

from daemon.domain.fix import Candidate
from workers.fixers.dependencies.job import Job, refuse, replace
from workers.fixers.dependencies.npm_override import LOCKS, Lock, decide, override, raised
from workers.fixers.dependencies.ranges import is_npm_wildcard, raise_npm
from workers.source.manifests.admits import admits
from workers.source.manifests.declaration import Declaration
from workers.source.manifests.npm import Json, declarations


def propose(job: Job) -> Iterator[Candidate]:
    """Raise what `package.json` asks for; override what it does not name."""
    path = job.manifest if posixpath.basename(job.manifest) == "package.json" else job.nearest("package.json")
    document = _document(job, path) if path else None
    if document is None:
        message = f"no package.json in the repository decides the version of {job.package.name}"
        raise refuse(message)
    lock = Lock(job)
    documents = [document, *_members(job, document)]
    asked = [place for each in documents for place in declarations(each) if place.name == job.package.name]
    # What a package asks of its users' trees stays as it is, where it asks for the same one for itself.
    asked = [place for place in asked if place.scope != "peerDependencies"] or asked
    direct = [place for place in asked if _covers(job, place) and job.needs_raising(place)]
    if direct:
        yield from _raise(job, documents, lock, direct)
    else:
        yield from override(job, document, lock, asked)


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
    locked = {posixpath.dirname(path) for path in job.files(lambda path: posixpath.basename(path) in LOCKS)} - {folder}
    members = [path for path in inside if not any(_within(path, other) for other in locked if _within(other, folder))]
    return [document for path in members if (document := _document(job, path)) is not None]


def _within(path: str, folder: str) -> bool:
    return not folder or path == folder or path.startswith(f"{folder}/")


def _covers(job: Job, place: Declaration) -> bool:
    """Whether this is the request that brought the installed version, or may be.

    A project may ask for one line itself while a dependency brings the vulnerable older one.
    """
    return admits(place.version, job.package.version) is not False


def _raise(job: Job, documents: Sequence[Json], lock: Lock, places: Sequence[Declaration]) -> Iterator[Candidate]:
    # Who asks for the vulnerable release and for nothing newer keeps a copy of its own.
    also, others = raised(job, documents, lock), ""
    warnings = [*lock.warnings, *(lock.fit if lock.stubborn else ())]
    if lock.stubborn and not lock.selectors:
        one = lock.stubborn[0]
        message = (
            f"{one.by} asks for {job.package.name} {one.range} and keeps a copy of its own: raise {one.by} as well"
        )
        raise refuse(message)
    if lock.stubborn and lock.breaks:
        raise refuse(lock.breaks)
    if lock.stubborn and not also:
        also = decide(job, documents[0], lock, lock.selectors, f"^{job.choice.smallest}")
        others = f" An override replaces the copy of {lock.stubborn[0].by}, which asks for an older one."
    for approach, version, what in job.versions():
        edits = [
            replace(place.at, wanted)
            for place in places
            if (wanted := raise_npm(place.version, version)) is not None and wanted != place.version
        ]
        if edits:
            how = f"Asks for {job.package.name} {version}, {what}, in the range style that stands there.{others}"
            yield job.candidate(approach, [*edits, *also], how, warnings=warnings)
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
        yield job.candidate("compatible-range", [*edits, *also], f"{how}{others}", warnings=warnings)
    elif edits:
        how = f"Pins {job.package.name} to exactly {version}: every installation gets the same release."
        yield job.candidate("pin-exact", [*edits, *also], f"{how}{others}", warnings=warnings)
