"""A script with expressions → the same script with shell variables, written as each place reads them.

A value that stood bare was split into words by the shell; `quoted` keeps it one word, `split` lets it fall apart as
before. Where no spelling is right, `NoFix` says why.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from workers.fixers.registry import NoFix
from workers.fixers.workflows.model import EXPRESSION
from workers.fixers.workflows.script import nested_programs, scripts
from workers.fixers.workflows.script.expressions import inner
from workers.fixers.workflows.script.scripts import Heredoc, Place

Change = tuple[int, int, str]
"""Characters from, to, and what they become."""
Name = Callable[[str], str]
"""Expression → variable name; asked only for those that need one."""

_ARITHMETIC = re.compile(r"\(\((?:(?!\)\)).)*$")
_TESTS = frozenset(("[", "[[", "test"))


def rewrite(
    script: str,
    wanted: Callable[[str], bool],
    name: Name,
    *,
    split: Callable[[str], bool] = lambda _expression: False,
    command: Callable[[str], bool] = lambda _expression: False,
    zsh: bool = False,
) -> list[Change]:
    """The changes that take every wanted expression out of a POSIX shell's script.

    `command` says of which it is known which commands they name. zsh splits a variable only where it is asked to:
    `${=NAME}`.

    Raises:
        NoFix: one of them stands where no variable would be expanded, or where another program parses the text.
    """
    changes: list[Change] = []
    for place in scripts.places(script):
        expression = script[place.start : place.end]
        if wanted(expression):
            if (
                place.quote == "single"
                and _plain(script, place, wanted)
                and nested_programs.reader(script, place) is None
            ):
                changes += _double(place, f"${{{name(expression)}}}")
            elif _is_command(place) and command(expression):
                changes.append((place.start, place.end, f"${{{'=' if zsh else ''}{name(expression)}}}"))
            else:
                changes += _rewrite_one(script, place, expression, name, split, zsh=zsh)
    return _merged(changes)


def commands(script: str, wanted: Callable[[str], bool]) -> list[str]:
    """The wanted expressions that are a whole command themselves."""
    places = [place for place in scripts.places(script) if _is_command(place)]
    return [text for place in places if wanted(text := script[place.start : place.end])]


def bare(script: str, wanted: Callable[[str], bool]) -> list[str]:
    """The wanted expressions that stand outside of every quote."""
    places = [place for place in scripts.places(script) if place.quote == "bare"]
    return [text for place in places if wanted(text := script[place.start : place.end])]


def documents(script: str) -> list[str]:
    """The expressions that stand in a heredoc."""
    return [script[place.start : place.end] for place in scripts.places(script) if place.heredoc is not None]


def programs(script: str, wanted: Callable[[str], bool]) -> list[str]:
    """Who reads a wanted expression as part of a program of its own."""
    return [
        name
        for place in scripts.places(script)
        if wanted(script[place.start : place.end]) and (name := nested_programs.small(script, place))
    ]


def _is_command(place: Place) -> bool:
    return place.quote == "bare" and _alone(place) and not place.words


def _is_folder(script: str, place: Place) -> bool:
    """Whether it is the folder of a command, as the file itself names it: `${{ env.OUT }}/tool`."""
    own = inner(script[place.start : place.end]).startswith("env.")
    return own and place.quote_start == place.start and script.startswith("/", place.end)


def _alone(place: Place) -> bool:
    """Whether it is a whole word."""
    return place.quote_start == place.start and place.quote_end == place.end


def splits(script: str, wanted: Callable[[str], bool]) -> bool:
    """Whether a wanted expression stands bare as a whole word behind a command: its value may be several words.

    A test compares one word: of several it makes nothing but an error.
    """
    return any(
        place.quote == "bare"
        and place.words
        and _alone(place)
        and nested_programs.first_command([*place.words]) not in _TESTS
        and not _assigns(script, place)
        and place.before[-1:] not in (("<<<",), ("case",), (">",), (">>",), ("<",))
        and wanted(script[place.start : place.end])
        for place in scripts.places(script)
    )


def may_be_several(expression: str) -> bool:
    """Whether its value is probably none or several words: options, file lists, a switch that may be absent."""
    text = inner(expression)
    listing = re.search(
        r"(?:args?|arguments?|flags?|opts?|options?|params?|files|targets|packages|extras?|features|paths|tests?)$|&&.*\|\|",
        text.lower().rstrip("'\" )"),
    )
    return listing is not None


def _plain(script: str, place: Place, wanted: Callable[[str], bool]) -> bool:
    """Whether the single-quoted text means the same in double quotes, and all its expressions become variables."""
    text = script[place.quote_start + 1 : place.quote_end - 1]
    means_more = re.search(r"[$`\"\\!]", EXPRESSION.sub("", text)) or script[place.quote_end - 1] != "'"
    return not means_more and all(wanted(match[0]) for match in EXPRESSION.finditer(text))


def _double(place: Place, written: str) -> list[Change]:
    """The single quotes become double ones, in which the variable is expanded."""
    quotes = ((place.quote_start, place.quote_start + 1, '"'), (place.quote_end - 1, place.quote_end, '"'))
    return [quotes[0], (place.start, place.end, written), quotes[1]]


def _rewrite_one(
    script: str, place: Place, expression: str, name: Name, split: Callable[[str], bool], *, zsh: bool
) -> list[Change]:
    if place.quote == "comment":
        return [(place.start, place.end, inner(expression))]
    nested = nested_programs.reader(script, place)
    if nested is not None:
        return _inside_program(script, place, expression, name, nested)
    written = f"${{{name(expression)}}}"
    if place.quote in ("double", "heredoc"):
        return [(place.start, place.end, written)]
    if place.quote == "single":
        return _single(place, written)
    if place.quote == "ansi":
        return [(place.start, place.end, f"'\"{written}\"$'")]
    if place.quote == "literal-heredoc":
        return _literal_heredoc(script, place, written)
    if not place.words and not _assigns(script, place) and not _is_folder(script, place):
        message = f"`{expression}` is itself the command: which commands may run is for a person to list"
        raise NoFix(message)
    if _ARITHMETIC.search(script, script.rfind("\n", 0, place.start) + 1, place.start):
        message = f"`{expression}` stands in shell arithmetic, which evaluates what a variable holds once more"
        raise NoFix(message)
    compared = nested_programs.first_command([*place.words]) in _TESTS
    unquoted = _alone(place) and split(expression) and not compared and not _assigns(script, place)
    # `[[` splits nothing, and takes a pattern in quotes for plain text.
    if unquoted or place.before[-1:] == ("=~",):
        return [(place.start, place.end, f"${{={name(expression)}}}" if zsh and unquoted else written)]
    return [(place.start, place.end, f'"{written}"')]


def _single(place: Place, written: str) -> list[Change]:
    """Single quotes expand nothing: they are closed around the variable."""
    before = place.start - place.quote_start == 1
    after = place.quote_end - place.end == 1
    changes: list[Change] = [(place.start, place.end, f'"{written}"')]
    start = (place.quote_start, place.start) if before else (place.start, place.start)
    end = (place.end, place.quote_end) if after else (place.end, place.end)
    return [(*start, "" if before else "'"), *changes, (*end, "" if after else "'")]


def _literal_heredoc(script: str, place: Place, written: str) -> list[Change]:
    document = place.heredoc
    body = script[document.start : document.end] if document else ""
    if document is None or re.search(r"[$`\\](?!\{\{)", body):
        message = "the expression stands in a heredoc that expands nothing, and its other text would change if it did"
        raise NoFix(message)
    if document.words and document.words[0] in nested_programs.INTERPRETERS:
        message = (
            f"the expression stands in a heredoc for {document.words[0]}, which would read the value as its own code"
        )
        raise NoFix(message)
    return [(place.start, place.end, written), _unquoted(script, document)]


def _unquoted(script: str, document: Heredoc) -> Change:
    opener = script[document.opener : document.opener_end]
    return document.opener, document.opener_end, re.sub(r"['\"\\]", "", opener)


def _inside_program(script: str, place: Place, expression: str, name: Name, program: str) -> list[Change]:
    message = f"`{expression}` becomes code of another program ({program}), where a variable would still be code"
    if program != "sh" or place.quote not in ("single", "double"):
        raise NoFix(message)
    # The inner shell inherits the variable and expands it itself, so it must reach it unexpanded and quoted.
    text = script[place.quote_start + 1 : place.start]
    if text.count('"') % 2 or (place.quote == "single" and text.count("'") % 2):
        raise NoFix(message)
    if place.quote == "single":
        return [(place.start, place.end, f'"${{{name(expression)}}}"')]
    if re.search(r"(?<!\\)'", text):
        raise NoFix(message)
    return [(place.start, place.end, f'\\"\\${{{name(expression)}}}\\"')]


def _assigns(script: str, place: Place) -> bool:
    """Whether the word gives a variable its value: nothing is split there."""
    return bool(re.match(r"[A-Za-z_][A-Za-z0-9_]*\+?=", script[place.quote_start : place.start]))


def _merged(changes: list[Change]) -> list[Change]:
    """In order, without doubles; what lies side by side becomes one."""
    merged: list[Change] = []
    for start, end, text in sorted(dict.fromkeys(changes), key=lambda change: (change[0], change[1])):
        if merged and merged[-1][1] == start and merged[-1] != (start, end, text):
            last = merged.pop()
            merged.append((last[0], end, last[2] + text))
        else:
            merged.append((start, end, text))
    return merged
