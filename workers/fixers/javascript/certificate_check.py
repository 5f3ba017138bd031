"""TLS certificates that nobody checks, in Node."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, Text, candidate, read
from workers.fixers.javascript.options import Option, propose_options
from workers.fixers.javascript.script import flagged_node, literal
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.tree import has

if TYPE_CHECKING:
    from tree_sitter import Node

_LOOPBACK = re.compile(r"['\"`/](?:127\.0\.0\.1|localhost|::1)['\"`:/]")
_ADDRESS = re.compile(r"['\"`](?:https?|wss?)://(?P<host>[\w.-]+|\$\{)")
_PROBE = re.compile(r"health[-_ ]?check", re.IGNORECASE)
_HERE = frozenset(("127.0.0.1", "localhost"))
_WARNING = "A peer with a self-signed or expired certificate is refused; name a private authority with `ca`."
_WHY = "The peer's certificate is checked."
_OPTIONS = (
    Option(name="rejectUnauthorized", bad=("false", "0"), good="true", why=_WHY, warning=_WARNING),
    Option(name="strictSSL", bad=("false",), good="true", default_is_safe=True, why=_WHY, warning=_WARNING),
    Option(name="SSL_VERIFYPEER", bad=("0", "false"), good="1", why=_WHY, warning=_WARNING),
    Option(name="SSL_VERIFYHOST", bad=("0", "false"), good="2", why=_WHY, warning=_WARNING),
)


@fixer(
    name="javascript-certificate-check",
    weakness="TLS certificate not verified",
    cwes=(295,),
    rules={
        "njsscan": ["node_tls_reject", "node_curl_ssl_verify_disable", "sequelize_tls_cert_validation"],
        "semgrep": ["bypass-tls-verification", "*-reject-unauthorized*", "sequelize-tls-disabled-cert-validation"],
    },
    in_tests=False,
    explain="""With certificate checks off, any machine on the way can present its own certificate, read the traffic
and change it (CWE-295). `NODE_TLS_REJECT_UNAUTHORIZED=0` does it for every connection of the process.

The check is the default: take the switch away, or set it right where code elsewhere might turn it off. A private
authority belongs in the `ca` option or in `NODE_EXTRA_CA_CERTS`.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """A check switched off → on, by value or by default."""
    _refuse_heroku(target)
    try:
        yield from propose_options(target, _OPTIONS)
    except NoFix:
        _refuse_probe(read(target))
        yield _environment(target)
        yield from _removed(target)


def _refuse_heroku(target: Target) -> None:
    """Raise where the connection is to a database of Heroku's, which shows a certificate that it signed itself.

    Raises:
        NoFix: the script reads that database's address, and the project is for Heroku.
    """
    file = read(target)
    if b"DATABASE_URL" in file.content and any(
        has(target.tree, name) for name in ("Procfile", "app.json", "heroku.yml")
    ):
        message = (
            f"{file.path} connects to Heroku's database, whose certificate no public authority signed: without an "
            "authority of its own in `ca` every connection would fail"
        )
        raise NoFix(message)


def _refuse_probe(file: Text) -> None:
    """Say so where the script is a health check that asks the machine which it runs on, and names no other host.

    Raises:
        Harmless: no certificate is made out to 127.0.0.1, and nobody is on the way.
    """
    hosts = {match["host"] for match in _ADDRESS.finditer(file.content.decode())}
    text = f"{file.path}\n{file.content.decode()}"
    if _PROBE.search(text) and _LOOPBACK.search(text) and hosts <= _HERE:
        message = f"{file.path} asks its own machine: no certificate is of that name, and nobody is on the way"
        raise Harmless(message)


def _environment(target: Target) -> Candidate:
    file, assignment = flagged_node(target, ("assignment_expression",), _switches_off)
    right = assignment.child_by_field_name("right")
    if right is None:
        message = f"{file.path}:{file.number(assignment)} assigns nothing"
        raise NoFix(message)
    mark = file.text(right)[0]
    return candidate(
        "environment-on",
        [file.replace(right, f"{mark}1{mark}")],
        "Every connection of the process checks certificates again.",
        warnings=(_WARNING,),
    )


def _removed(target: Target) -> Iterator[Candidate]:
    """Without the line, where it stands on a line of its own beside others."""
    file, assignment = flagged_node(target, ("assignment_expression",), _switches_off)
    statement = assignment.parent
    block = statement.parent if statement is not None else None
    if statement is None or block is None or statement.type != "expression_statement":
        return
    line = file.number(statement)
    start, end = file.starts[line - 1], file.line_end(line)
    beside = [node for node in block.named_children if node.type != "comment"]
    if file.slice(start, end).strip() != file.text(statement).strip() or len(beside) < 2 or line >= len(file.starts):
        return
    yield candidate(
        "environment-left",
        [file.edit(start, file.starts[line], "")],
        "Node checks certificates unless it is told otherwise, and this no longer tells it.",
        declares=("node:flagged/delete",),
        warnings=(_WARNING,),
    )


def _switches_off(file: Parsed, node: Node) -> bool:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    return left is not None and "NODE_TLS_REJECT_UNAUTHORIZED" in file.text(left) and literal(file, right) == "0"
