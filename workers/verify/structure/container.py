"""What a Dockerfile's image is and does, before and after: base images, copied files, installed packages, its command.

A scanner is content with `RUN true`, with another image and with a command that no longer starts; a person is not.
"""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence

from workers.verify.structure.diff import DELETE
from workers.verify.structure.dockerfile import Instruction

_LAST_BY_EXEC = re.compile(r"(^|&&|;)\s*exec\s+(?=[^&;|]*$)")
"""The last command in the shell's place, which runs it all the same; behind an earlier one nothing would run."""
_SHELL_ONLY = re.compile(r"[$&|;<>*?`(){}~]")
_SHELLS = re.compile(r"(?:/bin/|/usr/bin/)?(?:ba|da|a|z|k)?sh")
_INSTALL = re.compile(
    r"\b(?:apt-get|apt|apk|yum|dnf|microdnf|zypper|pip3?|npm|gem|go|cargo|brew|conda)\b[^&|;\n]*?"
    r"[ \t](?:install|add|i|ci)(?P<rest>[ \t][^&|;\n]*)"
)
_VALUED = re.compile(
    r"\s(?:--(?:trusted-host|index-url|extra-index-url|requirement|constraint|target|find-links|prefix|virtual|registry)|"
    r"-[irctft])[\s=]+\S+"
)
"""Options with a value of their own."""
_WORD = re.compile(r"[\w./:@-]*\w{3}[\w./:@-]*")
_NAME = re.compile(r"[\w./+-]+")
_PINNED = re.compile(r"(?<=[\w\]\"'+])(?:[=<>~!]=?|@(?=[\d^~]|v\d|latest\b)|:(?=~>|\d)).*")
_NOW_CALLED = {"sklearn": "scikit-learn"}
"""Packages whose old name only fails and says the new one."""
_GUNICORN_PORT = re.compile(r"(?<=\s)(?:-b|--bind)[\s=]+[\"']?(?:0\.0\.0\.0)?:\$(?:PORT|\{PORT\})[\"']?(?=\s|$)")
"""What gunicorn does by itself where PORT is set."""
_VARIABLE = re.compile(r"(?<!\\)\$(?:\{(\w+)(?::\?[^}]*)?\}|(\w+))")
"""A variable's value, and where it is required as `${NAME:?}`, too."""
_REQUIRED = re.compile(r"\$\{(\w+):\?")
_TEST = re.compile(r"\[\[\s.*?\s\]\]", re.DOTALL)
"""What `&&` stands in without joining commands."""
_ALSO_CALLED = {"echo": "printf"}
"""Programs that another one may stand for, given the same words."""
_TRUSTED = re.compile(r"--trusted-host[=\s]+\S+")
"""What takes a check of certificates away, however often: a step without it does the same."""
_KEPT = 0.5
"""The share of a script's words that a fix must keep."""
_STAND_INS = {"nginx": ("nginxinc/nginx-unprivileged",)}
"""Images that do the same without root, from the same makers."""


def changed_effect(before: Sequence[Instruction], after: Sequence[Instruction], declares: Sequence[str]) -> list[str]:
    """Every effect of the image that the change lost, as a phrase."""
    may_vanish = {declared.partition(":")[2].removesuffix(DELETE) for declared in declares if declared.endswith(DELETE)}
    found = [*_images(before, after), *_copies(before, after), *_command(before, after)]
    if "RUN" not in may_vanish:
        found += _scripts(before, after)
    return found


def _of(instructions: Sequence[Instruction], *keywords: str) -> list[str]:
    return [arguments for keyword, arguments in instructions if keyword in keywords]


def _images(before: Sequence[Instruction], after: Sequence[Instruction]) -> Iterator[str]:
    old, new = _of(before, "FROM"), _of(after, "FROM")
    if len(old) == len(new):
        for one, other in zip(old, new, strict=True):
            was, now = _repository(one), _repository(other)
            if was != now and now not in _STAND_INS.get(was, ()) and "$" not in one + other:
                yield f"the base image is {now} instead of {was}"


def _repository(arguments: str) -> str:
    image = next((word for word in arguments.split() if not word.startswith("--")), "")
    name = image.partition("@")[0]
    last = name.rpartition("/")[2].partition(":")[0]
    full = f"{name.rpartition('/')[0]}/{last}".strip("/")
    return full.removeprefix("docker.io/").removeprefix("library/").lower()


def _copies(before: Sequence[Instruction], after: Sequence[Instruction]) -> Iterator[str]:
    old = Counter(_operands(text) for text in _of(before, "ADD", "COPY"))
    new = Counter(_operands(text) for text in _of(after, "ADD", "COPY"))
    scripts = "\n".join(_of(after, "RUN"))
    for operands in old - new:
        sources = operands[:-1]
        if any(_said_in_full(operands, other) for other in new - old):
            continue
        # A download may become a RUN with curl; a copy may be split, which other approaches declare.
        if not sources or not all("://" in source and source in scripts for source in sources):
            yield f"{' '.join(operands)[:80]!r} is no longer copied"


def _operands(arguments: str) -> tuple[str, ...]:
    arguments = re.sub(r"^(?:--\S+\s+)+", "", arguments)
    try:
        words = tuple(json.loads(arguments)) if arguments.startswith("[") else tuple(arguments.split())
    except ValueError:
        words = tuple(arguments.split())
    operands = [str(word) for word in words if not str(word).startswith("--")]
    if not operands:
        return ()
    destination = posixpath.normpath(operands[-1])
    return (*operands[:-1], destination if destination.startswith(("/", "$")) else f"./{destination}")


def _said_in_full(old: Sequence[str], new: Sequence[str]) -> bool:
    """Whether a destination relative to the working directory became an absolute one that ends in it."""
    relative = old[-1].removeprefix("./") if old and old[-1].startswith("./") else None
    if relative is None or old[:-1] != new[:-1] or not new[-1].startswith("/"):
        return False
    return relative == "." or new[-1].endswith(f"/{relative}")


def _command(before: Sequence[Instruction], after: Sequence[Instruction]) -> Iterator[str]:
    for keyword in ("ENTRYPOINT", "CMD"):
        old, new = (_of(_last_stage(side), keyword)[-1:] for side in (before, after))
        was, now = (_argv(side[0]) if side else () for side in (old, new))
        if was != now and not _same_where_set(was, now):
            yield f"{keyword} runs {_shown(now)} instead of {_shown(was)}"


def _same_where_set(was: Sequence[str], now: Sequence[str]) -> bool:
    """Whether the commands differ only in that the new one stops where a variable that it needs is not given."""
    plain = [[_VARIABLE.sub(r"${\1\2}", word) for word in words] for words in (was, now)]
    asked = [set(_REQUIRED.findall(" ".join(words))) for words in (was, now)]
    return plain[0] == plain[1] and asked[0] <= asked[1]


def _last_stage(instructions: Sequence[Instruction]) -> Sequence[Instruction]:
    start = max((index for index, (keyword, _) in enumerate(instructions) if keyword == "FROM"), default=0)
    return instructions[start:]


def _argv(arguments: str) -> tuple[str, ...]:
    """What is executed: words, or `sh` and a script where a shell's own characters stand in it."""
    words = _json(arguments)
    script = arguments if words is None else _script(words)
    if script is None:
        return tuple(words or ())
    script = " ".join(_LAST_BY_EXEC.sub(r"\1 ", script).split())
    if script.startswith("gunicorn "):
        script = " ".join(_GUNICORN_PORT.sub("", script).split())
    if _SHELL_ONLY.search(script):
        return ("sh", script)
    try:
        return tuple(shlex.split(script))
    except ValueError:
        return ("sh", script)


def _json(arguments: str) -> list[str] | None:
    try:
        words = json.loads(arguments.replace("'", '"') if arguments.startswith("['") else arguments)
    except ValueError:
        return None
    return [str(word) for word in words] if isinstance(words, list) else None


def _script(words: Sequence[str]) -> str | None:
    """The script of `["sh", "-c", "…"]`; none where no shell is started."""
    shell = len(words) >= 3 and _SHELLS.fullmatch(words[0]) and words[-2].startswith("-") and words[-2].endswith("c")
    return words[-1] if shell else None


def _shown(words: Sequence[str]) -> str:
    return f"`{shlex.join(words)[:60]}`" if words else "nothing"


def _scripts(before: Sequence[Instruction], after: Sequence[Instruction]) -> Iterator[str]:
    old, new = "\n".join(_of(before, "RUN")), "\n".join(_of(after, "RUN"))
    if old == new:
        return
    gone = _packages(old) - _packages(new)
    if gone:
        yield f"{', '.join(sorted(gone)[:3])} is no longer installed"
    lost = set(_programs(old)) - set(_programs(new))
    if idle := sorted(word for word in lost if _NAME.fullmatch(word) and new.split().count(word) > _named(old, word)):
        yield f"{idle[0]} is only named, and no longer run"
    kept_at = {word for _, arguments in after for word in _WORD.findall(arguments)}
    for script in set(_of(before, "RUN")) - set(_of(after, "RUN")):
        words = _WORD.findall(_TRUSTED.sub("", script))
        kept = sum(
            word in kept_at or _ALSO_CALLED.get(word) in kept_at or any(word in other for other in kept_at)
            for word in words
        )
        if words and kept < _KEPT * len(words):
            yield f"most of `RUN {script[:60]}` is gone"


def _programs(script: str) -> list[str]:
    """The first word of every command."""
    commands = re.split(r"&&|\|\||[|;\n]", _TEST.sub("[[", script))
    parts = (re.sub(r"^\s*(?:--\S+\s+)+", "", part).split() for part in commands)
    return [words[0] for words in parts if words]


def _named(script: str, word: str) -> int:
    """How often a word stands where it is not run."""
    return script.split().count(word) - _programs(script).count(word)


def _packages(script: str) -> set[str]:
    """What is installed, by name, without versions."""
    found: set[str] = set()
    for match in _INSTALL.finditer(script.replace("\\\n", " ").replace("\\", " ")):
        for word in _VALUED.sub(" ", match["rest"]).split():
            name = _PINNED.sub("", word.strip("\"'"))
            if name and not word.startswith(("-", "$", ".", "/", "#")) and name not in {"true", "\\"}:
                found.add(_NOW_CALLED.get(name.lower(), name.lower()))
    return found
