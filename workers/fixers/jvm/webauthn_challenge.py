"""WebAuthn challenges that are the same each time."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import candidate, region
from workers.fixers.jvm.source import flagged_bytes, is_kotlin, jvm, matches
from workers.fixers.registry import NoFix, Target, fixer

_STATIC = (
    r"\bchallenge\s*(?::\s*ByteArray\s*)?=\s*(?P<value>ByteArray\(\s*(?P<size>\d+)\s*\)|\"[^\"\n$]*\"\.toByteArray\(\)"
    r"|byteArrayOf\([^()]*\))(?!\s*\.)"
)


@fixer(
    name="jvm-webauthn-challenge",
    weakness="WebAuthn challenge that repeats",
    rules={"semgrep": ["webauthn-challenge-reuse-risk"]},
    explain="""The challenge is what makes one sign-in different from the last: the authenticator signs it, and
whoever recorded an earlier signature cannot use it again. An array of zeros or a constant is the same each time, so a
recorded answer is good for ever (CWE-294, CWE-330).

At least 16 random bytes are asked for (WebAuthn, section 13.4.3); 32 from `SecureRandom` are the custom. The server
keeps the challenge for a few minutes, for one answer, and then forgets it.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """A constant challenge → random bytes."""
    file = jvm(target)
    found = matches(file, _STATIC, *flagged_bytes(target, file))
    if not found or not is_kotlin(file):
        message = f"{file.path}:{region(target).start_line} does not show a challenge that is constant"
        raise NoFix(message)
    match = found[0]
    if matches(file, r"\bnextBytes\(\s*challenge\s*\)", match.end(), len(file.content)):
        message = f"{file.path}:{region(target).start_line} fills the challenge with random bytes further down"
        raise NoFix(message)
    size = max(int(match["size"] or 32), 32)
    random = "java.security.SecureRandom()"
    yield candidate(
        "random-bytes",
        [
            file.edit(
                match.start("value"),
                match.end("value"),
                f"ByteArray({size}).also {{ {random}.nextBytes(it) }}",
            )
        ],
        f"Each challenge is {size} bytes from the operating system's generator.",
        warnings=("Code that compares with the old constant must keep the challenge it sent instead.",),
    )
