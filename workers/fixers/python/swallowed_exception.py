"""Errors that nobody hears of."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import candidate
from workers.fixers.python.source.imports import Import, imported
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.remembered import remembered
from workers.source.tests import is_test
from workers.source.tree import SourceTree, text_of

_TOLD = re.compile(rb"#\s*(?!noqa|nosec|type:|pylint|pragma|fmt:|TODO|FIXME|XXX)\w+\s+\w", re.IGNORECASE)
"""A remark on why nothing is done: who wrote it knew of the failure."""
_DRAWS = ("curses", "urwid", "textual", "blessed", "prompt_toolkit", "npyscreen", "asciimatics", "picotui")
_LOGGER = re.compile(r"_?log(?:ger)?", re.IGNORECASE)
_MAKES = re.compile(r"^(?:\w+\.)*(?:get_?(?:\w+_)?logger|logger\.bind)$", re.IGNORECASE)
"""Calls that give a module its logger: of celery, structlog, loguru, or of the program's own."""
_STANDARD = re.compile(r"^\s*(?:import|from)\s+logging\b", re.MULTILINE)
_CALLS_LOGGER = re.compile(r"\blog(?:ger)?\.(?:debug|info|warn(?:ing)?|error|critical)\(")
_MAKES_LOGS = re.compile(
    rb"^class\s+\w+\([^)]*\blogging\.(?:\w*Handler|Formatter|LoggerAdapter|Filter)\b[^)]*\):", re.MULTILINE
)
_LEVELS = ("debug", "info", "warning", "error", "exception", "critical")
_MAY_BE_THERE = re.compile(
    r"\b(?:ALTER\s+TABLE|ADD\s+COLUMN|CREATE\s+(?:UNIQUE\s+)?(?:TABLE|INDEX|DATABASE))\b", re.IGNORECASE
)
"""Statements of SQL that fail each time but the first."""
_TIDIES = re.compile(
    r"\b(?:makedirs|mkdir|remove|unlink|rmdir|rmtree|close|kill|terminate|shutdown|disconnect|cancel|symlink|chmod)\("
)
"""What is done already, or whose object has gone, more often than not where it fails."""
_READS = frozenset((
    "int", "float", "str", "bool", "bytes", "len", "loads", "decode", "encode", "strptime", "fromisoformat", "parse",
    "fromtimestamp", "getattr", "get", "pop", "index", "split", "strip", "lower", "upper", "group", "UUID", "Decimal",
    "literal_eval", "b64decode", "unhexlify", "items", "keys", "values", "format", "join", "append", "add", "round",
    "ip_address", "ip_network", "parse_date", "isoformat", "replace", "hasattr", "isinstance", "next", "iter", "list",
    "dict", "tuple", "set", "min", "max", "remove_prefix", "startswith", "endswith", "unquote", "quote", "safe_load",
))  # fmt: skip
_PRINTED = "Where nothing sets up logging, Python prints the warning and its traceback to stderr."
_OF_THE_LOG = re.compile(r"log(?!in|out|ic)|excepthook|^(?:emit|flush)$", re.IGNORECASE)


@fixer(
    name="python-swallowed-exception",
    weakness="exception swallowed in silence",
    rules={"bandit": ["B110", "B112"]},
    in_tests=False,
    explain="""`except Exception: pass` hides everything: the failure that was expected, the typo that was not, and
the attack that made the code fail (CWE-703). A check that dies inside such a block counts as passed.

A log line with `exc_info` keeps going as before and leaves a trace. `warning` is for failures somebody should look
at, `debug` for those that are part of the normal course. Better still, once the log has shown which errors occur:
name those in the `except` and let the others through.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """A handler that only passes or continues → one that logs first."""
    file, handler = flagged(target, ast.ExceptHandler, _is_silent)
    function = file.function(handler)
    if function is not None and _OF_THE_LOG.search(function.name):
        message = (
            f"{file.path}:{handler.lineno} stands in `{function.name}`, which itself writes what is logged: a log of "
            "its failure could come back to it"
        )
        raise NoFix(message)
    if isinstance(tried := file.parents[handler], ast.Try) and all(isinstance(each, ast.Raise) for each in tried.body):
        message = f"{file.path}:{handler.lineno} raises the error itself, to give it a traceback: nothing fails there"
        raise Harmless(message)
    if function is not None and function.name == "__del__":
        message = f"{file.path}:{handler.lineno} may run while Python ends, when the log is gone already"
        raise NoFix(message)
    if _MAKES_LOGS.search(file.content) or _OF_THE_LOG.search(PurePosixPath(file.path).stem):
        message = (
            f"{file.path}:{handler.lineno} is part of what writes the log, to which a failure of it could come back"
        )
        raise NoFix(message)
    last = handler.body[-1]
    logger = _logger(target, file, handler.lineno)
    levels = (
        ("warning", "The code goes on as before, and the log says what failed and where."),
        ("debug", "The code goes on as before, and who turns on debug logging sees what failed and where."),
    )
    heard = _standard(target.tree) or not logger.edits
    expected = _is_expected(file, handler)
    if not heard and expected:
        message = (
            f"{file.path}:{handler.lineno} is an expected failure of a program that keeps no log: a line for debugging "
            "would reach nobody; name the errors that are expected"
        )
        raise NoFix(message)
    for level, words in levels[1:] if expected else levels if heard else levels[:1]:
        told = ", exc_info=True)" if ".opt(" not in logger.name else ")"
        call = f'{logger.name}.{level}("Ignored an exception"{told}'
        yield candidate(
            f"log-{level}",
            [_with_log(file, last, call), *logger.edits],
            words,
            declares=logger.declares,
            warnings=(_PRINTED,) if level == "warning" and "getLogger" in logger.name else (),
        )


def _is_expected(file: Module, handler: ast.ExceptHandler) -> bool:
    """Whether this failure is part of the normal course: a remark in the handler tells of it, what is tried says so,
    the next one of a loop is tried then, or the program draws on the terminal to which warnings may go.
    """
    if any(name.partition(".")[0] in _DRAWS for name in file.aliases.values()):
        return True
    tried = file.parents[handler]
    if isinstance(file.parents[tried], ast.For | ast.AsyncFor | ast.While):
        return True
    body = tried.body if isinstance(tried, ast.Try) else []
    if any(_MAY_BE_THERE.search(file.text(each)) or isinstance(each, ast.Import | ast.ImportFrom) for each in body):
        return True
    if len(body) == 1 and _TIDIES.search(file.text(body[0])):
        return True
    if body and all(map(_only_reads, body)):
        return True
    lines = range(handler.lineno, (handler.end_lineno or handler.lineno) + 1)
    return any(_TOLD.search(file.line(line)) for line in lines)


def _only_reads(statement: ast.stmt) -> bool:
    """Whether it only looks something up or converts it, which fails where that is not there or of another form."""
    calls = [node.func for node in ast.walk(statement) if isinstance(node, ast.Call)]
    names = (each.attr if isinstance(each, ast.Attribute) else getattr(each, "id", "") for each in calls)
    kinds = (ast.Await, ast.Yield, ast.YieldFrom, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try)
    works = any(isinstance(node, kinds) for node in ast.walk(statement))
    return not works and all(name in _READS or name[:1].isupper() for name in names)


def _is_silent(_file: Module, handler: ast.ExceptHandler) -> bool:
    return len(handler.body) == 1 and isinstance(handler.body[0], ast.Pass | ast.Continue)


def _with_log(file: Module, last: ast.stmt, call: str) -> Edit:
    if isinstance(last, ast.Pass):
        return file.replace(last, call)
    before = file.slice(file.starts[last.lineno - 1], file.span(last)[0])
    if before.strip():
        message = f"{file.path}:{last.lineno} handles the exception on the line of its `except`"
        raise NoFix(message)
    return file.insert(file.span(last)[0], f"{call}\n{before}")


def _logger(target: Target, file: Module, before: int) -> Import:
    """The module's own logger where it has one above, else that of `logging` under the module's name."""
    for statement in file.tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as value):
                made = _MAKES.search(file.text(value.func)) is not None
                made = made or file.calls(value, "logging.getLogger")
                if made and statement.lineno < before and _bound_once(file, name):
                    return Import(f"{name}.opt(exception=True)" if _is_loguru(file) else name)
    if (shared := _shared_logger(file)) is not None:
        return shared
    if (other := _logs_otherwise(target.tree)) is not None:
        message = f"{file.path}:{before} is of a program that logs by its own means, as {other} does: tell it there"
        raise NoFix(message)
    logging = imported(target, file, "logging")
    return Import(f"{logging.name}.getLogger(__name__)", logging.edits, logging.declares)


@remembered
def _logs_otherwise(tree: SourceTree) -> str | None:
    """A file of the program that calls a logger, where none imports the standard library's."""
    called = (path for path, text in _program(tree) if _CALLS_LOGGER.search(text))
    return None if _standard(tree) else next(called, None)


@remembered
def _standard(tree: SourceTree) -> bool:
    """Whether a file of the program imports the standard library's log."""
    return any(_STANDARD.search(text) for _, text in _program(tree))


def _program(tree: SourceTree) -> Iterator[tuple[str, str]]:
    """The program's modules, each with its text."""
    for path in tree.paths():
        if path.endswith(".py") and not is_test(path):
            yield path, text_of(tree, path)


def _shared_logger(file: Module) -> Import | None:
    """The logger of the project that the module imports and uses elsewhere."""
    for statement in file.tree.body:
        for alias in statement.names if isinstance(statement, ast.ImportFrom) else ():
            name = alias.asname or alias.name
            if _LOGGER.fullmatch(name) and any(_logs(node, name) for node in file.nodes) and not _is_bound(file, name):
                return Import(f"{name}.opt(exception=True)" if _is_loguru(file) else name)
    return None


def _is_loguru(file: Module) -> bool:
    """Whether the file's logger is loguru's, which is told of an exception by `opt`."""
    return "loguru.logger" in file.aliases.values()


def _logs(node: ast.AST, logger: str) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=level)):
            return name == logger and level in _LEVELS
    return False


def _is_bound(file: Module, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name and _stored(node) for node in file.nodes)


def _bound_once(file: Module, name: str) -> bool:
    stores = [node for node in file.nodes if isinstance(node, ast.Name) and node.id == name and _stored(node)]
    return len(stores) == 1 and not any(isinstance(node, ast.arg) and node.arg == name for node in file.nodes)


def _stored(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store | ast.Del)
