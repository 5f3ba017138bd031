"""Which database driver runs a query, and how it marks parameters."""

from __future__ import annotations

import ast
import re

from workers.fixers.python.source.module import Module
from workers.fixers.python.source.requirement import manifests
from workers.fixers.registry import NoFix
from workers.source.manifests.declaration import floor
from workers.source.manifests.python import declarations
from workers.source.tree import SourceTree, text_of

_ERRORS = re.compile(r"\w+\.exc\b")
"""What a file imports that only catches errors: another module runs its queries."""
_STYLES = {
    "sqlite3": "?",
    "aiosqlite": "?",
    "psycopg2": "%s",
    "psycopg": "%s",
    "pymysql": "%s",
    "MySQLdb": "%s",
    "mysql": "%s",
    "aiomysql": "%s",
    "aiopg": "%s",
    "pymssql": "%s",
    "pg8000": "%s",
    "asyncpg": "$",
    "sqlalchemy": ":",
    "flask_sqlalchemy": ":",
    "alembic": ":",
}
_OTHERS = frozenset(
    ("apsw", "cassandra", "clickhouse_connect", "clickhouse_driver", "cx_Oracle", "databases", "duckdb",
     "hdbcli", "ibm_db", "ibm_db_dbi", "jaydebeapi", "oracledb", "prestodb", "pyathena", "pyhive", "pyodbc",
     "snowflake", "teradatasql", "trino", "vertica_python")
)  # fmt: skip
"""Drivers with marks of their own, or by release."""
RAW = ("django.db.models.expressions.RawSQL", "django.db.models.RawSQL")
"""Django's expression of SQL, which takes its parameters as a list."""
_CURSOR = re.compile(rb"\.(?:cursor|raw_connection)\(|\bcur(?:sor)?\.execute\(")
_SQLITE = re.compile(r"django\.db\.backends\.sqlite3|\bsqlite://")
_NAMED_SINCE = (4, 2)
"""The first Django that takes named parameters on SQLite."""


def style_of(file: Module, call: ast.Call) -> str:
    """How the driver that runs the call marks a parameter: `?`, `%s`, `$` for numbers, or `:` for SQLAlchemy's names.

    Raises:
        NoFix: the file does not show which one it is.
    """
    meanings = [meaning for meaning in file.aliases.values() if not _ERRORS.match(meaning)]
    if any(meaning.startswith("pg8000.native") for meaning in meanings):
        message = f"{file.path} may run its queries by pg8000.native, which takes named parameters alone"
        raise NoFix(message)
    roots = {meaning.partition(".")[0] for meaning in meanings}
    styles = {_STYLES[root] for root in roots & _STYLES.keys()} | {"" for _ in roots & _OTHERS}
    of_model = file.text(call.func).endswith(".objects.raw") or file.calls(call, *RAW)
    if of_model or any(re.match(r"django\.(?:contrib\.gis\.)?db\b", each) for each in meanings):
        styles.add("%s")
    if len(styles) != 1 or "" in styles:
        message = (
            f"{file.path} does not show which one database driver runs its queries, and each writes parameters "
            "its own way"
        )
        raise NoFix(message)
    if styles == {":"} and _CURSOR.search(file.content):
        message = (
            f"{file.path} runs queries by a cursor of the driver below SQLAlchemy, which has its own way to write "
            "parameters and takes no text()"
        )
        raise NoFix(message)
    return styles.pop()


def refuse_names(tree: SourceTree, file: Module, call: ast.Call, style: str) -> None:
    """Decline named parameters where Django may be too old for them on the SQLite that the project uses.

    Raises:
        NoFix: it may be, or it is an expression that takes a list alone.
    """
    if file.calls(call, *RAW):
        message = f"{file.path}:{call.lineno} takes its parameters as a list alone"
        raise NoFix(message)
    if style != "%s" or not any(each.startswith("django") for each in file.aliases.values()):
        return
    found = (place for each in manifests(tree, file.path) for place in declarations(each, text_of(tree, each).encode()))
    floors = [floor(place.version) or "" for place in found if place.name == "django"]
    numbers = [re.match(r"(\d+)\.(\d+)", each) for each in floors]
    if floors and all(each and (int(each[1]), int(each[2])) >= _NAMED_SINCE for each in numbers):
        return
    settings = (path for path in tree.paths() if re.search(r"settings|config|\.env", path))
    if any(_SQLITE.search(text_of(tree, path)) for path in settings if not path.endswith(".md")):
        message = f"{file.path} may run on SQLite by a Django before 4.2, which takes no named parameters there"
        raise NoFix(message)
