"""SSL and TLS versions that are broken."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import candidate
from workers.fixers.python.source.module import Module, flagged
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
        yield from _in_context(*flagged(target, ast.Call, lambda file, node: file.calls(node, "ssl.wrap_socket")))
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


def _in_context(file: Module, call: ast.Call) -> Iterator[Candidate]:
    """A server's `ssl.wrap_socket(…)`, which knows no version → a context, which takes the newest of both sides."""
    statement = file.statement(call)
    given = {each.arg: file.text(each.value) for each in call.keywords}
    taken = file.bound_at(statement.lineno)
    before = file.slice(file.starts[statement.lineno - 1], file.span(statement)[0])
    alone = isinstance(statement, ast.Assign) and statement.value is call and not before.strip()
    known = {"certfile", "server_side"} <= given.keys() <= {"certfile", "keyfile", "server_side"}
    if not isinstance(call.func, ast.Attribute) or not (alone and known) or len(call.args) != 1 or "context" in taken:
        message = (
            f"{file.path}:{call.lineno} wraps its socket without saying which versions and which peers it takes: make "
            "an ssl.SSLContext that says both, and let that wrap it"
        )
        raise NoFix(message)
    library = file.text(call.func.value)
    chain = ", ".join(given[name] for name in ("certfile", "keyfile") if name in given)
    lines = [f"context = {library}.SSLContext({library}.PROTOCOL_TLS_SERVER)", f"context.load_cert_chain({chain})"]
    least = f"context.minimum_version = {library}.TLSVersion.TLSv1_2"
    wrapped = f"context.wrap_socket({file.text(call.args[0])}, server_side={given['server_side']})"
    for approach, made, why in (
        ("context", lines, "The newest version that both sides know is used, with OpenSSL 3 TLS 1.2 at least."),
        ("context-from-tls-1.2", [lines[0], least, lines[1]], "TLS 1.2 or a newer version is used, whatever OpenSSL."),
    ):
        text = "".join(f"{line}\n{before}" for line in made)
        yield candidate(
            approach,
            [file.insert(file.span(statement)[0], text), file.replace(call, wrapped)],
            f"{why} Python 3.12 has no other way to wrap a socket.",
            declares=(f"insert:{statement.lineno}",),
            warnings=("A peer that knows only an older version can no longer connect.",),
        )


def _is_broken(_file: Module, node: ast.Attribute) -> bool:
    return node.attr in _BETTER
