"""Credentials that a secret scanner found, wherever they are."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import MASKED, Text, any_of, candidate, read, region
from workers.fixers.javascript import hardcoded_secret as javascript
from workers.fixers.jvm import hardcoded_secret as jvm
from workers.fixers.python import hardcoded_password as python
from workers.fixers.registry import Harmless, NoFix, NotHere, Propose, Target, fixer
from workers.fixers.secrets import described, literals, terraform
from workers.fixers.secrets.configuration import (
    Setting,
    header,
    is_dotenv,
    is_read,
    is_template,
    may_be_empty,
    passed_through,
    reference,
    setting,
)
from workers.fixers.secrets.names import ROTATE, environment_name, refuse_name, refuse_placeholder, refuse_test

_CHECKSUM = re.compile(r"\S+ v\S+ h1:[A-Za-z0-9+/]{43}=")
"""A line of `go.sum` and its kin."""
_SECRET = re.compile(rb"^kind:\s*[\"']?Secret\b", re.MULTILINE)
_SAID_PUBLIC = re.compile(
    rb"(?:#|//|<!--)[^\r\n]*(?:\bpublic(?:ly)? (?:key|token|known)|\bpublishable\b|\b(?:is|are|it'?s) (?:safe|public)\b"
    rb"|\bnot (?:a )?secret\b)",
    re.IGNORECASE,
)
"""A comment beside the value."""
_APP_SIGNATURE = re.compile(rb"android:apk-key-hash:[\w+/=-]+")
"""How FIDO names an Android app."""
_CODE: dict[tuple[str, ...], Propose] = {
    (".py",): python.propose,
    (".js", ".cjs", ".mjs", ".jsx", ".ts", ".cts", ".mts", ".tsx"): javascript.propose,
    (".java", ".kt", ".kts"): jvm.propose,
    literals.SUFFIXES: literals.propose,
}


@fixer(
    name="hardcoded-secret",
    weakness="credential in a file",
    rules={
        "gitleaks": ["*"],
        "detect-secrets": ["*"],
        "trufflehog": ["*"],
        "semgrep": ["generic.secrets.*", "detected-*"],
    },
    explain="""A credential in a repository belongs to everyone who can read it, now or in any old clone; public ones
are found by bots within minutes (CWE-798). **Rotate it first**: revoke the old one where it was issued. The history
still has it, so no change of files makes it secret again.

Then take the value out of the file. In code it comes from the environment or from a mounted file. In a configuration
whose reader knows placeholders (Compose, Spring, GitHub Actions, a shell script) the placeholder names the
environment's value; Terraform takes a variable. A document says what belongs there, or has its reader's shell put it
into the command. In other formats the value is left empty (in a template it says `change-me`) and given where the
program runs. A file that is a key itself cannot be mended: remove it, and make a new key outside of the repository.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """A found credential → the environment, a mounted file, a placeholder, or an empty value."""
    file = read(target)
    where = region(target)
    line = where.start_line
    refuse_test(file.path, line)
    _refuse_known(file, line)
    read_by_people = is_read(file, line)
    for suffixes, of_language in _CODE.items():
        if file.path.endswith(suffixes) and not read_by_people:
            try:
                yield from of_language(target)
            except NotHere as reason:
                message = f"{file.path}:{line} holds the value inside of a longer text: take it out by hand. {ROTATE}"
                raise NoFix(message) from reason
            return
    if file.path.endswith(terraform.SUFFIXES) and not read_by_people:
        yield from terraform.propose(target)
        return
    if b"PRIVATE KEY" in b"".join(file.line(where.start_line + each) for each in (-1, 0)):
        message = (
            f"{file.path}:{where.start_line} begins a private key: remove it from the repository and make a new one"
        )
        raise NoFix(message)
    if _SECRET.search(file.content) and file.path.endswith((".yaml", ".yml")):
        message = (
            f"{file.path} is a Secret that is applied as it stands: an empty value would take its place. Make "
            "it there (`kubectl create secret`, an operator for external or sealed secrets) and take the values out. "
            f"{ROTATE}"
        )
        raise NoFix(message)
    found = (header(file, where) if read_by_people else None) or setting(file, where)
    refuse_name(found.key)
    name = environment_name(found.key)
    if read_by_people:
        shown = file.content[found.start : found.end].decode().strip("\"'")
        refuse_placeholder(shown, f"{file.path}:{file.line_of(found.start)}")
        yield from described.propose(file, found, name)
        return
    yield from any_of(
        lambda: _placeholder(file, found, name),
        lambda: _passed(file, found),
        lambda: _mounted(file, found, name),
        lambda: _shown(file, found, name),
        lambda: _unset(file, found, name),
        lambda: _emptied(file, found, name),
    )


def _refuse_known(file: Text, line: int) -> None:
    """Say so where the line itself tells that everybody may know what it holds.

    Raises:
        Harmless: it does.
    """
    if _CHECKSUM.fullmatch(file.line(line).decode("utf-8", "replace").strip()):
        message = f"{file.path}:{line} is the checksum of a module: everyone may know it; exclude {file.path}"
        raise Harmless(message)
    if _SAID_PUBLIC.search(file.line(line)):
        message = f"{file.path}:{line} says itself that everybody may know it: suppress it with that reason"
        raise Harmless(message)
    if _APP_SIGNATURE.search(file.line(line)):
        message = f"{file.path}:{line} is the hash of the certificate that an app is signed with: every phone shows it"
        raise Harmless(message)


def _warnings(name: str, place: str) -> tuple[str, ...]:
    return (f"Set {name} {place}.", "Rotate the old value: the history still has it.")


def _placeholder(file: Text, found: Setting, name: str) -> Candidate:
    given = reference(file.path, name)
    if given is None:
        message = f"the reader of {file.path} is not known to take values from the environment"
        raise NoFix(message)
    text, reader = given
    quote = '"' if file.path.endswith((".sh", ".bash")) or (found.quote and '"' not in text) else ""
    return candidate(
        "placeholder",
        [file.edit(found.start, found.end, f"{quote}{text}{quote}")],
        f"The file names the value; {reader}. {ROTATE}",
        declares=(MASKED, f"**.{found.key}", f"line:{file.line_of(found.start)}"),
        warnings=_warnings(name, "where this runs"),
    )


def _passed(file: Text, found: Setting) -> Candidate:
    passed = passed_through(file, found)
    if passed is None:
        message = f"{file.path} passes no variables of its caller on"
        raise NoFix(message)
    return candidate(
        "passed-through",
        [file.edit(*passed, "")],
        f"A variable without a value is passed on as Compose itself was given it, or from `.env`. {ROTATE}",
        declares=(MASKED, f"**.{found.key}", f"line:{file.line_of(found.start)}"),
        warnings=_warnings(found.key, "where Compose runs: without it the service has no such variable"),
    )


def _mounted(file: Text, found: Setting, name: str) -> Candidate:
    """A shell script's plain assignment → what the file that a variable names holds."""
    number = file.line_of(found.start)
    if not file.path.endswith((".sh", ".bash")) or file.line(number).split(b"=")[0].strip() != found.key.encode():
        message = f"{file.path}:{number} is no plain assignment of a shell script"
        raise NoFix(message)
    return candidate(
        "mounted-file",
        [file.edit(found.start, found.end, f'"$(cat "${{{name}_FILE:?{name}_FILE is not set}}")"')],
        f"The value is read from the file that {name}_FILE names, as Docker and Kubernetes mount secrets. {ROTATE}",
        declares=(MASKED, f"**.{found.key}", f"line:{number}"),
        warnings=_warnings(f"{name}_FILE", "where this runs"),
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
    return candidate(
        "empty",
        [file.edit(found.start, found.end, f"{quote}{quote}")],
        f"The value is no longer in the file; give it where the program runs. {ROTATE}",
        declares=(MASKED, f"**.{found.key}", f"line:{file.line_of(found.start)}"),
        warnings=_warnings(name, "where this runs, or in a copy of the file that is not committed"),
    )


def _shown(file: Text, found: Setting, name: str) -> Candidate:
    """A template's value → a word that nobody takes for a real one."""
    if not is_template(file.path):
        message = f"{file.path} is read as it stands: a made-up value would be used"
        raise NoFix(message)
    return candidate(
        "change-me",
        [file.edit(found.start, found.end, f"{found.quote}change-me{found.quote}")],
        f"Whoever copies the file sees that a value of their own belongs there. {ROTATE}",
        declares=(MASKED, f"**.{found.key}", f"line:{file.line_of(found.start)}"),
        warnings=_warnings(name, "in the copy of the file, which is not committed"),
    )


def _unset(file: Text, found: Setting, name: str) -> Candidate:
    """A variable's line → a comment that names it: the program finds none, rather than an empty one."""
    number = file.line_of(found.start)
    start = file.starts[number - 1]
    before = file.content[start : found.start].decode().removeprefix("export ")
    if not is_dotenv(file.path) or is_template(file.path) or not re.fullmatch(rf"{found.key}\s*=\s*", before):
        message = f"{file.path}:{number} does not set a variable by a line of its own"
        raise NoFix(message)
    return candidate(
        "unset",
        [file.edit(start, found.end, f"# {found.key} is given where this runs")],
        f"The variable is no longer set here, so that a program which needs it says so at once. {ROTATE}",
        declares=(MASKED, f"**.{found.key}", f"line:{number}"),
        warnings=_warnings(name, "where this runs, or in a copy of the file that is not committed"),
    )
