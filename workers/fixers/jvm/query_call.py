"""Queries put together from strings that Spring's JdbcTemplate, JPA or Hibernate run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import Parsed, candidate, flagged_node, parsed
from workers.fixers.jvm.built_text import built
from workers.fixers.jvm.source import statement
from workers.fixers.jvm.strings import over_lines, template, written
from workers.fixers.jvm.value_type import as_values, fields, type_of
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.sql import Bound, bind
from workers.source.syntax import ancestors

if TYPE_CHECKING:
    from tree_sitter import Node

_TEMPLATE = ("query", "queryForObject", "queryForList", "queryForMap", "queryForRowSet", "update")
_MADE = ("createQuery", "createNativeQuery", "createSQLQuery", "createNamedQuery")
_NATIVE = ("createNativeQuery", "createSQLQuery")
_NUMBERS = ("int", "long", "short", "Integer", "Long", "Short", "BigInteger", "UUID")
_CHAINED = re.compile(r"\s*\.\s*add(?:Entity|Scalar|Join|Root)\b")
_WHY = "The driver sends the values apart from the text of the query, so nothing in them is read as SQL."


class _Call(msgspec.Struct, frozen=True):
    """A call that is given a query, and the expression that builds it."""

    node: Node
    method: str
    given: tuple[Node, ...]
    made: Node


@fixer(
    name="java-query-call",
    weakness="SQL injection",
    cwes=(89,),
    rules={
        "semgrep": [
            "spring-sqli",
            "jdbc-sql-formatted-string",
            "jpa-sqli",
            "hibernate-sqli",
            "formatted-sql-string",
            "tainted-sql-string",
        ]
    },
    explain="""A value pasted into the text of a query is read as a part of it: a quote in it ends the string, and what
follows is a command (CWE-89). Spring's templates, JPA and Hibernate change nothing about that.

All of them take the query with marks and the values apart from it: `JdbcTemplate` as further arguments for each `?`,
JPA and Hibernate through `setParameter` for each `:name`. Only values can be given so: for the name of a table or a
column choose from a fixed list of allowed names.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`template.query("… '" + x + "'")` → `?` and the value as an argument; `createQuery` → `:x` and `setParameter`."""
    file, node = flagged_node(target, parsed(target, "java"), ("method_invocation",), _runs)
    call = _call(file, node)
    where = f"{file.path}:{file.number(node)}"
    line = template(file, call.made) if call is not None else None
    if call is None or line is None or not line.values:
        message = f"{where} takes a query that is not surely put together here from text and values"
        raise NoFix(message)
    bound = bind(line.parts, "named" if call.method in _MADE else "?", where, written)
    if call.method in _MADE and call.method not in _NATIVE:
        _refuse_untyped(target, file, call, bound)
    else:
        bound = msgspec.structs.replace(bound, values=tuple(as_values(target, file, call.node, bound)))
    if call.method in _MADE:
        yield _with_names(file, call, bound)
        return
    if any("Object[" in file.text(each) or "MapSqlParameterSource" in file.text(each) for each in call.given[1:]):
        message = f"{where} gives values of its own beside the query: add these to them by hand"
        raise NoFix(message)
    yield _with_marks(file, call, bound)


def _with_marks(file: Parsed, call: _Call, bound: Bound) -> Candidate:
    text, added = over_lines(file, call.made, bound.text), ", ".join(bound.values)
    if call.made == call.given[-1]:
        edits = [file.replace(call.made, f"{text}, {added}")]
    else:
        edits = [file.replace(call.made, text), file.insert(call.given[-1].end_byte, f", {added}")]
    return _candidate(file, call, "query-arguments", edits)


def _with_names(file: Parsed, call: _Call, bound: Bound) -> Candidate:
    _refuse_names(file, call, bound.names)
    sets = "".join(f'.setParameter("{name}", {value})' for name, value in zip(bound.names, bound.values, strict=True))
    edits = [file.replace(call.made, over_lines(file, call.made, bound.text)), file.insert(call.node.end_byte, sets)]
    return _candidate(file, call, "named-parameters", edits)


def _candidate(file: Parsed, call: _Call, approach: str, edits: list[Edit]) -> Candidate:
    began = file.number(statement(file, call.made.start_byte))
    ran = file.number(statement(file, call.node.start_byte))
    return candidate(approach, edits, _WHY, declares=(f"statement:{began}", f"statement:{ran}"))


def _refuse_names(file: Parsed, call: _Call, names: Sequence[str]) -> None:
    """Raise where the statement sets parameters of its own under the same names, or goes on with the query's own kind.

    Raises:
        NoFix: it does.
    """
    text, after = file.text(statement(file, call.node.start_byte)), file.content[call.node.end_byte :].decode()
    if call.method == "createSQLQuery" and (re.match(r"\s*SQLQuery\b", text) or _CHAINED.match(after)):
        message = (
            f"{file.path}:{file.number(call.node)} needs Hibernate's own kind of query, which setParameter returns not"
        )
        raise NoFix(message)
    if any(f'"{name}"' in text for name in names):
        message = f"{file.path}:{file.number(call.node)} sets a parameter of the same name already"
        raise NoFix(message)


def _refuse_untyped(target: Target, file: Parsed, call: _Call, bound: Bound) -> None:
    """Raise where JPA's own language may compare a value with an attribute of another type, which it refuses.

    Raises:
        NoFix: it is no text in the query's quotes, or the attribute is not declared as one.
    """
    where = f"{file.path}:{file.number(call.node)}"
    for name, value, bare in zip(bound.names, bound.values, bound.bare, strict=True):
        kind = type_of(target, file, call.node, value)
        compared = re.search(
            rf"(?P<attribute>\w+)\s*(?:[=<>!]+|not\s+like|like)\s*:{name}\b", bound.text, re.IGNORECASE
        )
        attribute = compared["attribute"] if compared is not None else ""
        declared = fields(target, attribute)
        if bare and kind not in _NUMBERS:
            message = f"{where} compares `{value}` as a number, as it seems: give it as the type of the attribute"
            raise NoFix(message)
        if not bare and (kind != "String" or declared - {"String"}):
            message = f"{where} compares `{value}` with what may be no text: give it as the attribute's type"
            raise NoFix(message)


def _runs(file: Parsed, node: Node) -> bool:
    return _call(file, node) is not None


def _call(file: Parsed, node: Node) -> _Call | None:
    name, holder, given = (node.child_by_field_name(each) for each in ("name", "object", "arguments"))
    if name is None or given is None or holder is None:
        return None
    method, values = file.text(name), tuple(each for each in given.named_children if "comment" not in each.type)
    if not values or (method not in _MADE and not (method in _TEMPLATE and _is_template(file, holder))):
        return None
    return _Call(node, method, values, built(file, node, values[0]) or values[0])


def _is_template(file: Parsed, holder: Node) -> bool:
    """Whether the receiver is Spring's template, as its declaration says."""
    name = file.text(holder).rpartition(".")[2]
    return re.search(rf"\b(?:JdbcTemplate|JdbcOperations)\s+{re.escape(name)}\b", file.content.decode()) is not None


def _method(node: Node) -> Node | None:
    return next(
        (each for each in ancestors(node) if each.type in {"method_declaration", "constructor_declaration"}), None
    )
