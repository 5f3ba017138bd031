"""Packages that apt installs without a version."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.docker.bases.distribution import Pins, Release, pins, read_on, release_of
from workers.fixers.docker.bases.ended_release import ended
from workers.fixers.docker.build import before, candidate, flagged, stage_of
from workers.fixers.docker.shell.command import Command, Word
from workers.fixers.docker.shell.script import Script
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.dockerfile import Dockerfile, Instruction

_APT = ("apt-get", "apt", "aptitude")
_TAKES = frozenset(("-o", "--option", "-c", "--config-file", "-a", "--host-architecture"))
_RELEASE = re.compile(r"^(?:-t|--target-release|--default-release|-[a-z]*t)(?:=|$)")
_QUOTED = re.compile(r"([\"'])([\w+.-]*)\1")
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_SOURCES = re.compile(
    r"/etc/apt(?!/apt\.conf)|sources\.list|\.sources\b|add-apt-repository|apt-add-repository|apt-key|extrepo|"
    r"(?:setup|install|script)[\w.-]*\s*\|\s*(?:sudo\s+(?:-E\s+)?)?(?:ba)?sh|\|\s*(?:sudo\s+(?:-E\s+)?)?(?:ba)?sh\b|"
    r"\bdpkg\s+(?:-i|--install)\b|\bdpkg\s+--add-architecture|https?://\S*deb\b"
)
_MIRRORED = re.compile(
    r"sed\s+(?:-\w+\s+)*(['\"])s(?P<by>[/@|#,%])(?:https?:\S{0,6})?(?:deb|security|archive|ports)\\?\.(?:debian|ubuntu)\\?\.(?:org|com)"
    r"[\w./\\-]*(?P=by)[\w./:\\-]+(?P=by)g?\1\s+/etc/apt/sources\.list(?:\.d/(?:debian|ubuntu)\.sources)?"
)
"""The distribution's own sources by another mirror, which has the same versions."""
_PHP = re.compile(r"php|libapache2-mod-php")
_UPDATES = (
    "a pin that no version fits any more stops the build and says so; the packages' dependencies are not pinned, the "
    "base image's digest does that"
)


@fixer(
    name="docker-apt-version",
    weakness="package without a version",
    rules={"hadolint": ["DL3008"]},
    explain="""A package without a version is whatever the index has on the day of the build. An exact version
(`curl=7.88.1-10+deb12u12`) is no answer: the distribution deletes it when it publishes the next security update, and
the build stops. But within one release Debian and Ubuntu keep a program's upstream version and change only what stands
behind it. So `curl=7.88.*` says what is meant, takes every security update of bookworm, and fails when somebody moves
the image to another release without looking.

The versions are those that the distribution's own indexes had on a known day; packages that change their version
within a release (browsers, time zones) are not pinned. Where the image's tag names no release, the tag is completed
first. Where other package sources were added, nothing is pinned: they may have the package too, in another version.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """The release line of each package, or its upstream release."""
    file, one = flagged(target, "RUN")
    wanted = _unpinned(Script(file, one))
    if (old := ended(file, stage_of(file, one))) is not None:
        _refuse_other_sources(file, one, max(word.start for word in wanted))
        message = (
            f"{file.path}:{one.line} installs from {old} alone, whose packages stand in an archive and change no more: "
            "two builds get the same. It gets no security updates either: move the image to a release that does"
        )
        raise Harmless(message)
    release = release_of(file, stage_of(file, one))
    _refuse_other_sources(file, one, max(word.start for word in wanted))
    known = {word: _known(file, one, release, word.text) for word in wanted}
    how = f"These are the versions that {release.title} had on {read_on()}. {release.said}".strip()
    for approach, what in (("release-line", "line"), ("upstream-release", "upstream")):
        edits = [file.edit(word.end, word.end, f"={getattr(found, what)}") for word, found in known.items()]
        kept = "All updates within the line" if what == "line" else "All updates of the distribution to that release"
        yield candidate(approach, [*edits, *release.edits], f"{kept} go on. {how}", _changes(release), [_UPDATES])


def _changes(release: Release) -> list[str]:
    return ["RUN", "FROM"] if release.edits else ["RUN"]


def _unpinned(script: Script) -> list[Word]:
    """The packages that are named without a version.

    Raises:
        NoFix: there is none, or what is installed is not plain to see.
    """
    found = [word for call in script.named(*_APT) for word in _packages(script, call)]
    if not found:
        message = f"{script.file.path}:{script.instruction.line} names no package that is plain to see"
        raise NoFix(message)
    return found


def _packages(script: Script, call: Command) -> Iterator[Word]:
    where = f"{script.file.path}:{script.instruction.line}"
    verb, skip = None, False
    for word in call.arguments:
        if match := _QUOTED.fullmatch(word.text):
            word = Word(word.start + 1, word.end - 1, match[2])
        text = word.text
        if skip or text.startswith("-"):
            if not skip and _RELEASE.match(text) and "install" in {each.text for each in call.arguments}:
                message = f"{where} installs from another release than the image's own (`{text}`)"
                raise NoFix(message)
            skip = not skip and text in _TAKES
        elif verb is None:
            verb = text
            if verb != "install":
                return
        elif _PACKAGE.fullmatch(text):
            yield word
        elif "=" not in text and not text.startswith((".", "/")):
            message = f"{where}: which packages `{text[:60]}` names is not plain to see"
            raise NoFix(message)


def _known(file: Dockerfile, one: Instruction, release: Release, package: str) -> Pins:
    found = pins(release.name, package)
    if found is None or (_PHP.match(package) and _of_php(file, one)):
        place = f"{file.path}:{one.line}"
        message = f"{place}: {package} is not known to keep a version within {release.title}, and none is guessed"
        raise NoFix(message)
    return found


def _of_php(file: Dockerfile, one: Instruction) -> bool:
    """Whether the image is PHP's own, which forbids the distribution's."""
    return "php" in stage_of(file, one).image


def _refuse_other_sources(file: Dockerfile, one: Instruction, until: int) -> None:
    """Say which step may have brought other versions of the packages.

    Raises:
        NoFix: one did.
    """
    steps = [*before(file, one, "RUN", "COPY", "ADD"), one]
    for step in steps:
        text = file.slice(step.start, min(step.end, until) if step is one else step.end)
        if match := _SOURCES.search(_MIRRORED.sub("", text)):
            message = (
                f"{file.path}:{step.line} may add another source of packages (`{match[0][:40]}`): which version of "
                "a package it has is not known here"
            )
            raise NoFix(message)
