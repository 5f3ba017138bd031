"""`ssl.wrap_socket`, which checks nobody and which Python 3.12 no longer has."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import any_of, candidate
from workers.fixers.python.source.calls import argument, keyword, refuse_unpacked
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.python.source.statements import inserted, is_sure
from workers.fixers.registry import NoFix, Target, fixer

_PLACES = ("sock", "keyfile", "certfile", "server_side", "cert_reqs", "ssl_version", "ca_certs")
_KEPT = ("do_handshake_on_connect", "suppress_ragged_eofs")
_NAME = "context"
_RELEASE = "Python 3.12 has no `ssl.wrap_socket` any more; a context has it in all releases."


@fixer(
    name="python-ssl-wrap-socket",
    weakness="TLS without a context",
    cwes=(295, 326),
    rules={"semgrep": ["ssl-wrap-socket-is-deprecated"]},
    explain="""`ssl.wrap_socket` takes a certificate of anybody for the right one, sends no server name, and speaks old
protocols where the other side asks for them (CWE-295, CWE-326). Python 3.12 removed it.

A server needs a context with its own certificate: `ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)` has Python's
current choice of protocols and ciphers; `ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)` leaves that choice to the release of
OpenSSL. A client needs `ssl.create_default_context()` and the name of the host that it means, which then has to be in
the certificate.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`ssl.wrap_socket(s, …)` → by a context, of a server or of a client whose host is known."""
    file, call = flagged(target, ast.Call, lambda each, node: each.calls(node, "ssl.wrap_socket"))
    refuse_unpacked(file, call)
    function = file.function(call) or file.tree
    if any(isinstance(node, ast.Name) and node.id == _NAME for node in ast.walk(function)):
        message = f"{file.path}:{call.lineno}: `{_NAME}` already means something here"
        raise NoFix(message)
    given = {name: argument(call, place, name) for place, name in enumerate(_PLACES)}
    sock = given["sock"]
    if sock is None or any(each.arg not in (*_PLACES, *_KEPT) for each in call.keywords):
        message = f"{file.path}:{call.lineno} gives options of its own, as ciphers: set them on a context"
        raise NoFix(message)
    side = given["server_side"]
    if isinstance(side, ast.Constant) and side.value is True:
        yield from any_of(
            lambda: _server(file, call, given, "default-context", "create_default_context({0}.Purpose.CLIENT_AUTH)"),
            lambda: _server(file, call, given, "server-context", "SSLContext({0}.PROTOCOL_TLS_SERVER)"),
        )
        return
    if side is not None and not (isinstance(side, ast.Constant) and side.value is False):
        message = f"{file.path}:{call.lineno} is a server or a client by a value: make a context for each"
        raise NoFix(message)
    yield _client(file, call, given)


def _module(file: Module, call: ast.Call) -> str:
    if not isinstance(call.func, ast.Attribute):
        message = f"{file.path}:{call.lineno} calls `{file.text(call.func)}`, imported by name: import ssl"
        raise NoFix(message)
    return file.text(call.func.value)


def _server(file: Module, call: ast.Call, given: dict[str, ast.expr | None], approach: str, made: str) -> Candidate:
    module = _module(file, call)
    certificate, key = given["certfile"], given["keyfile"]
    if certificate is None or given["cert_reqs"] is not None or given["ca_certs"] is not None:
        message = f"{file.path}:{call.lineno} asks its clients for certificates, or has none: set that on a context"
        raise NoFix(message)
    chain = file.text(certificate) if key is None else f"{file.text(certificate)}, {file.text(key)}"
    lines = f"{_NAME} = {module}.{made.format(module)}\n{_NAME}.load_cert_chain({chain})"
    return _candidate(
        file, call, given, approach, lines, "server_side=True", "Old protocols are refused, as a context does."
    )


def _client(file: Module, call: ast.Call, given: dict[str, ast.expr | None]) -> Candidate:
    module = _module(file, call)
    host = _host(file, call, given["sock"])
    if host is None or any(given[name] is not None for name in ("certfile", "keyfile", "cert_reqs")):
        message = (
            f"{file.path}:{call.lineno} does not show which host the socket is connected to, whose name has to be in "
            "the certificate: give it to `wrap_socket` of a context as server_hostname"
        )
        raise NoFix(message)
    authorities = given["ca_certs"]
    cafile = f"cafile={file.text(authorities)}" if authorities is not None else ""
    lines = f"{_NAME} = {module}.create_default_context({cafile})"
    return _candidate(
        file, call, given, "checked-host", lines, f"server_hostname={host}",
        "The certificate is checked, and that it is one of this host.",
    )  # fmt: skip


def _candidate(
    file: Module, call: ast.Call, given: dict[str, ast.expr | None], approach: str, lines: str, how: str, why: str
) -> Candidate:
    sock = given["sock"]
    kept = [f"{name}={file.text(value.value)}" for name in _KEPT if (value := keyword(call, name)) is not None]
    statement = file.statement(call)
    if not is_sure(file, call) or sock is None:
        message = f"{file.path}:{call.lineno} wraps the socket inside of another statement: make the context before it"
        raise NoFix(message)
    edit, declared = inserted(file, statement, lines)
    whole = f"{_NAME}.wrap_socket({', '.join([file.text(sock), how, *kept])})"
    return candidate(
        approach,
        [edit, file.replace(call, whole)],
        f"{why} {_RELEASE}",
        declares=(declared,),
        warnings=() if how.startswith("server_side") else ("A certificate that is not of this host is refused.",),
    )


def _host(file: Module, call: ast.Call, sock: ast.expr | None) -> str | None:
    """The host that the function connects the socket to, by `connect((host, port))` or `create_connection`."""
    if not isinstance(sock, ast.Name):
        return None
    wrapped = file.statement(call)
    names = {sock.id, *(_targets(wrapped))}
    hosts = set()
    for node in ast.walk(file.function(call) or file.tree):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=name), attr="connect"), args=[ast.Tuple(elts=[host, _])]
            ):
                if name in names:
                    hosts.add(file.text(host))
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(args=[ast.Tuple(elts=[host, _]), *_]) as made):
                if name in names and file.calls(made, "socket.create_connection"):
                    hosts.add(file.text(host))
    found = hosts.pop() if len(hosts) == 1 else ""
    own = re.fullmatch(r"['\"](?:[\d.]+|[\w-]+|.*\.(?:local|lan|internal))['\"]", found)
    return found if found and not own and not _bound_later(file, call, found) else None


def _bound_later(file: Module, call: ast.Call, host: str) -> bool:
    """Whether the host gets its value only after the socket is wrapped."""
    around = file.function(call) or file.tree
    return any(
        isinstance(node, ast.Name)
        and isinstance(node.ctx, ast.Store)
        and node.id == host.partition(".")[0]
        and node.lineno >= call.lineno
        for node in ast.walk(around)
    )


def _targets(statement: ast.stmt) -> list[str]:
    if not isinstance(statement, ast.Assign):
        return []
    return [each.id for each in statement.targets if isinstance(each, ast.Name)]
