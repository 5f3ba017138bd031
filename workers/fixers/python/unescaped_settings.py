"""Django's templates with escaping switched off in the settings."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import candidate
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.tree import text_of


@fixer(
    name="django-autoescape-setting",
    weakness="template without HTML escaping",
    cwes=(79,),
    rules={"semgrep": ["global-autoescape-off"]},
    explain="""With `"autoescape": False` among a template engine's options every template of the project inserts values
as they are, so one that holds `<script>` becomes a script of the page (CWE-79).

On is the default, with the entry or without it. A template that inserts HTML on purpose says so for that value, by the
`safe` filter or `mark_safe`; one that makes plain text belongs to an engine of its own.""",
    in_tests=False,
)
def propose(target: Target) -> Iterator[Candidate]:
    """`"autoescape": False` → on, or left to the default."""
    file, value = flagged(target, ast.Constant, _is_off)
    if (letter := _plain_text(target)) is not None:
        message = f"{file.path}:{value.lineno} may be for {letter} and its like, which escapes for HTML would spoil"
        raise NoFix(message)
    why = "Every template of this engine escapes what it inserts."
    warning = ("Templates that mean to insert HTML need the `safe` filter or mark_safe there.",)
    yield candidate("on", [file.replace(value, "True")], why, warnings=warning)
    holder = file.parents[value]
    if isinstance(holder, ast.Dict) and (edit := _entry(file, holder, value)) is not None:
        start, end = edit
        yield candidate("default", [file.edit(start, end, "")], f"{why} On is the default.", warnings=warning)


def _entry(file: Module, holder: ast.Dict, value: ast.Constant) -> tuple[int, int] | None:
    """The entry's whole line, where it has one."""
    index = holder.values.index(value)
    key = holder.keys[index]
    if key is None or key.lineno != value.lineno:
        return None
    line = file.line(value.lineno).decode().strip().rstrip(",").strip()
    if line != file.slice(file.span(key)[0], file.span(value)[1]):
        return None
    return file.starts[value.lineno - 1], file.starts[value.lineno]


def _plain_text(target: Target) -> str | None:
    """A template that is no page."""
    paths = (path for path in target.tree.paths() if "templates/" in path and "." in path.rpartition("/")[2])
    return next(
        (path for path in paths if path.endswith((".txt", ".tex", ".eml")) and text_of(target.tree, path)), None
    )


def _is_off(file: Module, constant: ast.Constant) -> bool:
    holder = file.parents.get(constant)
    if constant.value is not False or not isinstance(holder, ast.Dict):
        return False
    pairs = zip(holder.keys, holder.values, strict=True)
    return any(
        value is constant and isinstance(key, ast.Constant) and key.value == "autoescape" for key, value in pairs
    )
