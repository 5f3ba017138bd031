"""What stands around a credential: the same value in other files, and the key of an example."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from daemon.errors import SourceUnavailable
from workers.fixers.code import Text
from workers.fixers.registry import Harmless, NoFix, Target
from workers.fixers.secrets.names import ROTATE

_VALUE = re.compile(rb"(?<![\w+/.~-])(?=[\w+/.~-]*\d)(?=[\w+/.~-]*[A-Za-z])[\w+/.~-]{16,}={0,2}(?![\w+/~-])")
"""Long enough, and mixed enough, to stand in two files on purpose alone; not the name in front of it."""
_DOCUMENTS = (".md", ".rst", ".txt", ".adoc", ".html")
_MAX_BYTES = 512 * 1024
_MAX_FILES = 5000
_KEY = re.compile(r"[\s\-]*[\"']?(?P<key>[A-Za-z_][\w-]*)[\"']?\s*:")
_EXAMPLES = frozenset(("example", "examples", "x-example", "x-examples"))
_STRUCTURED = frozenset((".json", ".yaml", ".yml"))


def refuse_elsewhere(target: Target, file: Text, line: int) -> None:
    """Say so where other files of the repository hold the same value: one that is taken out alone fits them no more.

    Raises:
        NoFix: they do.
    """
    values = {each: _whole(each) for each in _VALUE.findall(file.line(line))}
    for number, path in enumerate(target.tree.paths() if values else ()):
        if number > _MAX_FILES:
            return
        if path == file.path or path.endswith(_DOCUMENTS):
            continue
        try:
            content = target.tree.read(path)
        except SourceUnavailable:
            continue
        if len(content) <= _MAX_BYTES and any(
            value in content and whole.search(content) for value, whole in values.items()
        ):
            message = (
                f"{path} holds the same value as {file.path}:{line}: what is taken out of one alone fits the other no "
                f"more. Take it out of all at once. {ROTATE}"
            )
            raise NoFix(message)


def _whole(value: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"(?<![\w-])" + re.escape(value) + rb"(?![\w-])")


def refuse_example(file: Text, line: int) -> None:
    """Say so where the value stands below a key called `example`, as descriptions of an API have them.

    Raises:
        Harmless: it does.
    """
    if PurePosixPath(file.path).suffix not in _STRUCTURED:
        return
    depth = _depth(file, line) + 1
    for number in range(line, 0, -1):
        text = file.line(number).decode("utf-8", "replace")
        key = _KEY.match(text)
        if key is None or _depth(file, number) >= depth:
            continue
        depth = _depth(file, number)
        if key["key"].lower() in _EXAMPLES:
            message = f"{file.path}:{line} is the example of a description: it shows a form and opens nothing"
            raise Harmless(message)


def _depth(file: Text, line: int) -> int:
    text = file.line(line).decode("utf-8", "replace").expandtabs(4)
    return len(text) - len(text.lstrip(" "))
