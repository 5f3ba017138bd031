"""How the shell comes to read a variable otherwise than the expression it stands for: quotes, words, others' code."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from workers.source import script_files
from workers.verify.workflows.model import EXPRESSION, Step
from workers.verify.workflows.words import ENVIRONMENT, environment_names, shell_of, word, worded

SHELLS = frozenset(("bash", "sh", "dash", "ksh", "zsh"))
_CODE = re.compile(
    r"\b(?P<program>(?:ba|da|k|z)?sh|python3?|node|deno|perl|ruby|php|pwsh|powershell|psql|mysql|osascript|eval|trap|ssh"
    r"|g?awk|su|runuser|sg|flock|script|expect|nix-shell|nix|lua|julia|R|Rscript|groovy|elixir|erl|scala|ansible)\b"
    r"(?:[^\n\"'|;&]*?\s(?:-c|-e|-r|-p|-lc|-ec|-xc|--command|--eval|-Command|--run|-a)|(?<=eval)|(?<=trap)"
    r"|(?<=ssh)[^\n\"'|;&]*|(?<=awk)(?:\s+-F\s*\S+)?)"
    r"\s+\"(?P<text>(?:\\.|[^\"\\])*)\""
)
"""Another program with its code in double quotes, where the shell still expands variables."""
_DOCUMENT = re.compile(
    r"^(?P<line>[^\n]*(?<!<)<<-?[ \t]*(?P<end>[A-Za-z_]\w*)[^\n]*)\n(?P<text>(?:.*\n)*?)[ \t]*(?P=end)[ \t]*\r?$",
    re.MULTILINE,
)
_READS_CODE = re.compile(
    r"\b(?P<program>(?:ba|da|k|z)?sh|ssh|python3?|node|deno|perl|ruby|php|psql|mysql|sqlite3|pwsh)\b[^\n|;&<]*<<"
    r"|<<[^\n]*\|\s*(?P<piped>(?:ba|da|k|z)?sh|psql|mysql)\b"
)
_HANDED = re.compile(
    r"\b(?P<program>watch|parallel|hyperfine|concurrently|start-server-and-test|emulators:exec|send-command|run-command|tmux)\b"
    r"[^\n\"|;&]*\"(?P<text>(?:\\.|[^\"\\])*)\""
    r"|\"(?P<printed>(?:\\.|[^\"\\])*)\"\s*\|\s*(?:sudo\s+)?(?P<shell>(?:ba|da|k|z)?sh|psql|mysql)\b(?![^\n|]*\.sh\b)"
)
"""What takes a command as text, or gets it through a pipe."""
_RUNNERS = frozenset(
    f"GITHUB_{name}" for name in ("ACTOR", "BASE_REF", "HEAD_REF", "REF", "REF_NAME", "TRIGGERING_ACTOR", "WORKFLOW")
)
"""The runner's own variables that hold what somebody chose."""
"""A here-document in which the shell expands variables before another program runs it."""
_RESERVED = re.compile(
    r"GITHUB_(?:ENV|OUTPUT|PATH|STATE|STEP_SUMMARY|ACTIONS)|(?:RUNNER|ACTIONS|LD|DYLD)_\w*"
    r"|PATH|HOME|IFS|SHELL|PWD|CI|USER|BASH_ENV|ENV|PS\d"
)
_REMOTE = re.compile(r"--rsync-path[=\s]+(?P<program>)\"(?P<text>(?:\\.|[^\"\\])*)\"")
"""What rsync lets the other machine's shell run."""
_SEVERAL_WORDS = re.compile(
    r"\b\w*(?:args|arguments|flags|options|opts|params|targets|packages|files)\b", re.IGNORECASE
)
_QUOTING = re.compile(r"\\.|'[^']*'|\"|(?P<read>(?<![=\w])\$(?:\{(?P<braced>\w+)\}|(?P<plain>\w+))|\$\{\{.*?\}\})")
_COMMAND = re.compile(
    r"(?:^|[;&|(]|\b(?:then|do|else|exec|sudo)[ \t])[ \t]*"
    r"(?P<chosen>\$\{\{\s*(?:inputs|github\.event)\.[^}]*\}\})(?=\s|$)",
    re.MULTILINE,
)
_INPUT = re.compile(r"(?:github\.event\.)?inputs\.([\w-]+)")


def inputs_outside_quotes(before: Step, after: Step) -> list[str]:
    """Names of the inputs that stood outside of quotes in a shell's script, and are not pasted there any more."""
    if before.run is None or after.run is None or before.run == after.run or shell_of(before) not in SHELLS:
        return []
    read = (match for text in _outside_quotes(before.run) if (match := EXPRESSION.fullmatch(text)) is not None)
    names = [found[1] for match in read if (found := _INPUT.fullmatch(match["inside"].strip())) is not None]
    return [name for name in names if not re.search(rf"\binputs\.{re.escape(name)}\s*\}}\}}", after.run)]


def clash(script: str, fresh: set[str]) -> str | None:
    """A new variable whose name the runner, the shell or the script uses for something else."""
    for name in sorted(fresh):
        if _RESERVED.fullmatch(name):
            return f"the new variable {name} is one that the runner or the shell uses itself"
        if re.search(rf"(?<![\w$]){re.escape(name)}=|\$\{{?{re.escape(name)}\b", script):
            return f"the new variable {name} is one that the script uses already"
    return None


def assigned(before: str, after: str) -> str | None:
    """A variable read instead of `env.NAME` that the script itself gives another value."""
    for name in environment_names(before):
        read = rf"\$\{{?{re.escape(name)}\b"
        more = len(re.findall(read, after)) > len(re.findall(read, before))
        if more and re.search(rf"(?<![\w$]){re.escape(name)}=", before):
            return f"its script gives {name} another value before it reads it"
    return None


def unquoted(before: Step, after: Step, fresh: set[str]) -> str | None:
    """A fresh variable that the shell splits into words, where no expression stood outside of quotes."""
    if re.search(r"\$\(|`|<<", after.run or ""):
        return None  # Quotes nest in there, which this simple reading does not follow.
    free = set(_outside_quotes(after.run or "")) & fresh
    if free and not any(read.startswith("${{") for read in _outside_quotes(before.run or "")):
        return f"the shell splits {min(free)} into words, where its expression stood in quotes"
    return None


def joined(script: str, after: Step) -> str | None:
    """Expressions that may hold several words or none, once bare and now in quotes."""
    for match in EXPRESSION.finditer(script):
        several = _SEVERAL_WORDS.search(match["inside"]) or _has_blanks(match["inside"], after)
        if not several or _quoted(script, match.start()):
            continue
        for name, value in after.everything.items():
            same = worded(value) == word(match["inside"]) or match["inside"].strip() == f"env.{name}"
            if same and re.search(_one_word(name, after), after.run or ""):
                inside = " ".join(match["inside"].split())
                return f"`{inside}` may be several arguments or none, and is now quoted as exactly one"
    return None


def still_code(script: str, after: Step) -> str | None:
    """A variable that took an expression's place in the text of another program: the shell expands it into code."""
    for runs, text in _code(after.run or ""):
        pasted = [name for name, value in after.everything.items() if EXPRESSION.search(value)]
        for name in (*pasted, *_RUNNERS):
            reads = rf"(?<!\\)\$\{{?{re.escape(name)}\b"
            if re.search(reads, text) and not re.search(reads, script):
                return f"the shell pastes {name} into the code that {runs} runs, as the expression was"
    return None


def still_command(before: str, after: str) -> str | None:
    """An input, or what an event brings, that is itself the command, and now is so by a variable."""
    for match in _COMMAND.finditer(before):
        if match["chosen"] not in after:
            return f"`{' '.join(match['chosen'].split())}` still says which command runs, by a variable now"
    return None


def _code(script: str) -> Iterator[tuple[str, str]]:
    """Who runs which texts of a script that the shell expands variables in."""
    for match in itertools.chain(_CODE.finditer(script), _REMOTE.finditer(script)):
        yield match["program"] or "another machine", match["text"]
    for match in _DOCUMENT.finditer(script):
        if script_files.for_a_shell(match["line"]):
            yield "whoever starts the file", match["text"]
        elif (found := _READS_CODE.search(match["line"])) is not None:
            yield found["program"] or found["piped"], match["text"]
    for match in _HANDED.finditer(script):
        yield match["program"] or match["shell"], match["text"] or match["printed"]
    yield from (("whoever starts the file", line) for line in script.splitlines() if script_files.for_a_shell(line))


def _outside_quotes(script: str) -> Iterator[str]:
    """Variables and expressions that stand outside of every quote, and are not assigned."""
    inside = False
    for match in _QUOTING.finditer(script):
        if match[0] == '"':
            inside = not inside
        elif match["read"] and not inside:
            yield match["braced"] or match["plain"] or match[0]


def _one_word(name: str, step: Step) -> str:
    """How a variable is written that stays one word: in quotes, in zsh also without."""
    read = rf"\$\{{?{re.escape(name)}\}}?"
    return rf'"{read}"|(?<!\S){read}(?!\S)' if shell_of(step) == "zsh" else f'"{read}"'


def _has_blanks(inside: str, step: Step) -> bool:
    """Whether it is a variable whose value, as the file writes it, is several words."""
    match = ENVIRONMENT.fullmatch(inside.strip())
    return match is not None and bool(re.search(r"\S\s+\S", EXPRESSION.sub("x", step.everything.get(match[1], ""))))


def _quoted(script: str, offset: int) -> bool:
    line = script[script.rfind("\n", 0, offset) + 1 : offset]
    return line.count('"') % 2 == 1 or line.count("'") % 2 == 1
