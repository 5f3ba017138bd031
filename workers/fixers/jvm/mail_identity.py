"""Mail sent through a server whose name nobody compares with its certificate."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import candidate, parsed, region
from workers.fixers.jvm.source import before_line, flagged_bytes, matches, statement
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.syntax import ancestors

_SENT = r"\b(?P<name>\w+)\s*\.\s*send\(\s*\)"
_TLS = r"\b{name}\s*\.\s*set(?:SSLOnConnect|SSL|StartTLSRequired|StartTLSEnabled|TLS)\(\s*true\s*\)"

_METHODS = ("method_declaration", "constructor_declaration")


@fixer(
    name="jvm-mail-identity",
    weakness="TLS without the server's name",
    cwes=(297,),
    rules={"semgrep": ["insecure-smtp-connection"]},
    explain="""Commons Email asks the mail server for a certificate that an authority has signed, and not whether it is
that server's: whoever is on the way shows one of a name of their own, and reads mail and password (CWE-297).

`setSSLCheckServerIdentity(true)` compares the name. It goes before the message is sent.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`email.send()` → after it was told to compare the server's name."""
    file = parsed(target, "java")
    found = matches(file, _SENT, *flagged_bytes(target, file))
    where = f"{file.path}:{region(target).start_line}"
    if not found:
        message = f"{where} does not show the message that is sent"
        raise NoFix(message)
    name, holder = found[0]["name"].decode(), statement(file, found[0].start())
    method = next((each for each in ancestors(holder) if each.type in _METHODS), None)
    if method is None or not re.search(_TLS.format(name=name), file.text(method)):
        message = f"{where} sends without TLS: whether the server offers it, and on which port, is not in this file"
        raise NoFix(message)
    yield candidate(
        "identity-checked",
        [before_line(file, holder, f"{name}.setSSLCheckServerIdentity(true);")],
        "The certificate has to be of the server that was asked for.",
        declares=(f"insert:{file.number(holder)}",),
        warnings=("A server that is reached by another name than its certificate's is refused.",),
    )
