"""Variables that switch the check of certificates off, in the image or for one command."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate, Edit
from workers.fixers.docker.build import candidate, flagged
from workers.fixers.docker.certificate_check import EXPLAIN, WARNING
from workers.fixers.docker.shell.script import Script
from workers.fixers.registry import NoFix, Target, fixer
from workers.source import syntax
from workers.source.dockerfile import Dockerfile, Instruction

if TYPE_CHECKING:
    from tree_sitter import Node

_VARIABLES = {
    "CKV2_DOCKER_5": "PYTHONHTTPSVERIFY", "CKV2_DOCKER_6": "NODE_TLS_REJECT_UNAUTHORIZED",
    "CKV2_DOCKER_12": "NPM_CONFIG_STRICT_SSL",
    "CKV2_DOCKER_14": "GIT_SSL_NO_VERIFY", "CKV2_DOCKER_16": "PIP_TRUSTED_HOST",
}  # fmt: skip
_CHECKS = {"PYTHONHTTPSVERIFY": "1", "NODE_TLS_REJECT_UNAUTHORIZED": "1", "NPM_CONFIG_STRICT_SSL": "true"}
"""The value that asks for the check; the two others switch it off by being there, whatever they hold."""


@fixer(
    name="docker-unchecked-variable",
    weakness="certificate or signature not checked",
    rules={"checkov": list(_VARIABLES)},
    explain=EXPLAIN,
)
def propose(target: Target) -> Iterator[Candidate]:
    """Without the variable; or with the value that asks for the check."""
    name = _VARIABLES[target.finding.rule]
    file, one = flagged(target, "RUN", "ENV", "ARG")
    if one.keyword == "RUN":
        yield from _in_script(file, one, name)
        return
    places = _settings(file, one, name)
    if not any(place is one for place, _ in places):
        message = f"{file.path}:{one.line} sets no {name}"
        raise NoFix(message)
    how = f"Without {name} every client of the image checks certificates again, in the build and when it runs."
    gone, declares = [], set()
    for place, match in places:
        if match.string.replace(match[2], "").strip():
            gone.append(_edit(file, place, match.span(), match, ""))
            declares.add(place.keyword)
        else:
            gone.append(file.delete(place))
            declares.add(f"{place.keyword}/delete")
    yield candidate("remove-variable", gone, how, sorted(declares), [WARNING])
    if value := _CHECKS.get(name):
        how = f"{name} asks for the check in the open, also where the base image had switched it off."
        edits = [_edit(file, place, match.span("value"), match, value) for place, match in places]
        yield candidate("ask-for-the-check", edits, how, sorted({place.keyword for place, _ in places}), [WARNING])


def _settings(file: Dockerfile, one: Instruction, name: str) -> list[tuple[Instruction, re.Match[str]]]:
    """Each ENV and ARG of the stage that switches the check off: while one is left, the others may as well stay."""
    pattern = re.compile(rf"(?i)(^|\s)({name}(?:=|\s+)(?P<value>\"[^\"]*\"|'[^']*'|[^\s\\;&|]+))")
    stage = [each for each in file.instructions if each.stage == one.stage and each.keyword in {"ENV", "ARG"}]
    found = [(each, match) for each in stage if (match := pattern.search(file.slice(each.body, each.end)))]
    return [(each, match) for each, match in found if match["value"].strip("\"'") != _CHECKS.get(name)]


def _edit(file: Dockerfile, one: Instruction, span: tuple[int, int], match: re.Match[str], new: str) -> Edit:
    start, end = (one.body + len(match.string[:at].encode()) for at in span)
    return file.edit(start, end, new)


def _in_script(file: Dockerfile, one: Instruction, name: str) -> Iterator[Candidate]:
    script = Script(file, one)
    found = [
        node
        for node in syntax.walk(script.root)
        if node.type == "variable_assignment" and script.source(node.named_children[0]).upper() == name
    ]
    gone = [_without(script, node) for node in found]
    if not found or len(re.findall(name, script.text.decode(), re.IGNORECASE)) != len(found):
        message = f"{file.path}:{one.line} sets {name} in a way that is not plain to see"
        raise NoFix(message)
    if None not in gone:
        how = f"Without {name} the step checks the certificate of the server that it talks to."
        yield candidate("remove-variable", [edit for edit in gone if edit], how, ["RUN"], [WARNING])
    elif name not in _CHECKS:
        message = f"{file.path}:{one.line} sets {name} inside of a script: how it goes on without is not plain to see"
        raise NoFix(message)
    if value := _CHECKS.get(name):
        how = f"{name} asks for the check in the open, also where the image had switched it off."
        spans = [node.named_children[-1] for node in found]
        edits = [file.edit(script.offset + each.start_byte, script.offset + each.end_byte, value) for each in spans]
        yield candidate("ask-for-the-check", edits, how, ["RUN"], [WARNING])


def _without(script: Script, node: Node) -> Edit | None:
    """The assignment taken away: in front of its command, or as a whole step; none where it is neither."""
    place, behind = node.parent, node.next_sibling
    if place is None:
        return None
    if place.type == "command" and behind is not None:
        return script.file.edit(script.offset + node.start_byte, script.offset + behind.start_byte, "")
    whole = node
    if place.type == "declaration_command":
        if place.children[0].type != "export" or place.named_child_count != 1:
            return None
        whole = place
    following = whole.next_sibling
    after = following.next_sibling if following is not None else None
    if following is None or after is None or following.type not in {"&&", ";"} or whole.prev_sibling is not None:
        return None
    return script.file.edit(script.offset + whole.start_byte, script.offset + after.start_byte, "")
