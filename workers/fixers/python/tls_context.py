"""TLS contexts that check nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import candidate
from workers.fixers.python.source.module import flagged
from workers.fixers.registry import Target, fixer

_UNVERIFIED = "ssl._create_unverified_context"


@fixer(
    name="python-tls-context",
    weakness="TLS certificate not verified",
    cwes=(295,),
    rules={"bandit": ["B323"], "semgrep": ["unverified-ssl-context"]},
    explain="""`ssl._create_unverified_context()` encrypts and checks neither the certificate nor the name in it, so
any machine on the way can be the peer (CWE-295). Its leading underscore says that nobody should call it.

`ssl.create_default_context()` checks both against the system's authorities. For a private authority set SSL_CERT_FILE
where the program runs, which OpenSSL reads by itself, or give its file: `create_default_context(cafile=…)`.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """An unverified context → the default one."""
    file, used = flagged(target, ast.Attribute, lambda each, node: each.qualified(node) == _UNVERIFIED)
    yield candidate(
        "default-context",
        [file.replace(used, f"{file.text(used.value)}.create_default_context")],
        "Certificate and host name are checked against the system's authorities, or those in SSL_CERT_FILE.",
        warnings=("A peer with a self-signed or expired certificate will now be refused.",),
    )
