"""Go modules: the requirement in `go.mod`, or a replacement; `go.sum` is Go's own to write."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.dependencies.job import Job, newline_of, refuse, replace
from workers.source.manifests.declaration import Declaration
from workers.source.manifests.golang import declarations, replaced_by
from workers.source.versions import release_numbers

_IMAGE = re.compile(rb"^FROM[ \t]+(?:--\S+[ \t]+)*(?:\S*/)?golang:(?P<release>1\.\d+(?:\.\d+)?)(?![\w.])", re.MULTILINE)
_BLOCK = re.compile(rb"^require[ \t]*\([ \t]*\r?\n", re.MULTILINE)


def propose(job: Job) -> Iterator[Candidate]:
    """Raise the requirement; add one where the module comes through another; or replace it."""
    path = job.nearest("go.mod")
    if path is None:
        message = f"no go.mod in the repository decides the version of {job.package.name}"
        raise refuse(message)
    content = job.tree.read(path)
    found = [declared for declared in declarations(path, content) if declared.name == job.package.name]
    if job.package.name in ("stdlib", "toolchain"):
        yield from _standard_library(job, path, content)
        return
    if by := replaced_by(content, job.package.name):
        message = f"{path} replaces {job.package.name} by {by}: raise it there"
        raise refuse(message)
    _refuse_other_module(job)
    if found:
        yield from _raise(job, path, found)
        if not any(declared.scope == "replace" for declared in found):
            yield _replacement(job, path, content)
    else:
        yield _require(job, path, content)
        yield _replacement(job, path, content)


def _refuse_other_module(job: Job) -> None:
    """Raises `NoFix` where the fixed release has another import path: from v2 on a module's path says its major."""
    name, version = job.package.name, job.choice.smallest
    major = (*release_numbers(version), 0)[0]
    told = re.search(r"[/.]v(\d+)$", name)
    incompatible = any("+incompatible" in text for text in (job.package.version, version))
    if int(told[1]) != major if told else major >= 2 and not incompatible:
        message = f"{version} of {name} has an import path of its own: change the imports and the requirement to it"
        raise refuse(message)


def _left(job: Job, path: str, command: str) -> list[str]:
    """What is left to do once go.mod is changed."""
    vendored = job.read(posixpath.join(posixpath.dirname(path), "vendor/modules.txt")) is not None
    also = " and `go mod vendor`" if vendored else ""
    return [f"run {command}{also}: go.sum is written anew, and what the release itself requires is raised with it"]


def go_version(module: str, version: str) -> str:
    """As go.mod writes it: with `v`, and `+incompatible` where the path lacks its major version."""
    version = f"v{version.lstrip('v')}"
    major = (*release_numbers(version), 0)[0]
    plain = major >= 2 and not re.search(rf"[/.]v{major}$", module)
    return f"{version}+incompatible" if plain and not version.endswith("+incompatible") else version


def _raise(job: Job, path: str, found: list[Declaration]) -> Iterator[Candidate]:
    for approach, version, what in job.versions():
        wanted = go_version(job.package.name, version)
        edits = [replace(place.literal, wanted) for place in found if place.literal and place.version != wanted]
        left = _left(job, path, f"`go get {job.package.name}@{wanted}` and `go mod tidy`")
        yield job.candidate(approach, edits, f"Requires {job.package.name} {wanted}, {what}.", warnings=left)


def _require(job: Job, path: str, content: bytes) -> Candidate:
    wanted = go_version(job.package.name, job.choice.smallest)
    block, line = _BLOCK.search(content), f"{job.package.name} {wanted} // indirect"
    newline = newline_of(content)
    if block:
        edit = Edit(path=path, start=block.end(), end=block.end(), text=f"\t{line}{newline}")
    else:
        edit = _append(path, content, f"require {line}")
    how = f"Adds an indirect requirement: Go takes the highest version that any module asks for, so {wanted} wins."
    return job.candidate("require-indirect", [edit], how, warnings=_left(job, path, "`go mod tidy`"))


def _replacement(job: Job, path: str, content: bytes) -> Candidate:
    wanted = go_version(job.package.name, job.choice.smallest)
    edit = _append(path, content, f"replace {job.package.name} => {job.package.name} {wanted}")
    how = f"Replaces every version of the module by {wanted}, whatever other modules ask for."
    stays = "a replacement also holds back later releases: remove it once the requirement is at least this high"
    return job.candidate("replace", [edit], how, warnings=[*_left(job, path, "`go mod tidy`"), stays])


def _standard_library(job: Job, path: str, content: bytes) -> Iterator[Candidate]:
    lines = {place.scope: place for place in declarations(path, content) if place.name == "stdlib"}
    version = _buildable(job)
    go, toolchain = lines.get("go"), lines.get("toolchain")
    if go is None or go.literal is None:
        message = f"{path} has no go line that sets the release of Go"
        raise refuse(message)
    _refuse_older_image(job, path, version)
    how = f"Builds with Go {version}, the smallest release whose standard library is fixed."
    if toolchain and toolchain.literal:
        yield job.candidate("toolchain", [replace(toolchain.literal, version)], how, names=["toolchain"])
    else:
        line_end = content.find(b"\n", go.literal.end)
        at = len(content) if line_end < 0 else line_end + 1
        lead = newline_of(content) if line_end < 0 else ""
        text = f"{lead}{newline_of(content)}toolchain go{version}{newline_of(content)}"
        edit = Edit(path=path, start=at, end=at, text=text)
        yield job.candidate("toolchain", [edit], how, names=["toolchain"])
    edits = [replace(place.literal, version) for place in lines.values() if place.literal]
    how = f"Asks for Go {version} or later, whose standard library is fixed."
    tidy = ["run `go mod tidy`: since Go 1.17 go.mod lists indirect requirements too"] if _is_older(go.version) else []
    everyone = "the go line is a minimum: everyone who builds or imports this module needs that release too"
    yield job.candidate("go-directive", edits, how, warnings=[everyone, *tidy])


def _refuse_older_image(job: Job, path: str, version: str) -> None:
    """Raises `NoFix` where an official image of an older Go builds the module: it fetches no other one."""
    wanted, folder = release_numbers(version), posixpath.dirname(path)
    for file, content in job.files(lambda each: posixpath.basename(each).lower().startswith("dockerfile")).items():
        for match in _IMAGE.finditer(content) if file.startswith(f"{folder}/" if folder else "") else ():
            release = match["release"].decode()
            if release_numbers(release) < wanted[: release.count(".") + 1]:
                message = f"{file} builds with golang:{release}, which fetches no other Go: build on {version} or later"
                raise refuse(message)


def _is_older(release: str) -> bool:
    return release_numbers(release) < (1, 17)


def _buildable(job: Job) -> str:
    """The smallest fixed release of Go that a go.mod can name: since 1.21 Go reads its own release there."""
    for version in (job.choice.smallest, job.choice.newest):
        if version and release_numbers(version) >= (1, 21):
            return version.lstrip("v")
    wanted = job.choice.smallest
    message = f"before Go 1.21 go.mod does not choose the release that builds: install Go {wanted} where it is built"
    raise refuse(message)


def _append(path: str, content: bytes, line: str) -> Edit:
    newline = newline_of(content)
    lead = newline if content.endswith(b"\n") else newline * 2
    return Edit(path=path, start=len(content), end=len(content), text=f"{lead}{line}{newline}")
