"""Constants that are names: of a field, a header or a way to sign in, and no credential."""

from __future__ import annotations

import re

from workers.fixers.code import Parsed

_FIELD = re.compile(r"(?:TAG|KEY|EXTRA|PREFS?|PREFERENCE|ARG|COL|COLUMN|PARAM|FIELD|HEADER|ATTR|BUNDLE|PROP|PROPERTY)_")
_CONSTANT = re.compile(r"\b(?:final|const)\s[^=;\n]*?\b(\w+)\s*(?::\s*String\s*)?=\s*\"([^\"\n]*)\"")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_PLAIN = re.compile(r"[A-Za-z]+(?:[-_][A-Za-z]+)*[-_]?")
_SEVERAL = 3
_SHORTEST = 3
"""Of one or two characters no credential is made."""


def is_a_name(file: Parsed, name: str, value: str) -> bool:
    """Whether the constant says what something is called: by its words, or as the file's other constants do.

    What begins or ends with a blank or a colon is shown to somebody.
    """
    return (
        len(value) < _SHORTEST
        or value != value.strip()
        or value.endswith(":")
        or _names_a_field(name, value)
        or _says_its_name(name, value)
        or _is_one_of_names(file, name, value)
    )


def _names_a_field(name: str, value: str) -> bool:
    """Whether the constant is the name under which something is kept or handed on: `EXTRA_PASSWORD = "password"`."""
    return bool(_FIELD.match(name) and re.fullmatch(r"[A-Za-z_.-]+", value))


def _says_its_name(name: str, value: str) -> bool:
    """Whether two words of a constant's text are words of its name: `IS_TOKEN_SENT_ATTR = "isTokenSentMessage"`."""
    shared = set(_words(value)) & set(_words(name))
    return name.isupper() and "_" in name and _PLAIN.fullmatch(value) is not None and len(shared) > 1


def _is_one_of_names(file: Parsed, name: str, value: str) -> bool:
    """Whether the file's other constants are names as well, which say what their own do: `STR_TITLE = "Title"`.

    Of those that begin alike it is enough that one does, where all are plain words: `AUTH_PUBLICKEY = "publickey"`.
    """
    others = [found for found in _CONSTANT.findall(file.content.decode("utf-8", "replace")) if found[0] != name]
    alike = [found for found in others if found[0].partition("_")[0] == name.partition("_")[0]]
    plain = len(alike) >= _SEVERAL - 1 and all(_PLAIN.fullmatch(text) for _, text in alike)
    told = sum(_restates(*found) for found in others)
    return _restates(name, value) and (told >= _SEVERAL or (plain and any(_restates(*found) for found in alike)))


def _restates(name: str, value: str) -> bool:
    plain = re.sub(r"[_-]", "", value)
    return plain.isalpha() and plain.lower() in name.replace("_", "").lower()


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]
