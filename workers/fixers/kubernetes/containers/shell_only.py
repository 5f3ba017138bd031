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
_COPIES = re.compile(
    r"(?:registry\.k8s\.io|k8s\.gcr\.io|gcr\.io/google[_-]containers|public\.ecr\.aws/docker/library|mirror\.gcr\.io(?:/library)?)/"
)
"""Registries that have them under the same name."""
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


_INLINE = {"perl": r"-\w*[eE]", "ruby": r"-e", "node": r"-e|-p|--eval|--print", "python": r"-c"}
"""By which option an interpreter takes its program from the command line."""
_MODULES = re.compile(r"^-(?:M(?:bignum|bigint|bigrat|strict|warnings)\b\S*|u|l|w)$")
_NEUTRAL = re.compile(r"\bimport\s+(?:(?:datetime|decimal|json|math|random|sys|time)(?:\s*,\s*)?)+(?=[;\n]|$)")
_DOES_MORE = re.compile(
    r"\b(?:import|require|use|open|exec|eval|system|spawn|popen|fork|unlink|write|socket|listen|serve\w*|fetch|http\w*|process|os"
    r"|File|Dir|IO|STDIN|load)\b|__|`|[<>]{2}|<\w*>"
)


def shell_only(container: Node) -> bool:
    """Whether nothing that it runs could be asked for its health: neither a port, nor a program that works on.

    A command of the manifest takes the place of whatever the image would start.
    """
    image = _COPIES.sub("", base_named(container.text("image")).image)
    command, arguments = container.child("command"), container.child("args")
    told = command is not None and bool(command.items)
    if not (told or image in _BARE) or container.child("ports") is not None:
        return False
    words = [item.value for one in (command, arguments) if one is not None for item in one.items]
    return _ends(words) if words else True


def _ends(words: list[str]) -> bool:
    program, *arguments = (posixpath.basename(words[0]), *words[1:])
    if any(_LISTENS.search(text) for text in (*words, " ".join(words))):
        return False
    if program not in _SHELLS:
        return program in _ANSWER_NOBODY or _computes(program, arguments)
    while arguments[:1] == ["--"] or (len(arguments) > 1 and arguments[1] == "--"):
        arguments.remove("--")
    if len(arguments) < 2 or not arguments[0].startswith("-") or not arguments[0].endswith("c"):
        return False
    tree = syntax.parse(arguments[1].encode(), language="bash")
    if tree is None or tree.problems:
        return False
    names = [node for node in syntax.walk(tree.root) if node.type == "command_name"]
    return all(posixpath.basename((name.text or b"").decode()) in _ANSWER_NOBODY for name in names)


def _computes(program: str, arguments: list[str]) -> bool:
    """Whether an interpreter runs a line or two that work something out, print it and wait."""
    option = _INLINE.get(re.sub(r"[\d.]+$", "", program))
    at = next((index for index, one in enumerate(arguments) if option and re.fullmatch(option, one)), None)
    if at is None or at + 2 != len(arguments) or not all(_MODULES.match(one) for one in arguments[:at]):
        return False
    return not _DOES_MORE.search(_NEUTRAL.sub("", arguments[at + 1]))
