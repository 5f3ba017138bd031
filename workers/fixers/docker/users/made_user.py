"""Users that the steps of a stage make: their names, numbers, and the calls that make them."""

from __future__ import annotations

import re

from workers.fixers.docker.bases.images import Base
from workers.fixers.docker.build import expand, lineage, pairs
from workers.fixers.docker.shell.command import Command
from workers.fixers.docker.shell.script import scripts
from workers.source.dockerfile import Dockerfile, Stage

_NO_USERS = frozenset((
    "debian", "python", "golang", "ruby", "rust", "perl", "php", "alpine", "buildpack-deps", "almalinux", "rockylinux",
))  # fmt: skip
"""Images without an ordinary user: the first that is made gets the number 1000."""
_PASSWD = re.compile(r"/etc/passwd(?: /etc/group)? /etc(?:/passwd|/)?")
_UBUNTU_HAS_USER = 23
_MAKES_USER = re.compile(r"^(?:useradd|adduser)$")


def maker(file: Dockerfile, stage: Stage, name: str) -> Command | None:
    """The call that makes the user, in the stage or one below it."""
    for each in lineage(file, stage):
        for script in scripts(file, each.all("RUN")):
            for command in script.named("useradd", "adduser"):
                if name in _words(file, stage, command):
                    return command
    return None


def number_today(file: Dockerfile, stage: Stage, call: Command, base: Base) -> str | None:
    """The number that such a call gives the first ordinary user of an image; none where that is not sure."""
    made = [
        one
        for each in lineage(file, stage)
        for script in scripts(file, each.all("RUN"))
        for one in script.named("useradd", "adduser", "userdel", "deluser")
    ]
    words = [word.text for word in call.arguments]
    system = any(re.fullmatch(r"--system|-[a-zA-Z]*[rS][a-zA-Z]*", word) for word in words)
    if len(made) != 1 or system:
        return None
    if base.image == "node":
        return "1001"
    if base.image == "ubuntu":
        release = re.match(r"(\d\d)\.(?:04|10)", base.tag)
        # From 23.04 on the image has an ordinary user of its own.
        return None if release is None else "1001" if int(release[1]) >= _UBUNTU_HAS_USER else "1000"
    return "1000" if base.image in _NO_USERS else None


def renumbered(file: Dockerfile, stage: Stage, name: str) -> str | None:
    """What gives the user a number that only the build knows, or another than it had."""
    for each in lineage(file, stage):
        for script in scripts(file, each.all("RUN")):
            for call in script.named("useradd", "adduser", "usermod"):
                words = _words(file, stage, call)
                if name in words and (said := _said_number(words)) and (call.name == "usermod" or not said.isdigit()):
                    return f"{call.name} {said}"
    return None


def group_number(file: Dockerfile, stage: Stage, name: str) -> str | None:
    """The number that the steps of the stage give a group that they make."""
    for each in lineage(file, stage):
        for script in scripts(file, each.all("RUN")):
            for call in script.named("addgroup", "groupadd"):
                match = re.search(
                    r"(?:^|\s)(?:-[a-zA-Z]*g|--gid)[\s=](\d+)(?=\s|$)", " ".join(one.text for one in call.arguments)
                )
                if match and name in {one.text for one in call.arguments}:
                    return match[1]
    return None


def number_option(call: Command, family: str | None) -> str:
    """By which option such a call is told the user's number: busybox's adduser knows the short one alone."""
    return "--uid" if call.name == "useradd" or family == "debian" else "-u"


def made_user(file: Dockerfile, stage: Stage) -> tuple[str, str | None] | None:
    """The one user that the steps of the stage make, with its number where they choose it."""
    found: dict[str, str | None] = {}
    for each in lineage(file, stage):
        for script in scripts(file, each.all("RUN")):
            for command in script.commands:
                if _MAKES_USER.match(command.name) and command.arguments:
                    words = _words(file, stage, command)
                    found[_name_of(command.name, words)] = _number_of(words)
    if len(found) != 1:
        return None
    [(name, number)] = found.items()
    return (name, number) if re.fullmatch(r"[a-z_][a-z0-9_-]*", name) else None


def _words(file: Dockerfile, stage: Stage, call: Command) -> list[str]:
    """The arguments, with what ENV gives a variable: an ARG may be given another value by whoever builds."""
    values: dict[str, str] = {}
    for each in reversed(lineage(file, stage)):
        for one in each.all("ENV"):
            values |= pairs(one)
    return [expand(word.text, values).strip("\"'") if "$" in word.text else word.text for word in call.arguments]


def users_of(file: Dockerfile, stage: Stage) -> Stage:
    """The stage whose /etc/passwd the stage has: its own, or the earlier one that it is copied from."""
    copied = [
        flag.removeprefix("--from=")
        for one in stage.all("COPY")
        if _PASSWD.fullmatch(" ".join(one.text.split()))
        for flag in one.flags
        if flag.startswith("--from=")
    ]
    earlier = file.stages[: stage.origin.stage]
    named = [one for at, one in enumerate(earlier) if copied and copied[-1] in {one.name, str(at)}]
    return named[-1] if named else stage


def _number_of(words: list[str]) -> str | None:
    said = _said_number(words)
    return said if said and said.isdigit() else None


def _said_number(words: list[str]) -> str | None:
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if re.fullmatch(r"-[a-zA-Z]*u|--uid", word):
            return following
        if word.startswith("--uid="):
            return word.removeprefix("--uid=")
    return None


def _name_of(program: str, words: list[str]) -> str:
    """`useradd … NAME`, `adduser … NAME`, `adduser … NAME GROUP` (the user that joins a group is no new one)."""
    takes = {"-u", "-g", "-G", "-s", "-d", "-h", "-c", "-k", "-b", "-K", "-e", "-f", "-p", "--uid", "--gid", "--groups",
             "--shell", "--home", "--home-dir", "--comment", "--gecos", "--ingroup", "--group",
             "--firstuid"}  # fmt: skip
    if program == "adduser":
        takes.remove("--group")
    names, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word.startswith("-"):
            skip = word in takes or bool(re.fullmatch(r"-[a-zA-Z]*[ugGsdhckb]", word) and word != "-mb")
        else:
            names.append(word)
    return names[0] if len(names) == 1 else ""


def mentioned(file: Dockerfile, stage: Stage, name: str) -> bool:
    """Whether the steps of the stage make a user or a group of this name."""
    texts = [script.text.decode() for each in lineage(file, stage) for script in scripts(file, each.all("RUN"))]
    return any(re.search(rf"\b(?:useradd|adduser|groupadd|addgroup)\b[^;&|]*\b{name}\b", text) for text in texts)
