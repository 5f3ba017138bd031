"""The files of a Terraform module, and the one that a finding is about."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator

from daemon.errors import SourceUnavailable
from workers.fixers.registry import NoFix, OtherLanguage, Target
from workers.source.hcl import Hcl, HclBroken
from workers.source.tree import SourceTree, text_of

MAX_FILES = 200
_LOCAL = re.compile(r'^\s*source\s*=\s*"(\.{1,2}/[^"?]*)"', re.MULTILINE)


def module_of(tree: SourceTree, file: Hcl) -> list[Hcl]:
    """The files of a file's folder that parse, itself first."""
    folder = posixpath.dirname(file.path)
    others = [
        path for path in tree.paths()
        if posixpath.dirname(path) == folder and path.endswith((".tf", ".tofu")) and path != file.path
    ]  # fmt: skip
    return [file, *readable(tree, others[:MAX_FILES])]


def callers_of(tree: SourceTree, folder: str) -> list[str]:
    """The folders whose modules take the one in `folder`, or take one that does: what they ask of providers holds."""
    calls: dict[str, set[str]] = {}
    for path in tree.paths():
        if path.endswith((".tf", ".tofu")):
            above = posixpath.dirname(path)
            taken = (
                posixpath.normpath(posixpath.join(above, each[1])) for each in _LOCAL.finditer(text_of(tree, path))
            )
            calls.setdefault(above, set()).update("" if each == "." else each for each in taken)
    found: list[str] = []
    asked = [folder]
    while asked:
        one = asked.pop()
        more = [caller for caller, called in calls.items() if one in called and caller not in (*found, folder)]
        found += more
        asked += more
    return found


def readable(tree: SourceTree, paths: Iterable[str]) -> Iterator[Hcl]:
    """Those files that are there and parse."""
    for path in paths:
        try:
            yield Hcl(path, tree.read(path))
        except (HclBroken, SourceUnavailable):
            continue


def flagged_file(target: Target) -> Hcl:
    """The file of a Terraform module that the finding is about.

    Raises:
        OtherLanguage: the file is not Terraform's.
        NoFix: the finding names none, or it cannot be read.
    """
    path = target.finding.path
    if path is None:
        message = "the finding names no file of the repository"
        raise NoFix(message)
    if not path.endswith((".tf", ".tofu")):
        message = f"{path} is no Terraform module"
        raise OtherLanguage(message)
    try:
        return Hcl(path, target.tree.read(path))
    except (HclBroken, SourceUnavailable) as error:
        raise NoFix(str(error)) from error
