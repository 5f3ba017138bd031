"""Secrets that an expression takes as a whole: whether a fix still hands over the one that each run used."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from workers.verify.workflows.model import EXPRESSION, leaves, text

_WHOLE = re.compile(r"(?<![\w.])secrets\b(?!\s*\.\s*[A-Za-z_])", re.IGNORECASE)
_BY_MATRIX = re.compile(r"secrets\[\s*matrix\.(?P<key>[\w-]+)\s*\]", re.IGNORECASE)
_CHOSEN = re.compile(r"matrix\.(?P<key>[\w-]+)\s*==\s*'(?P<value>[^']*)'\s*&&\s*secrets\.(?P<name>\w+)", re.IGNORECASE)
_NAMED = re.compile(r"(?<![\w.])secrets\.(\w+)", re.IGNORECASE)


def lost(before: Any, after: Any) -> Iterator[str]:
    """What no longer gets the secrets that it had, as sentences; the documents are the workflow's own."""
    old, new = _jobs(before), _jobs(after)
    for name, job in old.items():
        expressions = _expressions(new.get(name))
        for expression in dict.fromkeys(_expressions(job)):
            if not _WHOLE.search(expression) or expression in expressions:
                continue
            match = _BY_MATRIX.search(expression)
            values = _matrix(job, match["key"]) if match is not None else None
            if match is None or values is None or not any(_chooses(new, match["key"], values) for new in expressions):
                shown = expression[:60]
                yield f"job {name}: which secrets `{shown}` handed over is not in the file, and it gets others"


def _jobs(document: Any) -> dict[str, Any]:
    """Jobs by name; a file without jobs is one."""
    jobs = document.get("jobs") if isinstance(document, dict) else None
    return dict(jobs) if isinstance(jobs, dict) else {"runs": document}


def _expressions(node: Any) -> list[str]:
    return [" ".join(match["inside"].split()) for leaf in leaves(node) for match in EXPRESSION.finditer(leaf)]


def _chooses(expression: str, key: str, values: list[str]) -> bool:
    """Whether the expression picks for each value of the matrix the secret of that name, and no other."""
    chosen = [(match["key"], match["value"], match["name"]) for match in _CHOSEN.finditer(expression)]
    named = [name.upper() for name in _NAMED.findall(expression)]
    honest = all(one == key and value.upper() == name.upper() for one, value, name in chosen)
    return honest and {value for _, value, _ in chosen} == set(values) and len(named) == len(chosen)


def _matrix(job: Any, key: str) -> list[str] | None:
    """The values that the file itself lists for a key of the job's matrix; none where a run makes them."""
    strategy = job.get("strategy") if isinstance(job, dict) else None
    matrix = strategy.get("matrix") if isinstance(strategy, dict) else None
    if not isinstance(matrix, dict):
        return None
    rows = matrix.get("include", [])
    listed = matrix.get(key, [])
    if not isinstance(rows, list) or not isinstance(listed, list):
        return None
    listed = [*listed, *(row[key] for row in rows if isinstance(row, Mapping) and key in row)]
    values = [text(value) for value in listed]
    found = [value for value in values if value]
    return found if len(found) == len(values) and not any("${{" in value for value in found) else None
