"""ADD where COPY does."""

from __future__ import annotations

import fnmatch
import posixpath
import re
import shlex
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.docker.bases.images import base_of, downloader
from workers.fixers.docker.build import before, candidate, flagged, is_root, stage_of, trivy, user_at, work_directory
from workers.fixers.docker.edits import rename, syntax_line
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.dockerfile import Dockerfile, Instruction
from workers.source.tree import SourceTree

_ARCHIVE = re.compile(r"\.(?:tar|tar\.\w+|tgz|tbz2?|txz|tzst|gz|bz2|xz|lzma|Z)$")
_REMOTE = re.compile(r"^(?:https?|ftp|git|ssh)://|^git@|\.git(?:#|$)")
_UNKNOWN = re.compile(r"[$*?\[]")
_ADD_ONLY = re.compile(r"^--(?:checksum|keep-git-dir|unpack)")
_LINKED = re.compile(r"/(?:bin|sbin|lib(?:32|64|x32)?|var/(?:run|lock|mail))(?:/|$)")
"""Links to folders below /usr and /run, in all but the oldest distributions."""
_OTHERS = re.compile(r"/(?:tmp|home|root|var|run|data|go)(?:/|$)|.*\$")
"""Folders of images that are not root's alone, or closed to others."""
_GIVES = re.compile(r"\b(?:chown|chmod|chgrp|install)\b")
_PAIR = 2


@fixer(
    name="docker-add-for-copy",
    weakness="ADD for COPY",
    rules={
        "checkov": ["CKV_DOCKER_4"],
        "hadolint": ["DL3020"],
        "trivy": trivy(5),
        "semgrep": ["prefer-copy-over-add"],
    },
    explain="""ADD unpacks archives and fetches URLs by the look of its argument. A file that somebody swaps for an
archive is suddenly unpacked over the image, and a URL is fetched without any check of what came. COPY does the one
thing that is meant: it copies from the build context.

`COPY --link` (BuildKit) makes a layer of its own that survives a change of the layers below it. It makes the folders
on the way anew, as root's and open to be read: it is left out where one of them may be anybody else's.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """COPY with the same arguments, with or without `--link`; all ADDs together, where the rule asks for all."""
    file, flagged_one = flagged(target, "ADD")
    every = [one for one in file.instructions if one.keyword == "ADD"]
    chosen = every if target.finding.tool == "checkov" else [flagged_one]
    if len(chosen) == 1 and (download := _download(file, flagged_one)):
        yield download
        return
    for one in chosen:
        _refuse(target.tree, file, one)
    how = "Copies the same files to the same place; nothing is unpacked or fetched by its name."
    edits = [rename(file, one, "COPY") for one in chosen]
    yield candidate("copy", edits, how, ["COPY", "ADD/delete"])
    syntax = syntax_line(file)
    if syntax is not None and not any("--link" in one.flags or _moves_folders(file, one) for one in chosen):
        linked: list[Edit] = [
            file.edit(one.start, one.arguments, f"{_spelt(file, one)} --link{file.slice(one.start + 3, one.arguments)}")
            for one in chosen
        ]
        what = f"{how} `--link` makes the copy a layer of its own, reused when a layer below it changes."
        what += " The first line names the syntax that has it." if syntax else ""
        warning = "with --link a destination that is a symbolic link is replaced, not followed; it takes BuildKit"
        yield candidate("copy-link", [*syntax, *linked], what, ["COPY", "ADD/delete"], [warning])


def _moves_folders(file: Dockerfile, one: Instruction) -> bool:
    """Whether `--link` may change a folder that is there: it replaces symbolic links, and gives the folders around
    what it copies to root, or to whom `--chown` names, with the rights that a new one has.
    """
    *sources, destination = _arguments(one)
    home = work_directory(file, one, base_of(file, stage_of(file, one)).directory)
    if one.flags or (home is None and not destination.startswith("/")):
        return True
    place = posixpath.normpath(posixpath.join(home or "/", destination))
    whole = any(not posixpath.splitext(each.rstrip("/"))[1] for each in sources)
    if _LINKED.match(place) or _OTHERS.match(place) or (place in {"/", "//"} and whole):
        return True
    user = user_at(file, one)
    top = place.split("/")[1]
    given = [
        each.text
        for each in before(file, one, "RUN", "COPY", "ADD")
        if f"/{top}" in each.text and _GIVES.search(f"{each.flags} {each.text}")
    ]
    return (user is not None and not is_root(user)) or bool(given)


def _spelt(file: Dockerfile, one: Instruction) -> str:
    return "copy" if file.slice(one.start, one.start + 3).islower() else "COPY"


def _download(file: Dockerfile, one: Instruction) -> Candidate | None:
    """A RUN that fetches the one URL by a program that the image has; none where that is not sure."""
    words = _arguments(one)
    if one.flags or one.json or len(words) != _PAIR or not re.fullmatch(r"https?://[\w./:@%+=,~-]+", words[0]):
        return None
    name, destination = words[0].rpartition("/")[2], words[1]
    target = f"{destination}{name}" if destination.endswith("/") else destination
    user = user_at(file, one)
    if not re.fullmatch(r"/[\w./+-]+", target) or not name or (user is not None and not is_root(user)):
        return None
    program = downloader(file, stage_of(file, one), one.start)
    if program is None:
        return None
    command = f"curl -fsSL -o {target} {words[0]}" if program == "curl" else f"wget -q -O {target} {words[0]}"
    how = (
        f"{program}, which the image has, fetches the file and fails on an HTTP error. ADD gave the file to root alone "
        "(mode 600), and so does `chmod`."
    )
    text = f"RUN {command} {file.escape}\n    && chmod 600 {target}"
    warning = "what the server sends is still trusted: check it against a checksum that you know"
    return candidate(f"run-{program}", [file.edit(one.start, one.end, text)], how, ["RUN", "ADD/delete"], [warning])


def _refuse(tree: SourceTree, file: Dockerfile, one: Instruction) -> None:
    """Say why an ADD does what no COPY does.

    Raises:
        NoFix: it does.
    """
    sources = _arguments(one)[:-1]
    remote = [each for each in sources if _REMOTE.search(each)]
    if remote or any(_ADD_ONLY.match(flag) for flag in one.flags):
        message = (
            f"{file.path}:{one.line} fetches {(remote or ['an address'])[0][:80]}, which COPY cannot: give it "
            "`--checksum=sha256:…` of the file that you trust"
        )
        raise NoFix(message)
    archive = next((each for each in sources if _ARCHIVE.search(each)), None)
    if archive:
        message = f"{file.path}:{one.line} unpacks {archive}, which COPY would not"
        raise NoFix(message)
    open_ended = next((each for each in sources if _UNKNOWN.search(each)), None)
    if (
        open_ended
        and not re.search(r"\.(?!tar|t?gz|t?bz|t?xz)[A-Za-z][\w-]*$", open_ended)
        and not _known_files(tree, file, open_ended)
    ):
        message = f"{file.path}:{one.line} adds {open_ended}, which may name an archive that ADD unpacks"
        raise NoFix(message)


def _known_files(tree: SourceTree, file: Dockerfile, pattern: str) -> bool:
    """Whether the pattern names files of the folder that the Dockerfile stands in, and no archive is among them."""
    if "$" in pattern:
        return False
    folder = file.path.rpartition("/")[0]
    prefix = f"{folder}/" if folder else ""
    wanted = posixpath.normpath(pattern).split("/")
    found = [
        path
        for path in tree.paths()
        if path.startswith(prefix)
        and len(parts := path[len(prefix) :].split("/")) >= len(wanted)
        and all(fnmatch.fnmatchcase(part, each) for part, each in zip(parts, wanted, strict=False))
    ]
    return bool(found) and not any(_ARCHIVE.search(path) for path in found)


def _arguments(one: Instruction) -> list[str]:
    if one.json:
        return re.findall(r'"((?:[^"\\]|\\.)*)"', one.text)
    try:
        return shlex.split(one.text)
    except ValueError:
        return one.text.split()
