"""TLS contexts that check nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import any_of, candidate
from workers.fixers.python.imports import imported
from workers.fixers.python.module import flagged
from workers.fixers.registry import NoFix, Target, fixer

_UNVERIFIED = "ssl._create_unverified_context"
_WARNING = "A peer with a self-signed or expired certificate will now be refused."


@fixer(
    name="python-tls-context",
    weakness="TLS certificate not verified",
    cwes=(295,),
    rules={"bandit": ["B323"], "semgrep": ["unverified-ssl-context"]},
    explain="""`ssl._create_unverified_context()` encrypts and checks neither the certificate nor the name in it, so
any machine on the way can be the peer (CWE-295). Its leading underscore says that nobody should call it.

`ssl.create_default_context()` checks both against the system's authorities. For a private authority give its file:
`create_default_context(cafile=…)`.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """An unverified context → the default one, or one for a named authority."""
    file, used = flagged(target, ast.Attribute, lambda each, node: each.qualified(node) == _UNVERIFIED)
    base = file.text(used.value)
    call = file.parents.get(used)

    def private() -> Candidate:
        if not (isinstance(call, ast.Call) and call.func is used and not call.args and not call.keywords):
            message = f"{file.path}:{used.lineno} does not call the function here"
            raise NoFix(message)
        system = imported(target, file, "os")
        text = f'{base}.create_default_context(cafile={system.name}.environ["SSL_CERT_FILE"])'
        return candidate(
            "private-authority",
            [file.replace(call, text), *system.edits],
            "The certificate is checked against the authority whose file SSL_CERT_FILE names.",
            declares=system.declares,
            warnings=(_WARNING, "SSL_CERT_FILE must be set where this runs."),
        )

    yield from any_of(
        lambda: candidate(
            "default-context",
            [file.replace(used, f"{base}.create_default_context")],
            "Certificate and host name are checked against the system's authorities.",
            warnings=(_WARNING,),
        ),
        private,
    )
