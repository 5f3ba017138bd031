"""Credentials written into a log."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import candidate
from workers.fixers.python.source.calls import remove_argument
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.registry import Harmless, NoFix, Target, fixer

_LEVELS = ("debug", "info", "warn", "warning", "error", "exception", "critical")
_WORD = re.compile(r"(?:^|[_\W])(?:api_?key|secret(?:_?key)?|credentials?|token|password|passwd|pwd)s?$", re.IGNORECASE)
_ABOUT = re.compile(
    r"(?:api.?key|secret|credential|token|password)\w*['\"]?\s*(?:is|was|are|[:=])*\s*['\"(<\[]?$", re.IGNORECASE
)
_MARKS_A_PLACE = re.compile(r"(?:next|page|continu\w+|sync|start|cancel\w*|tokens$)", re.IGNORECASE)
_SIGNS_IN = re.compile(rb"auth|log[_ ]?in|sign[_ ]?in|jwt|bearer|credential|password|secret|api[_ ]?key", re.IGNORECASE)
_MARK = re.compile(r"%(?:\(\w+\))?[-#0 +]*\d*(?:\.\d+)?[diouxXeEfFgGcrsa%]")
_NEVER = re.compile(
    r"(?:(?:^|_)(?:count|num|n|len|id|type|url|uri|path|file|user|exp\w*|lifetime|ttl|e|err|ex|exc)|name|error|exception)$",
    re.IGNORECASE,
)


@fixer(
    name="python-logged-credential",
    weakness="credential in a log",
    cwes=(532,),
    rules={"semgrep": ["python-logger-credential-disclosure"]},
    explain="""A log is read by more people, kept longer and copied to more places than the credential was meant for: a
token or password in it is as good as published (CWE-532).

The message says what happened without the value. Where two values have to be told apart, a short hash of it, or the
name of the key, does that; it has to be of something that nobody can guess. What is in old logs already is to be
replaced.""",
    in_tests=False,
)
def propose(target: Target) -> Iterator[Candidate]:
    """`log.info("token: %s", token)` → without the value."""
    file, call = flagged(target, ast.Call, _logs)
    text, values = call.args[0], call.args[1:]
    if not isinstance(text, ast.Constant) or not isinstance(text.value, str):
        message = f"{file.path}:{call.lineno} puts its message together: leave the credential out of it"
        raise NoFix(message)
    marks = [match for match in _MARK.finditer(file.text(text)) if match[0] != "%%"]
    if len(marks) != len(values) or any(isinstance(each, ast.Starred) for each in values):
        message = f"{file.path}:{call.lineno} fills its message in a form that does not show which value goes where"
        raise NoFix(message)
    told = [index for index, each in enumerate(values) if _is_credential(file, each)]
    if told:
        yield _without(file, call, text, marks, told)
        return
    near = [file.text(text)[: mark.start()] for mark in marks]
    doubtful = [
        each for each, before in zip(values, near, strict=True) if _ABOUT.search(before) and not _is_other(each)
    ]
    if doubtful:
        message = (
            f"{file.path}:{call.lineno} logs `{file.text(doubtful[0])}`: whether that is the credential, or only what "
            "it belongs to, is for a person to say"
        )
        raise NoFix(message)
    message = f"{file.path}:{call.lineno} speaks of a credential and logs none: none of its values is one"
    raise Harmless(message)


def _without(
    file: Module, call: ast.Call, text: ast.Constant, marks: list[re.Match[str]], told: list[int]
) -> Candidate:
    """The message with a word in place of the credentials' marks."""
    start = file.span(text)[0]
    source = file.text(text)
    edits: list[Edit] = []
    for index in told:
        before, after = (len(source[:at].encode()) for at in marks[index].span())
        edits.append(file.edit(start + before, start + after, "[redacted]"))
    if len(told) == len(marks):
        edits.append(file.edit(file.span(text)[1], file.span(call.args[-1])[1], ""))
    else:
        edits += [remove_argument(file, call, call.args[1 + index]) for index in told]
    return candidate(
        "redacted",
        edits,
        "The message says what happened; the credential is no longer in it.",
    )


def _is_credential(file: Module, value: ast.expr) -> bool:
    """Whether the value is one by its name: of a variable, an attribute or a key."""
    match value:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Subscript(slice=ast.Constant(value=str(name))):
            return _names_one(file, name)
        case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=str(name)), *_]):
            return _names_one(file, name)
        case ast.Call(func=ast.Name(id="str" | "repr"), args=[inner], keywords=[]):
            return _is_credential(file, inner)
    return False


def _names_one(file: Module, name: str) -> bool:
    """Whether the name is one of a credential; `token` alone may be a word that a parser reads, or a page's mark."""
    if not _WORD.search(name) or _MARKS_A_PLACE.search(name):
        return False
    return not re.fullmatch(r"_*tokens?", name, re.IGNORECASE) or bool(_SIGNS_IN.search(file.content))


def _is_other(value: ast.expr) -> bool:
    """Whether the name says that it is something else: a count, a name, a path, an error."""
    match value:
        case ast.Constant():
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return bool(_NEVER.search(name))
        case ast.Call(func=ast.Name(id="len" | "type" | "bool")):
            return True
    return False


def _logs(_file: Module, call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr in _LEVELS and bool(call.args)
