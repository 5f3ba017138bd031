"""Fields of an Android layout whose secrets the keyboard learns."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import Text, any_of, candidate, read
from workers.fixers.registry import Harmless, NoFix, NotHere, Target, fixer
from workers.source.tree import text_of

_FIELD = re.compile(rb"<(?:[\w.]*\.)?\w*EditText\b(?P<attributes>(?:[^>\"]|\"[^\"]*\")*)>", re.IGNORECASE)
_SAID = re.compile(rb"android:(?:id|hint|contentDescription|autofillHints)\s*=\s*\"(?P<text>[^\"]*)\"")
_SECRET = re.compile(
    rb"(?i:password|passwd|passcode|passphrase|secret|token|cvv)|(?<![A-Za-z])(?:[Pp]in|PIN|[Oo]tp|OTP)(?![a-z])"
    rb"|(?<=[a-z])(?:Pin|PIN|Otp|OTP)(?![a-z])"
)
_TYPE = re.compile(rb"android:inputType\s*=\s*\"(?P<value>[^\"]*)\"")
_HIDDEN = re.compile(r"android:password\">\s*true|android:inputType\">[^<]*(?i:password|noSuggestions)")
_KEPT = re.compile(rb"password|nosuggestions", re.IGNORECASE)


@fixer(
    name="android-sensitive-field",
    weakness="secret that the keyboard learns",
    cwes=(524,),
    rules={"mobsfscan": ["android_layout_sensitive_input_keyboard_cache"]},
    explain="""A keyboard learns what is typed and proposes it again, in every app and to everybody who holds the device
(CWE-524). `android:inputType` tells it which fields to forget.

`textNoSuggestions` keeps the field as it looks and turns learning off; `textPassword`, and `numberPassword` for digits,
also hide what is typed from whoever looks over the shoulder. Both make the field one line.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """A field for a secret → without suggestions, or as a password."""
    file = read(target)
    fields = [match for match in _FIELD.finditer(file.content) if _asks_for_secret(file, match)]
    if not fields:
        message = f"{file.path} does not show the field that this finding is about"
        raise NotHere(message)
    for field in fields:
        _refuse_styled(target, file, field)
    silent = "The keyboard neither learns nor proposes what is typed."
    hidden = "What is typed is hidden, and the keyboard forgets it."
    yield from any_of(
        lambda: _typed(file, fields, "no-suggestions", "textNoSuggestions", silent),
        lambda: _typed(file, fields, "password", "textPassword", hidden),
    )


def _refuse_styled(target: Target, file: Text, field: re.Match[bytes]) -> None:
    """Say so where the field's style says what kind it is.

    Raises:
        Harmless: it says that it is a password.
        NoFix: it says another kind, which one in the layout would put aside.
    """
    named = re.search(rb"\bstyle\s*=\s*\"@style/([\w.]+)\"", field["attributes"])
    if named is None or _TYPE.search(field["attributes"]):
        return
    style = re.compile(rf"<style\s[^>]*name=\"{re.escape(named[1].decode())}\"[^>]*>(?P<items>.*?)</style>", re.DOTALL)
    where = f"{file.path}:{file.line_of(field.start())}"
    for path in target.tree.paths():
        if not re.search(r"/values[^/]*/[^/]+\.xml$", path):
            continue
        for found in style.finditer(text_of(target.tree, path)):
            if re.search(
                r"android:password\">\s*true|android:inputType\">[^<]*(?i:password|noSuggestions)", found["items"]
            ):
                message = f"{where} is a password by its style, which {path} says: the keyboard forgets it"
                raise Harmless(message)
            if "android:inputType" in found["items"]:
                message = f"{where} has its kind by its style: say there, in {path}, that it is a password"
                raise NoFix(message)


def _asks_for_secret(file: Text, field: re.Match[bytes]) -> bool:
    before = file.content[: field.start()]
    kind = _TYPE.search(field["attributes"])
    commented = before.rfind(b"<!--") > before.rfind(b"-->")
    said = b" ".join(match["text"] for match in _SAID.finditer(field["attributes"]))
    return not commented and _SECRET.search(said) is not None and not (kind and _KEPT.search(kind["value"]))


def _typed(file: Text, fields: list[re.Match[bytes]], approach: str, text: str, why: str) -> Candidate:
    edits = [_edit(file, field, text) for field in fields]
    return candidate(
        approach,
        edits,
        why,
        declares=sorted({f"line:{file.line_of(edit.start)}" for edit in edits}),
        warnings=("The field has one line, and no proposals of the keyboard any more.",),
    )


def _edit(file: Text, field: re.Match[bytes], text: str) -> Edit:
    kind = _TYPE.search(field["attributes"])
    start = field.start("attributes")
    if kind is None:
        blank = re.match(rb"\s*", field["attributes"])
        gap = blank[0].decode() if blank else " "
        return file.insert(start + len(gap), f'android:inputType="{text}"{gap}')
    value = kind["value"].decode()
    if value not in {"text", ""}:
        if not re.fullmatch(r"number(?:Signed|Decimal)?", value) or text != "textPassword":
            message = f"{file.path}:{file.line_of(start)} has a field of its own kind: {value}"
            raise NoFix(message)
        text = "numberPassword"
    return file.edit(start + kind.start("value"), start + kind.end("value"), text)
