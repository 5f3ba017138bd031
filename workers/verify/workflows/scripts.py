"""Whether a rewritten `run` script passes the same arguments, without running a stranger's script.

Both scripts are read as the shell would read them: quotes removed, escapes undone, and every variable that stands for
an expression replaced by one harmless word, but only where the shell expands it. The old script gets the same words
where its expressions stood. Equal text means equal commands and arguments for such values.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import types
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from workers.verify.workflows import conditions
from workers.verify.workflows.model import EXPRESSION, Step

_VARIABLE = re.compile(r"\$(?:\{(?P<braced>[A-Za-z_]\w*)\}|(?P<plain>[A-Za-z_]\w*))")
_ZSH_VARIABLE = re.compile(r"\$(?:\{=?(?P<braced>[A-Za-z_]\w*)\}|(?P<plain>[A-Za-z_]\w*))")
"""In zsh `${=NAME}` is split into words; other shells stop at it."""
_SETUP = re.compile(r"\A\s*gh auth setup-git[ \t]*\r?\n")
_SHELLS = frozenset(("bash", "sh", "dash", "ksh", "zsh"))
_HEREDOC = re.compile(
    r"(?<!<)<<(?!<)(?P<dash>-?)\s*(?:(?P<quote>['\"])(?P<quoted>[^'\"]+)(?P=quote)|\\?(?P<plain>[A-Za-z_]\w*))"
)
"""Not `<<<`: what follows that is a word like any other, not the end of a document."""
_ENVIRONMENT = re.compile(r"env\.([A-Za-z_]\w*)")
_POWERSHELL = re.compile(r"\$(?:\{env:(?P<braced>\w+)\}|env:(?P<plain>\w+))", re.IGNORECASE)
_DEFAULTS = tuple(
    re.findall(
        r"\w+",
        "action actor actor_id api_url base_ref event_name event_path graphql_url head_ref job ref ref_name "
        "ref_protected ref_type repository repository_id repository_owner repository_owner_id retention_days "
        "run_attempt run_id run_number server_url sha triggering_actor workflow workflow_ref workflow_sha workspace",
    )
)
"""What the runner itself sets as GITHUB_…, with the value of `github.…`."""
_CODE = re.compile(
    r"\b(?P<program>(?:ba|da|k|z)?sh|python3?|node|deno|perl|ruby|php|pwsh|powershell|psql|mysql|osascript|eval|ssh)\b"
    r"(?:[^\n\"'|;&]*?\s(?:-c|-e|-r|-p|-lc|-ec|-xc|--command|--eval|-Command)|(?<=eval)|(?<=ssh)[^\n\"'|;&]*)"
    r"\s+\"(?P<text>(?:\\.|[^\"\\])*)\""
)
"""Another program with its code in double quotes, where the shell still expands variables."""
_INNER_SHELL = re.compile(
    r"(?:^|[;&|(]|\b(?:then|do|else)\b)\s*(?:(?:time|exec|nohup|timeout\s+\S+)\s+)?(?:/usr)?(?:/bin/)?(?:env\s+)?"
    r"(?:ba|da|k|z)?sh\s+(?:-\w+\s+)*-\w*c\s+$",
    re.MULTILINE,
)
"""A command up to the single-quoted script that it gives to a shell of its own."""
_RESERVED = re.compile(
    r"GITHUB_(?:ENV|OUTPUT|PATH|STATE|STEP_SUMMARY|ACTIONS)|(?:RUNNER|ACTIONS|LD|DYLD)_\w*"
    r"|PATH|HOME|IFS|SHELL|PWD|CI|USER|BASH_ENV|ENV|PS\d"
)
_REMOTE = re.compile(r"--rsync-path[=\s]+(?P<program>)\"(?P<text>(?:\\.|[^\"\\])*)\"")
"""What rsync lets the other machine's shell run."""
_SEVERAL_WORDS = re.compile(
    r"\b\w*(?:args|arguments|flags|options|opts|params|targets|packages|files)\b", re.IGNORECASE
)


def changed_meaning(before: Step, after: Step) -> str | None:
    """How a step's script stopped meaning the same; none where it does, or where it did not change."""
    if before.run is None or after.run is None:
        return None if before.run == after.run else "a step's script vanished or appeared"
    fresh = after.everything.keys() - before.everything.keys()
    if (clash := _clash(before.run, fresh)) is not None:
        return clash
    after = _without_setup(before, after)
    if after.run is None or before.run == after.run:
        return None
    shell = _shell(before)
    if shell in {"pwsh", "powershell"}:
        named = _environment_names(before.run)
        return _compare(_powershell(before, named), _powershell(after, named))
    if shell not in _SHELLS:
        return None if shell == "python" else f"scripts of the shell {shell} cannot be compared"
    if (words := _joined(before.run, after) or _still_code(before.run, after)) is not None:
        return words
    if (clash := _assigned(before.run, after.run or "")) is not None:
        return clash
    if (split := _unquoted(before, after, fresh)) is not None:
        return split
    named = _environment_names(before.run)
    return _compare(_with_files(normalised(before, named)), _with_files(normalised(after, named)))


_FILES = (
    (re.compile(r"^(?P<head>\s*echo )::set-env name=(?P<name>\w+)::(?P<value>.*)$", re.MULTILINE), "GITHUB_ENV"),
    (re.compile(r"^(?P<head>\s*echo )::set-output name=(?P<name>\w+)::(?P<value>.*)$", re.MULTILINE), "GITHUB_OUTPUT"),
    (re.compile(r"^(?P<head>\s*echo )::add-path::(?P<name>)(?P<value>.*)$", re.MULTILINE), "GITHUB_PATH"),
)
"""Commands that the runner reads on a script's output, and the files that mean the same."""


def _with_files(script: str) -> str:
    """The script with the runner's old commands as lines in its files."""
    for command, file in _FILES:
        script = command.sub(
            lambda match, file=file: (  # type: ignore[misc]  # the loop's value, taken now
                f"{match['head']}{match['name']}{'=' if match['name'] else ''}{match['value']} >> ${file}"
            ),
            script,
        )
    return script


def _without_setup(before: Step, after: Step) -> Step:
    """The step without a first line that gives git the credentials of `gh`, where it has a token for that."""
    run = after.run or ""
    fresh = _SETUP.match(run) is not None and _SETUP.match(before.run or "") is None
    return msgspec.structs.replace(after, run=_SETUP.sub("", run)) if fresh and "GH_TOKEN" in after.env else after


def normalised(step: Step, named: Iterable[str] = ()) -> str:
    """The step's script as the shell means it, with one harmless word for each expression.

    `named` are variables that an expression `env.NAME` reads: they hold the same for the shell.
    """
    values = _values(step)
    for name in named:
        values[name] = _worded(step.everything[name]) if name in step.everything else word(f"env.{name}")
    variable = _ZSH_VARIABLE if _shell(step) == "zsh" else _VARIABLE
    return _Reader(_worded(step.run or "", values), values, variable).read()


def _shell(step: Step) -> str:
    return step.shell.split()[0].rpartition("/")[2] if step.shell.strip() else "bash"


def word(expression: str) -> str:
    """The harmless word that stands for an expression; the same for the same expression."""
    return f"w{hashlib.sha256(''.join(expression.split()).encode()).hexdigest()[:10]}"


def _values(step: Step) -> dict[str, str]:
    """Variables that an expression decides → their value, in words."""
    known = {name: _worded(value) for name, value in step.everything.items()}
    given = {name: _worded(value, known) for name, value in step.everything.items() if EXPRESSION.search(value)}
    runner = {"RUNNER_NAME": word("runner.name")}
    return given | runner | {f"GITHUB_{name.upper()}": word(f"github.{name}") for name in _DEFAULTS}


def _worded(text: str, values: Mapping[str, str] = types.MappingProxyType({})) -> str:
    def written(match: re.Match[str]) -> str:
        inside = match["inside"].strip()
        if inside.startswith("env."):
            return values.get(inside.removeprefix("env."), word(inside))
        same = conditions.constant(inside)
        return word(inside) if same is None else same

    return EXPRESSION.sub(written, text)


def _environment_names(script: str) -> list[str]:
    """The variables that the script's expressions read as `env.NAME`."""
    found = (_ENVIRONMENT.fullmatch(match["inside"].strip()) for match in EXPRESSION.finditer(script))
    return [match[1] for match in found if match]


_QUOTING = re.compile(r"\\.|'[^']*'|\"|(?P<read>(?<![=\w])\$(?:\{(?P<braced>\w+)\}|(?P<plain>\w+))|\$\{\{.*?\}\})")


def _unquoted(before: Step, after: Step, fresh: set[str]) -> str | None:
    """A fresh variable that the shell splits into words, where no expression stood outside of quotes."""
    if re.search(r"\$\(|`|<<", after.run or ""):
        return None  # Quotes nest in there, which this simple reading does not follow.
    free = set(_outside_quotes(after.run or "")) & fresh
    if free and not any(read.startswith("${{") for read in _outside_quotes(before.run or "")):
        return f"the shell splits {min(free)} into words, where its expression stood in quotes"
    return None


_INPUT = re.compile(r"(?:github\.event\.)?inputs\.([\w-]+)")


def inputs_outside_quotes(before: Step, after: Step) -> list[str]:
    """Names of the inputs that stood outside of quotes in a shell's script, and are not pasted there any more."""
    if before.run is None or after.run is None or before.run == after.run or _shell(before) not in _SHELLS:
        return []
    read = (match for text in _outside_quotes(before.run) if (match := EXPRESSION.fullmatch(text)) is not None)
    names = [found[1] for match in read if (found := _INPUT.fullmatch(match["inside"].strip())) is not None]
    return [name for name in names if not re.search(rf"\binputs\.{re.escape(name)}\s*\}}\}}", after.run)]


def _outside_quotes(script: str) -> Iterator[str]:
    """Variables and expressions that stand outside of every quote, and are not assigned."""
    inside = False
    for match in _QUOTING.finditer(script):
        if match[0] == '"':
            inside = not inside
        elif match["read"] and not inside:
            yield match["braced"] or match["plain"] or match[0]


def _assigned(before: str, after: str) -> str | None:
    """A variable read instead of `env.NAME` that the script itself gives another value."""
    for name in _environment_names(before):
        read = rf"\$\{{?{re.escape(name)}\b"
        more = len(re.findall(read, after)) > len(re.findall(read, before))
        if more and re.search(rf"(?<![\w$]){re.escape(name)}=", before):
            return f"its script gives {name} another value before it reads it"
    return None


def _compare(before: str, after: str) -> str | None:
    old, new = before.split(), after.split()
    for one, other in zip(old, new, strict=False):
        if one != other:
            return f"its script passes {other[:60]!r} where it passed {one[:60]!r}"
    if len(old) != len(new):
        return f"its script has {len(new)} words where it had {len(old)}"
    return None


def _clash(script: str, fresh: set[str]) -> str | None:
    for name in sorted(fresh):
        if _RESERVED.fullmatch(name):
            return f"the new variable {name} is one that the runner or the shell uses itself"
        if re.search(rf"(?<![\w$]){re.escape(name)}=|\$\{{?{re.escape(name)}\b", script):
            return f"the new variable {name} is one that the script uses already"
    return None


def _still_code(script: str, after: Step) -> str | None:
    """A variable that took an expression's place in the text of another program: the shell expands it into code."""
    for match in itertools.chain(_CODE.finditer(after.run or ""), _REMOTE.finditer(after.run or "")):
        for name, value in after.everything.items():
            reads = rf"(?<!\\)\$\{{?{re.escape(name)}\b"
            if EXPRESSION.search(value) and re.search(reads, match["text"]) and not re.search(reads, script):
                runs = match["program"] or "another machine"
                return f"the shell pastes {name} into the code that {runs} runs, as the expression was"
    return None


def _joined(script: str, after: Step) -> str | None:
    """Expressions that may hold several words or none, once bare and now in quotes."""
    for match in EXPRESSION.finditer(script):
        several = _SEVERAL_WORDS.search(match["inside"]) or _has_blanks(match["inside"], after)
        if not several or _quoted(script, match.start()):
            continue
        for name, value in after.everything.items():
            same = _worded(value) == word(match["inside"]) or match["inside"].strip() == f"env.{name}"
            if same and re.search(_one_word(name, after), after.run or ""):
                inside = " ".join(match["inside"].split())
                return f"`{inside}` may be several arguments or none, and is now quoted as exactly one"
    return None


def _one_word(name: str, step: Step) -> str:
    """How a variable is written that stays one word: in quotes, in zsh also without."""
    read = rf"\$\{{?{re.escape(name)}\}}?"
    return rf'"{read}"|(?<!\S){read}(?!\S)' if _shell(step) == "zsh" else f'"{read}"'


def _has_blanks(inside: str, step: Step) -> bool:
    """Whether it is a variable whose value, as the file writes it, is several words."""
    match = _ENVIRONMENT.fullmatch(inside.strip())
    return match is not None and bool(re.search(r"\S\s+\S", EXPRESSION.sub("x", step.everything.get(match[1], ""))))


def _quoted(script: str, offset: int) -> bool:
    line = script[script.rfind("\n", 0, offset) + 1 : offset]
    return line.count('"') % 2 == 1 or line.count("'") % 2 == 1


def _powershell(step: Step, named: Iterable[str]) -> str:
    values = _values(step)
    for name in named:
        values[name] = _worded(step.everything[name]) if name in step.everything else word(f"env.{name}")

    def value(match: re.Match[str]) -> str:
        return values.get(match["braced"] or match["plain"], match[0])

    pieces = re.split(r"('[^'\n]*')", _worded(step.run or "", values))
    expanded = [piece if piece.startswith("'") else _POWERSHELL.sub(value, piece) for piece in pieces]
    return re.sub(r"['\"`]|\$\((w[0-9a-f]{10})\)", r"\1", "".join(expanded))


class _Reader:
    """Reads a script left to right, in and out of quotes and here-documents."""

    def __init__(self, script: str, values: Mapping[str, str], variable: re.Pattern[str]) -> None:
        self._script = script
        self._variable = variable
        self._values = values
        self._at = 0
        self._out: list[str] = []
        self._heredocs: list[tuple[str, bool]] = []

    def read(self) -> str:
        """The normalised text."""
        self._commands()
        return "".join(self._out)

    def _commands(self, *, nested: bool = False) -> None:
        """Commands up to the end, or up to the parenthesis that closes a substitution inside double quotes."""
        depth = 0
        while self._at < len(self._script):
            char = self._script[self._at]
            depth += (char == "(") - (char == ")")
            if nested and depth < 0:
                return
            if char == "'":
                self._single()
            elif char == '"':
                self._at += 1
                self._double()
            elif char == "\\":
                following = self._script[self._at + 1 : self._at + 2]
                self._emit("" if following == "\n" else following, 2)
            elif char == "#" and (self._at == 0 or self._script[self._at - 1].isspace()):
                end = self._script.find("\n", self._at)
                self._at = end if end >= 0 else len(self._script)
            elif char == "\n":
                self._emit("\n", 1)
                self._bodies()
            elif match := _HEREDOC.match(self._script, self._at):
                self._heredocs.append((match["quoted"] or match["plain"], match["quoted"] is not None))
                self._emit("<<", match.end() - self._at)
            else:
                self._expand()

    def _emit(self, text: str, length: int) -> None:
        self._out.append(text)
        self._at += length

    def _single(self) -> None:
        end = self._script.find("'", self._at + 1)
        end = end if end >= 0 else len(self._script)
        inside = self._script[self._at + 1 : end]
        if _INNER_SHELL.search(self._script, self._script.rfind("\n", 0, self._at) + 1, self._at):
            # A shell of the same machine inherits the variables, and expands them itself.
            inside = _Reader(inside, self._values, self._variable).read()
        self._emit(inside, end + 1 - self._at)

    def _double(self) -> None:
        while self._at < len(self._script) and self._script[self._at] != '"':
            escaped = self._script[self._at : self._at + 2]
            if escaped in {'\\"', "\\\\", "\\$", "\\`"}:
                self._emit(escaped[1], 2)
            elif escaped == "$(":
                self._emit(escaped, 2)
                self._commands(nested=True)
            else:
                self._expand()
        self._at += 1

    def _expand(self) -> None:
        match = self._variable.match(self._script, self._at)
        if match is None:
            self._emit(self._script[self._at], 1)
        else:
            self._emit(self._values.get(match["braced"] or match["plain"], match[0]), match.end() - self._at)

    def _bodies(self) -> None:
        for delimiter, literal in self._heredocs:
            while self._at < len(self._script):
                end = self._script.find("\n", self._at)
                end = end if end >= 0 else len(self._script)
                line = self._script[self._at : end]
                if line.strip() == delimiter:
                    self._at = min(end + 1, len(self._script))
                    break
                expanded = line if literal else self._variable.sub(self._value, line)
                self._emit(f"{expanded}\n", end + 1 - self._at)
        self._heredocs.clear()

    def _value(self, match: re.Match[str]) -> str:
        return self._values.get(match["braced"] or match["plain"], match[0])
