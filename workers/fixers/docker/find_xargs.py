"""Names of files handed from find to xargs by line ends."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.docker.build import candidate, flagged
from workers.fixers.docker.shell.command import Command, Word
from workers.fixers.docker.shell.script import Script
from workers.fixers.registry import NoFix, Target, fixer
from workers.source import syntax
from workers.source.dockerfile import Dockerfile

_ACTS = re.compile(r"-(?:print0|printf|fprint\w*|ls|fls|exec|execdir|ok|okdir|delete|quit)")
"""Actions of find's own, which leave `-print0` at the end another meaning."""
_KEEPS_LINES = re.compile(r"-(?:0|-null|d.*|-delimiter.*|L.*|l.*|-max-lines.*|E.*|e.*|a.*|-arg-file.*)")


@fixer(
    name="docker-find-xargs",
    weakness="names of files split at blanks",
    rules={"hadolint": ["SC2038"]},
    explain="""xargs splits what it reads at blanks and line ends and reads quotes: a file called `a b` becomes two
names, and one of them may be another file. `find -print0 | xargs -0` separates names by the one byte that no name
holds; `find -exec … {} +` hands them over itself.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """A zero byte between names, or `-exec … +` instead of xargs."""
    file, one = flagged(target, "RUN")
    script = Script(file, one)
    found = list(_pairs(script))
    if not found or any(not _plain(find, xargs) for find, xargs in found):
        what = "does more than hand names over" if found else "is not plain to see"
        message = f"{file.path}:{one.line}: what find gives to xargs {what}"
        raise NoFix(message)
    how = "Every name reaches the command whole, whatever it holds."
    edits = [edit for find, xargs in found for edit in _by_zero(file, find, xargs)]
    yield candidate("print0", edits, how, ["RUN"])
    runs = [
        (find, xargs, _command(xargs) if _only_bar(file.slice(find.words[-1].end, xargs.whole)) else None)
        for find, xargs in found
    ]
    if all(command for _, _, command in runs):
        edits = [_by_exec(file, find, xargs, command) for find, xargs, command in runs if command]
        how = "find runs the command itself, with as many whole names as fit; where it finds none, it does not run it."
        yield candidate("exec-plus", edits, how, ["RUN"])


def _pairs(script: Script) -> Iterator[tuple[Command, Command]]:
    """Each find and the xargs right behind its bar."""
    at = {call.whole: call for call in script.commands}
    for node in syntax.walk(script.root):
        parts = node.named_children if node.type == "pipeline" else []
        for first, second in itertools.pairwise(parts):
            pair = [at.get(script.offset + part.start_byte) for part in (first, second)]
            if pair[0] and pair[1] and [each.program.text for each in pair if each] == ["find", "xargs"]:
                yield pair[0], pair[1]


def _plain(find: Command, xargs: Command) -> bool:
    """Whether both are simple, and the names are all that goes between them."""
    acts = _chooses(find) or any(_ACTS.fullmatch(word.text) for word in find.arguments)
    early = any(word.text == "-print" for word in find.arguments[:-1])
    return not acts and not early and not any(_KEEPS_LINES.fullmatch(word.text) for word in _options(xargs))


def _chooses(find: Command) -> bool:
    """Whether `-o` stands outside of parentheses, so that what follows belongs to its last part alone."""
    depth = 0
    for word in find.arguments:
        text = word.text.strip("\\\"'")
        depth += (text == "(") - (text == ")")
        if not depth and text in {"-o", "-or", ","}:
            return True
    return False


def _options(xargs: Command) -> list[Word]:
    """The words in front of the command that xargs runs, values of options included."""
    found: list[Word] = []
    for word in xargs.arguments:
        valued = bool(found) and re.fullmatch(r"-[nPsI]|--(?:max-args|max-procs|max-chars|replace)", found[-1].text)
        if not word.text.startswith("-") and not valued:
            break
        found.append(word)
    return found


def _by_zero(file: Dockerfile, find: Command, xargs: Command) -> Iterator[Edit]:
    last = find.words[-1]
    if last.text == "-print":
        yield file.edit(last.start, last.end, "-print0")
    else:
        yield file.edit(last.end, last.end, " -print0")
    yield file.edit(xargs.program.end, xargs.program.end, " -0")


def _command(xargs: Command) -> str | None:
    """What xargs runs, where `-exec … +` runs it just so."""
    options = _options(xargs)
    words = xargs.arguments[len(options) :]
    plain = all(word.text in {"-r", "--no-run-if-empty"} for word in options)
    own = any("{}" in word.text for word in words)
    return " ".join(word.text for word in words) if words and plain and not own else None


def _only_bar(between: str) -> bool:
    """Whether nothing but the bar stands between two commands: no redirection, no comment."""
    return bool(re.fullmatch(r"[\s\\]*\|[\s\\]*", between))


def _by_exec(file: Dockerfile, find: Command, xargs: Command, command: str) -> Edit:
    last = find.words[-1]
    start = find.words[-2].end if last.text == "-print" else last.end
    return file.edit(start, xargs.words[-1].end, f" -exec {command} {{}} +")
