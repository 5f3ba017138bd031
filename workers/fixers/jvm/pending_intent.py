"""Intents that whoever receives them can fill in."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import candidate, region
from workers.fixers.jvm.source import flagged_bytes, is_kotlin, jvm, matches
from workers.fixers.registry import NoFix, Target, fixer

_CALL = (
    r"PendingIntent\.get(?:Activity|Activities|Broadcast|Service|ForegroundService)\("
    r"(?:[^,()]|\([^()]*\))+,(?:[^,()]|\([^()]*\))+,(?:[^,()]|\([^()]*\))+,\s*(?P<value>[\w.| ]+?)\s*(?=[,)])"
)


@fixer(
    name="jvm-pending-intent",
    weakness="mutable pending intent",
    cwes=(927,),
    rules={
        "mobsfscan": ["android_pending_intent_not_immutable", "android_kotlin_pending_intent_not_immutable"],
        "semgrep": ["mutable-pending-intent", "pending-intent-not-immutable"],
    },
    explain="""A `PendingIntent` lets another app act as this one. If it is mutable, that app can fill in what this
one left open, such as the component that is started (CWE-927). Since Android 12 the flag must be named, or the call
throws.

`FLAG_IMMUTABLE` fixes the intent as it is. `FLAG_MUTABLE` is only for the few cases where the system must fill
something in: inline replies, bubbles, and location results.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """Flags → the same with FLAG_IMMUTABLE."""
    file = jvm(target)
    found = matches(file, _CALL, *flagged_bytes(target, file))
    if not found or b"MUTABLE" in found[0]["value"]:
        message = f"{file.path}:{region(target).start_line} does not show the flags of the pending intent"
        raise NoFix(message)
    flags = found[0]["value"].decode()
    word = "or" if is_kotlin(file) else "|"
    flag = "PendingIntent.FLAG_IMMUTABLE"
    text = flag if flags == "0" else f"{flags} {word} {flag}"
    yield candidate(
        "immutable",
        [file.edit(found[0].start("value"), found[0].end("value"), text)],
        "Whoever receives the intent can send it and change nothing in it.",
        warnings=("Inline replies and bubbles need FLAG_MUTABLE. Needs Android 6 (API 23).",),
    )
