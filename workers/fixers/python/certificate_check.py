"""TLS certificates that nobody checks, in requests and httpx."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import candidate
from workers.fixers.python.source.calls import argument, keyword, remove_argument
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.python.source.strings import template
from workers.fixers.python.source.variables import definitions
from workers.fixers.registry import NoFix, Target, fixer

_LOOPBACK = re.compile(r"https?://(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?:[:/]|$)", re.IGNORECASE)

_OWN_SIGNED = re.compile(rb"self[-_ ]?signed", re.IGNORECASE)
_PRIVATE = re.compile(
    rb"https://(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|[\w.-]+\.(?:local|lan|internal|home|svc)\b)"
)


@fixer(
    name="python-certificate-check",
    weakness="TLS certificate not verified",
    cwes=(295,),
    rules={"bandit": ["B501"], "semgrep": ["disabled-cert-validation"]},
    explain="""With `verify=False` any machine on the way can present its own certificate, read the traffic and change
it (CWE-295): encryption without authentication protects against nobody who matters.

Without the argument the library checks against its own list of authorities; `verify=True` also overrides a session
that does not. Where the peer uses a private authority, name its file where the program runs: requests reads it from
REQUESTS_CA_BUNDLE, httpx from SSL_CERT_FILE. Both refuse what was accepted before if the certificate is not valid: that
is the point.""",
    in_tests=False,
)
def propose(target: Target) -> Iterator[Candidate]:
    """`verify=False` → the check that is the default, spelled out or not."""
    file, call = flagged(target, ast.Call, lambda each, node: _unverified(each, node) or _asks_for_none(each, node))
    given = keyword(call, "verify")
    if given is None or not _unverified(file, call):
        yield from _of_urllib3(file, call)
        return
    if _is_private(file, call):
        message = (
            f"{file.path}:{call.lineno} asks a device or a network of one's own, whose certificate no known authority "
            "signs: name its own certificate's file as `verify`"
        )
        raise NoFix(message)
    if _asks_itself(file, call):
        message = (
            f"{file.path}:{call.lineno} asks this machine itself, whose certificate no known authority signs: name its "
            "own certificate's file as `verify`"
        )
        raise NoFix(message)
    yield candidate(
        "verify-by-default",
        [remove_argument(file, call, given)],
        "The certificate is checked against the known authorities, which is what the library does unless told not to.",
        warnings=("A peer with a self-signed or expired certificate will now be refused.",),
    )
    yield candidate(
        "verify-true",
        [file.replace(given.value, "True")],
        "The same check, spelled out, which also overrides a session that has it switched off.",
        warnings=("A peer with a self-signed or expired certificate will now be refused.",),
    )


def _of_urllib3(file: Module, call: ast.Call) -> Iterator[Candidate]:
    """`cert_reqs="CERT_NONE"` of urllib3's pools → what they ask for by default, spelled out or not."""
    given = keyword(call, "cert_reqs")
    if given is None or _is_private(file, call) or _asks_itself(file, call):
        message = (
            f"{file.path}:{call.lineno} asks this machine, or a network of one's own, whose certificate no known "
            "authority signs: name its own certificate's file as `ca_certs`"
        )
        raise NoFix(message)
    text = file.text(given.value)
    edit = file.replace(given.value, re.sub(r"(?:CERT_)?(?:NONE|OPTIONAL)", "CERT_REQUIRED", text))
    warnings = ("A peer with a self-signed or expired certificate will now be refused.",)
    yield candidate(
        "required", [edit], "The certificate is asked for and checked against the known authorities.", warnings=warnings
    )
    if file.calls(call, "urllib3.PoolManager", "urllib3.HTTPSConnectionPool"):
        yield candidate(
            "verify-by-default",
            [remove_argument(file, call, given)],
            "The certificate is checked, which is what urllib3 does since 1.25 unless told not to.",
            warnings=warnings,
        )


def _asks_for_none(file: Module, call: ast.Call) -> bool:
    """Whether one of urllib3's pools is told not to ask for a certificate, or not to mind."""
    given = keyword(call, "cert_reqs")
    return (
        given is not None
        and (file.qualified(call.func) or "").startswith("urllib3.")
        and re.fullmatch(r"['\"]?(?:\w+\.)*(?:CERT_)?(?:NONE|OPTIONAL)['\"]?", file.text(given.value)) is not None
    )


def _is_private(file: Module, call: ast.Call) -> bool:
    """Whether the address or a comment near it says that the certificate is nobody's but the peer's own."""
    around = file.function(call) or file.statement(call)
    first = max(1, min(around.lineno, call.lineno - 2))
    text = b"\n".join(file.line(each) for each in range(first, (around.end_lineno or around.lineno) + 1))
    return _OWN_SIGNED.search(text) is not None or _PRIVATE.search(file.text(call).encode()) is not None


def _unverified(_file: Module, call: ast.Call) -> bool:
    given = keyword(call, "verify")
    return given is not None and isinstance(given.value, ast.Constant) and given.value.value is False


def _asks_itself(file: Module, call: ast.Call) -> bool:
    """Whether the address that the file writes is the loopback one, or one that it names is so unless it is set."""
    address = argument(call, 1 if (file.qualified(call.func) or "").endswith("request") else 0, "url")
    if isinstance(address, ast.Name):
        defined = definitions(file, address)
        address = defined[0].value if defined and len(defined) == 1 else address
    if isinstance(address, ast.Name | ast.Attribute):
        texts = (node.value for node in file.nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))
        return any(_LOOPBACK.match(text) for text in texts)
    line = template(file, address) if address is not None else None
    first = line.parts[0] if line is not None and line.parts else ""
    return isinstance(first, str) and _LOOPBACK.match(first) is not None
