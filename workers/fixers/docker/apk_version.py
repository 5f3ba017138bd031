"""Packages that apk installs without a version."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from daemon.domain.fix import Candidate
from workers.fixers.docker.bases.alpine import Release, floor, is_alpine, is_dated, limit, line, read_on, release_of
from workers.fixers.docker.build import candidate, flagged, stage_of
from workers.fixers.docker.shell.package_words import Named, alpine_packages, redirected, versioned
from workers.fixers.docker.shell.script import Script
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.dockerfile import Dockerfile, Instruction

_SOURCES = re.compile(rb"^.*(?:apk/repositories|--repository\b|\s-X\b).*$", re.MULTILINE)
_FOREIGN = re.compile(rb"https?://(?![\w.-]*alpinelinux\.org/)")
_ALIAS = re.compile(r"postgresql(?:-(?:client|contrib|dev|libs))?")
_STOPS = "apk keeps the newest version alone: one that no longer fits stops the build and says so"


@fixer(
    name="docker-apk-version",
    weakness="package without a version",
    rules={"hadolint": ["DL3018"]},
    explain="""A package without a version is whatever the index has on the day of the build. An exact version
(`curl=8.14.1-r2`) is no answer on Alpine: its mirrors keep the newest one alone, so the next security update stops the
build. A major version is: `curl=~8` says what is meant, takes every update to it, and stops the build only when the
program's next major version comes with another Alpine. `curl<9` says the same of a release that is not known.

Certificates and time zones are numbered by their date, and the newest are the right ones: they are asked to be no older
than the release is. That needs the release in the image's tag, which is completed where the tag leaves it out.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """The major version of each package, or what keeps the next one out."""
    file, one = flagged(target, "RUN")
    wanted = list(alpine_packages(Script(file, one)))
    _refuse(file, one, wanted)
    release = release_of(file, stage_of(file, one))
    dated = {each: floor(each.text, release.name) if release else None for each in wanted if is_dated(each.text)}
    if any(found is None for found in dated.values()):
        names = ", ".join(each.text for each in dated)
        message = f"which Alpine {file.path} is built on is not known here, so neither is how old its {names} may be"
        raise NoFix(message)
    lines = {each: line(each.text, release.name) if release else None for each in wanted if each not in dated}
    if release and not lines:
        how = f"It is numbered by its date: no older than what Alpine {release.name} came with, and as new as there is."
        yield _candidate("no-older-than-release", file, dated, how, release)
        return
    if release and all(lines.values()):
        how = f"These are the major versions of Alpine {release.name} and all later releases until {read_on()}."
        yield _candidate("major-line", file, {**lines, **dated}, how, release)
    limits = {each: limit(each.text) for each in lines}
    if release and any(lines.values()) and not all(lines.values()):
        mixed = {each: found or limits[each] for each, found in lines.items()}
        how = (
            f"`=~` is the major version that Alpine {release.name} and all later releases have had until {read_on()}; "
            "where it changed since, what comes after the newest one is kept out."
        )
        yield _candidate("major-line-or-limit", file, {**mixed, **dated}, how, release)
    how = f"No release of Alpine had a newer major version until {read_on()}: the next one needs a commit."
    yield _candidate("below-next-major", file, {**limits, **dated}, how, release if dated else None)


def _candidate(
    approach: str, file: Dockerfile, versions: Mapping[Named, str | None], how: str, release: Release | None
) -> Candidate:
    edits = [versioned(file, each, version or "") for each, version in versions.items()]
    more = list(release.edits) if release else []
    said = f"{how} {release.said}".strip() if release else how
    return candidate(approach, [*edits, *more], said, ["RUN", "FROM"] if more else ["RUN"], [_STOPS])


def _refuse(file: Dockerfile, one: Instruction, wanted: list[Named]) -> None:
    where = f"{file.path}:{one.line}"
    if not wanted:
        message = f"{where}: which packages it installs is not plain to see"
        raise NoFix(message)
    if not is_alpine(file, stage_of(file, one)):
        message = f"{where}: whether its image is an Alpine, whose versions are known, does not stand in its name"
        raise NoFix(message)
    if any(_FOREIGN.search(found) for found in _SOURCES.findall(file.content)):
        message = f"{file.path} installs from another source too, whose versions are not known here"
        raise NoFix(message)
    if lost := next((each.text for each in wanted if redirected(file, each)), None):
        message = f"{where}: the shell takes what stands behind {lost} for a redirection: quote it first"
        raise NoFix(message)
    if alias := next((each.text for each in wanted if _ALIAS.fullmatch(each.text)), None):
        message = (
            f"{where}: `{alias}` is a name without a version, by which Alpine's newest PostgreSQL goes: install that "
            "under its own name, as `postgresql17-client` or `libpq-dev`, and a version can stand behind it"
        )
        raise NoFix(message)
    unknown = [each.text for each in wanted if limit(each.text) is None and not is_dated(each.text)]
    if unknown:
        message = f"which versions of {', '.join(unknown[:3])} Alpine has had is not known here, and none is guessed"
        raise NoFix(message)
