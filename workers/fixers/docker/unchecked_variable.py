"""Variables that switch the check of certificates off, in the image or for one command."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate, Edit
from workers.fixers.docker.build import candidate, flagged
from workers.fixers.docker.certificate_check import EXPLAIN, WARNING
from workers.fixers.docker.script import Script
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
    text = file.slice(one.body, one.end)
    match = re.search(rf"(?i)(^|\s)({name}(?:=|\s+)(?P<value>\"[^\"]*\"|'[^']*'|[^\s\\;&|]+))", text)
    if match is None:
        message = f"{file.path}:{one.line} sets no {name}"
        raise NoFix(message)
    how = f"Without {name} every client of the image checks certificates again, in the build and when it runs."
    if text.replace(match[2], "").strip():
        gone, declares = _edit(file, one, text, match.span(), ""), [one.keyword]
    else:
        gone, declares = file.delete(one), [f"{one.keyword}/delete"]
    yield candidate("remove-variable", [gone], how, declares, [WARNING])
    if value := _CHECKS.get(name):
        how = f"{name} asks for the check in the open, also where the base image had switched it off."
        edit = _edit(file, one, text, match.span("value"), value)
        yield candidate("ask-for-the-check", [edit], how, [one.keyword], [WARNING])


def _edit(file: Dockerfile, one: Instruction, text: str, span: tuple[int, int], new: str) -> Edit:
    start, end = (one.body + len(text[:at].encode()) for at in span)
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
