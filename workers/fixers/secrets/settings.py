"""What becomes of the value of a setting in a configuration file, by who reads the file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

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
    may_be_empty,
    passed_through,
    reference,
)
from workers.fixers.secrets.givers import giver
from workers.fixers.secrets.names import ROTATE
from workers.fixers.secrets.places import same, within
from workers.fixers.secrets.variables import is_shared, keys_of, variable_of
from workers.source.tree import SourceTree, text_of


class _Kept(msgspec.Struct, frozen=True):
    """A setting in its file: where else that has the value, and by which name it is given."""

    tree: SourceTree
    file: Text
    found: Setting
    places: tuple[Setting, ...]
    """All settings that have the value, the found one among them."""
    name: str

    @property
    def number(self) -> int:
        """The found setting's line."""
        return self.file.line_of(self.found.start)


def propose(tree: SourceTree, file: Text, found: Setting) -> Iterator[Candidate]:
    """A set value → the reader's own placeholder, a caller's variable, a mounted file, or none.

    Raises:
        NoFix: the file has no form for any of them.
        Harmless: nothing is deployed with the value.
    """
    section = keys_of(file, found)[0]
    if is_rails(file.path) and section in {"development", "test"}:
        message = (
            f"{file.path}:{file.line_of(found.start)} is the value of the environment `{section}`, with which nothing "
            "is deployed"
        )
        raise Harmless(message)
    places = same(file, found)
    kept = _Kept(tree, file, found, tuple(places), variable_of(tree, file, places[0]))
    if not is_filled_in(file.path):
        _refuse_handed(kept)
        _alone(kept)
    yield from any_of(
        lambda: _placeholder(kept),
        lambda: _passed(kept),
        lambda: _mounted(kept),
        lambda: _shown(kept),
        lambda: _unset(kept),
        lambda: _emptied(kept),
    )


def _made(kept: _Kept, approach: str, edits: Sequence[Edit], how: str, warning: str) -> Candidate:
    lines = dict.fromkeys(kept.file.line_of(edit.start) for edit in edits)
    return candidate(
        approach,
        edits,
        f"{how} {ROTATE}",
        declares=(
            MASKED,
            *dict.fromkeys(f"**.{each.key}" for each in kept.places),
            *(f"line:{line}" for line in lines),
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
    for each in kept.places:
        quote = _quote(file, each) if not is_filled_in(file.path) else '"' * (each.quote != "" and '"' not in text)
        edits.append(file.edit(each.start, each.end, f"{quote}{text}{quote}"))
    if is_filled_in(file.path):
        edits += [file.edit(start, end, text) for start, end in within(file, list(kept.places))]
    how = f"The file names the value{' wherever it stands' if len(edits) > 1 else ''}; {reader}."
    return _made(kept, "placeholder", edits, how, f"Set {kept.name} where this runs.")


def _refuse_handed(kept: _Kept) -> None:
    """Say so where Terraform reads a script: it takes the placeholder for its own, or starts it where nobody sets one.

    Raises:
        NoFix: it does.
    """
    name = PurePosixPath(kept.file.path).name if kept.file.path.endswith((".sh", ".bash")) else ""
    if not name:
        return
    reader = next(
        (path for path in kept.tree.paths() if path.endswith((".tf", ".tofu")) and name in text_of(kept.tree, path)),
        None,
    )
    if reader is not None:
        message = (
            f"{reader} hands {kept.file.path} to a machine, on which nobody sets a variable: let Terraform fill in a "
            f"sensitive variable. {ROTATE}"
        )
        raise NoFix(message)


def _quote(file: Text, found: Setting) -> str:
    """What a shell's variable stands in: quotation marks of its own, or those that it is in already.

    Raises:
        NoFix: it is in single ones, between which the shell expands nothing.
    """
    number = file.line_of(found.start)
    before = re.sub(r"\\.", "", file.content[file.starts[number - 1] : found.start].decode("utf-8", "replace"))
    within = ""
    for mark in re.findall(r"[\"']", before):
        within = "" if mark == within else within or mark
    if within == "'":
        message = f"{file.path}:{number} has the value in single quotes, where the shell expands nothing"
        raise NoFix(message)
    return "" if within else '"'


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
    if not file.path.endswith((".sh", ".bash")) or not plain or len(kept.places) > 1:
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
