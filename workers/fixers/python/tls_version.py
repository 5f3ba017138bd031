"""SSL and TLS versions that are broken."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import candidate
from workers.fixers.python.calls import set_keyword
from workers.fixers.python.module import Module, flagged
from workers.fixers.registry import NoFix, Target, fixer

# Library constant → (exactly TLS 1.2, the best both sides know).
_BETTER = {
    "PROTOCOL_SSLv2": ("PROTOCOL_TLSv1_2", "PROTOCOL_TLS"),
    "PROTOCOL_SSLv3": ("PROTOCOL_TLSv1_2", "PROTOCOL_TLS"),
    "PROTOCOL_SSLv23": ("PROTOCOL_TLSv1_2", "PROTOCOL_TLS"),
    "PROTOCOL_TLSv1": ("PROTOCOL_TLSv1_2", "PROTOCOL_TLS"),
    "PROTOCOL_TLSv1_1": ("PROTOCOL_TLSv1_2", "PROTOCOL_TLS"),
    "SSLv2_METHOD": ("TLSv1_2_METHOD", "TLS_METHOD"),
    "SSLv3_METHOD": ("TLSv1_2_METHOD", "TLS_METHOD"),
    "SSLv23_METHOD": ("TLSv1_2_METHOD", "TLS_METHOD"),
    "TLSv1_METHOD": ("TLSv1_2_METHOD", "TLS_METHOD"),
    "TLSv1_1_METHOD": ("TLSv1_2_METHOD", "TLS_METHOD"),
}


@fixer(
    name="python-tls-version",
    weakness="broken TLS version",
    cwes=(326, 327),
    rules={"bandit": ["B502", "B503", "B504"], "semgrep": ["weak-ssl-version"]},
    explain="""SSL 2 and 3 and TLS 1.0 and 1.1 have published attacks (DROWN, POODLE, BEAST) and were retired by RFC
8996; a connection made with them can be read (CWE-326, CWE-327).

`PROTOCOL_TLSv1_2` speaks exactly TLS 1.2. `PROTOCOL_TLS` (pyOpenSSL: `TLS_METHOD`) speaks the newest that both sides
know, TLS 1.3 included, and with current OpenSSL no older one than 1.2. A peer that knows neither must be updated.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """A broken protocol version, or none → TLS 1.2, or the best that both sides know."""
    if target.finding.rule == "B504":
        yield _named(*flagged(target, ast.Call, lambda file, node: file.calls(node, "ssl.wrap_socket")))
        return
    file, constant = flagged(target, ast.Attribute, _is_broken)
    exact, best = _BETTER[constant.attr]
    start = file.span(constant)[1] - len(constant.attr)
    warning = "A peer that knows only the old version can no longer connect."
    any_version = "SSLv23" in constant.attr
    yield candidate(
        "negotiated",
        [file.edit(start, file.span(constant)[1], best)],
        "The newest version that both sides know is used.",
        warnings=(
            *(() if any_version else (warning,)),
            "Set a minimum of TLS 1.2 on the context where an old OpenSSL may be in use.",
        ),
    )
    if any_version:
        # It stands for every version, the newest too, which one version alone would rule out.
        return
    yield candidate(
        "tls-1.2",
        [file.edit(start, file.span(constant)[1], exact)],
        "Exactly TLS 1.2, which every maintained peer speaks.",
        warnings=(warning,),
    )


def _named(file: Module, call: ast.Call) -> Candidate:
    if not isinstance(call.func, ast.Attribute):
        message = f"{file.path}:{call.lineno} calls wrap_socket by a name of its own: import ssl as a whole"
        raise NoFix(message)
    return candidate(
        "tls-1.2",
        [set_keyword(file, call, "ssl_version", f"{file.text(call.func.value)}.PROTOCOL_TLSv1_2")],
        "Exactly TLS 1.2, instead of whatever the peer and an old OpenSSL agree on.",
        warnings=(
            "A peer that knows only an older version can no longer connect.",
            "Python 3.12 has no ssl.wrap_socket any more: a context made by ssl.create_default_context() follows it, "
            "and checks the peer's name and certificate.",
        ),
    )


def _is_broken(_file: Module, node: ast.Attribute) -> bool:
    return node.attr in _BETTER
