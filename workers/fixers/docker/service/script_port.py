"""The port that a script names which an image starts, as the option of the server that it hands over to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.fixers.docker.build import lineage
from workers.fixers.docker.service.entry_scripts import copies, entry_scripts
from workers.fixers.docker.service.listening import CHOSEN_PORT, COMMAND_PORTS, OF_OTHERS, PORT_OPTION, environment
from workers.fixers.docker.service.server_source import package_command, words_of
from workers.source.dockerfile import Dockerfile, Stage
from workers.source.tree import SourceTree, text_of

_SHORT_OPTION = re.compile(r"\b(?:next|serve|vite|nuxt|http-server)\b[^&|;]*\s-[pl][\s=](\d{2,5})\b")
_COMMENT = re.compile(r"(?m)^\s*#.*$")
_CONTINUED = re.compile(r"\\\r?\n\s*")
_DISPATCHES = re.compile(r"\$\{?1\b|(?m:^\s*case\s)")
"""A script that starts one of several programs, as it is told."""
_WITH_DEFAULT = re.compile(r"\$\{(\w+):?-(\d{2,5})\}")


def script_port(tree: SourceTree, file: Dockerfile, stage: Stage) -> str | None:
    """A number, or the variable that chooses it with its default (`${PORT:-8000}`); none where several are named."""
    commands = [one for each in lineage(file, stage) for one in each.all("ENTRYPOINT", "CMD")]
    values = environment(file, stage)
    found = {
        port
        for path in entry_scripts(tree, file, [*copies(file, stage), *commands])
        if not _DISPATCHES.search(text := _CONTINUED.sub(" ", _COMMENT.sub("", text_of(tree, path))))
        for port in _named(text, values)
    }
    found -= OF_OTHERS
    return found.pop() if len(found) == 1 else package_port(tree, file, stage) if not found else None


def package_port(tree: SourceTree, file: Dockerfile, stage: Stage) -> str | None:
    """Where the script of package.json has a server listen: by an option, by PORT, or where it does by itself."""
    values = environment(file, stage)
    command = package_command(tree, file.path.rpartition("/")[0], words_of(file, stage, {}))
    named = [match[1] for match in _SHORT_OPTION.finditer(command)] or list(_named(command, values))
    if len(named) == 1:
        return named[0]
    usual = next((str(port) for pattern, port in COMMAND_PORTS if pattern.search(command)), None)
    return values.get("PORT", usual) if usual and not named else None


def _named(text: str, values: dict[str, str]) -> Iterator[str]:
    yield from (match[1] for match in PORT_OPTION.finditer(text))
    for match in CHOSEN_PORT.finditer(text):
        name = match["braced"] or match["name"]
        if match["default"]:
            yield f"${{{name}{match['default']}}}"
            continue
        given = re.search(rf"(?m)^\s*(?:export\s+)?{name}=[\"']?([^\s\"';]+)", text)
        value = given[1] if given else values.get(name, "")
        if value.isdigit():
            yield value
        elif default := _WITH_DEFAULT.fullmatch(value):
            yield f"${{{default[1]}:-{default[2]}}}"
