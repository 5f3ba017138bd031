"""SQL put together from strings and run on Android's SQLite."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from daemon.domain.fix import Candidate, Edit
from workers.fixers import code
from workers.fixers.code import Parsed, any_of, candidate
from workers.fixers.jvm import kotlin_strings, strings
from workers.fixers.jvm.fixed_text import is_fixed, is_fixed_source
from workers.fixers.jvm.source import is_kotlin, jvm
from workers.fixers.jvm.value_type import declared_type
from workers.fixers.pieces import Template, Value
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.fixers.sql import Bound, Join, bind
from workers.fixers.test_code import harmless_in_tests

if TYPE_CHECKING:
    from tree_sitter import Node

_RUNS = re.compile(r"\.(?P<method>rawQuery|execSQL)$")
_SELECT = re.compile(
    r"\s*select\s+(?P<columns>\*|\w+(?:\s*,\s*\w+)*)\s+from\s+(?P<table>\w+)\s+where\s+(?P<condition>.+?)"
    r"(?:\s+order\s+by\s+(?P<order>[\w\s,]+))?\s*;?\s*",
    re.IGNORECASE | re.DOTALL,
)
_BEYOND = re.compile(r"\b(?:group|having|limit|union|join|select|order)\b", re.IGNORECASE)
_COMPUTED = re.compile(r"[)\d+*/-]\s*(?:=|<|>)\s*\?")
_NUMBERS = frozenset({"int", "long", "short", "Integer", "Int", "Long", "Short"})
_NOT_PLAIN = "is not a plain SELECT of one table: bind its values in rawQuery"
_WHY = "The values go to SQLite apart from the text, so nothing in them is read as SQL."


class _Call(msgspec.Struct, frozen=True):
    """A call that runs SQL, and the text and values it runs."""

    node: Node
    receiver: str
    method: str
    given: tuple[Node, ...]
    built: Template


@fixer(
    name="jvm-android-sql",
    weakness="SQL injection in Android's SQLite",
    cwes=(89,),
    rules={"mobsfscan": ["sqlite_injection", "android_kotlin_sql_raw_query"]},
    explain="""What a person types into a field is read as SQL once it is pasted into the text of a query: a quote ends
the string, and what follows belongs to the command (CWE-89).

`rawQuery` and `execSQL` take the values apart from the text, for each `?` in it. `query` takes table, condition and
values one by one, and needs no SQL around them. Both bind each value of a query as a text, which SQLite compares with a
number as well. SQL that is always the same has nothing to inject: there the finding asks for nothing.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`rawQuery("… '" + name + "'", null)` → with its values bound."""
    with harmless_in_tests(target, "what is pasted into the SQL is what the test itself makes up"):
        yield from _with_values_bound(target)


def _with_values_bound(target: Target) -> Iterator[Candidate]:
    file, node = code.flagged_node(target, jvm(target), ("method_invocation", "call_expression"), _runs_sql)
    call = _call(file, node)
    where = f"{file.path}:{file.number(node)}"
    if len(call.given) > 1 and file.text(call.given[1]) != "null":
        message = f"{where} binds some values already: bind the others in the same list"
        raise NoFix(message)
    bound = bind(call.built.parts, "?", where, _written(file))
    if call.method == "rawQuery" and _COMPUTED.search(bound.text):
        message = f"{where} compares what it computes with a value, which would be bound as a text: cast it"
        raise NoFix(message)
    yield from any_of(
        lambda: _bound(file, call, bound),
        lambda: _query(file, call, bound),
        lambda: _compiled(file, call, bound),
    )


def _bound(file: Parsed, call: _Call, bound: Bound) -> Candidate:
    if is_kotlin(file):
        message = f"{file.path}:{file.number(call.node)} stays a raw query, which the rule names with bound values too"
        raise NoFix(message)
    values = _texts(file, bound) if call.method == "rawQuery" else _objects(bound)
    return candidate("bound-values", [_arguments(file, call, f"{strings.quoted(bound.text)}, {values}")], _WHY)


def _query(file: Parsed, call: _Call, bound: Bound) -> Candidate:
    found = _SELECT.fullmatch(bound.text)
    if call.method != "rawQuery" or found is None or _BEYOND.search(found["condition"]):
        message = f"{file.path}:{file.number(call.node)} {_NOT_PLAIN}"
        raise NoFix(message)
    names = [strings.quoted(name.strip()) for name in found["columns"].split(",")]
    several = f"arrayOf({', '.join(names)})" if is_kotlin(file) else f"new String[]{{{', '.join(names)}}}"
    columns = "null" if found["columns"] == "*" else several
    order = strings.quoted(found["order"].strip()) if found["order"] else "null"
    table, condition = strings.quoted(found["table"]), strings.quoted(found["condition"].strip())
    text = f"{table}, {columns}, {condition}, {_texts(file, bound)}, null, null, {order}"
    return candidate("query-method", [_name(file, call, "query"), _arguments(file, call, text)], _WHY)


def _compiled(file: Parsed, call: _Call, bound: Bound) -> Candidate:
    parent = call.node.parent
    alone = parent is not None and (parent.type == "expression_statement" or is_kotlin(file))
    where = f"{file.path}:{file.number(call.node)}"
    if call.method != "execSQL" or not alone or parent is None:
        message = f"{where} {_NOT_PLAIN}"
        raise NoFix(message)
    made = f"{call.receiver}.compileStatement({strings.quoted(bound.text)})"
    if is_kotlin(file):
        text = f"{made}.use {{ it.bindAllArgsAsStrings({_texts(file, bound)}); it.execute() }}"
        return candidate("compiled-statement", [file.replace(call.node, text)], _WHY)
    if any(file.text(node) == "statement" for node in file.of("identifier")):
        message = f"{where} has a variable called statement already"
        raise NoFix(message)
    indent, step = file.indent(file.number(parent)), file.indent_unit
    lines = (
        f"try (android.database.sqlite.SQLiteStatement statement = {made}) {{",
        f"{indent}{step}statement.bindAllArgsAsStrings({_texts(file, bound)});",
        f"{indent}{step}statement.execute();",
        f"{indent}}}",
    )
    return candidate("compiled-statement", [file.replace(parent, "\n".join(lines))], _WHY)


def _arguments(file: Parsed, call: _Call, text: str) -> Edit:
    return file.edit(call.given[0].start_byte, call.given[-1].end_byte, text)


def _name(file: Parsed, call: _Call, name: str) -> Edit:
    start = call.node.start_byte + len(f"{call.receiver}.".encode())
    return file.edit(start, start + len(call.method), name)


def _texts(file: Parsed, bound: Bound) -> str:
    """The values as an array of strings."""
    if is_kotlin(file):
        return f"arrayOf({', '.join(_as_text(file, value) for value in bound.values)})"
    return f"new String[]{{{', '.join(_as_text(file, value) for value in bound.values)}}}"


def _as_text(file: Parsed, value: str) -> str:
    if value.endswith(".toString()") or value.startswith('"'):
        return value
    if not is_kotlin(file):
        return f"String.valueOf({value})"
    return f"{value}.toString()" if re.fullmatch(r"[\w.]+(?:\([^()]*(?:\(\))?\))?", value) else f"({value}).toString()"


def _objects(bound: Bound) -> str:
    return f"new Object[]{{{', '.join(bound.values)}}}"


def _call(file: Parsed, node: Node) -> _Call:
    name = _called(file, node)
    found = _RUNS.search(name)
    given = _given(node)
    built = (kotlin_strings if is_kotlin(file) else strings).template(file, given[0])
    if is_fixed(file, given[0]):
        message = f"{file.path}:{file.number(node)} runs SQL that is always the same: nothing in it comes from outside"
        raise Harmless(message)
    if built is not None and all(_cannot_inject(file, node, each) for each in built.values):
        message = f"{file.path}:{file.number(node)} pastes numbers and its own constants, which end no text of it"
        raise Harmless(message)
    if found is None or built is None:
        message = (
            f"{file.path}:{file.number(node)} runs SQL that is put together elsewhere: bind its values where it is run"
        )
        raise NoFix(message)
    return _Call(node, name[: found.start()], found["method"], tuple(given), built)


def _cannot_inject(file: Parsed, node: Node, value: Value) -> bool:
    """Whether it is a constant of the program, or declared as a number."""
    if is_fixed_source(file, value.source):
        return True
    if is_kotlin(file):
        kinds = set(re.findall(rf"\b{re.escape(value.source)}\s*:\s*(\w+)", file.content.decode()))
    else:
        kinds = {declared_type(file, node, value.source)}
    return bool(kinds) and kinds <= _NUMBERS


def _written(file: Parsed) -> Join:
    def kotlin(parts: Sequence[str | Value]) -> str | None:
        return " + ".join(strings.quoted(part) if isinstance(part, str) else f"({part.source})" for part in parts)

    return kotlin if is_kotlin(file) else strings.written


def _runs_sql(file: Parsed, node: Node) -> bool:
    return _RUNS.search(_called(file, node)) is not None and bool(_given(node))


def _called(file: Parsed, node: Node) -> str:
    """The text before the arguments, without blanks."""
    given = _list(node)
    return re.sub(r"\s+", "", file.slice(node.start_byte, given.start_byte)) if given is not None else ""


def _given(node: Node) -> list[Node]:
    """The arguments' values."""
    given = _list(node)
    nodes = given.named_children if given is not None else []
    return [node.named_children[-1] if node.type == "value_argument" else node for node in nodes]


def _list(node: Node) -> Node | None:
    return next((child for child in node.children if child.type in {"argument_list", "value_arguments"}), None)
