"""Intents that whoever receives them can fill in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, candidate, flagged_node
from workers.fixers.jvm.intent_flags import meant_by
from workers.fixers.jvm.source import is_kotlin, jvm
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.syntax import ancestors
from workers.source.tree import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_CALL = re.compile(r"PendingIntent\.get(?:Activity|Activities|Broadcast|Service|ForegroundService)$")
_SINCE = re.compile(r"\bSDK_INT\b")
_FROM_THE_FIRST = re.compile(r"SDK_INT\s*[<>]=?\s*(?:\w+\.)*(?:M|23)\b")
"""Compared with the first system that knows the flag: later ones all get it."""
_FILLED_IN = re.compile(
    r"setPendingIntentTemplate|RemoteInput|BubbleMetadata|enableForegroundDispatch|requestLocationUpdates"
    r"|requestActivity(?:Transition)?Updates|addGeofences|addProximityAlert|(?:usb\w*|UsbManager\))\.requestPermission"
    r"|PackageInstaller|session\w*\.commit|createChooser\([^;]*(?:sender|pending)|registerNetworkCallback|requestNetwork"
    r"|\.startScan\(|requestPin(?:Shortcut|AppWidget)|MediaButton|CustomTabs"
    r"|\.(?:send|download)\w*(?:Message|Mms|Sms)s?\(|sendMultipart",
    re.IGNORECASE,
)
"""What fills in the intent that it is given: a reading, a status, an address or a key."""
_TAKEN = re.compile(
    r"[aA]larm_?[mM]anager|AlarmManager|\bset(?:Exact|Inexact|AndAllow|Window)\w*\(|Notification|set(?:Content|Delete|FullScreen)Intent"
    r"|addAction\(|[rR]emoteViews|setOnClickPendingIntent|AppWidget|startIntentSender|TaskStackBuilder"
)
"""What sends the intent as it was made."""
_METHODS = ("method_declaration", "function_declaration", "constructor_declaration")
_FLAG = "PendingIntent.FLAG_IMMUTABLE"


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
    file, call = flagged_node(target, jvm(target), ("method_invocation", "call_expression"), _makes_one)
    flags = _given(call)[3]
    where, text = f"{file.path}:{file.number(call)}", file.text(flags)
    meant = meant_by(target, file, flags, _head(file, call))
    if meant is None:
        message = f"{where} takes its flags from elsewhere: see there whether FLAG_IMMUTABLE is one of them"
        raise NoFix(message)
    always = not _SINCE.search(_FROM_THE_FIRST.sub("", meant))
    if "FLAG_IMMUTABLE" in meant and "FLAG_MUTABLE" not in meant and always:
        message = f"{where} takes its flags from code that sets FLAG_IMMUTABLE: nobody can fill in the intent"
        raise Harmless(message)
    if "FLAG_MUTABLE" in meant or _FILLED_IN.search(_around(file, call)):
        message = f"{where} makes an intent that the system or another app fills in: it has to stay mutable"
        raise Harmless(message)
    if _leaves(file, call) and _FILLED_IN.search(file.content.decode("utf-8", "replace")):
        message = (
            f"{where} makes an intent for the rest of the file, where the system fills in one: see whether it is this"
        )
        raise NoFix(message)
    if not _is_taken(target, file, call):
        message = (
            f"{where} does not show what is done with the intent: whether something fills it in is for a person to say"
        )
        raise NoFix(message)
    if _is_handed_on(target, file, call, flags):
        message = f"{where} takes its flags from its callers, some of which ask for FLAG_MUTABLE: let each one say"
        raise NoFix(message)
    if flags.type in (
        "lambda_literal",
        "if_expression",
        "when_expression",
        "ternary_expression",
    ):
        message = f"{where} does not show the flags of the pending intent"
        raise NoFix(message)
    word = "or" if is_kotlin(file) else "|"
    yield candidate(
        "immutable",
        [file.replace(flags, _FLAG if text == "0" else f"{text} {word} {_FLAG}")],
        "Whoever receives the intent can send it and change nothing in it.",
        warnings=("Inline replies and bubbles need FLAG_MUTABLE. Needs Android 6 (API 23).",),
    )


def _is_handed_on(target: Target, file: Parsed, call: Node, flags: Node) -> bool:
    """Whether the flags are a parameter of the method, and somewhere in the app is one that has to be mutable."""
    if not set(re.findall(r"\w+", file.text(flags))) & _head(file, call):
        return False
    sources = (path for path in target.tree.paths() if path.endswith((".java", ".kt")))
    return any("FLAG_MUTABLE" in text_of(target.tree, path) for path in sources)


def _head(file: Parsed, call: Node) -> set[str]:
    """The names of the parameters of the method around the call."""
    method = next((node for node in ancestors(call) if node.type in _METHODS), None)
    given = method.child_by_field_name("parameters") if method is not None else None
    head = file.text(given) if given is not None else file.text(method).partition("{")[0] if method is not None else ""
    return set(re.findall(r"\w+(?=\s*[:,)=])", head))


def _is_taken(target: Target, file: Parsed, call: Node) -> bool:
    """Whether the method, its file or a file that calls it is about alarms, notifications or widgets."""
    if _TAKEN.search(file.content.decode("utf-8", "replace")):
        return True
    method = next((node for node in ancestors(call) if node.type in _METHODS), None)
    name = method.child_by_field_name("name") if method is not None else None
    named = re.compile(rf"\b{re.escape(file.text(name))}\(") if name is not None else None
    sources = (text_of(target.tree, path) for path in target.tree.paths() if path.endswith((".java", ".kt")))
    return named is not None and any(
        _TAKEN.search(text) and not _FILLED_IN.search(text) for text in sources if named.search(text)
    )


def _leaves(file: Parsed, call: Node) -> bool:
    """Whether what is made there is kept in a field or given back, rather than used in the method."""
    for outer in ancestors(call):
        if outer.type in {"local_variable_declaration", "property_declaration"}:
            inside = any(above.type in _METHODS for above in ancestors(outer))
            name = re.search(r"(\w+)\s*(?::[^=]*)?=", file.text(outer))
            given_back = name is not None and re.search(rf"\breturn\s+{name[1]}\b", _around(file, call))
            return not inside or given_back is not None
        if outer.type in {"return_statement", "jump_expression", "assignment_expression", "assignment", *_METHODS}:
            return True
        if outer.type in {"argument_list", "value_arguments", "expression_statement"}:
            return False
    return True


def _around(file: Parsed, call: Node) -> str:
    """The method around the call; the whole file where there is none."""
    return next((file.text(node) for node in ancestors(call) if node.type in _METHODS), file.content.decode())


def _makes_one(file: Parsed, call: Node) -> bool:
    given = _list(call)
    name = re.sub(r"\s+", "", file.slice(call.start_byte, given.start_byte)) if given is not None else ""
    return _CALL.search(name) is not None and len(_given(call)) > 3


def _list(call: Node) -> Node | None:
    return next((child for child in call.children if child.type in {"argument_list", "value_arguments"}), None)


def _given(call: Node) -> list[Node]:
    """The arguments' values."""
    given = _list(call)
    nodes = [node for node in given.named_children if "comment" not in node.type] if given is not None else []
    return [node.named_children[-1] if node.type == "value_argument" else node for node in nodes]
