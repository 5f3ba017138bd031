"""What becomes of the value of a setting in a configuration file, by who reads the file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import MASKED, Text, any_of, candidate
from workers.fixers.registry import NoFix
from workers.fixers.secrets.configuration import (
    Setting,
    is_dotenv,
    is_template,
    may_be_empty,
    passed_through,
    reference,
)
from workers.fixers.secrets.names import ROTATE


def propose(file: Text, found: Setting, name: str) -> Iterator[Candidate]:
    """A set value → the reader's own placeholder, a caller's variable, a mounted file, or none.

    Raises:
        NoFix: the file has no form for any of them.
    """
    yield from any_of(
        lambda: _placeholder(file, found, name),
        lambda: _passed(file, found),
        lambda: _mounted(file, found, name),
        lambda: _shown(file, found, name),
        lambda: _unset(file, found, name),
        lambda: _emptied(file, found, name),
    )


def _made(file: Text, found: Setting, approach: str, edit: Edit, how: str, *, variable: str, where: str) -> Candidate:
    return candidate(
        approach,
        [edit],
        f"{how} {ROTATE}",
        declares=(MASKED, f"**.{found.key}", f"line:{file.line_of(found.start)}"),
        warnings=(f"Set {variable} {where}.", "Rotate the old value: the history still has it."),
    )


def _placeholder(file: Text, found: Setting, name: str) -> Candidate:
    given = reference(file.path, name)
    if given is None:
        message = f"the reader of {file.path} is not known to take values from the environment"
        raise NoFix(message)
    text, reader = given
    quote = (
        _quote(file, found) if file.path.endswith((".sh", ".bash")) else '"' * (found.quote != "" and '"' not in text)
    )
    return _made(
        file,
        found,
        "placeholder",
        file.edit(found.start, found.end, f"{quote}{text}{quote}"),
        f"The file names the value; {reader}.",
        variable=name,
        where="where this runs",
    )


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


def _passed(file: Text, found: Setting) -> Candidate:
    passed = passed_through(file, found)
    if passed is None:
        message = f"{file.path} passes no variables of its caller on"
        raise NoFix(message)
    return _made(
        file,
        found,
        "passed-through",
        file.edit(*passed, ""),
        "A variable without a value is passed on as Compose itself was given it, or from `.env`.",
        variable=found.key,
        where="where Compose runs: without it the service has no such variable",
    )


def _mounted(file: Text, found: Setting, name: str) -> Candidate:
    """A shell script's plain assignment → what the file that a variable names holds."""
    number = file.line_of(found.start)
    if not file.path.endswith((".sh", ".bash")) or file.line(number).split(b"=")[0].strip() != found.key.encode():
        message = f"{file.path}:{number} is no plain assignment of a shell script"
        raise NoFix(message)
    return _made(
        file,
        found,
        "mounted-file",
        file.edit(found.start, found.end, f'"$(cat "${{{name}_FILE:?{name}_FILE is not set}}")"'),
        f"The value is read from the file that {name}_FILE names, as Docker and Kubernetes mount secrets.",
        variable=f"{name}_FILE",
        where="where this runs",
    )


def _emptied(file: Text, found: Setting, name: str) -> Candidate:
    if re.match(rb"[\"']?https?://", file.content[found.start : found.end]):
        message = (
            f"{file.path}:{file.line_of(found.start)} is an address that carries its token: emptied, nobody finds "
            "what it leads to; give it without the token, or from elsewhere"
        )
        raise NoFix(message)
    if not may_be_empty(file.path):
        message = f"{file.path} has no form for a value that is given elsewhere: take it from the environment by hand"
        raise NoFix(message)
    quote = found.quote or ('"' if file.path.endswith((".json", ".toml", ".yaml", ".yml")) else "")
    return _made(
        file,
        found,
        "empty",
        file.edit(found.start, found.end, f"{quote}{quote}"),
        "The value is no longer in the file; give it where the program runs.",
        variable=name,
        where="where this runs, or in a copy of the file that is not committed",
    )


def _shown(file: Text, found: Setting, name: str) -> Candidate:
    """A template's value → a word that nobody takes for a real one."""
    if not is_template(file.path):
        message = f"{file.path} is read as it stands: a made-up value would be used"
        raise NoFix(message)
    return _made(
        file,
        found,
        "change-me",
        file.edit(found.start, found.end, f"{found.quote}change-me{found.quote}"),
        "Whoever copies the file sees that a value of their own belongs there.",
        variable=name,
        where="in the copy of the file, which is not committed",
    )


def _unset(file: Text, found: Setting, name: str) -> Candidate:
    """A variable's line → a comment that names it: the program finds none, rather than an empty one."""
    number = file.line_of(found.start)
    start = file.starts[number - 1]
    before = file.content[start : found.start].decode().removeprefix("export ")
    if not is_dotenv(file.path) or is_template(file.path) or not re.fullmatch(rf"{found.key}\s*=\s*", before):
        message = f"{file.path}:{number} does not set a variable by a line of its own"
        raise NoFix(message)
    return _made(
        file,
        found,
        "unset",
        file.edit(start, found.end, f"# {found.key} is given where this runs"),
        "The variable is no longer set here, so that a program which needs it says so at once.",
        variable=name,
        where="where this runs, or in a copy of the file that is not committed",
    )
