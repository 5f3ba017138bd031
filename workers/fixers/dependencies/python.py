"""Python: requirement files, `pyproject.toml` (PEP 621, Poetry, uv, PDM), `Pipfile`, `setup.cfg`, `setup.py`."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence

from daemon.domain.fix import Candidate, Edit
from workers.fixers.dependencies.job import Job, newline_of, refuse, replace
from workers.fixers.dependencies.ranges import compatible_python, raise_poetry, raise_python
from workers.source.manifests.declaration import Declaration
from workers.source.manifests.python import declarations, from_elsewhere, has_hashes, is_requirements, normal_name

_LOCKS = {"poetry.lock": "poetry lock", "uv.lock": "uv lock", "pdm.lock": "pdm lock", "Pipfile.lock": "pipenv lock"}
_CARETS = ("tool.poetry", "packages", "dev-packages")


def propose(job: Job) -> Iterator[Candidate]:
    """Raise what asks for the package; constrain it where only a lockfile names it."""
    name = normal_name(job.package.name)
    places = [place for place in _places(job) if place.name == name]
    if places:
        yield from _raise(job, _installed(job, places))
        return
    yield from _constrain(job, name)


def _places(job: Job) -> list[Declaration]:
    """What asks for packages: the manifest itself, else those of the nearest folder that has any."""
    own = job.read(job.manifest) if job.manifest else None
    if own is not None and posixpath.basename(job.manifest) not in _LOCKS:
        found = _usable(job.manifest, own)
        if any(place.name == normal_name(job.package.name) for place in found):
            return found
    manifests = job.files(_is_manifest)
    for folder in job.folders:
        inside = {path: content for path, content in manifests.items() if posixpath.dirname(path) == folder}
        found = [place for path, content in inside.items() for place in _usable(path, content)]
        if any(place.name == normal_name(job.package.name) for place in found):
            return found
    return []


def _installed(job: Job, places: Sequence[Declaration]) -> Sequence[Declaration]:
    """Those that pin exactly the reported version, where some do: other markers may pin others on purpose."""
    exact = [place for place in places if re.sub(r"^={2,3}\s*", "", place.version) == job.package.version]
    return exact or [place for place in places if job.needs_raising(place)] or places


def _usable(path: str, content: bytes) -> list[Declaration]:
    if is_requirements(path) and has_hashes(content):
        return []
    return declarations(path, content)


def _is_manifest(path: str) -> bool:
    name = posixpath.basename(path)
    return name in ("pyproject.toml", "Pipfile", "setup.cfg", "setup.py") or is_requirements(path)


def _raise(job: Job, places: Sequence[Declaration]) -> Iterator[Candidate]:
    for approach, version, what in job.versions():
        edits = [edit for place in places if (edit := _raised(place, version)) is not None]
        if edits:
            how = f"Asks for {job.package.name} {version}, {what}, in the style that stands there."
            yield job.candidate(approach, edits, how, warnings=_locks(job))
    version = job.choice.smallest
    exact = all(re.match(r"={2,3}|[\d]", place.version) for place in places if place.version)
    wanted = compatible_python(version) if exact else f"=={version}"
    if any(re.search(rf"!=\s*{re.escape(version)}(?![\w.])", place.version) for place in places):
        message = f"{places[0].at.path} excludes {job.package.name} {version}, the smallest fixed release"
        raise refuse(message)
    edits = [_rewritten(place, wanted) for place in places]
    how = (
        f"Asks for {job.package.name} {wanted}: later fixes of the line arrive without another edit."
        if exact
        else f"Pins {job.package.name} to exactly {version}: every installation gets the same release."
    )
    yield job.candidate("compatible-range" if exact else "pin-exact", edits, how, warnings=_locks(job))


def _raised(place: Declaration, version: str) -> Edit | None:
    if place.literal is None:
        return _rewritten(place, f">={version}")
    rule = raise_poetry if place.scope.startswith(_CARETS) else raise_python
    wanted = rule(place.version, version)
    return replace(place.literal, wanted) if wanted and wanted != place.version else None


def _rewritten(place: Declaration, wanted: str) -> Edit:
    if place.literal is not None:
        return replace(place.literal, wanted)
    # `at` is the name with its extras: the version goes right after it.
    return Edit(path=place.at.path, start=place.at.end, end=place.at.end, text=wanted)


def _locks(job: Job) -> list[str]:
    name = posixpath.basename(job.manifest)
    beside = [lock for lock in _LOCKS if lock == name or job.read(posixpath.join(job.folders[0], lock)) is not None]
    return [f"{lock} pins hashes: write it anew with `{_LOCKS[lock]}`" for lock in beside]


def _constrain(job: Job, name: str) -> Iterator[Candidate]:
    """The package comes through another one."""
    version, lock = job.choice.smallest, posixpath.basename(job.manifest)
    content = job.read(job.manifest) if job.manifest else None
    if content is not None and from_elsewhere(content, name):
        message = f"{job.manifest} takes {job.package.name} from an address of its own: name a fixed revision there"
        raise refuse(message)
    if content is not None and is_requirements(job.manifest):
        if has_hashes(content):
            raised = f"`pip-compile -P '{name}=={version}'`"
            source = f"{job.manifest} pins hashes, which cannot be made up: raise it with {raised}"
            raise refuse(source)
        how = f"Adds {name}>={version}: pip then takes no older release for the package that needs it."
        line = _appended(job.manifest, content, f"{name}>={version}")
        yield job.candidate("constraint", [line], how)
        return
    manifest = job.nearest("Pipfile") if lock == "Pipfile.lock" else job.nearest("pyproject.toml")
    if manifest is None:
        message = f"nothing in the repository asks for {job.package.name}, and no manifest can constrain it"
        raise refuse(message)
    yield from _constrained(job, manifest, name)


def _constrained(job: Job, manifest: str, name: str) -> Iterator[Candidate]:
    content, version = job.tree.read(manifest), job.choice.smallest
    text = content.decode("latin-1")
    if manifest.endswith("Pipfile"):
        tables = [("constraint", "packages", f'{name} = ">={version}"')]
    elif "[tool.poetry" in text:
        tables = [("constraint", "tool.poetry.dependencies", f'{name} = ">={version}"')]
    else:
        tables = []
    for approach, table, line in tables:
        edit = _into_table(manifest, text, table, line)
        if edit:
            how = f"Asks for {name} {version} or later directly, because the package that needs it allows older ones."
            yield job.candidate(approach, [edit], how, warnings=_locks(job))
    if not tables:
        for approach, key, entry in (
            ("constraint", "constraint-dependencies", f"{name}>={version}"),
            ("override", "override-dependencies", f"{name}=={version}"),
        ):
            how = f"uv's `{key}` decides the version of a package that the project does not ask for itself."
            edit = _into_uv(manifest, content, text, key, entry)
            yield job.candidate(approach, [edit], how, warnings=_locks(job))


def _into_table(path: str, text: str, table: str, line: str) -> Edit | None:
    header = re.search(rf"^\[{re.escape(table)}\][^\n]*\n", text, re.MULTILINE)
    if header is None:
        return None
    following = re.search(r"^\s*\[", text[header.end() :], re.MULTILINE)
    end = header.end() + following.start() if following else len(text)
    block = text[header.end() : end]
    at = header.end() + len(block.rstrip())
    newline = "\r\n" if "\r\n" in text else "\n"
    if not block.strip():
        return Edit(path=path, start=header.end(), end=header.end(), text=f"{line}{newline}")
    return Edit(path=path, start=at, end=at, text=f"{newline}{line}")


def _into_uv(path: str, content: bytes, text: str, key: str, entry: str) -> Edit:
    newline = newline_of(content)
    array = re.search(rf"^[ \t]*{key}[ \t]*=[ \t]*\[", text, re.MULTILINE)
    if array:
        rest = text[array.end() :].lstrip()
        comma = "" if rest.startswith("]") else ", "
        return Edit(path=path, start=array.end(), end=array.end(), text=f'"{entry}"{comma}')
    header = re.search(r"^\[tool\.uv\][^\n]*\n", text, re.MULTILINE)
    if header:
        return Edit(path=path, start=header.end(), end=header.end(), text=f'{key} = ["{entry}"]{newline}')
    return _appended(path, content, f'{newline}[tool.uv]{newline}{key} = ["{entry}"]')


def _appended(path: str, content: bytes, line: str) -> Edit:
    newline = newline_of(content)
    lead = "" if not content or content.endswith(b"\n") else newline
    return Edit(path=path, start=len(content), end=len(content), text=f"{lead}{line}{newline}")
