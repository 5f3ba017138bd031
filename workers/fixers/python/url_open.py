"""Addresses opened by `urllib`, which also opens files."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import candidate
from workers.fixers.python.source.calls import argument
from workers.fixers.python.source.expected_calls import refuse_replaced
from workers.fixers.python.source.fixed import values_of
from workers.fixers.python.source.import_instead import instead
from workers.fixers.python.source.imports import Import, imported
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.python.source.strings import template
from workers.fixers.python.source.top_level import before, first_call
from workers.fixers.registry import Harmless, NoFix, Target, fixer

_OPEN, _RETRIEVE = "urllib.request.urlopen", "urllib.request.urlretrieve"
_INSTALL = "urllib.request.install_opener"
_NAME = "open_http"
_WHY = "The opener has handlers for HTTP and HTTPS only; `file:` and other schemes raise URLError."
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+:", re.IGNORECASE)
_DEEPEST = 4
_OTHERS = ("file", "ftp", "file:", "ftp:", "file://", "ftp://")
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
`urlretrieve` becomes the same with a copy into the file. An address whose scheme the code writes itself is
safe already. Which hosts may be reached is another question: for that, check the host against a list.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`urlopen(…)` → the same call of an opener that knows HTTP and HTTPS alone."""
    file, call = flagged(target, ast.Call, lambda each, node: each.calls(node, _OPEN, _RETRIEVE))
    _refuse_fixed_scheme(file, call)
    if any(isinstance(node, ast.Call) and file.calls(node, _INSTALL) for node in file.nodes):
        message = (
            f"{file.path}:{call.lineno} goes through the opener that the file installs, with its proxies: "
            "make that one of handlers for HTTP and HTTPS only"
        )
        raise NoFix(message)
    if any(isinstance(node, ast.Constant) and node.value in _OTHERS for node in file.nodes):
        message = f"{file.path} tells `file` or `ftp` addresses apart, which an opener of HTTP alone would refuse"
        raise NoFix(message)
    refuse_replaced(target, file.path, call.lineno, (file.qualified(call.func) or "").rpartition(".")[2])
    if file.calls(call, _RETRIEVE):
        edits, declares = _saved(target, file, call)
    else:
        edits, declares = _opened(file, call), ()
    if any(_is_own(file, statement) and statement.lineno < call.lineno for statement in file.tree.body):
        yield candidate("http-only-opener", edits, _WHY, declares=declares)
        return
    opener = instead(file, call.func, _opener(target, file))
    yield candidate(
        "http-only-opener",
        dict.fromkeys((*edits, *opener.edits)),
        _WHY,
        declares=(*declares, *opener.declares),
        warnings=("An opener installed by install_opener is no longer asked.",),
    )


def _refuse_fixed_scheme(file: Module, call: ast.Call) -> None:
    """Say so where the code itself writes the scheme, so that no address can name a file, or each one does.

    Raises:
        Harmless: it does, or writes the whole address.
        NoFix: it opens files, or what another server has, by addresses that it completes.
    """
    lines = [
        template(file, each) if each is not None else None
        for each in _addresses(file, argument(call, 0, "url"), call.lineno)
    ]
    starts = [line.parts[0] if line is not None and line.parts else None for line in lines]
    first = [each.lower() if isinstance(each, str) else "" for each in starts]
    if first and all(each.startswith(("http://", "https://")) for each in first):
        message = f"{file.path}:{call.lineno} writes the scheme itself: the address cannot name a file"
        raise Harmless(message)
    scheme = next((found for each in first if (found := _SCHEME.match(each)) and not each.startswith("http")), None)
    if scheme is not None:
        message = f"{file.path}:{call.lineno} opens `{scheme[0]}` addresses on purpose, which an opener of HTTP refuses"
        raise NoFix(message) if any(line is not None and line.values for line in lines) else Harmless(message)


def _addresses(file: Module, address: ast.expr | None, line: int, depth: int = 0) -> list[ast.expr | None]:
    """Every expression that may be the address: what a variable is ever given, and what a request is made of."""
    if isinstance(address, ast.Name) and depth < _DEEPEST:
        given = list(values_of(file, address.id, line)) or [None]
        return [found for each in given for found in _addresses(file, each, line, depth + 1)]
    if isinstance(address, ast.Call) and file.calls(address, "urllib.request.Request"):
        return _addresses(file, argument(address, 0, "url"), line, depth + 1)
    return [address]


def _opened(file: Module, call: ast.Call) -> tuple[Edit, ...]:
    """The call as one of the opener's `open`, which takes what urlopen is given.

    Raises:
        NoFix: it is given certificates.
    """
    if any(each.arg not in ("data", "timeout", "url") for each in call.keywords) or len(call.args) > 3:
        message = (
            f"{file.path}:{call.lineno} passes certificates to urlopen: give them to an HTTPSHandler of its opener"
        )
        raise NoFix(message)
    named = [file.span(each)[0] for each in call.keywords if each.arg == "url"]
    return (
        file.replace(call.func, f"{_NAME}.open"),
        *(file.edit(start, start + len("url"), "fullurl") for start in named),
    )


def _saved(target: Target, file: Module, call: ast.Call) -> tuple[tuple[Edit, ...], tuple[str, ...]]:
    """`urlretrieve(address, path)` → the answer copied into the file, where nothing is done with what it returns."""
    statement = file.parents.get(call)
    line = call.lineno
    alone = isinstance(statement, ast.Expr) and not file.slice(file.starts[line - 1], file.span(statement)[0]).strip()
    alone = alone and statement not in file.tree.body
    taken = {node.id for node in file.nodes if isinstance(node, ast.Name)} & {"answer", "saved"}
    if not alone or len(call.args) != 2 or call.keywords or taken or any(isinstance(a, ast.Starred) for a in call.args):
        message = (
            f"{file.path}:{line} saves what any address names: open it with an opener that has handlers for "
            "HTTP and HTTPS only, and copy the answer with shutil.copyfileobj"
        )
        raise NoFix(message)
    library = imported(target, file, "shutil")
    address, path = (file.text(each) for each in call.args)
    inner = file.indent(line) + file.indent_unit
    text = (
        f'with {_NAME}.open({address}) as answer, open({path}, "wb") as saved:\n'
        f"{inner}{library.name}.copyfileobj(answer, saved)"
    )
    return (file.replace(call, text), *library.edits), library.declares


def _is_own(file: Module, statement: ast.stmt) -> bool:
    """Whether it makes the opener that an earlier fix put there."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return name == _NAME and file.calls(value, "urllib.request.OpenerDirector")
    return False


def _opener(target: Target, file: Module) -> Import:
    """The file's own opener, made before the first call that needs one."""
    taken = {node.id for node in file.nodes if isinstance(node, ast.Name)} | file.aliases.keys()
    each = next((name for name in ("handler", "each_handler", "one_handler") if name not in taken), None)
    if _NAME in taken or each is None:
        message = f"`{_NAME if each else 'handler'}` already means something else in {file.path}"
        raise NoFix(message)
    library = imported(target, file, "urllib.request")
    handlers = f"{_NAME} = {library.name}.OpenerDirector()\nfor {each} in (\n"
    handlers += "".join(f"{file.indent_unit}{library.name}.{name},\n" for name in _HANDLERS)
    handlers += f"):\n{file.indent_unit}{_NAME}.add_handler({each}())\n"
    definition, declared = before(file, first_call(file, _OPEN, _RETRIEVE), handlers)
    return Import(_NAME, (definition, *library.edits), (*library.declares, declared))
