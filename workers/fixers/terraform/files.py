"""The files of a Terraform module, and the one that a finding is about."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence

from daemon.errors import SourceUnavailable
from workers.fixers.registry import NoFix, OtherLanguage, Target
from workers.source.hcl import Attribute, Block, Hcl, HclBroken
from workers.source.tree import SourceTree

MAX_FILES = 200
_WHY = re.compile(
    r"\s*(?:#|//).*\b(?:must|has to|needs?|only|required|don't|do not|never|because|since|so that)\b", re.IGNORECASE
)


def module_of(tree: SourceTree, file: Hcl) -> list[Hcl]:
    """The files of a file's folder that parse, itself first."""
    folder = posixpath.dirname(file.path)
    others = [
        path for path in tree.paths()
        if posixpath.dirname(path) == folder and path.endswith((".tf", ".tofu")) and path != file.path
    ]  # fmt: skip
    return [file, *readable(tree, others[:MAX_FILES])]


def last_variable(module: Sequence[Hcl], file: Hcl) -> tuple[Hcl, Block] | None:
    """Where the module keeps its variables: the last one of the file itself, of `variables.tf`, or of any other."""
    kept = [(each, block) for each in module for block in each.blocks if block.type == "variable"]
    own = [pair for pair in kept if pair[0] is file]
    named = [pair for pair in kept if posixpath.basename(pair[0].path).startswith("variables.")]
    found = own or named or kept
    return found[-1] if found else None


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


def explained(file: Hcl, attribute: Attribute) -> bool:
    """Whether a remark behind a value says why it is that."""
    rest = file.content[attribute.node.end_byte :].split(b"\n", 1)[0]
    return _WHY.match(rest.decode("utf-8", "replace")) is not None


def told_above(file: Hcl, start: int, value: str) -> bool:
    """Whether the remarks right above a place name a value, as "kept for 30 days": they would no longer be true."""
    remarks = []
    for line in reversed(file.content[:start].decode("utf-8", "replace").split("\n")[:-1]):
        if not line.lstrip().startswith(("#", "//")):
            break
        remarks.append(line)
    return re.search(rf"(?<![\w.]){re.escape(value)}(?![\w.]*\d)", "\n".join(remarks)) is not None
