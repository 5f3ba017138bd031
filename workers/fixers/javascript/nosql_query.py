"""MongoDB queries with objects of the request in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, candidate
from workers.fixers.javascript.binding import bound, given_again
from workers.fixers.javascript.helper import helper
from workers.fixers.javascript.manifest import dependencies
from workers.fixers.javascript.script import arguments, called, flagged_node, imported, option, pairs, statement
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.jsonobject import json_object
from workers.source.syntax import ancestors, walk
from workers.source.tree import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_REQUEST = re.compile(r"\b(?:req|request)\.(?:body|query|params|headers|cookies)\b", re.IGNORECASE)
_MODULE = "mongo-sanitize"
_TEXT = re.compile(
    r"(?:req|request)\.(?:params|headers)(?:\.\w+|\[['\"][\w-]+['\"]\])|(?:req|request)\.(?:get|header)\(['\"][\w-]+['\"]\)"
)
_ERROR = re.compile(r"if\s*\(\s*(?:\w+\.)?error\s*\)\s*\{?\s*(?:return|throw)\b")
"""What joi gives where something is wrong."""
_TEXTS = re.compile(r"(?:req|request)\.(?:params|headers)")
_ASKED = re.compile(r"(?:req|request)\.(?:body|query|params|headers|cookies)(?:\.\w+|\[['\"][\w-]+['\"]\])*")
_DRIVERS = frozenset(("mongoose", "mongodb", "@nestjs/mongoose"))
_OTHERS = frozenset(("typeorm", "sequelize", "waterline", "sails", "mikro-orm", "@mikro-orm/core"))
"""They have a `findOne` of their own."""
_BY_DRIVER = re.compile(rb"['\"](?:mongoose|mongodb)['\"]|\bMongoClient\b|\.collection\(")
_LITERALS = ("string", "number", "true", "false")
_EQUAL = """function {method}Equal(model, filter, ...rest) {{
  // `$eq` takes an object of the request as a value, and not as an operator
  const equal = Object.entries(filter).map(([key, value]) => [key, {{ $eq: value }}]);
  return model.{method}(Object.fromEntries(equal), ...rest);
}}"""
_TYPED = "model: any, filter: Record<string, any>, ...rest: any[]"
_PLAIN = re.compile(r"(?:new\s+)?(?:\w+\.)*(?:ObjectId|ObjectID|String|Number|parseInt|parseFloat|Boolean)\([^()]*\)$")


@fixer(
    name="javascript-nosql-query",
    weakness="NoSQL injection",
    cwes=(943,),
    rules={"njsscan": ["node_nosqli_injection"], "semgrep": ["node*nosqli*", "*nosqli-injection*", "express*nosqli*"]},
    in_tests=False,
    explain="""A JSON body or a query such as `?password[$ne]=x` puts an object where a text was meant, and MongoDB
reads it as an operator: “any password but x” (CWE-943).

`{ password: { $eq: value } }` compares with whatever the value is, an object too, and needs no library. `sanitize` of
mongo-sanitize takes the keys that begin with `$` out of a value. A schema that only lets texts in, checked where the
request arrives, ends it for all queries at once.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`findOne({ name: req.body.name })` → with the value sanitized or compared by `$eq`."""
    file, call = flagged_node(target, ("call_expression",), _queries)
    query = arguments(call)[0]
    values = _values(file, query)
    asked = [value for value in values if _REQUEST.search(_source(file, value)) and not _is_text(file, value)]
    where = f"{file.path}:{file.number(call)}"
    if asked and all(value.type == "object" and option(file, value, "$eq") is not None for value in asked):
        message = f"{where} compares by $eq, which takes an object as a value and not as an operator: nothing to change"
        raise Harmless(message)
    said = [value for value in values if not _is_plain(file, value)]
    texts = [_is_text(file, value) or _is_checked(file, call, value) for value in said]
    if values and said and all(texts) and "restify" not in dependencies(target.tree, file.path):
        message = (
            f"{where} compares with what stands in the address or in a header, which is always a text, or with what "
            "was seen to be one: none can be an operator"
        )
        raise Harmless(message)
    if values and not said:
        message = f"{where} compares with values that the code has made texts, numbers or ids: none can be an operator"
        raise Harmless(message)
    if query.type == "object" and option(file, query, "where") is not None and _has_sequelize(target):
        message = f"{where} is a query of Sequelize, whose operators are symbols: nothing of a request can be one"
        raise Harmless(message)
    if query.type == "object" and option(file, query, "where") is not None:
        message = (
            f"{where} is a query of Sequelize, whose operators are symbols since version 5: a request cannot hold "
            "them; see that the project has that version"
        )
        raise NoFix(message)
    if query.type == "object" and option(file, query, "$where") is not None:
        message = f"{where} runs a text as a program: compare the field itself, by {{ name: {{ $eq: value }} }}"
        raise NoFix(message)
    if not asked or any(value.type == "object" for value in asked):
        message = f"{where} does not show which of its values come from the request: compare each by {{ $eq: value }}"
        raise NoFix(message)
    if not _has_library(target):
        yield _by_equality(target, file, call, query, where)
        return
    name, edits, declares = imported(file, _MODULE, "sanitize")
    yield candidate(
        "sanitized",
        [*(file.replace(value, _kept(file, value, name)) for value in asked), *edits],
        "Keys that begin with `$` are taken out, so a value of the request cannot be an operator.",
        declares=declares,
    )


def _by_equality(target: Target, file: Parsed, call: Node, query: Node, where: str) -> Candidate:
    """The same query, with each value compared by `$eq`.

    Raises:
        NoFix: it is more than texts, numbers and values of the request by plain names.
    """
    function = call.child_by_field_name("function")
    model = function.child_by_field_name("object") if function is not None else None
    method = called(file, call).rpartition(".")[2]
    members = [node for node in query.named_children if node.type != "comment"]
    written = query.type == "object" and all(_is_by_plain_name(file, each) for each in members)
    if model is None or not written or not _is_of_mongo(file, target):
        message = (
            f"{where} is safe with {{ $eq: value }}, which this rule does not know: write that, or add mongo-sanitize "
            "to the project"
        )
        raise NoFix(message)
    added = helper(file, _EQUAL.format(method=method), typed=_TYPED)
    return candidate(
        "compared-by-equality",
        [
            file.edit(call.start_byte, query.start_byte, f"{method}Equal({file.text(model)}, "),
            *added.edits,
        ],
        "`$eq` takes an object as a value to compare with, and not as an operator.",
        declares=(*added.declares, f"statement:{file.number(statement(call))}"),
    )


def _is_by_plain_name(file: Parsed, member: Node) -> bool:
    """Whether it compares one field with a literal, or with just what the request says."""
    if member.type == "shorthand_property_identifier":
        return _ASKED.fullmatch(_source(file, member)) is not None
    key, value = member.child_by_field_name("key"), member.child_by_field_name("value")
    if key is None or value is None or not re.fullmatch(r"['\"]?[\w.]+['\"]?", file.text(key)):
        return False
    return value.type in _LITERALS or _ASKED.fullmatch(_source(file, value)) is not None


def _is_of_mongo(file: Parsed, target: Target) -> bool:
    asked = dependencies(target.tree, file.path).keys()
    return not asked & _OTHERS and (bool(asked & _DRIVERS) or _BY_DRIVER.search(file.content) is not None)


def _source(file: Parsed, value: Node) -> str:
    """The value, or what a variable is given by its one declaration: `const { email } = req.body`."""
    found = bound(file, value) if value.type in ("identifier", "shorthand_property_identifier") else None
    made = found is not None and found.kind in {"value", "other"} and not given_again(file, value, found)
    return file.text(found.node) if found is not None and made and found.node is not None else file.text(value)


def _kept(file: Parsed, value: Node, name: str) -> str:
    key = f"{file.text(value)}: " if value.type == "shorthand_property_identifier" else ""
    return f"{key}{name}({file.text(value)})"


def _values(file: Parsed, query: Node) -> list[Node]:
    """What the query compares with; none where it is not written out, or takes more from elsewhere."""
    members = [node for node in query.named_children if node.type != "comment"] if query.type == "object" else []
    found = [value for _, _, value in pairs(file, query)]
    found += [node for node in members if node.type == "shorthand_property_identifier"]
    return found if len(found) == len(members) else [value for _, _, value in pairs(file, query)]


def _is_plain(file: Parsed, value: Node) -> bool:
    """Whether the value is a text, a number or an id, whatever the request held."""
    if value.type in ("string", "template_string", "number", "true", "false", "null"):
        return True
    if value.type in ("identifier", "shorthand_property_identifier"):
        made = [
            node.child_by_field_name("value")
            for node in file.of("variable_declarator")
            if file.text(node).startswith(file.text(value)) and _is_seen(file, node, value)
        ]
        return len(made) == 1 and made[0] is not None and _PLAIN.match(file.text(made[0])) is not None
    return _PLAIN.match(file.text(value)) is not None


def _is_text(file: Parsed, value: Node) -> bool:
    """Whether it is a part of the address, or a header."""
    if _TEXT.fullmatch(file.text(value)):
        return True
    if value.type not in ("identifier", "shorthand_property_identifier"):
        return False
    found = bound(file, value)
    if found is None or found.node is None or given_again(file, value, found):
        return False
    wanted = _TEXT if found.kind == "value" else _TEXTS if found.kind == "other" else None
    return wanted is not None and wanted.fullmatch(file.text(found.node)) is not None


def _is_checked(file: Parsed, call: Node, value: Node) -> bool:
    """Whether the function ends before the query where the value is no number or no text."""
    name = re.escape(file.text(value))
    refused = re.compile(
        rf"!\s*(?:Number|parseInt|parseFloat)\(\s*{name}\s*[,)]|isNaN\(\s*{name}\s*\)"
        rf"|typeof\s+{name}\s*!==?\s*['\"](?:string|number)['\"]|!(?:mongoose\.)?(?:Types\.)?ObjectId\.isValid\(\s*{name}\s*\)"
    )
    around = next((each for each in ancestors(call) if each.child_by_field_name("parameters") is not None), None)
    before = file.slice(around.start_byte, call.start_byte) if around is not None else ""
    if re.search(rf"\.validate(?:Async)?\(\s*\{{[^{{}}]*(?<![\w$.]){name}(?![\w$])", before) and _ERROR.search(before):
        return re.search(rf"(?<![\w$]){name}\s*:\s*\w+\s*\.string\(", file.content.decode()) is not None
    for node in walk(around) if around is not None else ():
        condition, ends = node.child_by_field_name("condition"), node.child_by_field_name("consequence")
        if node.type != "if_statement" or condition is None or ends is None or node.end_byte > call.start_byte:
            continue
        alone = "&&" not in file.text(condition)
        if (
            alone
            and refused.search(file.text(condition))
            and re.search(r"(?:return|throw)\b[^{}]*\}?\s*$", file.text(ends))
        ):
            return True
    return False


def _is_seen(file: Parsed, made: Node, used: Node) -> bool:
    """Whether that variable is the one that is used, in the same function, and is given nothing else there."""
    name = made.child_by_field_name("name")
    around = next((each for each in ancestors(made) if each.type == "statement_block"), None)
    if name is None or file.text(name) != file.text(used) or around is None or around not in ancestors(used):
        return False
    again = (node.child_by_field_name("left") for node in walk(around) if node.type == "assignment_expression")
    return all(left is None or file.text(left) != file.text(used) for left in again)


def _has_sequelize(target: Target) -> bool:
    """Whether every package.json that asks for Sequelize asks for version 5 or a later one."""
    asked = [versions["sequelize"] for versions in _dependencies(target) if "sequelize" in versions]
    return bool(asked) and all(re.match(r"[~^>=\s]*(?:[5-9]|\d{2,})\.", str(each)) for each in asked)


def _has_library(target: Target) -> bool:
    return any(_MODULE in versions for versions in _dependencies(target))


def _dependencies(target: Target) -> Iterator[dict[str, object]]:
    """The `dependencies` of each package.json."""
    for path in target.tree.paths():
        if path.rpartition("/")[2] != "package.json" or "node_modules" in path:
            continue
        asked = json_object(text_of(target.tree, path)).get("dependencies")
        if isinstance(asked, dict):
            yield asked


def _queries(file: Parsed, call: Node) -> bool:
    return called(file, call).rpartition(".")[2] in {"findOne", "find", "findOneAndUpdate"} and bool(arguments(call))
