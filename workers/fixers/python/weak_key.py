"""Asymmetric keys that are too short."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import candidate
from workers.fixers.python.source.calls import argument
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.registry import NoFix, Target, fixer

_HAZMAT = "cryptography.hazmat.primitives.asymmetric"
_SIZED = {
    f"{_HAZMAT}.rsa.generate_private_key": (1, "key_size", ("3072", "4096")),
    f"{_HAZMAT}.dsa.generate_private_key": (0, "key_size", ("3072", "2048")),
    "Crypto.PublicKey.RSA.generate": (0, "bits", ("3072", "4096")),
    "Cryptodome.PublicKey.RSA.generate": (0, "bits", ("3072", "4096")),
    "Crypto.PublicKey.DSA.generate": (0, "bits", ("3072", "2048")),
    "Cryptodome.PublicKey.DSA.generate": (0, "bits", ("3072", "2048")),
}
_OF_SSH = re.compile(r"openssh|ssh[-_]dss|\bid_dsa\b|known_hosts|authorized_keys", re.IGNORECASE)
_CURVE = f"{_HAZMAT}.ec.generate_private_key"
_CURVES = ("SECP256R1", "SECP384R1")


@fixer(
    name="python-weak-key",
    weakness="asymmetric key too short",
    cwes=(326,),
    rules={
        "bandit": ["B505"],
        "semgrep": ["insufficient-rsa-key-size", "insufficient-dsa-key-size", "insufficient-ec-key-size"],
    },
    in_tests=False,
    explain="""A 1024-bit RSA or DSA key is within reach of a well-funded attacker, and curves below 224 bits are too
(CWE-326). NIST allows 2048 bits until 2030 and asks for 3072 beyond.

3072 bits match 128-bit ciphers; 4096 buys a margin for long-lived keys and costs time at each signature. For curves,
P-256 is the usual and P-384 the cautious choice. Existing keys stay as they are: make new ones and replace them.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """A short key → a longer one, or a wider curve."""
    file, call = flagged(target, ast.Call, _generates)
    name = file.qualified(call.func) or ""
    if name == _CURVE:
        yield from _curves(file, call)
        return
    position, keyword, sizes = _SIZED[name]
    size = argument(call, position, keyword)
    if not (isinstance(size, ast.Constant) and isinstance(size.value, int)):
        message = f"{file.path}:{call.lineno} takes its key size from elsewhere: make it at least 3072 there"
        raise NoFix(message)
    around = file.text(file.function(call) or file.statement(call))
    if ".DSA." in name.upper() and _OF_SSH.search(around):
        message = (
            f"{file.path}:{call.lineno} makes a DSA key for SSH, which knows them of 1024 bits alone and no longer by "
            "default: make an Ed25519 or RSA key instead, and tell those who hold the old one"
        )
        raise NoFix(message)
    for bits in sizes:
        yield candidate(
            f"{bits}-bits",
            [file.replace(size, bits)],
            f"New keys have {bits} bits.",
            warnings=("Keys made before keep their size: replace them.",),
        )


def _generates(file: Module, call: ast.Call) -> bool:
    return file.calls(call, _CURVE, *_SIZED)


def _curves(file: Module, call: ast.Call) -> Iterator[Candidate]:
    curve = argument(call, 0, "curve")
    holder = curve.func if isinstance(curve, ast.Call) else curve
    if not isinstance(holder, ast.Attribute):
        message = f"{file.path}:{call.lineno} takes its curve from elsewhere: make it P-256 or wider there"
        raise NoFix(message)
    end = file.span(holder)[1]
    for name in _CURVES:
        yield candidate(
            name.lower(),
            [file.edit(end - len(holder.attr), end, name)],
            f"New keys lie on {name}, which every current library supports.",
            warnings=("Keys made before keep their curve: replace them.",),
        )
