"""Modules that take a package from a version catalogue: where its version can be lifted without the catalogue."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence

from daemon.domain.fix import Edit
from workers.fixers.dependencies import gradle_blocks as blocks
from workers.fixers.dependencies.job import Job
from workers.source.manifests.declaration import Declaration

_CATALOGUE = ".versions.toml"
_ALIAS = re.compile(rb"\s*[\"']?(?P<alias>[\w.-]+)[\"']?\s*=")
_MOST = 3
"""A constraint in more modules than that is what the catalogue is there to spare them."""


def constraints(job: Job, places: Iterable[Declaration], coordinates: Sequence[str], because: str) -> list[Edit]:
    """A constraint in each module that declares the package by its name in a catalogue; none where they are
    many, or one has it already.
    """
    scripts = _users(job, {accessor for place in places if (accessor := _accessor(job, place)) is not None})
    edits = []
    for path, configuration in scripts.items() if len(scripts) <= _MOST else ():
        script = blocks.Script(path, job.tree.read(path))
        if script.constrains(job.package.name):
            return []
        edit = script.constraint(configuration, coordinates, because)
        edits += [edit] if edit is not None else []
    return edits


def in_step(declared: Iterable[Declaration], place: Declaration) -> bool:
    """Whether its version also decides others, as of one project, which a constraint on this one would leave behind."""
    return any(other.literal == place.literal and other.name != place.name for other in declared)


def _accessor(job: Job, place: Declaration) -> str | None:
    """How build scripts write it: `my-lib_core` of `gradle/libs.versions.toml` is `libs.my.lib.core`."""
    if not place.at.path.endswith(_CATALOGUE):
        return None
    content = job.tree.read(place.at.path)
    match = _ALIAS.match(content, content.rfind(b"\n", 0, place.at.start) + 1)
    if match is None:
        return None
    catalogue = posixpath.basename(place.at.path).removesuffix(_CATALOGUE)
    return f"{catalogue}.{re.sub(r'[-_.]+', '.', match['alias'].decode())}"


def _users(job: Job, accessors: Iterable[str]) -> dict[str, str]:
    """Script → the configuration in which it declares the package, that for its own code before that for tests."""
    names = "|".join(re.escape(accessor) for accessor in sorted(accessors))
    if not names:
        return {}
    declares = re.compile(
        rf"^[ \t]*(?P<configuration>api|compileOnly|implementation|runtimeOnly|testImplementation)\s*[( ]\s*(?:{names})"
        r"(?![\w-])(?!\.(?!get\b)\w)",
        re.MULTILINE,
    )
    found: dict[str, str] = {}
    for path, content in job.files(lambda path: path.endswith((".gradle", ".gradle.kts"))).items():
        used = [match["configuration"] for match in declares.finditer(blocks.Script(path, content).text)]
        if used:
            found[path] = next((name for name in used if not name.startswith("test")), used[0])
    return found
