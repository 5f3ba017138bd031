"""Requests that go over plain HTTP."""

from __future__ import annotations

import ast
import ipaddress
import re
from collections.abc import Iterator

import msgspec

from daemon.domain.fix import Candidate
from workers.fixers.code import candidate, region
from workers.fixers.python.source.module import Module, module
from workers.fixers.registry import Harmless, NoFix, NotHere, Target, fixer
from workers.source.tests import is_test
from workers.source.tree import text_of

_PLAIN = re.compile(r"http://", re.IGNORECASE)
_ADDRESS = re.compile(
    r"http://(?:[^/@\s]*@)?(?P<host>\[[0-9a-f:]+\]|[^/:?#\s]*)(?P<port>:\d*)?(?P<rest>[/?#]?)", re.IGNORECASE
)
_LOOPBACK = re.compile(r"localhost|127(?:\.\d+){3}|\[::1\]|0\.0\.0\.0", re.IGNORECASE)
_OWN_NETWORK = re.compile(r".*\.(?:local|lan|internal|home|localdomain|svc|test|cluster\.local|docker)", re.IGNORECASE)
_WITHOUT_TLS = re.compile(
    r"ip-api\.com|neverssl\.com|captive\.apple\.com|detectportal\.firefox\.com|(?:www\.)?msftconnecttest\.com|"
    r"connectivitycheck\.\w+\.com|(?:crl|ocsp)\d*\..*",
    re.IGNORECASE,
)
"""Services that answer over plain HTTP on purpose, or for nothing else without a paid plan."""


@fixer(
    name="python-plain-http",
    weakness="unencrypted connection",
    cwes=(319,),
    rules={
        "semgrep": [
            "request-with-http",
            "request-session-with-http",
            "request-session-http-in-with-context",
            "no-auth-over-http",
            "insecure-openerdirector-open",
            "insecure-request-object",
            "insecure-urlopen",
            "insecure-urlopener-open",
            "insecure-urlopener-retrieve",
            "insecure-urlretrieve",
        ]
    },
    explain="""Over `http://` whoever is on the way reads the request with all its headers, and can change the answer
(CWE-319).

The same address with `https://` is encrypted, and the other side proves by its certificate who it is. It has to offer
that: public services nearly all do; a server of one's own network, or one at a port of its own, often does not and has
to get a certificate, or a proxy with one, first.""",
    in_tests=False,
)
def propose(target: Target) -> Iterator[Candidate]:
    """`http://` of a public host → `https://`."""
    file = module(target)
    call = _call(file, region(target).start_line)
    address = _address(file, call)
    _refuse_own(file, address)
    _refuse_tested(target, file, address)
    start, end = file.span(address.node)
    at = start + file.content[start:end].lower().index(b"http://")
    yield candidate(
        "encrypted",
        [file.edit(at, at + len("http"), "https")],
        "The connection is encrypted, and the other side shows a certificate for this name.",
        declares=[f"statement:{file.statement(address.node).lineno}"],
        warnings=("The server must offer TLS at this address.",),
    )


class _Address(msgspec.Struct, frozen=True):
    """The text that an address begins with."""

    node: ast.expr
    """The literal, or the f-string that it is the first piece of."""
    text: str
    whole: bool
    """Whether nothing follows it."""


def _call(file: Module, line: int) -> ast.Call:
    """The call on the line that is given a plain address: the one whose first arguments show one, else the first."""
    calls = [
        node
        for node in file.nodes
        if isinstance(node, ast.Call) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    shown = [call for call in calls if list(_literals(file, call))]
    if not shown:
        message = f"{file.path}:{line} is given its address elsewhere: write `https://` there"
        raise (NoFix if calls else NotHere)(message)
    return min(shown, key=lambda each: (each.end_lineno or each.lineno) - each.lineno)


def _address(file: Module, call: ast.Call) -> _Address:
    """The one literal that the call's address begins with."""
    found = list(_literals(file, call))
    if len(found) != 1:
        message = f"{file.path}:{call.lineno} has several plain addresses to choose from: write `https://` in each"
        raise NoFix(message)
    return found[0]


def _literals(file: Module, call: ast.Call) -> Iterator[_Address]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    place = 1 if name == "request" or file.calls(call, "requests.Request") else 0
    named = [each.value for each in call.keywords if each.arg in ("url", "fullurl")]
    for each in (*call.args[place : place + 1], *named):
        for value in _values(file, each) if isinstance(each, ast.Name) else [each]:
            if (literal := _first(value)) is not None:
                yield literal


def _values(file: Module, name: ast.Name) -> Iterator[ast.expr]:
    """What the function around, its parameters' defaults, or the module give the variable."""
    function = file.function(name)
    for scope in (function, file.tree):
        if scope is None:
            continue
        bound = [
            node.value
            for node in ast.walk(scope)
            if isinstance(node, ast.Assign)
            and any(isinstance(each, ast.Name) and each.id == name.id for each in node.targets)
        ]
        if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
            places = [*scope.args.posonlyargs, *scope.args.args]
            pairs = zip(reversed(places), reversed(scope.args.defaults), strict=False)
            bound += [default for place, default in pairs if place.arg == name.id]
        if bound:
            yield from bound
            return


def _first(node: ast.expr) -> _Address | None:
    """The literal that the text begins with, where it is a plain address."""
    match node:
        case ast.Constant(value=str(text)) if _PLAIN.match(text):
            return _Address(node, text, whole=True)
        case ast.JoinedStr(values=[ast.Constant(value=str(text)), *_]) if _PLAIN.match(text):
            return _Address(node, text, whole=False)
        case ast.BinOp(left=left, op=ast.Add()) if (found := _first(left)) is not None:
            return _Address(found.node, found.text, whole=False)
        case ast.BinOp(left=left, op=ast.Mod()):
            return _first(left)
        case ast.Call(func=ast.Attribute(attr="format", value=text)):
            return _first(text)
    return None


def _refuse_own(file: Module, address: _Address) -> None:
    """Raise where the address is not surely one of a public server at the usual port.

    Raises:
        Harmless: it does not leave this machine.
        NoFix: it is one of a network of one's own, at a port that speaks plain HTTP, or put together from values.
    """
    where = f"{file.path}:{address.node.lineno}"
    match = _ADDRESS.match(address.text)
    host = match["host"] if match else ""
    if match is None or not host or re.search(r"[{}%]", host) or not (address.whole or match["rest"]):
        message = f"{where} gets its host from a value: whether that one offers TLS is not in sight"
        raise NoFix(message)
    if _LOOPBACK.fullmatch(host):
        message = f"{where} asks this machine itself: nobody is on the way"
        raise Harmless(message)
    if match["port"]:
        message = f"{where} names the port {match['port'][1:]}, where a server of plain HTTP listens: TLS has another"
        raise NoFix(message)
    if _is_own_network(host):
        message = f"{where} asks a host of one's own network, where whether it offers TLS is not in sight"
        raise NoFix(message)
    if _WITHOUT_TLS.fullmatch(host):
        message = f"{where} asks {host}, which answers over plain HTTP on purpose"
        raise NoFix(message)


def _refuse_tested(target: Target, file: Module, address: _Address) -> None:
    """Decline where a test names the address too, so that both have to change together."""
    for path in target.tree.paths():
        if path != file.path and path.endswith(".py") and is_test(path) and address.text in text_of(target.tree, path):
            message = f"{file.path}:{address.node.lineno} asks an address that {path} names too: change both together"
            raise NoFix(message)


def _is_own_network(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return "." not in host or bool(_OWN_NETWORK.fullmatch(host))
    return True
