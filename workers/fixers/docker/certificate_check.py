"""Downloads and installations that check neither certificate nor signature."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.docker.build import candidate, flagged
from workers.fixers.docker.script import Command, Script
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.dockerfile import Dockerfile, Instruction

_OPTIONS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "CKV2_DOCKER_2": (("curl",), ("-k", "--insecure")),
    "CKV2_DOCKER_3": (("wget",), ("--no-check-certificate",)),
    "CKV2_DOCKER_7": (("apk",), ("--allow-untrusted",)),
    "CKV2_DOCKER_8": (("apt-get", "apt"), ("--allow-unauthenticated",)),
    "CKV2_DOCKER_9": (("yum", "dnf", "tdnf", "microdnf"), ("--nogpgcheck",)),
    "CKV2_DOCKER_10": (("rpm",), ("--nodigest", "--nosignature", "--noverify", "--nofiledigest")),
    "CKV2_DOCKER_11": (("apt-get", "apt"), ("--force-yes",)),
}
_VARIABLES = {
    "CKV2_DOCKER_5": "PYTHONHTTPSVERIFY", "CKV2_DOCKER_6": "NODE_TLS_REJECT_UNAUTHORIZED",
    "CKV2_DOCKER_12": "NPM_CONFIG_STRICT_SSL",
    "CKV2_DOCKER_14": "GIT_SSL_NO_VERIFY", "CKV2_DOCKER_16": "PIP_TRUSTED_HOST",
}  # fmt: skip
_WARNING = (
    "a server whose certificate or key the image does not know now fails the build: install its CA or key, and keep "
    "the check"
)
_EXPLAIN = """A build that switches off the check of certificates or signatures installs whatever whoever sits on the
network sends it, as root (CWE-295, CWE-347). The check costs nothing. Where it fails, the image lacks something: the
package `ca-certificates`, a company's CA under /usr/local/share/ca-certificates, or a repository's key."""


@fixer(
    name="docker-unchecked-download",
    weakness="certificate or signature not checked",
    rules={
        "checkov": [*_OPTIONS, "CKV2_DOCKER_4", "CKV2_DOCKER_13", *_VARIABLES],
        "semgrep": ["curl-insecure", "wget-insecure"],
    },
    explain=_EXPLAIN,
)
def propose(target: Target) -> Iterator[Candidate]:
    """The switch goes, and the check with it comes back."""
    rule = target.finding.rule
    file, one = flagged(target, "RUN", "ENV", "ARG")
    if rule in _VARIABLES:
        yield from _variable(file, one, _VARIABLES[rule])
        return
    script = Script(file, one)
    if rule == "CKV2_DOCKER_13":
        edits = list(_strict_ssl(file, script))
    elif rule == "CKV2_DOCKER_4":
        edits = [
            edit for call in script.commands if re.match(r"pip|python", call.name) for edit in _trusted_host(file, call)
        ]
    else:
        programs, options = _OPTIONS.get(rule, (("curl", "wget"), ("-k", "--insecure", "--no-check-certificate")))
        calls = script.named(*programs)
        edits = [edit for call in calls for edit in _without(file, call, options)]
        _refuse_checked_by_digest(file, one, [call for call in calls if list(_without(file, call, options))])
        if rule == "CKV2_DOCKER_7" and edits:
            _refuse_own_packages(file, one, script)
        if rule == "CKV2_DOCKER_11":
            edits = [
                _yes(file, call, edit) for call in script.named(*programs) for edit in _without(file, call, options)
            ]
    if not edits:
        message = f"{file.path}:{one.line} switches the check off in a way that is not plain to see"
        raise NoFix(message)
    how = "The download is accepted only from the server, or with the signature, that it should come from."
    yield candidate("check-again", edits, how, ["RUN"], [_WARNING])


def _refuse_checked_by_digest(file: Dockerfile, one: Instruction, calls: list[Command]) -> None:
    """Say so where every file that is fetched without the check is compared with its digest in the same step.

    Raises:
        Harmless: they are, so nobody on the way can put another one in its place.
    """
    digests = "".join(file.slice(one.body, one.end).splitlines())
    saved = [_saved(call) for call in calls if call.name in {"curl", "wget"}]
    if saved and len(saved) == len(calls) and all(name and _digest(name, digests) for name in saved):
        message = (
            f"{file.path}:{one.line} compares what it fetches with a digest before it uses it: whoever the server is, "
            "no other file is taken"
        )
        raise Harmless(message)


def _saved(call: Command) -> str | None:
    """The file that curl or wget writes."""
    options = {"curl": ("-o", "--output"), "wget": ("-O", "--output-document")}[call.name]
    words = [word.text.strip("'\"") for word in call.words]
    return next((name for option, name in itertools.pairwise(words) if option in options), None)


def _digest(name: str, script: str) -> bool:
    """Whether a digest of this file is written in the script and checked."""
    line = (
        rf"echo\s+[\"']?[0-9a-f]{{40,128}}\s+\*?{re.escape(name)}[\"']?\s*\|\s*sha\d+sum\s+(?:-\w+\s+)*(?:-c|--check)"
    )
    return re.search(line, script) is not None


def _refuse_own_packages(file: Dockerfile, one: Instruction, script: Script) -> None:
    """Say so where apk installs files, and not by name from a repository.

    Raises:
        NoFix: it does: apk refuses them without the public key of whoever built them.
    """
    files = (
        word.text
        for call in script.named("apk")
        for word in call.operands
        if re.search(r"\.apk\b|^\.{0,2}/", word.text) and "://" not in word.text
    )
    if own := next(files, None):
        message = (
            f"{file.path}:{one.line} installs the file {own}: apk takes it only with the public key of its builder "
            "in /etc/apk/keys, so copy that there first"
        )
        raise NoFix(message)


def _without(file: Dockerfile, call: Command, options: tuple[str, ...]) -> Iterator[Edit]:
    """Edits that take options out, alone or from a cluster of short ones."""
    short = {option[1] for option in options if re.fullmatch(r"-\w", option)}
    for before, word in itertools.pairwise(call.words):
        if word.text in options:
            yield file.edit(before.end, word.end, "")
        elif short and re.fullmatch(r"-[A-Za-z]{2,}", word.text) and short & set(word.text[1:]):
            letters = "".join(letter for letter in word.text[1:] if letter not in short)
            yield file.edit(word.start, word.end, f"-{letters}")


def _yes(file: Dockerfile, call: Command, edit: Edit) -> Edit:
    """`--force-yes` also said yes: `-y` stays behind where nothing else says it."""
    said = call.says("-y", "--yes", "--assume-yes", "-qq")
    return edit if said else file.edit(edit.start, edit.end, " -y")


def _trusted_host(file: Dockerfile, call: Command) -> Iterator[Edit]:
    words = call.words
    for index, word in enumerate(words):
        if word.text.startswith("--trusted-host="):
            yield file.edit(words[index - 1].end, word.end, "")
        elif word.text == "--trusted-host" and index + 1 < len(words):
            yield file.edit(words[index - 1].end, words[index + 1].end, "")


def _strict_ssl(file: Dockerfile, script: Script) -> Iterator[Edit]:
    for call in script.named("npm", "yarn"):
        for word in call.arguments:
            if word.text.strip("'\"") == "strict-ssl=false":
                yield file.edit(word.start, word.end, word.text.replace("false", "true"))
        for word, value in zip(call.arguments, call.arguments[1:], strict=False):
            if word.text.strip("'\"") == "strict-ssl" and value.text.strip("'\"") == "false":
                yield file.edit(value.start, value.end, value.text.replace("false", "true"))


def _variable(file: Dockerfile, one: Instruction, name: str) -> Iterator[Candidate]:
    text = file.slice(one.body, one.end)
    match = re.search(rf"(?i)(^|\s)({name}(?:=|\s+)(?:\"[^\"]*\"|'[^']*'|[^\s\\;&|]+))", text)
    if match is None:
        message = f"{file.path}:{one.line} sets no {name}"
        raise NoFix(message)
    alone = not text.replace(match[2], "").strip()
    how = f"Without {name} every client of the image checks certificates again, in the build and when it runs."
    if alone and one.keyword in {"ENV", "ARG"}:
        yield candidate("remove-variable", [file.delete(one)], how, [f"{one.keyword}/delete"], [_WARNING])
        return
    if one.keyword == "RUN":
        message = f"{file.path}:{one.line} sets {name} inside of a script: how it goes on without is not plain to see"
        raise NoFix(message)
    start = one.body + len(text[: match.start()].encode())
    end = one.body + len(text[: match.end()].encode())
    yield candidate("remove-variable", [file.edit(start, end, "")], how, [one.keyword], [_WARNING])
