"""Downloads and installations that check neither certificate nor signature."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.docker.build import candidate, flagged
from workers.fixers.docker.shell.command import Command
from workers.fixers.docker.shell.script import Script
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
_ARCHIVES = re.compile(rb"\barchive\.debian\.org|\bold-releases\.ubuntu\.com|\bsnapshot\.debian\.org")
WARNING = (
    "a server whose certificate or key the image does not know now fails the build: install its CA or key, and keep "
    "the check"
)
EXPLAIN = """A build that switches off the check of certificates or signatures installs whatever whoever sits on the
network sends it, as root (CWE-295, CWE-347). The check costs nothing. Where it fails, the image lacks something: the
package `ca-certificates`, a company's CA under /usr/local/share/ca-certificates, or a repository's key."""


@fixer(
    name="docker-unchecked-download",
    weakness="certificate or signature not checked",
    rules={
        "checkov": [*_OPTIONS, "CKV2_DOCKER_4", "CKV2_DOCKER_13"],
        "semgrep": ["curl-insecure", "wget-insecure"],
    },
    explain=EXPLAIN,
)
def propose(target: Target) -> Iterator[Candidate]:
    """The switch goes, and the check with it comes back."""
    rule = target.finding.rule
    file, one = flagged(target, "RUN")
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
        if rule in {"CKV2_DOCKER_8", "CKV2_DOCKER_11"} and _ARCHIVES.search(file.content):
            message = (
                f"{file.path} installs from an archive of old releases, whose keys have expired: with the check "
                "nothing is installed any more. Move the image to a release that still has updates"
            )
            raise NoFix(message)
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
    yield candidate("check-again", edits, how, ["RUN"], [WARNING])
    if rule == "CKV2_DOCKER_13" and (gone := _unset(file, one, script)):
        what = "Both check certificates unless they are told otherwise, and nothing tells them so any more."
        declares = ["RUN/delete"] if len(script.commands) == 1 else ["RUN"]
        yield candidate("say-nothing", gone, what, declares, [WARNING])


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
            if re.sub(r"['\"]", "", word.text) == "strict-ssl=false":
                yield file.edit(word.start, word.end, word.text.replace("false", "true"))
        for word, value in itertools.pairwise(call.arguments):
            if word.text.strip("'\"") == "strict-ssl" and value.text.strip("'\"") == "false":
                yield file.edit(value.start, value.end, value.text.replace("false", "true"))


def _unset(file: Dockerfile, one: Instruction, script: Script) -> list[Edit]:
    """Edits that take the one command away which switches the check off; none where it is more than that."""
    calls = [call for call in script.named("npm", "yarn") if call.top and _only_unchecks(call)]
    chain = script.chain
    if len(calls) != 1 or chain is None or len(list(_strict_ssl(file, script))) != 1:
        return []
    if len(chain) == 1:
        return [file.delete(one)]
    at = chain.index(calls[0])
    behind = at + 1 < len(chain)
    return [
        file.edit(calls[0].whole, chain[at + 1].whole, "") if behind else file.edit(chain[at - 1].end, calls[0].end, "")
    ]


def _only_unchecks(call: Command) -> bool:
    words = [re.sub(r"['\"]", "", word.text) for word in call.operands]
    return words[-2:] == ["strict-ssl", "false"] or words[-1:] == ["strict-ssl=false"]
