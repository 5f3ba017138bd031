"""What rules about WebAuthn ask to be looked at: who is let in is for a person to say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import read, region
from workers.fixers.registry import Harmless, NoFix, Target, fixer

_SHORTCUT = re.compile(
    r"AssertionResult\.successful|RegistrationResult\.success|\bif\s*\([^)]*(?:debug|test|skip|bypass)", re.IGNORECASE
)
_CHALLENGE = re.compile(r"challenge|nonce|assertion|registration|ceremony", re.IGNORECASE)
_ORIGIN = re.compile(r"\.\s*(?:startRegistration|startAssertion)\b")
_REASONS = {
    "webauthn-credential-validation-bypass": (
        _SHORTCUT,
        "lets somebody in without a check: return what RelyingParty.finishAssertion or finishRegistration says, and "
        "delete the other way out",
        "skips no check of a credential: a comment in the rule's pattern does not count, so it names every `return`; "
        "narrow the rule to `return AssertionResult.successful(…)`",
    ),
    "webauthn-challenge-storage-without-expiry": (
        _CHALLENGE,
        "keeps a challenge: how long a ceremony may take, and what ends it elsewhere, is for the application to say; "
        "five minutes and one use are the custom (setex in Redis, expireAfterWrite in Caffeine)",
        "keeps no challenge: the rule names every `put` and every assignment to a key; narrow it to the store",
    ),
    "webauthn-missing-origin-validation": (
        _ORIGIN,
        "starts a ceremony: the origins and the RP ID are options of the RelyingParty that is made elsewhere; see that "
        "origins() names them in full there",
        "calls nothing that starts a ceremony: the rule takes every method whose name begins with `start`",
    ),
    "webauthn-credential-enumeration-risk": (
        re.compile(r"\breturn\b"),
        "answers differently where a user has no credential: answer with made-up credentials of a stable, secret "
        "derivation instead, which the application has to keep alike over time",
        "gives no answer of its own",
    ),
    "webauthn-user-handle-exposure": (
        re.compile(r"UserIdentity"),
        "makes the user handle of what people know: a random one has to be stored with each user, and those who have "
        "registered keep the old one",
        "makes no user handle",
    ),
}


@fixer(
    name="jvm-webauthn-for-a-person",
    for_a_person=True,
    weakness="WebAuthn ceremony that a person has to look at",
    rules={"semgrep": list(_REASONS)},
    explain="""Who is let in by a WebAuthn ceremony hangs on code that is spread over the application: where the relying
party is made, where a challenge is kept and forgotten, what the answer says about users who do not exist. An edit of
the one flagged line cannot know that, and a wrong one would lock users out or let strangers in (CWE-287).

The reason says what the specification asks for there, or that the line only looks like it: rules that match every
`return` or every `put` are better narrowed than answered a hundred times.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """None: the reason says what to look at."""
    file, where = read(target), region(target)
    about, asked, unlike = _REASONS[target.finding.rule_name]
    if any(about.search(file.line(number).decode()) for number in where.lines):
        message = f"{file.path}:{where.start_line} {asked}"
        raise NoFix(message)
    message = f"{file.path}:{where.start_line} {unlike}"
    raise Harmless(message)
