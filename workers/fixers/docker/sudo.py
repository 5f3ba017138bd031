"""sudo in a build."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.docker.bases.images import base_of
from workers.fixers.docker.build import after, at_least_one, candidate, flagged, is_root, stage_of, trivy, user_at
from workers.fixers.docker.edits import insert_above
from workers.fixers.docker.shell.command import Command
from workers.fixers.docker.shell.script import Script
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.dockerfile import Dockerfile, Instruction

_NOTHING_LEFT = frozenset(("echo", "printf", "set", "true", "cat"))
_HIS_OWN = re.compile(rb"(?<!\d)>(?!\s*/dev/null|&)|~|\$\{?(?:HOME|USER)\b")
"""What root would write as root, or read otherwise."""
_HARMLESS = frozenset(("-E", "-H", "-n", "--preserve-env", "--set-home", "--non-interactive"))


@fixer(
    name="docker-sudo",
    weakness="sudo in a build",
    rules={
        "checkov": ["CKV2_DOCKER_1"],
        "hadolint": ["DL3004"],
        "trivy": trivy(10),
        "semgrep": ["no-sudo-in-dockerfile"],
    },
    explain="""A build step is root's already, unless USER says otherwise: sudo adds nothing but a setuid program and
its configuration in the image, which whoever breaks into the container can use too. It also has no terminal to ask
on, and handles signals in its own way. Where a step needs root, `USER root` says so in the open.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """Without sudo, where the step is root's; else with USER root around it."""
    file, one = flagged(target, "RUN")
    script = Script(file, one)
    calls = [call for call in script.commands if call.words[0].text == "sudo"]
    edits = [_without(file, call) for call in calls]
    if not edits or len(edits) != script.text.count(b"sudo"):
        message = f"{file.path}:{one.line} installs or configures sudo, or uses it in a way that is not plain to see"
        raise NoFix(message)
    base = base_of(file, stage_of(file, one))
    user = user_at(file, one)
    root = is_root(user) if user is not None else base.runs_as_root
    if not root and (other := _others(script, calls)):
        message = (
            f"{file.path}:{one.line} does more than what sudo is for (`{other[:60]}`), which would become root's with "
            "the rest: a RUN of its own for it first"
        )
        raise NoFix(message)
    reason = f"who runs {file.path}:{one.line} depends on the base image {base.image}, which is not known well enough"
    yield from at_least_one(_candidates(file, one, edits, user, root=root), reason)


def _others(script: Script, calls: list[Command]) -> str:
    """What of the step its own user does, beside commands that leave nothing behind."""
    apart = [call for call in script.commands if call not in calls and call.name not in _NOTHING_LEFT]
    if apart:
        return " ".join(word.text for word in apart[0].words)
    found = _HIS_OWN.search(script.text)
    return found[0].decode() if found else ""


def _candidates(
    file: Dockerfile, one: Instruction, edits: list[Edit], user: str | None, *, root: bool | None
) -> Iterator[Candidate | None]:
    if root:
        how = "The step is root's already: the command does the same without it."
        yield candidate("remove-sudo", edits, how, ["RUN"])
    elif user is not None and "$" not in user:
        how = f"The step is root's in the open, and `{user}` takes over again behind it."
        around = [insert_above(file, one, "USER root")]
        if next((each.keyword for each in after(stage_of(file, one), one)), None) != "USER":
            around.append(file.insert_after(one, f"USER {user}"))
        warning = "other commands of the same RUN, and the files that they make, become root's too"
        yield candidate("user-root-around", [*edits, *around], how, ["RUN", "USER"], [warning])


def _without(file: Dockerfile, call: Command) -> Edit:
    for word in call.words[1:-1]:
        if word.text.startswith("-") and word.text not in _HARMLESS:
            message = f"`sudo {word.text}` changes more than the user, and no option of RUN does the same"
            raise NoFix(message)
        if not word.text.startswith("-"):
            return file.edit(call.words[0].start, word.start, "")
    last = call.words[-1]
    if len(call.words) == 1 or last.text.startswith("-"):
        message = "`sudo` is called without a command"
        raise NoFix(message)
    return file.edit(call.words[0].start, last.start, "")
