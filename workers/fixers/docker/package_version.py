"""Packages installed without a version."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from daemon.domain.fix import Candidate, Edit
from workers.fixers.docker.bases.ended_release import ended
from workers.fixers.docker.bases.package_lists import gem_versions, go_versions, node_versions, python_versions
from workers.fixers.docker.bases.package_release import moved, node_major, node_release, python_limits, read_on
from workers.fixers.docker.build import base_image, candidate, flagged, stage_of
from workers.fixers.docker.shell.package_words import (
    Named,
    gems,
    go_packages,
    node_packages,
    python_packages,
    redirected,
    versioned,
)
from workers.fixers.docker.shell.script import Script
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.dockerfile import Dockerfile, Instruction
from workers.source.images import split
from workers.source.tree import SourceTree

_SOURCES = re.compile(
    rb"yum-config-manager|yum\.repos\.d|https?://\S*\.(?:rpm|repo)\b|\bcopr\b|\brpm\s+-\w*[iU]|-release-scl|\|\s*(?:ba)?sh\b"
)
"""What may bring another source than the distribution's own; EPEL of an ended release has ended too."""
_LIMIT = "a limit is no pin: a list of requirements with hashes makes two builds the same"


@fixer(
    name="docker-package-version",
    weakness="package without a version",
    rules={
        "hadolint": ["DL3013", "DL3016", "DL3028", "DL3033", "DL3037", "DL3041", "DL3062"],
    },
    explain="""A package without a version is whatever the index has on the day of the build: two builds of one commit
differ, and a bad release reaches every image at once. A pinned version changes only by a commit.

Where a lock file or a list of requirements of the project names the package, the image installs that version, or its
release line. Where nothing names it, a version that was never tested would be a guess, and the newest one may not run
on the image's Python at all. A limit is none: `pandas<4` takes in every release there is today, so pip installs what
it did, and the next major release needs a commit. npm takes one release for every Node.js, so that one is written.

yum and zypper delete old versions from their mirrors, so a pin there breaks builds unless the base image is pinned by
digest and the mirror is a snapshot: nothing is guessed.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """The version that a lock file of the repository has, its line, or what keeps the next release out."""
    file, one = flagged(target, "RUN")
    ways = {"DL3013": _python, "DL3016": _node, "DL3028": _gem, "DL3062": _go}
    way = ways.get(target.finding.rule)
    if way is None and target.finding.rule == "DL3033" and (old := ended(file, stage_of(file, one))):
        if match := _SOURCES.search(file.content):
            message = (
                f"{file.path} may add a source of packages (`{match[0].decode()[:40]}`) that did not end with {old}"
            )
            raise NoFix(message)
        message = (
            f"{file.path}:{one.line} installs from {old}, whose packages stand in the vault and change no more: two "
            "builds get the same. It gets no security updates either: move the image to a release that does"
        )
        raise Harmless(message)
    if way is None:
        message = (
            "which version of the package was tested is written nowhere in the repository, and none is guessed; a "
            "distribution's mirror also drops old versions: pin the base image and install from a snapshot instead"
        )
        raise NoFix(message)
    yield from way(target.tree, file, one)


def _python(tree: SourceTree, file: Dockerfile, one: Instruction) -> Iterator[Candidate]:
    wanted = _some(file, one, list(python_packages(Script(file, one))))
    if quoted := [each for each in wanted if redirected(file, each)]:
        yield _quoted(file, one, wanted, quoted)
        return
    known = python_versions(tree, _folder(file))
    if all(each.name in known for each in wanted):
        yield _listed(file, wanted, lambda each: f"=={known[each.name]}")
        if all(re.fullmatch(r"\d+\.\d+\.\d+", known[each.name]) for each in wanted):
            yield _line(file, wanted, lambda each: f"~={known[each.name]}")
        return
    unknown = [each for each in wanted if each.name not in known]
    limits = {each: python_limits(moved(each.name) or each.name) for each in unknown}
    _refuse(file, [each for each in unknown if limits[each] is None or each.elsewhere or _other_index(file)])
    new = " ".join(
        f"{each.name}'s releases only fail and name {other}, so that is installed."
        for each in unknown
        if (other := moved(each.name))
    )
    for approach, at, what in (("below-next-major", 0, "major release"), ("below-next-minor", 1, "release line")):
        edits = [
            _edit(file, each, limit[at] if (limit := limits.get(each)) else f"=={known[each.name]}") for each in wanted
        ]
        how = f"Installs what it did on {read_on()}, whichever Python the image has; the next {what} needs a commit."
        yield candidate(approach, edits, f"{how} {new}".strip(), ["RUN"], [_LIMIT])


def _quoted(file: Dockerfile, one: Instruction, wanted: list[Named], quoted: list[Named]) -> Candidate:
    """The requirement in quotes that a shell took for a redirection."""
    lost = redirected(file, quoted[0])
    said = f"the shell takes `{lost}` for a redirection: it writes pip's output to a file, and any version is installed"
    if len(quoted) < len(wanted):
        message = f"{file.path}:{one.line}: {said}. Quote `{quoted[0].text}{lost}` first"
        raise NoFix(message)
    edits = [
        file.edit(each.start, each.end + len(lost), f'"{each.text}{lost}"')
        for each in quoted
        if (lost := redirected(file, each))
    ]
    how = f"Without quotes {said}. In quotes it is what was meant."
    return candidate("quoted-requirement", edits, how, ["RUN"])


def _node(tree: SourceTree, file: Dockerfile, one: Instruction) -> Iterator[Candidate]:
    wanted = _some(file, one, list(node_packages(Script(file, one))))
    known = node_versions(tree, _folder(file))
    if all(each.text in known for each in wanted):
        yield _listed(file, wanted, lambda each: f"@{known[each.text]}")
        yield _line(file, wanted, lambda each: f"@^{known[each.text]}")
        return
    unknown = [each for each in wanted if each.text not in known]
    releases = {each: node_release(each.text) for each in unknown}
    _refuse(file, [each for each in unknown if releases[each] is None or each.elsewhere])
    newest = {each: release[0] for each, release in releases.items() if release}
    major = node_major(*split(base_image(file, stage_of(file, one))))
    for each, release in releases.items():
        if release and major is not None and major < release[1]:
            message = (
                f"{each.text} {release[0]}, which the build takes today, wants Node.js {release[1]}, and "
                f"{file.path} has {major}: name the release that you tested with it"
            )
            raise NoFix(message)
    for approach, kept in (("newest-release", 3), ("newest-major", 1)):
        edits = [
            _edit(file, each, f"@{'.'.join((newest.get(each) or known[each.text]).split('.')[:kept])}")
            for each in wanted
        ]
        how = f"This is the release that npm installed on {read_on()}; another one needs a commit."
        line = f"The newest major version on {read_on()}: its updates go on, the next one needs a commit."
        yield candidate(approach, edits, how if kept > 1 else line, ["RUN"])


def _gem(tree: SourceTree, file: Dockerfile, one: Instruction) -> Iterator[Candidate]:
    wanted = _some(file, one, list(gems(Script(file, one))))
    known = gem_versions(tree, _folder(file))
    _refuse(file, [each for each in wanted if each.text not in known])
    yield _listed(file, wanted, lambda each: f":{known[each.text]}")
    yield _line(file, wanted, lambda each: f":~>{known[each.text]}")


def _go(tree: SourceTree, file: Dockerfile, one: Instruction) -> Iterator[Candidate]:
    wanted = _some(file, one, list(go_packages(Script(file, one))))
    known = go_versions(tree, _folder(file))

    def module(each: Named) -> str | None:
        path = each.text.partition("@")[0]
        found = [name for name in known if f"{path}/".startswith(f"{name}/")]
        return max(found, key=len, default=None)

    _refuse(file, [each for each in wanted if module(each) is None])
    edits = [
        file.edit(each.start, each.end, f"{each.text.partition('@')[0]}@{known[module(each) or '']}") for each in wanted
    ]
    how = "Builds the version that the project's go.mod requires: the image and the tests agree."
    yield candidate("version-of-lock-file", edits, how, ["RUN"])


def _some(file: Dockerfile, one: Instruction, wanted: list[Named]) -> list[Named]:
    if not wanted:
        message = f"{file.path}:{one.line}: which packages it installs is not plain to see"
        raise NoFix(message)
    return wanted


def _refuse(file: Dockerfile, unknown: Sequence[Named]) -> None:
    """Say of which package no version is known.

    Raises:
        NoFix: there is one.
    """
    if not unknown:
        return
    names = ", ".join(each.text for each in unknown[:3])
    message = f"no lock file of the repository says which version of {names} is meant"
    if option := next((each.elsewhere for each in unknown if each.elsewhere), None):
        message += f", and what `{option}` brings is not known here"
    elif _other_index(file):
        message += f", and {file.path} names another index, whose releases are not known here"
    raise NoFix(message)


def _other_index(file: Dockerfile) -> bool:
    return b"INDEX_URL" in file.content or b"pip.conf" in file.content


def _listed(file: Dockerfile, wanted: list[Named], version: Callable[[Named], str]) -> Candidate:
    how = "Installs the version that the repository's own lock file has: the image and the tests agree."
    return candidate("version-of-lock-file", [_edit(file, each, version(each)) for each in wanted], how, ["RUN"])


def _line(file: Dockerfile, wanted: list[Named], version: Callable[[Named], str]) -> Candidate:
    how = "Starts from the version that the repository's own lock file has and takes that line's later corrections."
    return candidate("line-of-lock-file", [_edit(file, each, version(each)) for each in wanted], how, ["RUN"])


def _edit(file: Dockerfile, each: Named, version: str) -> Edit:
    return versioned(file, each, version, moved(each.text) if version.startswith("<") else None)


def _folder(file: Dockerfile) -> str:
    return file.path.rpartition("/")[0]
