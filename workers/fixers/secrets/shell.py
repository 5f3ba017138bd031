"""A script of the shell that takes a value from a variable: how it is quoted, and who starts the script."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from daemon.domain.fix import Edit
from workers.fixers.code import Text
from workers.fixers.registry import NoFix
from workers.fixers.secrets.configuration import Setting
from workers.fixers.secrets.names import ROTATE
from workers.source.tree import SourceTree, text_of

SUFFIXES = (".sh", ".bash")


def quoted(file: Text, found: Setting) -> str:
    """What a variable stands in: quotation marks of its own, or none within those that are there already.

    Raises:
        NoFix: it is in single ones, between which the shell expands nothing.
    """
    number = file.line_of(found.start)
    before = re.sub(r"\\.", "", file.content[file.starts[number - 1] : found.start].decode("utf-8", "replace"))
    within = ""
    for mark in re.findall(r"[\"']", before):
        within = "" if mark == within else within or mark
    if within == "'":
        message = f"{file.path}:{number} has the value in single quotes, where the shell expands nothing"
        raise NoFix(message)
    return "" if within else '"'


def asked_for(file: Text, number: int, name: str) -> Edit:
    """A line above the command at a line that stops the script where nobody sets the variable.

    Raises:
        NoFix: the command is a part of what the lines above it begin.
    """
    while file.line(number - 1).rstrip().endswith(b"\\"):
        number -= 1
    if file.line(number - 1).rstrip().endswith((b"&&", b"|")):
        message = f"{file.path}:{number} is a part of what the line above it begins: take the value out by hand"
        raise NoFix(message)
    line = f'{file.indent(number)}: "${{{name}:?{name} is not set}}"\n'
    return file.insert(file.starts[number - 1], line)


def refuse_handed(tree: SourceTree, file: Text) -> None:
    """Say so where Terraform reads a script: it takes the placeholder for its own, or starts it where nobody sets one.

    Raises:
        NoFix: it does.
    """
    if not file.path.endswith(SUFFIXES):
        return
    name, modules = PurePosixPath(file.path).name, [path for path in tree.paths() if path.endswith((".tf", ".tofu"))]
    reader = next((path for path in modules if name in text_of(tree, path)), None)
    if reader is not None:
        message = (
            f"{reader} hands {file.path} to a machine, on which nobody sets a variable: let Terraform fill in a "
            f"sensitive variable. {ROTATE}"
        )
        raise NoFix(message)
