"""Secrets that the builder lends to a RUN step: which steps need one, and how they get it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from daemon.domain.fix import Edit
from workers.fixers.docker.build import is_root, user_at
from workers.fixers.docker.edits import insert_behind_flags, syntax_line
from workers.fixers.docker.shell.script import Script, scripts
from workers.fixers.docker.shell_quoting import quotes
from workers.fixers.docker.variables import names_it
from workers.fixers.registry import NoFix
from workers.source.dockerfile import Dockerfile, Instruction

ENV_MINOR = 10
"""The first 1.x of the Dockerfile syntax that gives a secret as a variable."""
_FILE_MINOR = 2
_FRONTEND = re.compile(rb"^#\s*syntax\s*=\s*(\S+)", re.IGNORECASE)
_RELEASE = re.compile(
    r"(?:docker\.io/)?docker/dockerfile:(?:1|latest|labs|1-labs|1\.(\d+)(?:\.\d+)?(?:-labs)?)(?:@\S+)?"
)
_READS_NONE = frozenset(
    (
        "apt-get", "apt", "apk", "yum", "dnf", "microdnf", "tdnf", "zypper", "pacman", "mkdir", "rm", "cp", "mv", "ln",
        "chmod", "chown", "chgrp", "touch", "echo", "printf", "cat", "sed", "grep", "awk", "cd", "set", "test", "[",
        "tar",
        "unzip", "gzip", "useradd", "adduser", "groupadd", "addgroup", "usermod", "curl", "wget", "git", "gpg", "true",
        "install", "find", "xargs", "locale-gen", "ldconfig", "update-ca-certificates", "rpm", "dpkg", "export", "tee",
        "sha256sum", "head", "tail", "cut", "tr", "ls", "which", "id", "sleep", "date", "add-apt-repository",
    )
)  # fmt: skip
"""Programs that take no secret from a variable that their line does not name."""
_INSTALLERS = frozenset(
    (
        "pip", "pip3", "npm", "yarn", "pnpm", "go", "gem", "bundle", "composer", "poetry", "uv", "cargo", "dotnet",
        "mvn", "mvnw", "gradle", "gradlew",
    )
)  # fmt: skip
_SIGNS_IN = re.compile(r"TOKEN|AUTH|NPM|PIP|GEM|BUNDLE|NUGET|MAVEN|GIT|REGISTRY|REPO|ARTIFACTORY|NEXUS", re.IGNORECASE)
"""Names of what an installer signs in with."""
_RUNS_OWN = re.compile(
    r"(?:npm|yarn|pnpm|bundle|poetry|uv|composer) (?:run|exec|build|test|start)\b|(?:ba|da|z)?sh\b|\S+\.sh\b"
    r"|(?:flask|rails|rake|artisan|django-admin|next|nuxt|gatsby|ng|vite|mix|gh)\b"
    r"|(?:python|php|node|ruby)[\d.]* (?!setup\.py)\S+"
)
"""Commands that run the project's own program or script, which may look for its settings."""


def readers(file: Dockerfile, around: Sequence[Instruction], name: str, *, certainly: bool) -> list[Instruction]:
    """The RUN steps that need a variable: those that name it, and those whose programs are likely to look for it.

    With `certainly`, something needs it: where no step is likely to, it may be any that runs a program which is not
    known, or else what installs packages.
    """
    runs = [one for one in around if one.keyword == "RUN"]
    kinds = {one.start: _kinds(file, one) for one in runs}
    wanted = {"own", "installer"} if _SIGNS_IN.search(name) else {"own"}
    found = [one for one in runs if names_it(one, name) or kinds[one.start] & wanted]
    for less in ("other", "installer") if certainly else ():
        found = found or [one for one in runs if less in kinds[one.start]]
    return found


def _kinds(file: Dockerfile, one: Instruction) -> set[str]:
    try:
        calls = [(call.name, " ".join(word.text for word in call.operands)) for call in Script(file, one).commands]
    except NoFix:
        return {"own" if _RUNS_OWN.match(" ".join(re.findall(r'"([^"]*)"', one.text))) else "other"}
    return {_kind(program, rest) for program, rest in calls} - {""}


def _kind(program: str, operands: str) -> str:
    if program in _READS_NONE:
        return ""
    if _RUNS_OWN.match(f"{program} {operands}"):
        return "own"
    return "installer" if program in _INSTALLERS else "other"


def as_variable(file: Dockerfile, steps: Iterable[Instruction], name: str) -> list[Edit] | None:
    """What gives the steps the secret under the same name; none where the file's syntax does not know how."""
    first = syntax_line(file)
    if first is None or not _knows(file, ENV_MINOR):
        return None
    flag = f"--mount=type=secret,id={name},env={name}"
    lent = [one for one in steps if not _mounted(one, name)]
    return [*first, *(insert_behind_flags(file, one, flag) for one in lent), *_quotes(file, lent, name)]


def _quotes(file: Dockerfile, steps: Iterable[Instruction], name: str) -> list[Edit]:
    """A secret's value is one word, whatever stands in it."""
    return [edit for script in scripts(file, list(steps)) if not script.here for edit in quotes(script, name)]


def as_file(file: Dockerfile, steps: Iterable[Instruction], name: str) -> list[Edit] | None:
    """What reads the secret from its file first; none where a step is no list that can go on behind that."""
    edits: list[Edit] = []
    if not _knows(file, _FILE_MINOR):
        return None
    for one in steps:
        start = _start(file, one)
        if start is None or _mounted(one, name) or _optional(one, name):
            return None
        user = user_at(file, one)
        # The file is root's alone.
        mode = ",mode=0444" if user is not None and not is_root(user) else ""
        flag = f"--mount=type=secret,id={name}{mode} "
        here = bool(one.heredocs)
        glue = "\n" if here else " && "
        read = f'{name}="$(cat /run/secrets/{name})"{glue}export {name}{glue}'
        if start == one.arguments:
            edits.append(file.edit(start, start, flag + read))
        else:
            edits += [file.edit(one.arguments, one.arguments, flag), file.edit(start, start, read)]
        edits += _quotes(file, [one], name)
    return edits


def _start(file: Dockerfile, one: Instruction) -> int | None:
    """Where the script begins, if `… &&` in front of it holds for all of it."""
    try:
        script = Script(file, one)
    except NoFix:
        return None
    statements = script.root.named_children
    if script.here:
        return script.offset
    if len(statements) != 1 or statements[0].type in {"comment", "negated_command"}:
        return None
    node = statements[0]
    while node.type in {"list", "redirected_statement"}:
        if any(child.type == "||" for child in node.children):
            return None
        node = node.named_children[0]
    if any(child.type == "&" for child in script.root.children):
        return None
    return script.offset + statements[0].start_byte


def _optional(one: Instruction, name: str) -> bool:
    """Whether the step goes on without a value: a file that is not there would stop it."""
    asked = rf"-[nz]\s+\"?\${{?{re.escape(name)}\b|\${{{re.escape(name)}:?[-+]"
    return any(re.search(asked, text) for text in (one.text, *one.heredocs))


def _mounted(one: Instruction, name: str) -> bool:
    return any(re.search(rf"type=secret\b.*\b(?:id|env)={re.escape(name)}\b", flag) for flag in one.flags)


def _knows(file: Dockerfile, minor: int) -> bool:
    """Whether the syntax that the file asks for, where it does, is 1.`minor` or later."""
    asked = _FRONTEND.match(file.content)
    if asked is None:
        return True
    match = _RELEASE.fullmatch(asked[1].decode("utf-8", "replace"))
    return match is not None and (match[1] is None or int(match[1]) >= minor)


def kept_in_layer(steps: Iterable[Instruction], name: str) -> list[int]:
    """The lines of the steps that write the value into a file and remove nothing behind that."""
    value = rf"\${{?{re.escape(name)}\b"
    kept = re.compile(
        rf"{value}[^;&|\n]*>>?\s*(?!/dev/)\S|{value}.*\btee\b|\b(?:config|clone|remote)\b[^;&|\n]*{value}"
    )
    texts = ((one.line, "\n".join((one.text, *one.heredocs))) for one in steps)
    found = ((line, text, kept.search(text)) for line, text in texts)
    return [line for line, text, match in found if match and not re.search(r"\brm\s", text[match.end() :])]
