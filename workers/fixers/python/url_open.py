"""Addresses opened by `urllib`, which also opens files."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import candidate
from workers.fixers.python.imports import Import, imported
from workers.fixers.python.module import Module, flagged
from workers.fixers.python.top_level import before, first_call
from workers.fixers.registry import NoFix, Target, fixer

_OPEN, _RETRIEVE = "urllib.request.urlopen", "urllib.request.urlretrieve"
_NAME = "open_http"
_HANDLERS = ("ProxyHandler", "UnknownHandler", "HTTPHandler", "HTTPSHandler", "HTTPDefaultErrorHandler",
             "HTTPRedirectHandler", "HTTPErrorProcessor")  # fmt: skip


@fixer(
    name="python-url-open",
    weakness="an address that may name a file",
    rules={"bandit": ["B310"], "semgrep": ["dynamic-urllib-use-detected"]},
    explain="""`urllib.request.urlopen` opens `file:`, `ftp:` and `data:` addresses like any other, so an address from
outside can read files of this machine (CWE-22, CWE-918).

An `OpenerDirector` that has only the handlers for HTTP and HTTPS knows no other scheme and raises `URLError` for it,
also where a server redirects there. Where the project uses requests or httpx already, those open nothing else either.
Which hosts may be reached is another question: for that, check the host against a list.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`urlopen(…)` → the same call of an opener that knows HTTP and HTTPS alone."""
    file, call = flagged(target, ast.Call, lambda each, node: each.calls(node, _OPEN, _RETRIEVE))
    if file.calls(call, _RETRIEVE):
        message = (
            f"{file.path}:{call.lineno} saves what any address names: open it with an opener that has handlers for "
            "HTTP and HTTPS only, and copy the answer with shutil.copyfileobj"
        )
        raise NoFix(message)
    if any(each.arg not in ("data", "timeout", "url") for each in call.keywords) or len(call.args) > 3:
        message = (
            f"{file.path}:{call.lineno} passes certificates to urlopen: give them to an HTTPSHandler of its opener"
        )
        raise NoFix(message)
    renamed = "".join(f"{file.text(each)}, " for each in call.args) + ", ".join(
        f"{'fullurl' if each.arg == 'url' else each.arg}={file.text(each.value)}" for each in call.keywords
    )
    if any(_is_own(file, statement) and statement.lineno < call.lineno for statement in file.tree.body):
        yield candidate(
            "http-only-opener",
            [file.replace(call, f"{_NAME}.open({renamed.rstrip(', ')})")],
            "The file's own opener has handlers for HTTP and HTTPS only; `file:` and other schemes raise URLError.",
        )
        return
    library = imported(target, file, "urllib.request")
    handlers = f"{_NAME} = {library.name}.OpenerDirector()\nfor handler in (\n"
    handlers += "".join(f"{file.indent_unit}{library.name}.{name},\n" for name in _HANDLERS)
    handlers += f"):\n{file.indent_unit}{_NAME}.add_handler(handler())\n"
    yield _with(file, call, renamed.rstrip(", "), handlers, library)


def _is_own(file: Module, statement: ast.stmt) -> bool:
    """Whether it makes the opener that an earlier fix put there."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return name == _NAME and file.calls(value, "urllib.request.OpenerDirector")
    return False


def _with(file: Module, call: ast.Call, arguments: str, handlers: str, library: Import) -> Candidate:
    for name in (_NAME, "handler"):
        if any(isinstance(node, ast.Name) and node.id == name for node in file.nodes) or name in file.aliases:
            message = f"`{name}` already means something else in {file.path}"
            raise NoFix(message)
    definition, declared = before(file, first_call(file, _OPEN), handlers)
    return candidate(
        "http-only-opener",
        [
            file.replace(call, f"{_NAME}.open({arguments})"),
            definition,
            *library.edits,
        ],
        "The opener has handlers for HTTP and HTTPS only; `file:` and other schemes raise URLError.",
        declares=(*library.declares, declared),
        warnings=("An opener installed by install_opener is no longer asked.",),
    )
