"""Python: the version of a package that others bring, in the form that the tool of the lockfile reads."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.dependencies.job import Job, newline_of, refuse
from workers.source.manifests.admits import admits_python
from workers.source.manifests.python import declarations, from_elsewhere, has_hashes, is_requirements, normal_name
from workers.source.manifests.python_lock import Ask, asks, is_development, reached
from workers.source.versions import same_line

LOCKS = {"poetry.lock": "poetry lock", "uv.lock": "uv lock", "pdm.lock": "pdm lock", "Pipfile.lock": "pipenv lock"}
_DEPENDENCIES = re.compile(
    r"^dependencies[ \t]*=[ \t]*\[(?P<items>(?:[^\]\"'#]|#[^\n]*|\"[^\"\n]*\"|'[^'\n]*')*)\]", re.MULTILINE
)
MANIFESTS = ("pyproject.toml", "Pipfile", "setup.cfg", "setup.py")


def constrain(job: Job, name: str) -> Iterator[Candidate]:
    """The package comes through another one."""
    content = job.read(job.manifest) if job.manifest else None
    lock = posixpath.basename(job.manifest)
    if content is not None and from_elsewhere(content, name):
        message = f"{job.manifest} takes {job.package.name} from an address of its own: name a fixed revision there"
        raise refuse(message)
    if content is not None and is_requirements(job.manifest):
        yield _required(job, content, name)
        return
    manifest = job.nearest("Pipfile") if lock == "Pipfile.lock" else job.nearest("pyproject.toml")
    if manifest is None:
        message = f"nothing in the repository asks for {job.package.name}, and no manifest can constrain it"
        raise refuse(message)
    locked = content if lock in LOCKS and content is not None else b""
    text = job.tree.read(manifest).decode("latin-1")
    if lock == "uv.lock" or (lock not in LOCKS and ("[tool.uv" in text or "[tool.poetry" not in text)):
        yield from _of_uv(job, manifest, name, asks(locked, name))
    elif lock == "pdm.lock":
        message = f"{manifest} does not ask for {name}: raise it in {job.manifest} by `pdm update {name}`"
        raise refuse(message)
    else:
        yield _of_group(job, manifest, locked, name)


def lock_warnings(job: Job, paths: set[str]) -> list[str]:
    """Lockfiles that no longer fit once these files are changed, and how each is written anew."""
    told = []
    for folder in dict.fromkeys(posixpath.dirname(path) for path in sorted(paths)):
        inside = {posixpath.basename(path) for path in paths if posixpath.dirname(path) == folder}
        for lock, command in LOCKS.items():
            of = {"Pipfile"} if lock == "Pipfile.lock" else {*MANIFESTS} - {"Pipfile"}
            path = posixpath.join(folder, lock)
            if inside & of and (path == job.manifest or job.read(path) is not None):
                told.append(f"{lock} pins hashes: write it anew with `{command}`")
    compiled = job.manifest if is_requirements(job.manifest) and job.manifest not in paths else None
    if compiled and has_hashes(job.read(compiled) or b""):
        told.append(f"{compiled} pins hashes: compile it anew from what is changed here")
    return told


def _required(job: Job, content: bytes, name: str) -> Candidate:
    version = job.choice.smallest
    if has_hashes(content):
        raised = f"`pip-compile -P '{name}=={version}'`"
        source = f"{job.manifest} pins hashes, which cannot be made up: raise it with {raised}"
        raise refuse(source)
    how = f"Adds {name}>={version}: pip then takes no older release for the package that needs it."
    return job.candidate("constraint", [_appended(job.manifest, content, f"{name}>={version}")], how)


def _of_group(job: Job, manifest: str, locked: bytes, name: str) -> Candidate:
    """Poetry and Pipenv have no constraints: the project asks for the package itself, where what brings it is asked."""
    version, command = job.choice.smallest, "poetry" if manifest.endswith(".toml") else "pipenv"
    _refuse_blocked(job, asks(locked, name))
    text = job.tree.read(manifest).decode("latin-1")
    table = _table(job, manifest, locked, name, text)
    edit = (
        _into_array(manifest, text, f'"{name}>={version}"')
        if table == "project"
        else _into_table(manifest, text, table, f'{name} = ">={version}"')
    )
    if edit is None:
        message = (
            f"{manifest} does not ask for {name}, and has no [{table}] that could: raise it in {job.manifest} by "
            f"`{command} update {name}`"
        )
        raise refuse(message)
    how = f"Asks for {name} {version} or later directly, because the package that needs it allows older ones."
    return job.candidate("constraint", [edit], how, warnings=lock_warnings(job, {manifest}))


def _refuse_blocked(job: Job, wanted: list[Ask]) -> None:
    """Raises `NoFix` where a locked package asks for older releases alone: no resolution would have both."""
    version = job.choice.smallest
    for by in dict.fromkeys(ask.by for ask in wanted):
        specs = [ask.spec for ask in wanted if ask.by == by]
        if all(admits_python(spec, version) is False for spec in specs):
            message = f"{by} asks for {job.package.name} {specs[0]}, which {version} is not: raise {by} first"
            raise refuse(message)


def _table(job: Job, manifest: str, locked: bytes, name: str, text: str) -> str:
    """Where to ask: for what the product needs where that brings it, else in the group that does."""
    if manifest.endswith("Pipfile"):
        return "dev-packages" if is_development(job.manifest, locked, name) else "packages"
    places = declarations(manifest, job.tree.read(manifest))
    product = re.search(r"^\[project\]", text, re.MULTILINE) and any(
        place.scope == "project.dependencies" for place in places
    )
    main = "project" if product else "tool.poetry.dependencies"
    groups: dict[str, list[str]] = {}
    for place in places:
        groups.setdefault(place.scope, []).append(place.name)
    own = [each for scope, names in groups.items() if not _is_group(scope) for each in names]
    if name in reached(locked, own):
        return main
    bringing = (scope for scope, names in groups.items() if _is_group(scope) and name in reached(locked, names))
    return next(bringing, main)


def _is_group(scope: str) -> bool:
    return scope.startswith(("tool.poetry.group.", "tool.poetry.dev-"))


def _of_uv(job: Job, manifest: str, name: str, wanted: list[Ask]) -> Iterator[Candidate]:
    content, version = job.tree.read(manifest), job.choice.smallest
    text = content.decode("latin-1")
    by = [normal_name(ask.by) for ask in wanted][:3]
    brings = (
        f", which {' and '.join(filter(None, (', '.join(by[:-1]), by[-1])))} bring{'s' * (len(by) == 1)}" if by else ""
    )
    how = f"uv's `constraint-dependencies` keeps older releases of {name}{brings}, out of the resolution."
    none = f"where uv finds no resolution, raise {' or '.join(by)} as well" if by else ""
    edit = _into_uv(manifest, content, text, "constraint-dependencies", f"{name}>={version}")
    warnings = lock_warnings(job, {manifest})
    yield job.candidate("constraint", [edit], how, warnings=[*warnings, *filter(None, [none])])
    if not same_line(version, job.package.version, 1):
        # What brings it may not know another major version; a constraint leaves that to the resolver.
        return
    how = f"uv's `override-dependencies` decides the version of {name}{brings}, whatever others ask for."
    edit = _into_uv(manifest, content, text, "override-dependencies", f"{name}=={version}")
    held = "an override also wins over later requirements: remove it once they are at least this high"
    yield job.candidate("override", [edit], how, warnings=[*warnings, held])


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


def _into_array(path: str, text: str, entry: str) -> Edit | None:
    """As the last of the project's `dependencies`, in the layout of the others."""
    header = re.search(r"^\[project\][^\n]*\n", text, re.MULTILINE)
    array = _DEPENDENCIES.search(text, header.end()) if header else None
    if header is None or array is None or "\n[" in text[header.end() : array.start()]:
        return None
    items = array["items"]
    last = array.start("items") + len(items.rstrip())
    margin = re.search(r"\n([ \t]*)[\"'][^\n]*\s*$", items)
    newline = "\r\n" if "\r\n" in text else "\n"
    comma = "" if not items.strip() or items.rstrip().endswith(",") else ","
    if "#" in items.rpartition("\n")[0].rpartition("\n")[2]:
        return None
    row = f"{newline}{margin[1]}{entry}," if margin else f" {entry}" if items.strip() else entry
    return Edit(path=path, start=last, end=last, text=f"{comma}{row}")


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
