"""Keys that are too short, in Java and Kotlin."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.jvm.source import Setting, propose_settings
from workers.fixers.registry import Target, fixer

_WARNING = "Keys made before keep their size: replace them."
_SETTINGS = (
    Setting(
        pattern=r"\.initialize\(\s*(?P<value>512|768|1024|1536)\b",
        approaches=(
            ("3072-bits", "3072", "New keys have 3072 bits, which match 128-bit ciphers."),
            ("4096-bits", "4096", "New keys have 4096 bits, a margin for keys that live long."),
        ),
        warning=_WARNING,
    ),
    Setting(
        pattern=r"ECGenParameterSpec\(\s*\"(?P<value>secp(?:112r1|112r2|128r1|160r1|192r1|192k1|224r1))\"",
        approaches=(
            ("p-256", "secp256r1", "New keys lie on P-256."),
            ("p-384", "secp384r1", "New keys lie on P-384."),
        ),
        warning=_WARNING,
    ),
    Setting(
        pattern=r"\.init\(\s*(?P<value>\d{1,2}|1[01]\d|12[0-7])\s*[,)]",
        approaches=(
            ("128-bits", "128", "New keys have 128 bits, which nobody can try out."),
            ("256-bits", "256", "New keys have 256 bits, a margin for keys that live long."),
        ),
        warning=_WARNING,
    ),
)


@fixer(
    name="jvm-weak-key",
    weakness="key too short",
    cwes=(326,),
    rules={
        "mobsfscan": ["weak_key_size", "android_kotlin_weak_key_size"],
        "semgrep": ["use-of-weak-rsa-key", "weak-rsa-key", "blowfish-insufficient-key-size"],
    },
    explain="""A 1024-bit RSA or DSA key is within reach of a well-funded attacker, and curves below 224 bits are too
(CWE-326). NIST allows 2048 bits until 2030 and asks for 3072 beyond.

3072 bits match 128-bit ciphers; 4096 buys a margin for long-lived keys and costs time at each signature. For curves,
P-256 is the usual and P-384 the cautious choice. Existing keys stay as they are: make new ones and replace them.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """A short key → a longer one, or a wider curve."""
    return propose_settings(target, _SETTINGS)
