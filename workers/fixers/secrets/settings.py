"""What becomes of the value of a setting in a configuration file, by who reads the file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import MASKED, Text, any_of, candidate
from workers.fixers.registry import Harmless, NoFix
from workers.fixers.secrets.configuration import (
    Setting,
    is_dotenv,
    is_filled_in,
    is_rails,
    is_template,
    is_workflow,
    may_be_empty,
    passed_through,
    reference,
)
from workers.fixers.secrets.givers import giver
from workers.fixers.secrets.names import ROTATE
from workers.fixers.secrets.places import same, within
from workers.fixers.secrets.shell import SUFFIXES, asked_for, quoted, refuse_handed
from workers.fixers.secrets.variables import is_shared, keys_of, variable_of
from workers.source.tree import SourceTree

_OF_A_COMMAND = ("statement", "insert")
"""What a command changes that is asked for its variable first, beside its line."""


class _Kept(msgspec.Struct, frozen=True):
    """A setting in its file: where else that has the value, and by which name it is given."""

    tree: SourceTree
    file: Text
    found: Setting
    places: tuple[Setting, ...]
    """All settings that have the value, the found one among them."""
    name: str
    of_curl: bool = False
    """Whether a command of curl sends the value."""

    @property
    def number(self) -> int:
        """The found setting's line."""
        return self.file.line_of(self.found.start)


def propose(tree: SourceTree, file: Text, found: Setting, *, of_curl: bool = False) -> Iterator[Candidate]:
    """A set value → the reader's own placeholder, a caller's variable, a mounted file, or none.

    Raises:
        NoFix: the file has no form for any of them.
        Harmless: nothing is deployed with the value.
    """
    places = same(file, found)
    _refuse_undeployed(file, places, found)
    kept = _Kept(tree, file, found, tuple(places), variable_of(tree, file, places[0]), of_curl)
    if not is_filled_in(file.path):
        refuse_handed(tree, file)
        _alone(kept)
    yield from any_of(
        lambda: _placeholder(kept),
        lambda: _passed(kept),
        lambda: _mounted(kept),
        lambda: _shown(kept),
        lambda: _unset(kept),
        lambda: _emptied(kept),
    )


def _refuse_undeployed(file: Text, places: Sequence[Setting], found: Setting) -> None:
    """Say so where nothing that lasts is given the value.

    Raises:
        Harmless: it is that of a job's own service, of a developer's container, or of an environment of Rails for them.
    """
    if ".devcontainer" in file.path.split("/")[:-1]:
        message = (
            f"{file.path}:{file.line_of(found.start)} is for containers in which developers work: none is deployed"
        )
        raise Harmless(message)
    where, section = f"{file.path}:{file.line_of(found.start)}", keys_of(file, found)[0]
    if is_rails(file.path) and section in {"development", "test"}:
        message = f"{where} is the value of the environment `{section}`, with which nothing is deployed"
        raise Harmless(message)
    if is_workflow(file.path) and any("services" in keys_of(file, each) for each in places):
        message = f"{where} is what a service of the job asks for, which ends with it: made up, it opens nothing else"
        raise Harmless(message)


def _made(kept: _Kept, approach: str, edits: Sequence[Edit], how: str, warning: str) -> Candidate:
    lines = dict.fromkeys(kept.file.line_of(edit.start) for edit in edits)
    return candidate(
        approach,
        edits,
        f"{how} {ROTATE}",
        declares=(
            MASKED,
            *dict.fromkeys(f"**.{each.key}" for each in kept.places),
            *(f"{word}:{line}" for word in ("line", *(_OF_A_COMMAND if kept.of_curl else ())) for line in lines),
        ),
        warnings=(warning, "Rotate the old value: the history still has it."),
    )


def _alone(kept: _Kept) -> None:
    """Say so where the value is a part of a longer text as well, which no edit of settings reaches.

    Raises:
        NoFix: it is.
    """
    for start, _ in within(kept.file, list(kept.places)):
        message = (
            f"{kept.file.path}:{kept.file.line_of(start)} holds the same value inside of a longer text: take it out "
            f"there as well, by hand. {ROTATE}"
        )
        raise NoFix(message)


def _placeholder(kept: _Kept) -> Candidate:
    file = kept.file
    given = reference(file.path, kept.name)
    if given is None:
        message = f"the reader of {file.path} is not known to take values from the environment"
        raise NoFix(message)
    text, reader = given
    edits = []
    if kept.of_curl and not is_filled_in(file.path):
        # Gitleaks takes what the shell says where there is none for a value.
        edits.append(asked_for(file, kept.number, kept.name))
        text = f"${kept.name}"
    for each in kept.places:
        quote = quoted(file, each) if not is_filled_in(file.path) else '"' * (each.quote != "" and '"' not in text)
        edits.append(file.edit(each.start, each.end, f"{quote}{text}{quote}"))
    others = within(file, list(kept.places)) if is_filled_in(file.path) else []
    edits += [file.edit(start, end, text) for start, end in others]
    how = f"The file names the value{' wherever it stands' if len(kept.places) + len(others) > 1 else ''}; {reader}."
    where = "among the secrets of the repository" if is_workflow(file.path) else "where this runs"
    return _made(kept, "placeholder", edits, how, f"Set {kept.name} {where}.")


def _passed(kept: _Kept) -> Candidate:
    file, found = kept.file, kept.found
    passed = passed_through(file, found)
    if passed is None:
        message = f"{file.path} passes no variables of its caller on"
        raise NoFix(message)
    if len(kept.places) > 1 or is_shared(kept.tree, file, found):
        message = f"{file.path}:{kept.number} is one of several values that go by the name {found.key}"
        raise NoFix(message)
    _alone(kept)
    return _made(
        kept,
        "passed-through",
        [file.edit(*passed, "")],
        "A variable without a value is passed on as Compose itself was given it, or from `.env`.",
        f"Set {found.key} where Compose runs: without it the service has no such variable.",
    )


def _mounted(kept: _Kept) -> Candidate:
    """A shell script's plain assignment → what the file that a variable names holds."""
    file, found, name = kept.file, kept.found, kept.name
    plain = file.line(kept.number).split(b"=")[0].strip() == found.key.encode()
    if not file.path.endswith(SUFFIXES) or not plain or len(kept.places) > 1:
        message = f"{file.path}:{kept.number} is no plain assignment of a shell script"
        raise NoFix(message)
    return _made(
        kept,
        "mounted-file",
        [file.edit(found.start, found.end, f'"$(cat "${{{name}_FILE:?{name}_FILE is not set}}")"')],
        f"The value is read from the file that {name}_FILE names, as Docker and Kubernetes mount secrets.",
        f"Set {name}_FILE where this runs.",
    )


def _emptied(kept: _Kept) -> Candidate:
    file, found = kept.file, kept.found
    if re.match(rb"[\"']?https?://", file.content[found.start : found.end]):
        message = (
            f"{file.path}:{kept.number} is an address that carries its token: emptied, nobody finds what it leads to; "
            "give it without the token, or from elsewhere"
        )
        raise NoFix(message)
    if not may_be_empty(file.path):
        message = f"{file.path} has no form for a value that is given elsewhere: take it from the environment by hand"
        raise NoFix(message)
    warning = giver(kept.tree, file, found)
    _alone(kept)
    edits = []
    for each in kept.places:
        quote = each.quote or ('"' if file.path.endswith((".json", ".toml", ".yaml", ".yml")) else "")
        edits.append(file.edit(each.start, each.end, f"{quote}{quote}"))
    return _made(kept, "empty", edits, "The value is no longer in the file; it is given from elsewhere.", warning)


def _shown(kept: _Kept) -> Candidate:
    """A template's value → a word that nobody takes for a real one."""
    file = kept.file
    if not is_template(file.path):
        message = f"{file.path} is read as it stands: a made-up value would be used"
        raise NoFix(message)
    edits = [file.edit(each.start, each.end, f"{each.quote}change-me{each.quote}") for each in kept.places]
    how = "Whoever copies the file sees that a value of their own belongs there."
    return _made(kept, "change-me", edits, how, giver(kept.tree, file, kept.found))


def _unset(kept: _Kept) -> Candidate:
    """A variable's line → a comment that names it: the program finds none, rather than an empty one."""
    file = kept.file
    edits = []
    for each in kept.places:
        number = file.line_of(each.start)
        start = file.starts[number - 1]
        before = file.content[start : each.start].decode().removeprefix("export ")
        if not is_dotenv(file.path) or is_template(file.path) or not re.fullmatch(rf"{each.key}\s*=\s*", before):
            message = f"{file.path}:{number} does not set a variable by a line of its own"
            raise NoFix(message)
        edits.append(file.edit(start, each.end, f"# {each.key} is given where this runs"))
    how = "The variable is no longer set here: a program that asks for it finds none, rather than an empty one."
    return _made(kept, "unset", edits, how, giver(kept.tree, file, kept.found))
