"""Whether what an image starts is a program of the repository, whose needs can be told, and not somebody else's."""

from __future__ import annotations

import re

from workers.fixers.docker.bases.images import Base, installed
from workers.fixers.docker.bases.own_base import commands
from workers.fixers.docker.build import is_root, lineage
from workers.fixers.docker.service.compose_ports import compose_services
from workers.fixers.docker.service.entry_scripts import copies, entry_scripts, passes_on
from workers.fixers.docker.service.no_service import idle
from workers.fixers.docker.service.server_source import words_of
from workers.fixers.docker.users.made_user import made_user
from workers.fixers.docker.users.owner import owners
from workers.fixers.docker.users.rights import brings
from workers.fixers.registry import NoFix
from workers.source.dockerfile import Dockerfile, Stage
from workers.source.tree import SourceTree, text_of

LANGUAGES = frozenset(("node", "denoland/deno", "oven/bun", "gradle"))
"""Images whose own user is one of several that can run programs; a server's data belong to its user alone."""
PROMPT = re.compile(
    r"""\[?\s*"?(?:/(?:usr/)?bin/)?(?:ba|da|a|z)?(?:sh|node|python[\d.]*|irb|jshell|php|R|ghci|julia|erl|iex)"?\s*\]?"""
)
_STARTS = ("CMD", "ENTRYPOINT")
_FOR_ALL = re.compile(
    r"\b(?:npm\s+(?:install|i)\s+(?:-\S+\s+)*(?:-g|--global)|npm\s+-g\s+(?:install|i)|yarn\s+global\s+add|pipx\s+install)"
    r"(?P<names>(?:\s+[@\w][\w@/.~^-]*)+)"
)
_FIRST = re.compile(r"^\s*(?:exec\s+)?([A-Za-z][\w.-]*)(?=\s|$)")
_INIT = re.compile(r"""\[?\s*"?(?:/[\w/]+/)?(?:tini|dumb-init|catatonit)"?(?:[\s,]+"?-[\w-]*"?)*\s*\]?""")
"""A first process that starts what it is told."""
RUNS_OTHERS = re.compile(
    r"python[\d.]*|node(?:js)?|npm|yarn|pnpm|npx|pm2(?:-\w+)?|nodemon|ts-node|tsx|nest|next|java|ruby|bundle|perl|php\d*|lua[\d.]*|R(?:script)?|(?:ba|da|z)?sh|tini|dumb-init|"
    r"env|nice|uwsgi|gunicorn|uvicorn|supervisord|xvfb-run|dotnet|make|go|erl|elixir|mono|wine|guile|racket|sbcl|stack"
)
"""Packages' programs that start what they are told: the repository's own as a rule."""

_SAYS = re.compile(
    r"(?:/(?:usr/)?bin/)?(?:(?:echo|printf|date|ls|env|printenv|uname|whoami|id|hostname)(?:\s[^;&|<>$`]*)?"
    r"|curl(?:\s(?!-\w*[oOcDK]|--(?:output|remote|cookie-jar|dump-header|config))[^\s;&|<>$`]+)+)"
)
"""Commands that print what everybody may read."""


def earlier_user(file: Dockerfile, stage: Stage) -> str | None:
    """The nearest ordinary user that the file had switched to before it went back to root."""
    users = [one for each in lineage(file, stage) for one in reversed(each.all("USER"))]
    if not users or not is_root(users[0].text):
        return None
    return next((one.text for one in users if not is_root(one.text) and "$" not in one.text), None)


def refuse_foreign(chain: list[tuple[Dockerfile, Stage]], base: Base) -> None:
    """Say so where the program is somebody else's, and neither the file nor the base image has a user for it.

    Raises:
        NoFix: it is.
    """
    file, stage = chain[0]
    known = base.user is not None and base.image not in LANGUAGES
    if known or earlier_user(file, stage) or made_user(file, stage) or owners(file, stage):
        return
    if _SAYS.fullmatch(" ".join(words_of(*commands(chain), {}))):
        return
    if not any(brings(one) for one, _ in chain):
        message = (
            f"{file.path} puts no program of this repository into the image: whether the one that it installs does its "
            "work as another user, and where it writes, is known to its authors"
        )
        raise NoFix(message)
    started = next(iter(words_of(*commands(chain), {})), "").rpartition("/")[2]
    if started in {name for one, inner in chain for name in installed(one, inner)} and not RUNS_OTHERS.fullmatch(
        started
    ):
        message = (
            f"{file.path} starts {started}, which it installs: whether that does its work as another user than root, "
            "and where it writes, is known to its authors"
        )
        raise NoFix(message)


def refuse_tool(tree: SourceTree, chain: list[tuple[Dockerfile, Stage]]) -> None:
    """Say so where the image, or a script that it starts, starts a tool that npm, Yarn or pipx put there for everybody.

    Raises:
        NoFix: it does.
    """
    file, stage = chain[0]
    steps = " ".join(one.text for each, inner in chain for below in lineage(each, inner) for one in below.all("RUN"))
    tools = {re.sub(r"(?<=.)@.*", "", name) for match in _FOR_ALL.finditer(steps) for name in match["names"].split()}
    started = [one for below in lineage(file, stage) for one in below.all(*_STARTS)]
    scripts = entry_scripts(tree, file, [*copies(file, stage), *started])
    lines = [line for path in scripts for line in text_of(tree, path).splitlines()]
    words = [*words_of(file, stage, {})[:1], *(match[1] for line in lines if (match := _FIRST.match(line)))]
    for word in (each.rpartition("/")[2] for each in words):
        if not RUNS_OTHERS.fullmatch(word) and any(_is_of(word, tool) for tool in tools):
            message = (
                f"{file.path} starts {word}, a tool that it installs: whether that does its work as another user than "
                "root, and where it writes, is known to its authors"
            )
            raise NoFix(message)


def _is_of(word: str, tool: str) -> bool:
    """Whether a program's name is that of its package: `firebase` of `firebase-tools`, `cdk` of `aws-cdk`."""
    return word in {*re.split(r"[-/]", tool.lstrip("@")), tool}


def refuse_idle(tree: SourceTree, chain: list[tuple[Dockerfile, Stage]], base: Base) -> None:
    """Say so where the image starts nothing by itself: people, steps of a build or images below work in it as root.

    Raises:
        NoFix: neither it nor Compose starts something in it, and no step names a user.
    """
    file, stage = chain[0]
    started = [one for each, inner in chain for below in lineage(each, inner) for one in below.all(*_STARTS)]
    prompts = all(PROMPT.fullmatch(one.text.strip()) or _INIT.fullmatch(one.text.strip()) for one in started)
    prompts = prompts or passes_on(tree, file, stage)
    if not prompts or not (idle(base) or started) or earlier_user(file, stage) or made_user(file, stage):
        return
    if not any(service.keys() & {"command", "entrypoint"} for _, service in compose_services(tree, file.path)):
        message = (
            f"{file.path} starts no program of its own: whoever starts one in it says which, and whose the folders are "
            "that it works in"
        )
        raise NoFix(message)
