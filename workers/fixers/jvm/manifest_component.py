"""Components of an Android app that other apps may start, as its manifest says."""

from __future__ import annotations

import re

from workers.fixers.code import Text, region
from workers.fixers.registry import Harmless, NoFix, Target
from workers.source.tree import text_of

_ELEMENT = re.compile(
    rb"<(?P<kind>activity-alias|activity|service|receiver|provider)(?![\w-])(?P<rest>(?:[^>\"]|\"[^\"]*\")*)>"
)
_EXPORTED = re.compile(rb"android:exported\s*=\s*\"(?P<value>true)\"")
_NAME = re.compile(rb"android:name\s*=\s*\"[^\"]*?(?P<name>\w+)\"")
_FILTER = re.compile(rb"<intent-filter\b.*?</intent-filter>", re.DOTALL)


def exported_span(target: Target, file: Text) -> tuple[int, int]:
    """Where the flagged component says that others may start it.

    Raises:
        Harmless: the launcher or others are meant to start it, or nobody else can.
        NoFix: some others are meant to start it.
    """
    where = region(target)
    found = next(
        (
            each
            for each in _ELEMENT.finditer(file.content)
            if file.line_of(each.start()) in where.lines
            or file.line_of(each.start()) <= where.start_line <= file.line_of(each.end())
        ),
        None,
    )
    if found is None:
        message = f"{file.path}:{where.start_line} does not hold the component that this finding is about"
        raise NoFix(message)
    line = file.line_of(found.start())
    filters = _filters(file, found)
    if any(b"android.intent.category.LAUNCHER" in each for each in filters):
        message = f"{file.path}:{line} is what the launcher starts: it has to be open to other apps"
        raise Harmless(message)
    if filters:
        message = (
            f"{file.path}:{line} has an intent filter, so other apps are meant to start it: it stays open, and has to "
            "check what it is given"
        )
        raise Harmless(message)
    said = _EXPORTED.search(found["rest"])
    if said is None:
        message = f"{file.path}:{line} has no intent filter and says nothing of others: only this app can start it"
        raise Harmless(message)
    _refuse_named(target, file, found, line)
    start = found.start("rest")
    return start + said.start("value"), start + said.end("value")


def _filters(file: Text, element: re.Match[bytes]) -> list[bytes]:
    """The intent filters within the element."""
    if element["rest"].endswith(b"/"):
        return []
    end = file.content.find(b"</" + element["kind"] + b">", element.end())
    return _FILTER.findall(file.content, element.end(), end) if end > 0 else []


def _refuse_named(target: Target, file: Text, element: re.Match[bytes], line: int) -> None:
    """Raise where a permission guards the component, or a description for the system names it.

    Raises:
        NoFix: it is so, and the system or chosen apps start it.
    """
    if b"android:permission" in element["rest"]:
        message = (
            f"{file.path}:{line} asks those who start it for a permission: whom that lets in is for a person to say"
        )
        raise NoFix(message)
    found = _NAME.search(element["rest"])
    name = re.compile(rf"\b{re.escape(found['name'].decode())}\b") if found is not None else None
    module = file.path.partition("src/")[0]
    for path in target.tree.paths():
        described = path.startswith(module) and "/res/xml" in path and path.endswith(".xml")
        if name is not None and described and name.search(text_of(target.tree, path)):
            message = f"{file.path}:{line} is named in {path}, by which the system may start it"
            raise NoFix(message)
