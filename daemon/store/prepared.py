"""Core statements for the hot path: compiled once, then handed to the driver as they are.

SQLAlchemy spends some fifty microseconds on a statement that SQLite runs in ten. The queue's few hot
statements are written in Core like all others, for both databases, and skip that.
"""

from __future__ import annotations

import contextlib
import operator
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler


class Prepared:
    """One statement. Its named parameters are the `bindparam`s without a value; it must not expand lists."""

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._compiled: dict[str, tuple[str, Callable[[dict[str, Any]], Any], dict[str, Any]]] = {}

    def __call__(self, connection: Connection, values: dict[str, Any]) -> Any:
        """Run it; returns the driver's cursor (`fetchall`, `fetchone`, `rowcount`)."""
        dialect = connection.dialect
        found = self._compiled.get(dialect.name)
        sql, arrange, constants = self._compile(dialect) if found is None else found
        if constants:
            values = {**constants, **values}
        return driver(connection).execute(sql, arrange(values))

    def _compile(self, dialect: Dialect) -> tuple[str, Callable[[dict[str, Any]], Any], dict[str, Any]]:
        compiled = self._statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        if not isinstance(compiled, SQLCompiler):
            message = "only statements with parameters can be prepared"
            raise TypeError(message)
        constants = {name: value for name, value in compiled.params.items() if value is not None}
        found = str(compiled), _arrange(compiled), constants
        self._compiled[dialect.name] = found
        return found


def _arrange(compiled: SQLCompiler) -> Callable[[dict[str, Any]], Any]:
    """From values by name to what the driver takes: a tuple in the statement's order, or the names themselves."""
    order = compiled.positiontup if compiled.positional else None
    if order is None:
        return lambda values: values
    if len(order) < 2:
        return lambda values: tuple(values[name] for name in order)
    return operator.itemgetter(*order)


def together(connection: Connection) -> AbstractContextManager[Any]:
    """What runs in this block travels to a server at once, the transaction's begin included; read results after it."""
    if connection.dialect.name == "sqlite":
        return contextlib.nullcontext()
    pipeline: AbstractContextManager[Any] = driver(connection).pipeline()
    return pipeline


def driver(connection: Connection) -> Any:
    """The driver's own connection below SQLAlchemy's."""
    return connection.connection.dbapi_connection
