"""What a manifest itself has a container do: its command, its hooks, the places that it tells the program of."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence

from workers.fixers.kubernetes.manifests.elsewhere import told_places
from workers.source.yamldoc import Node

_SHELLS = frozenset(("sh", "bash", "ash", "dash", "zsh", "ksh"))
_ENTRY_POINTS = frozenset(("docker-entrypoint.sh", "entrypoint.sh"))
"""The image's own script, named once more."""
_NOWHERE = re.compile(r"[12&]?>>?\s*(?:/dev/\w+|&\d)")
_CHANGES = re.compile(
    r">|\b(?:chgrp|chown|chmod|cp|dd|mkdir|mktemp|mv|rm|tar|tee|touch|unzip|gunzip|wget|ln|install|sed\s+-\w*i|apt|apt-get|"
    r"apk|yum|dnf|pip3?|npm|useradd|adduser|usermod|groupadd|mount|umount|sysctl|su|sudo|gosu|setcap|iptables)\b"
)
"""What a line of a shell changes files by, or needs root for."""
_TO_WRITE = re.compile(
    r"log|data|upload|cache|sqlite|\.db\b|storage|(?:^|[/_.-])(?:pid|sock|state|tmp|temp|spool|out|output|backup|media)",
    re.IGNORECASE,
)
_TMP = re.compile(r"/(?:tmp|dev|proc)(?:/|$)")


def acts(container: Node) -> str:
    """The script of the manifest that may change files of the image, or need root; empty where none does."""
    for words in _started(container):
        program = posixpath.basename(words[0])
        if program.endswith(".sh") and program not in _ENTRY_POINTS:
            return words[0]
        if program in _SHELLS and _changes(words[1:]):
            return " ".join(" ".join(words).split())[:60]
    return ""


def told_to_write(container: Node, known: Sequence[str] = ()) -> str:
    """A place outside of its volumes that its variables or arguments tell the program of, and that sounds as if it
    wrote there: a log, data, a cache; empty where there is none.

    `known`: folders that it may write to.
    """
    mounts, variables = container.child("volumeMounts"), container.child("env")
    open_to = [*known, *(one.text("mountPath").rstrip("/") for one in (mounts.items if mounts else ()))]
    for one in variables.items if variables else ():
        if "sqlite" in one.text("value"):
            return one.text("value")
    for place in sorted(told_places(container)):
        inside = any(place == folder or place.startswith(f"{folder}/") for folder in open_to)
        if not inside and not _TMP.match(place) and _TO_WRITE.search(place):
            return place
    return ""


def _started(container: Node) -> Iterator[list[str]]:
    command = [*_words(container.child("command")), *_words(container.child("args"))]
    hooks = (container.get("lifecycle", hook, "exec", "command") for hook in ("postStart", "preStop"))
    yield from filter(None, (command, *map(_words, hooks)))


def _changes(arguments: Sequence[str]) -> bool:
    """Whether a shell's script changes files, or is a file that nothing here shows."""
    if not arguments or not re.fullmatch(r"-\w*c", arguments[0]):
        return True
    return any(_CHANGES.search(_NOWHERE.sub("", text)) for text in arguments[1:])


def _words(node: Node | None) -> list[str]:
    return [one.value for one in node.items if one.value] if node is not None else []
