"""MongoDB queries with objects of the request in them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from daemon.errors import SourceUnavailable
from workers.fixers.code import Parsed, candidate
from workers.fixers.javascript.script import arguments, called, flagged_node, imported, option, pairs
from workers.fixers.registry import Harmless, NoFix, Target, fixer

if TYPE_CHECKING:
    from tree_sitter import Node

_REQUEST = re.compile(r"\b(?:req|request)\.(?:body|query|params|headers|cookies)\b", re.IGNORECASE)
_MODULE = "mongo-sanitize"


@fixer(
    name="javascript-nosql-query",
    weakness="NoSQL injection",
    cwes=(943,),
    rules={"njsscan": ["node_nosqli_injection"], "semgrep": ["*nosqli*"]},
    in_tests=False,
    explain="""A JSON body or a query such as `?password[$ne]=x` puts an object where a text was meant, and MongoDB
reads it as an operator: “any password but x” (CWE-943).

`{ password: { $eq: value } }` compares with whatever the value is, an object too, and needs no library. `sanitize` of
mongo-sanitize takes the keys that begin with `$` out of a value. A schema that only lets texts in, checked where the
request arrives, ends it for all queries at once.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`findOne({ name: req.body.name })` → with the value sanitized, where the project has the library."""
    file, call = flagged_node(target, ("call_expression",), _queries)
    query = arguments(call)[0]
    values = [value for _, _, value in pairs(file, query)] if query.type == "object" else []
    asked = [value for value in values if _REQUEST.search(file.text(value))]
    where = f"{file.path}:{file.number(call)}"
    if asked and all(value.type == "object" and option(file, value, "$eq") is not None for value in asked):
        message = f"{where} compares by $eq, which takes an object as a value and not as an operator: nothing to change"
        raise Harmless(message)
    if query.type == "object" and option(file, query, "where") is not None:
        message = (
            f"{where} is a query of Sequelize, whose operators are symbols since version 5: a request cannot hold "
            "them; see that the project has that version"
        )
        raise NoFix(message)
    if not asked or any(value.type == "object" for value in asked):
        message = f"{where} does not show which of its values come from the request: compare each by {{ $eq: value }}"
        raise NoFix(message)
    if not _has_library(target):
        message = (
            f"{where} is safe with {{ $eq: value }}, which this rule does not know: write that, or add mongo-sanitize "
            "to the project"
        )
        raise NoFix(message)
    name, edits, declares = imported(file, _MODULE, "sanitize")
    yield candidate(
        "sanitized",
        [*(file.replace(value, f"{name}({file.text(value)})") for value in asked), *edits],
        "Keys that begin with `$` are taken out, so a value of the request cannot be an operator.",
        declares=declares,
    )


def _has_library(target: Target) -> bool:
    for path in target.tree.paths():
        if path.rpartition("/")[2] != "package.json" or "node_modules" in path:
            continue
        try:
            manifest = json.loads(target.tree.read(path))
        except (SourceUnavailable, ValueError):
            continue
        if isinstance(manifest, dict) and _MODULE in (manifest.get("dependencies") or {}):
            return True
    return False


def _queries(file: Parsed, call: Node) -> bool:
    return called(file, call).rpartition(".")[2] in {"findOne", "find", "findOneAndUpdate"} and bool(arguments(call))
