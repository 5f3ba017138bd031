"""Gradle: the version in the script, variable, property or catalogue that decides it; constraints otherwise."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from daemon.domain.fix import Candidate, Edit
from workers.fixers.dependencies import gradle_blocks as blocks
from workers.fixers.dependencies import gradle_catalogue as catalogue
from workers.fixers.dependencies.job import Job, refuse, replace
from workers.fixers.dependencies.trains import is_sibling, released_apart, same_artifact
from workers.source.manifests.boms import bom_at, bom_of
from workers.source.manifests.boot import deciding
from workers.source.manifests.declaration import Declaration, Span
from workers.source.manifests.gradle import declarations, is_build_file, locked

_BUILD_FILES = ("build.gradle.kts", "build.gradle")


class Build:
    """The module that the finding is about, with the files that decide its versions."""

    def __init__(self, job: Job) -> None:
        self.job = job

    @cached_property
    def lock(self) -> str | None:
        """The module's lockfile: the one reported, or the one that locks the package at that version."""
        if self.job.manifest.endswith("gradle.lockfile"):
            return self.job.manifest if self.job.read(self.job.manifest) is not None else None
        near = self.job.nearest("gradle.lockfile") if self.job.read(self.job.manifest) is not None else None
        others = self.job.files(lambda path: path.endswith("gradle.lockfile"))
        holders = [path for path, content in others.items() if self._rows(path, content)]
        return near if near in holders else holders[0] if holders else None

    @cached_property
    def rows(self) -> list[Declaration]:
        """The lockfile's rows of this package at this version."""
        return self._rows(self.lock, self.job.tree.read(self.lock)) if self.lock else []

    @cached_property
    def script(self) -> str | None:
        """The module's build script."""
        if posixpath.basename(self.job.manifest).endswith((".gradle", ".gradle.kts")) and self.job.read(
            self.job.manifest
        ):
            return self.job.manifest
        if self.lock:
            folder = posixpath.dirname(self.lock)
            beside = [posixpath.join(folder, name) for name in _BUILD_FILES]
            return next((path for path in beside if self.job.read(path) is not None), None)
        return self.job.nearest(*_BUILD_FILES)

    @cached_property
    def declared(self) -> list[Declaration]:
        """What the module's build declares: its own script and those around it, catalogues, shared build code."""
        module = posixpath.dirname(self.script or self.lock or self.job.manifest)
        files = self.job.files(is_build_file)
        return declarations({path: content for path, content in files.items() if _decides(path, module)})

    @cached_property
    def train(self) -> list[Declaration]:
        """Other locked artifacts that are released with the package, at its version, for the same configurations."""
        if not self.lock or not self.rows:
            return []
        package, scopes = self.job.package, set(self.rows[0].scope.split(","))
        rows = locked(self.lock, self.job.tree.read(self.lock))
        others = [row for row in rows if row.name != package.name and is_sibling(row, package.name, package.version)]
        return [row for row in others if scopes.intersection(row.scope.split(","))]

    @cached_property
    def bom(self) -> list[Declaration]:
        """The locked bill of materials of the package's family, at the package's version."""
        name = bom_of(self.job.package.name)
        if not self.lock or not self.rows or name is None:
            return []
        rows = locked(self.lock, self.job.tree.read(self.lock))
        return [row for row in rows if (row.name, row.version) == (name, self.job.package.version)]

    def _rows(self, path: str, content: bytes) -> list[Declaration]:
        package = self.job.package
        return [row for row in locked(path, content) if (row.name, row.version) == (package.name, package.version)]


def propose(job: Job) -> Iterator[Candidate]:
    """Raise the declaration; else the artifact that it is released with; else constrain, align or force."""
    build = Build(job)
    package = job.package
    wanted = [place for place in build.declared if place.literal and same_artifact(place.name, package.name)]
    mine = [place for place in wanted if place.version == package.version] or (wanted if not build.rows else [])
    if mine and all(job.lowers(place) for place in mine):
        message = f"{mine[0].at.path} asks for {package.name} {mine[0].version} already, which is no older"
        raise refuse(message)
    if not mine and not build.script:
        message = f"no Gradle build file of the repository brings {package.name} {package.version}"
        raise refuse(message)
    if not mine and not build.rows and not job.read(job.manifest):
        message = f"no build file declares {package.name}, and no lockfile says which module brings {package.version}"
        raise refuse(message)
    tool = bool(build.rows) and not any(blocks.is_code(row.scope) for row in build.rows)
    if not tool:
        family = mine or [
            place for place in build.declared if place.literal and is_sibling(place, package.name, package.version)
        ]
        if family:
            yield from _raise(build, family, direct=bool(mine))
            if any(place.name in deciding(package.name) for place in family):
                return
    if not mine:
        job.refuse_other_major()
    if build.script:
        yield from _decide(build, build.script, direct=bool(mine))


def _raise(build: Build, places: Sequence[Declaration], *, direct: bool) -> Iterator[Candidate]:
    job = build.job
    spans, through = _spans(job, places, build.declared)
    moved = [place for place in build.declared if place.literal in {span for span, _ in spans}]
    what_moves = job.package.name if direct else f"{places[0].name}, with which {job.package.name} is released,"
    where = f" through {', '.join(through)}" if through else ""
    for approach, version, what in job.versions():
        edits = [replace(span, written.format(version)) for span, written in spans]
        also = _lock_edits(build, version, moved)
        how = f"Raises {what_moves} to {version}{where}, {what}."
        yield job.candidate(
            approach,
            [*edits, *also],
            how,
            warnings=_relock(build),
            names=_both_names([job.package.name, *(place.name for place in moved)]),
        )


def _spans(
    job: Job, places: Sequence[Declaration], declared: Sequence[Declaration]
) -> tuple[list[tuple[Span, str]], list[str]]:
    """Where to write and how: the variable, unless artifacts of other projects use it too; the variables' names."""
    spans: list[tuple[Span, str]] = []
    through: list[str] = []
    for place in places:
        users = [other for other in declared if other.literal == place.literal]
        shared = any(released_apart(place.name, other.name) for other in users)
        if place.literal is None:
            continue
        spans.append((place.literal, "{}") if not shared else _own_version(job, place))
        if place.via and not shared:
            through.append(place.via)
    return sorted(set(spans)), sorted(set(through))


def _own_version(job: Job, place: Declaration) -> tuple[Span, str]:
    """Where the artifact takes a shared version, and how a version of its own is written there."""
    at = place.at
    line = job.tree.read(at.path)[: at.start]
    reference = re.search(rb"version\.ref\s*=\s*[\"']$", line)
    if reference is None:
        return at, "{}"
    return Span(at.path, reference.start(), at.end + 1), 'version = "{}"'


def _decide(build: Build, script: str, *, direct: bool) -> Iterator[Candidate]:
    """Ways to set a version without touching what asks for it."""
    job = build.job
    name, version = job.package.name, job.choice.smallest
    layout = blocks.Script(script, job.tree.read(script))
    scopes = sorted({scope for row in build.rows for scope in row.scope.split(",")})
    tools = bool(scopes) and not blocks.is_code(",".join(scopes))
    configuration = blocks.declaring(scopes)
    train = build.train
    lock, warnings = _lock_edits(build, version, [*train, *build.bom]), _relock(build)
    names = [row.name for row in train]
    also_locked = [row.name for row in build.bom]
    brought = "" if direct else " Another dependency brings it."
    if layout.managed_by_spring:
        edits = [layout.spring_management(name, version)]
        how = f"Sets {name} {version} where Spring's plugin decides versions.{brought}"
    else:
        coordinates = [f"{other}:{version}" for other in sorted({name, *names})]
        edits = _constraints(build, layout, configuration, coordinates, f"fixes {job.why}", direct=direct)
        also = " and what is released with it" if len(coordinates) > 1 else ""
        where = f"on `{configuration}`" if not edits or edits[0].path == script else "in the module that declares it"
        how = f"A constraint {where} lifts {name}{also} to at least {version}.{brought}"
    if edits:
        approach = "managed-version" if layout.managed_by_spring else "constraint"
        yield job.candidate(approach, [*edits, *lock], how, warnings=warnings, names=[*names, *also_locked])
    bom = bom_at(name, version)
    imported = any(place.name == bom for place in build.declared)
    known = bool(build.rows) or layout.has(configuration)
    if bom and known and not imported and not tools and (edit := layout.platform(configuration, f"{bom}:{version}")):
        how = f"Imports {bom} {version}, so that the whole family moves together.{brought}"
        yield job.candidate("platform", [edit, *lock], how, warnings=warnings, names=[bom, *names])
    elif not direct and not train and not imported:
        how = f"Forces {name} {version} in {'the ' + ', '.join(scopes) if tools else 'every'} configuration.{brought}"
        forced = layout.force(f"{name}:{version}", scopes if tools else [])
        held = "a forced version also holds back later releases"
        yield job.candidate("force", [forced, *lock], how, warnings=[*warnings, held])


def _constraints(
    build: Build, layout: blocks.Script, configuration: str, coordinates: Sequence[str], because: str, *, direct: bool
) -> list[Edit]:
    """Where the module has that configuration; else in the modules that take the package from a catalogue."""
    name = build.job.package.name
    mine = [place for place in build.declared if place.name == name] if direct else []
    if any(place.at.path == layout.path for place in mine) or layout.constrains(name):
        return []
    if not build.rows and any(catalogue.in_step(build.declared, place) for place in mine):
        return []
    if direct and not build.rows and (edits := catalogue.constraints(build.job, mine, coordinates, because)):
        return edits
    if not build.rows and not layout.has(configuration):
        return []
    edit = layout.constraint(configuration, coordinates, because)
    return [edit] if edit is not None else []


def _lock_edits(build: Build, version: str, moved: Sequence[Declaration]) -> list[Edit]:
    """The lockfile's rows of the package, and of what moves with it, at the new version."""
    if not build.lock:
        return []
    content = build.job.tree.read(build.lock)
    rows = locked(build.lock, content)
    names = set(_both_names([build.job.package.name, *(place.name for place in moved)]))
    changing = [row for row in rows if row.name in names and row.version == build.job.package.version]
    return [edit for row in changing for edit in _lock_row(row, rows, version, content)]


def _both_names(names: Iterable[str]) -> list[str]:
    """A Kotlin multiplatform module is locked under its own name and under that of its JVM variant."""
    plain = dict.fromkeys(name.removesuffix("-jvm") for name in names)
    return [each for name in plain for each in (name, f"{name}-jvm")]


def _lock_row(row: Declaration, rows: Sequence[Declaration], version: str, content: bytes) -> list[Edit]:
    twin = next((other for other in rows if (other.name, other.version) == (row.name, version)), None)
    if twin is None:
        return [replace(row.at, version)]
    # The new version is locked already, for other configurations: the two rows become one.
    start = content.rfind(b"\n", 0, row.at.start) + 1
    end = content.find(b"\n", row.at.end) + 1 or len(content)
    merged = ",".join(sorted({*twin.scope.split(","), *row.scope.split(",")}))
    after = twin.at.end + 1
    return [
        Edit(path=row.at.path, start=start, end=end, text=""),
        Edit(path=row.at.path, start=after, end=after + len(twin.scope), text=merged),
    ]


def _relock(build: Build) -> list[str]:
    text = "what the new version brings along is not locked yet: run `./gradlew dependencies --write-locks`"
    return [text] if build.lock else []


def _decides(path: str, module: str) -> bool:
    """Whether a build file has a say in a module: its own folder, those around it, and shared build code."""
    folder = posixpath.dirname(path)
    around = folder == module or folder == "" or module.startswith(f"{folder}/")
    return around or "/gradle/" in f"/{path}" or "buildSrc/" in path or "build-logic/" in path
