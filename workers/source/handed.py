"""What a repository's own workflows hand to the inputs of its actions and reusable workflows."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from daemon.errors import SourceUnavailable
from workers.source import yamldoc
from workers.source.tree import SourceTree
from workers.source.yamldoc import Node

_CALLERS = re.compile(r"(?:^|/)\.github/.*\.ya?ml$|(?:^|/)action\.ya?ml$")
_ACTION = re.compile(r"(?:^|/)action\.ya?ml$")
_EXPRESSION = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)
_SHELL = re.compile(r"['\"\\`;&|<>()#~\n]|\$(?!\{\{)")
_COMMAND = re.compile(r"(?:^|[-_])(?:command|cmd)s?$", re.IGNORECASE)


def values(path: str, name: str, tree: SourceTree) -> list[str]:
    """The texts that callers in the tree give to an input of an action or workflow, and its default."""
    root = _parsed(path, tree)
    if root is None:
        return []
    places = (("inputs",), ("on", "workflow_call", "inputs"), ("on", "workflow_dispatch", "inputs"))
    found = [given.text("default") for place in places if (given := root.get(*place, name)) is not None]
    return [text for text in (*found, *_given(path, name.lower(), tree)) if text]


def is_shell(name: str, texts: list[str]) -> bool:
    """Whether an input is a piece of a command line, whose quotes and signs a shell reads where it is pasted."""
    return _COMMAND.search(name) is not None or any(_SHELL.search(_EXPRESSION.sub("x", one).strip()) for one in texts)


def is_several(texts: list[str]) -> bool:
    """Whether one of them is several words."""
    return any(re.search(r"\s", _EXPRESSION.sub("x", one).strip()) for one in texts)


def _given(path: str, name: str, tree: SourceTree) -> Iterator[str]:
    place = posixpath.dirname(path) if _ACTION.search(path) else path
    last = posixpath.basename(place).encode()
    for caller in tree.paths():
        if not last or not _CALLERS.search(caller):
            continue
        root = _parsed(caller, tree, last)
        for _, node in root.walk() if root is not None else ():
            uses = node.text("uses") if node.kind == "mapping" else ""
            if uses.startswith(("./", "$/")) and uses[2:].strip("/") == place and (given := node.child("with")):
                yield from (value.value for key, value in given.entries if key.value.lower() == name)


def _parsed(path: str, tree: SourceTree, needle: bytes = b"") -> Node | None:
    try:
        content = tree.read(path)
        return yamldoc.parse(content, path).root if needle in content else None
    except (SourceUnavailable, yamldoc.YamlBroken):
        return None
