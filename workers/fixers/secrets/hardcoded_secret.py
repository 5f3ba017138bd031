"""Credentials that a secret scanner found, wherever they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from daemon.domain.finding import Region
from daemon.domain.fix import Candidate
from workers.fixers.code import Text, read, region
from workers.fixers.docker import secret_variable as docker
from workers.fixers.javascript import hardcoded_secret as javascript
from workers.fixers.jvm import hardcoded_secret as jvm
from workers.fixers.python import hardcoded_password as python
from workers.fixers.python.source.in_container import DOCKERFILE
from workers.fixers.registry import Harmless, NoFix, NotHere, Propose, Target, fixer
from workers.fixers.secrets import curl, described, fallback, literals, settings, terraform
from workers.fixers.secrets.configuration import Setting, is_documentation, is_read, pairs, setting
from workers.fixers.secrets.elsewhere import held_elsewhere, refuse_example, refuse_row
from workers.fixers.secrets.names import (
    ROTATE,
    environment_name,
    refuse_encoded,
    refuse_name,
    refuse_placeholder,
    refuse_public,
    refuse_test,
)
from workers.fixers.secrets.places import bare
from workers.fixers.secrets.private_key import refuse_outline
from workers.fixers.secrets.published import refuse_published

_BASELINE = re.compile(rb'"hashed_secret":\s*"[0-9a-f]{40}"')
_CHECKSUM = re.compile(r"\S+ v\S+ h1:[A-Za-z0-9+/]{43}=")
"""A line of `go.sum` and its kin."""
_APPLIED = re.compile(rb"^apiVersion:", re.MULTILINE)
_IS_KIND = re.compile(rb"^kind:", re.MULTILINE)
_SECRET = re.compile(rb"^kind:\s*[\"']?Secret\b", re.MULTILINE)
_SAID_PUBLIC = re.compile(
    rb"(?:#|//|<!--)[^\r\n]*(?:\bpublic(?:ly)? (?:key|token|known)|\bpublishable\b|\b(?:is|are|it'?s) (?:safe|public)\b"
    rb"|\bnot (?:a )?secret\b|\bonly\b[^\r\n]{0,12}\b(?:for|in|by)\b[^\r\n]{0,8}\btest|\btest(?:s|ing)? only\b)",
    re.IGNORECASE,
)
"""A comment beside the value, or above it."""
_COMMENT = re.compile(rb"\s*(?:#|//)")
_SAID_EXAMPLE = re.compile(
    rb"(?<![a-z])(?:example|sample|dummy|fake|mock)_?(?:\w+_)?(?:key|token|secret|pass(?:word|wd)?|credential)s?(?:_?\d+)?"
    rb"[\"']?\s*(?::=|=>|[:=])",
    re.IGNORECASE,
)
"""A name that says of its value that it is none: `DOCS_EXAMPLE_KEY_1=`."""
_APP_SIGNATURE = re.compile(rb"android:apk-key-hash:[\w+/=-]+")
"""How FIDO names an Android app."""
_CODE: dict[tuple[str, ...], Propose] = {
    (".py",): python.propose,
    (".js", ".cjs", ".mjs", ".jsx", ".ts", ".cts", ".mts", ".tsx"): javascript.propose,
    (".java", ".kt", ".kts"): jvm.propose,
    literals.SUFFIXES: literals.propose,
}

_OF_CI = re.compile(
    r"(?:^|/)(?:\.taskcluster|\.travis|\.drone|\.cirrus|\.?appveyor|azure-pipelines|bitbucket-pipelines)\.ya?ml$|(?:^|/)\.circleci/"
)
_ANY_WORD = re.compile(
    r"wrong|bad|invalid|incorrect|tests?|testing|foo|bar|baz|pass(?:word|wd|phrase)?|secret|pwd|my[-_]?(?:password|secret|token)"
    r"|admin|root|user|guest|demo|example|change[-_]?me|hunter2|(?:abc|pass(?:word)?)?123\d*",
    re.IGNORECASE,
)
_SHOWN = 3


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
    line = region(target).start_line
    refuse_test(file.path, line)
    _refuse_known(file, line)
    refuse_published(file, line)
    refuse_outline(file, line)
    others = () if is_documentation(file.path) else held_elsewhere(target, file, line)
    too = f"The same value stands in {_listed(others)}: take it out there, too." if others else None
    for each in _candidates(target, file):
        yield each if too is None else msgspec.structs.replace(each, warnings=(*each.warnings, too))


def _listed(paths: Sequence[str]) -> str:
    more = len(paths) - _SHOWN
    return ", ".join(paths[:_SHOWN]) + (f" and {more} more files" if more > 0 else "")


def _candidates(target: Target, file: Text) -> Iterator[Candidate]:
    where = region(target)
    line = where.start_line
    read_by_people = is_read(file, line)
    if not read_by_people and (of_code := _in_code(target, file, line)) is not None:
        yield from of_code
        return
    if file.path.endswith(terraform.SUFFIXES) and not read_by_people:
        yield from terraform.propose(target)
        return
    if b"PRIVATE KEY" in b"".join(file.line(where.start_line + each) for each in (-1, 0)):
        message = (
            f"{file.path}:{where.start_line} begins a private key: remove it from the repository and make a new one"
        )
        raise NoFix(message)
    if not read_by_people:
        _refuse_manifest(file)
    found = _found(target, file, where, shown=read_by_people)
    refuse_name(found.key)
    refuse_example(file, line)
    shown = file.content[found.start : found.end].decode().strip("\"'")
    refuse_row(file, found, shown)
    refuse_placeholder(shown, f"{file.path}:{file.line_of(found.start)}")
    refuse_encoded(shown, file.content, f"{file.path}:{file.line_of(found.start)}")
    if read_by_people and _ANY_WORD.fullmatch(shown):
        message = (
            f"{file.path}:{file.line_of(found.start)} has a word that everybody writes for a password, to show a form: "
            "it opens nothing that is not open to all"
        )
        raise Harmless(message)
    if read_by_people:
        yield from described.propose(file, found, environment_name(found.key))
        return
    if _OF_CI.search(file.path):
        message = (
            f"{file.path}:{file.line_of(found.start)} is what a job is given by this file alone: keep it among the "
            f"secrets of that service, and take it from there by name. {ROTATE}"
        )
        raise NoFix(message)
    of_curl = target.finding.rule_name.startswith("curl-")
    if of_curl and _ANY_WORD.fullmatch(shown):
        message = (
            f"{file.path}:{file.line_of(found.start)} signs in with what a service begins with, which everybody knows: "
            f"give it a password of its own there first. {ROTATE}"
        )
        raise NoFix(message)
    yield from settings.propose(target.tree, file, found, of_curl=of_curl)


def _in_code(target: Target, file: Text, line: int) -> Iterator[Candidate] | None:
    """What the file's language makes of it; none where the file is none of code."""
    if without := list(fallback.propose(target.tree, file, line)):
        return iter(without)
    if DOCKERFILE.search(file.path) and re.match(rb"\s*(?:ARG|ENV)\s", file.line(line), re.IGNORECASE):
        for each in pairs(file):
            if file.line_of(each.start) == line:
                refuse_public(each.key, bare(file, each), f"{file.path}:{line}")
        return iter(docker.propose(target))
    of_language = next((propose for suffixes, propose in _CODE.items() if file.path.endswith(suffixes)), None)
    return None if of_language is None else _of_language(target, of_language, f"{file.path}:{line}")


def _of_language(target: Target, of_language: Propose, where: str) -> Iterator[Candidate]:
    try:
        yield from of_language(target)
    except NotHere as reason:
        message = f"{where} holds the value inside of a longer text: take it out by hand. {ROTATE}"
        raise NoFix(message) from reason


def _refuse_manifest(file: Text) -> None:
    """Say so where a cluster is given the file as it stands.

    Raises:
        NoFix: it is.
    """
    if not file.path.endswith((".yaml", ".yml")) or not _APPLIED.search(file.content):
        return
    if _SECRET.search(file.content):
        message = (
            f"{file.path} is a Secret that is applied as it stands: an empty value would take its place. Make "
            "it there (`kubectl create secret`, an operator for external or sealed secrets) and take the values out. "
            f"{ROTATE}"
        )
        raise NoFix(message)
    if _IS_KIND.search(file.content):
        message = (
            f"{file.path} is applied as it stands: an empty value would take its place. Make a Secret of the value "
            "there (`kubectl create secret`, an operator for external or sealed secrets), and let the object name it "
            f"(`secretKeyRef`). {ROTATE}"
        )
        raise NoFix(message)


def _found(target: Target, file: Text, where: Region, *, shown: bool) -> Setting:
    rule = target.finding.rule_name
    if rule == "curl-auth-user":
        return curl.user(file, where)
    of_a_shell = shown or rule == "curl-auth-header" or file.path.endswith((".sh", ".bash"))
    return (curl.header(file, where) if of_a_shell else None) or setting(file, where)


def _refuse_known(file: Text, line: int) -> None:
    """Say so where the line itself tells that everybody may know what it holds.

    Raises:
        Harmless: it does.
    """
    if _CHECKSUM.fullmatch(file.line(line).decode("utf-8", "replace").strip()):
        message = f"{file.path}:{line} is the checksum of a module: everyone may know it; exclude {file.path}"
        raise Harmless(message)
    if _BASELINE.search(file.line(line)) and b'"plugins_used"' in file.content:
        message = f"{file.path}:{line} is the hash by which detect-secrets knows a value again: exclude {file.path}"
        raise Harmless(message)
    above = file.line(line - 1) if line > 1 else b""
    if _SAID_PUBLIC.search(file.line(line)) or (_COMMENT.match(above) and _SAID_PUBLIC.search(above)):
        message = f"{file.path}:{line} says itself that everybody may know it: suppress it with that reason"
        raise Harmless(message)
    if _SAID_EXAMPLE.search(file.line(line)):
        message = f"{file.path}:{line} calls its value an example: it opens nothing; suppress it with that reason"
        raise Harmless(message)
    if _APP_SIGNATURE.search(file.line(line)):
        message = f"{file.path}:{line} is the hash of the certificate that an app is signed with: every phone shows it"
        raise Harmless(message)
