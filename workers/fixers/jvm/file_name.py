"""Paths of files that a request has a part in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, candidate, parsed, region
from workers.fixers.jvm.libraries import has_library, is_parameter, is_said
from workers.fixers.registry import NoFix, Target, fixer

if TYPE_CHECKING:
    from tree_sitter import Node

_MARKS = "RequestBody|PathVariable|RequestParam|RequestHeader|CookieValue|ModelAttribute|PathParam|QueryParam"
_NAME = "org.apache.commons.io.FilenameUtils.getName({})"


@fixer(
    name="jvm-file-name",
    weakness="path out of its folder",
    cwes=(22, 23),
    rules={"semgrep": ["tainted-file-path", "jax-rs-path-traversal", "httpservlet-path-traversal"]},
    in_tests=False,
    explain="""A name of a file that a request gives may be `../../application.yml`: put behind a folder, it leads out
of it, and what was never meant to be shown is read or overwritten (CWE-22).

Where files lie directly in a folder, the last part of the name is all that is needed: commons-io's `getName`
leaves out every folder before it, of Windows too. Where there are folders below, compare the canonical path with
the folder's.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`new File(folder + name)` → with the last part of the name."""
    file = parsed(target, "java")
    where = f"{file.path}:{region(target).start_line}"
    places = list(_places(target, file))
    if not places:
        message = f"{where} does not show which part of the path a request says"
        raise NoFix(message)
    if any(not _behind_a_folder(file, place) for place in places):
        message = f"{where} takes the whole path from a request: the folder that it must stay in is not to be seen here"
        raise NoFix(message)
    if not has_library(target, file, r"commons-io\b"):
        message = f"{where} wants the name's last part, and its build names no commons-io: compare the canonical paths"
        raise NoFix(message)
    yield candidate(
        "file-name",
        [file.replace(place, _NAME.format(file.text(place))) for place in places],
        "Only the last part of the name is used: no folder in it counts.",
        declares=[f"statement:{file.number(place)}" for place in places],
        warnings=("Names with a folder in them lose it.",),
    )


def _places(target: Target, file: Parsed) -> Iterator[Node]:
    where = region(target)
    for node in file.of("identifier", "method_invocation"):
        if file.number(node) in where.lines and _is_given(file, node):
            yield node


def _is_given(file: Parsed, node: Node) -> bool:
    return is_said(file, node) or is_parameter(file, node, "String", _MARKS)


def _behind_a_folder(file: Parsed, node: Node) -> bool:
    """Whether a folder stands before it: as the argument before, or as text that ends with a slash."""
    parent = node.parent
    if parent is None:
        return False
    if parent.type == "binary_expression":
        right = parent.child_by_field_name("right")
        left = parent.child_by_field_name("left")
        if right == node and left is not None:
            text = file.text(left).rstrip()
            return text.endswith(('/"', "File.separator", "File.separatorChar"))
        return left == node and _behind_a_folder(file, parent)
    if parent.type == "argument_list":
        return parent.named_children.index(node) > 0
    return False
