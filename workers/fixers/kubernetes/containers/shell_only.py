"""Containers in which a shell runs a few of its own commands: they answer nobody, and end by themselves."""

from __future__ import annotations

import posixpath
import re

from workers.fixers.docker.bases.images import base_named
from workers.source import syntax
from workers.source.yamldoc import Node

_BARE = frozenset(
    ("busybox", "alpine", "bash", "debian", "ubuntu", "centos", "fedora", "rockylinux", "almalinux", "amazonlinux")
)
"""Images that run a shell where nobody says what else."""
_SHELLS = frozenset(("sh", "bash", "ash", "dash"))
_ANSWER_NOBODY = frozenset((
    ":", "[", "[[", "awk", "base64", "basename", "break", "cat", "cd", "chgrp", "chmod", "chown", "command",
    "continue", "cp", "curl", "cut", "date", "dd", "df", "diff", "dirname", "du", "echo", "exit", "export",
    "expr", "false", "find", "free", "getent", "grep", "gunzip", "gzip", "head", "hostname", "id", "kill",
    "let", "ln", "local", "ls", "md5sum", "mkdir", "mktemp", "mv", "nc", "nproc", "nslookup", "ping",
    "printenv", "printf", "ps", "pwd", "read", "return", "rm", "sed", "seq", "set", "sha256sum", "sleep",
    "sort", "stat", "stress", "sysctl", "tail", "tar", "tee", "test", "touch", "tr", "trap", "true", "uname",
    "uniq", "unzip", "uptime", "wait", "wc", "wget", "whoami", "yes",
))  # fmt: skip

_LISTENS = re.compile(r"\bnc\b[^;&|]*\s-\w*[lk]")


def shell_only(container: Node) -> bool:
    """Whether nothing that it runs could be asked for its health: neither a port, nor a program that works on."""
    if base_named(container.text("image")).image not in _BARE or container.child("ports") is not None:
        return False
    lists = (container.child("command"), container.child("args"))
    words = [item.value for one in lists if one is not None for item in one.items]
    if not words:
        return True
    program, *arguments = (posixpath.basename(words[0]), *words[1:])
    if any(_LISTENS.search(text) for text in (*words, " ".join(words))):
        return False
    if program not in _SHELLS:
        return program in _ANSWER_NOBODY
    if len(arguments) < 2 or not arguments[0].startswith("-") or not arguments[0].endswith("c"):
        return False
    tree = syntax.parse(arguments[1].encode(), language="bash")
    if tree is None or tree.problems:
        return False
    names = [node for node in syntax.walk(tree.root) if node.type == "command_name"]
    return all((name.text or b"").decode() in _ANSWER_NOBODY for name in names)
