"""CMD, ENTRYPOINT and health checks that a shell stands in front of."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.docker.build import before, candidate, flagged, lineage, stage_of
from workers.fixers.registry import NoFix, Target, fixer
from workers.source import syntax
from workers.source.dockerfile import Dockerfile, Instruction

_SHELL = re.compile(r"[|&;<>()$`*?\[\]#~!{}\\]|^\s*\w+=")
_BUILTIN = frozenset(
    ("cd", "export", "source", ".", "set", "exec", "eval", "if", "for", "while", "umask", "ulimit", "exit", "test", "[")
)
_PORT = re.compile(
    r"(?:exec\s+)?(?P<front>gunicorn(?:\s[^;&|]*?)?)\s(?:-b|--bind)[\s=][\"']?(?:0\.0\.0\.0)?:\$(?:PORT|\{PORT\})[\"']?(?P<rest>(?:\s.*)?)"
)
"""gunicorn told what it does where PORT is set: to listen there, on every address."""
_PROBE = re.compile(rb"CMD(?:[ \t]|\\[ \t]*\r?\n)+", re.IGNORECASE)
_STATUS = re.compile(r"\s*\|\|\s*exit\s+1\s*;?$")
"""What a probe's shell ends with, so that no status of the program but 1 is seen; Docker takes each for the same."""
_BLANKS = re.compile(r"('[^']*'|\"(?:[^\"\\]|\\.)*\")|\s{2,}")
"""Blanks that continued lines leave, outside of quotes."""
_SEVERAL = re.compile(r"[;&|]|^\s*(?:if|for|while|cd|export|source|set|\.)\s")


@fixer(
    name="docker-json-command",
    weakness="shell form of CMD, ENTRYPOINT or a health check",
    rules={"hadolint": ["DL3025"], "semgrep": ["prefer-json-notation"]},
    explain="""`CMD app --flag` runs as `/bin/sh -c "app --flag"`. The shell is process 1 and passes no signals on:
`docker stop` waits ten seconds and kills the program without letting it finish. The JSON form starts the program
itself.

What needs a shell (variables, `&&`, redirections) keeps it, said openly, and hands over to the program by `exec`. The
shell of a health check is one process more at each probe; any status but 0 says unhealthy without it, too.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """The words as a JSON array; or the shell, written out, which `exec`s the program where there is one."""
    file, one = flagged(target, "CMD", "ENTRYPOINT", "HEALTHCHECK")
    if one.keyword == "HEALTHCHECK":
        yield from _probe(file, one)
        return
    if _is_json(one) or not one.text:
        message = f"{file.path}:{one.line} is in JSON form already"
        raise NoFix(message)
    if _broken_json(one):
        yield from _repaired(file, one)
        return
    words = _words(one.text)
    joined = _joined(file, one)
    if words is not None and not joined:
        how = "The program is process 1 and gets the signals: it can finish its work when the container stops."
        yield _written(file, one, "exec-form", words, how)
    if (own := _PORT.fullmatch(one.text)) and (words := _words(own["front"] + own["rest"])) and not joined:
        how = "gunicorn listens on the port of the variable PORT by itself, so no shell has to fill it in."
        yield _written(file, one, "own-variable", words, how)
        words = None
    shell = _shell(file, one)
    if words is not None or _is_program(one.text):
        why = (
            "because it expands what stands in the line" if words is None else "for variables that the line may get yet"
        )
        how = f"The shell stays, {why}, and `exec` makes the program process 1."
        yield _written(file, one, "shell-exec", [*shell, _by_exec(one.text)], how)
    if words is None:
        if (last := _last_by_exec(one.text)) is not None:
            how = "The shell does what comes first and hands over by `exec`: the last program gets the signals."
            yield _written(file, one, "exec-last", [*shell, last], how)
        how = "Exactly what runs today, with the shell said openly. It stays process 1 where several commands follow."
        yield _written(file, one, "explicit-shell", [*shell, one.text], how)


def _written(file: Dockerfile, one: Instruction, approach: str, words: list[str], how: str) -> Candidate:
    text = json.dumps(words, ensure_ascii=False)
    return candidate(approach, [file.edit(one.body, one.end, text)], how, [one.keyword])


def _probe(file: Dockerfile, one: Instruction) -> Iterator[Candidate]:
    """A health check's command: by itself where that says the same, or with its shell written out."""
    command = _PROBE.match(file.content, one.body, one.end)
    text = _BLANKS.sub(lambda match: match[1] or " ", one.text[len("CMD") :].strip())
    if command is None or not text or text.startswith("["):
        message = f"{file.path}:{one.line} has no command in shell form"
        raise NoFix(message)
    asked, shell = _STATUS.sub("", text), _shell(file, one)
    forms = [("explicit-shell", [*shell, text], "Exactly what runs today, with the shell said openly.")]
    if (words := _words(asked)) is not None:
        how = "The program is asked without a shell: whatever status but 0 it ends with says unhealthy."
        forms.insert(0, ("exec-form", words, how))
    elif _is_program(asked):
        how = "The shell fills the line in and becomes the program, whose status counts as it is."
        forms.insert(0, ("shell-exec", [*shell, _by_exec(asked)], how))
    for approach, array, why in forms:
        edit = file.edit(command.end(), one.end, json.dumps(array, ensure_ascii=False))
        yield candidate(approach, [edit], why, [one.keyword])


def _words(text: str) -> list[str] | None:
    """The arguments that a shell would make of it; none where it would do more."""
    bare = re.sub(r"'[^']*'", "''", text)
    if _SHELL.search(bare):
        return None
    try:
        words = shlex.split(text)
    except ValueError:
        return None
    return words if words and words[0] not in _BUILTIN else None


def _is_program(text: str) -> bool:
    """Whether a line is one command, which the shell can become: it cannot become what it does itself."""
    first = next((word for word in text.removeprefix("exec ").split() if not re.match(r"\w+=", word)), "")
    return not _SEVERAL.search(text) and first not in _BUILTIN and not first.startswith(("[", "(", "{", "!", ":"))


def _by_exec(command: str) -> str:
    """The command, which takes the shell's place; `exec` would take an assignment in front of it for the program."""
    if command.startswith("exec "):
        return command
    return f"exec env {command}" if re.match(r"\w+=", command) else f"exec {command}"


def _last_by_exec(text: str) -> str | None:
    """The list of commands with `exec` before the last, where that is a program and nothing goes on beside it."""
    tree = syntax.parse(text.encode(), language="bash")
    if tree is None or tree.problems or not _SEVERAL.search(text) or re.search(r"\btrap\b|\bexec\b", text):
        return None
    if any(node.type == "&" for node in syntax.walk(tree.root)) or not tree.root.named_children:
        return None
    node = tree.root.named_children[-1]
    while node.type in {"list", "redirected_statement"}:
        node = node.named_children[-1 if node.type == "list" else 0]
    if node.type != "command" or node.named_children[0].type != "command_name":
        return None
    name = node.named_children[0].text or b""
    if not re.fullmatch(rb"[\w./-]+", name) or name.decode() in _BUILTIN | {"echo", "true", "false", "wait", "sleep"}:
        return None
    content = text.encode()
    return (content[: node.start_byte] + b"exec " + content[node.start_byte :]).decode()


def _joined(file: Dockerfile, one: Instruction) -> bool:
    """Whether the other instruction would meet this one's words, which it does not today."""
    stage = stage_of(file, one)
    if one.keyword == "ENTRYPOINT":
        return any(each.all("CMD") for each in lineage(file, stage))
    entry = next((each.last("ENTRYPOINT") for each in lineage(file, stage) if each.last("ENTRYPOINT")), None)
    return entry is not None and entry.json and not re.search(r"entry-?point|tini|dumb-init", entry.text)


def _shell(file: Dockerfile, one: Instruction) -> list[str]:
    """The shell form's own shell: SHELL's, or /bin/sh -c."""
    chosen = before(file, one, "SHELL")
    if not chosen:
        return ["/bin/sh", "-c"]
    try:
        words = json.loads(chosen[0].text)
    except ValueError:
        words = None
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        message = f"{file.path}:{chosen[0].line} chooses a shell that cannot be read"
        raise NoFix(message)
    return words


def _is_json(one: Instruction) -> bool:
    try:
        words = json.loads(one.text)
    except ValueError:
        return False
    return isinstance(words, list) and all(isinstance(word, str) for word in words)


def _broken_json(one: Instruction) -> bool:
    """Whether it is meant for an array; `[ -f /x ] && run` is a script."""
    return one.text.startswith("[") and one.text.rstrip().endswith("]")


def _repaired(file: Dockerfile, one: Instruction) -> Iterator[Candidate]:
    """`['a', 'b']` is no JSON, so a shell gets it as text: the words in double quotes are meant."""
    inner = re.fullmatch(r"\[\s*('[^'\"\\]*'(?:\s*,\s*'[^'\"\\]*')*)\s*\]", one.text)
    if inner is None:
        message = f"{file.path}:{one.line} is neither JSON nor a command: what it should run is not plain to see"
        raise NoFix(message)
    words = re.findall(r"'([^']*)'", inner[1])
    yield _written(
        file, one, "double-quotes", words, "JSON wants double quotes: with others a shell looks for a program `[`."
    )
