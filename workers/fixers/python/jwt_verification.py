"""JSON web tokens that nobody verifies."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import candidate
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.registry import Target, fixer


@fixer(
    name="python-jwt-verification",
    weakness="token accepted without verification",
    cwes=(347,),
    rules={"semgrep": ["unverified-jwt-decode", "jwt-python-none-alg"]},
    explain="""A JSON web token is a claim and a signature. With `verify_signature` off, or with the algorithm `none`,
anyone writes a token that says they are the administrator (CWE-287, CWE-347).

The signature is checked with a key and a fixed list of algorithms. `HS256` is right where one secret both signs and
checks; for tokens that another service signs, name its algorithm (`RS256`, `ES256`) and its public key.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """A switched-off check → on, or an algorithm that signs."""
    file, constant = flagged(target, ast.Constant, _is_off)
    if constant.value is False:
        yield candidate(
            "verify-signature",
            [file.replace(constant, "True")],
            "A token whose signature does not fit the key is refused.",
            warnings=("The call needs the key and `algorithms=[…]`; tokens without a valid signature are refused.",),
        )
        return
    quote = file.text(constant)[0]
    yield candidate(
        "hs256",
        [file.replace(constant, f"{quote}HS256{quote}")],
        "Tokens are signed and checked with HMAC-SHA-256 and the secret that the call names.",
        warnings=("The call needs a secret of at least 32 random bytes.",),
    )


def _is_off(file: Module, constant: ast.Constant) -> bool:
    parent = file.parents.get(constant)
    if constant.value is False and isinstance(parent, ast.Dict):
        pairs = zip(parent.keys, parent.values, strict=True)
        return any(
            value is constant and isinstance(key, ast.Constant) and key.value == "verify_signature"
            for key, value in pairs
        )
    if constant.value != "none":
        return False
    holder = file.parents.get(parent) if isinstance(parent, ast.List) and len(parent.elts) == 1 else parent
    return isinstance(parent, ast.keyword) or isinstance(holder, ast.keyword)
