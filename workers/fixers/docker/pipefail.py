"""Pipelines whose failures nobody sees."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from daemon.domain.fix import Candidate
from workers.fixers.docker.bases.images import base_of
from workers.fixers.docker.bases.own_base import built_from
from workers.fixers.docker.build import at_least_one, before, candidate, flagged, stage_of
from workers.fixers.docker.edits import insert_above
from workers.fixers.docker.shell.script import Script, scripts
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.dockerfile import Dockerfile, Instruction, Stage

_STOPS_EARLY = re.compile(
    r"^(?:head\b|grep\s+(?:-\w*[qm]|--quiet|--max-count)|sed\s+(?:-n\s+)?['\"]?\d*q|awk\b.*\bexit\b)"
)
_SHORT = re.compile(r"^(?:echo|printf)\s+[^`]{1,400}$")
_ENDLESS = re.compile(r"^(?:yes\b|(?:sudo\s+)?cat\s+/dev/u?random)")
_FINDS_LITTLE = re.compile(
    r"^(?:xargs\s+(?:-\S+\s+)*)?(?:/usr/bin/)?(?:dpkg-query\s+(?:-S|--search)|dpkg\s+(?:-S|--search)|ldd|diff|cmp|pgrep|pidof|which)\b"
)
"""What ends with another status than 0 where it does not find one of many, or finds a difference."""
_SHELLS = {
    "debian": '["/bin/bash", "-o", "pipefail", "-c"]',
    "redhat": '["/bin/bash", "-o", "pipefail", "-c"]',
    "suse": '["/bin/bash", "-o", "pipefail", "-c"]',
    "alpine": '["/bin/ash", "-o", "pipefail", "-c"]',
}
_FAILS = "a part that may fail (a grep that finds nothing) now fails the step: give that part its own fallback"
_PAIR = 2
_DEFAULT = '["/bin/sh", "-c"]'


@fixer(
    name="docker-pipefail",
    weakness="failure in a pipeline unseen",
    rules={"hadolint": ["DL4006"], "semgrep": ["set-pipefail"]},
    explain="""The status of `curl … | tar x` is that of `tar` alone. A download that broke off may so end as a layer
that looks built. With `pipefail` the pipeline fails when any part does.

dash, Debian's /bin/sh, knows no `pipefail` before its version 0.5.13: there it takes `SHELL` with bash. ash of Alpine
and the /bin/sh of Red Hat's line, which is bash, know it. A first part that the second cuts short on purpose
(`yes | …`, `… | head -1`) ends by SIGPIPE and would fail the build: such pipelines are left alone.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """SHELL for the whole stage, or around this RUN alone."""
    file, one = flagged(target, "RUN")
    stage = stage_of(file, one)
    script = Script(file, one)
    if answered := _answered(script):
        yield answered
        return
    _refuse([script])
    if before(file, one, "SHELL"):
        message = f"{file.path}:{one.line} runs in a shell that the file chose: give that SHELL `-o pipefail`"
        raise NoFix(message)
    base = base_of(*built_from(target.tree, file, stage)[-1])
    shell = _SHELLS.get("alpine" if base.image == "busybox" else base.family or "")
    reason = f"{base.image} is not known well enough to say whether its shell knows pipefail"
    yield from at_least_one(_candidates(file, stage, script, shell), reason)


def _answered(script: Script) -> Candidate | None:
    """`yes | apt-get …` without the pipeline, where there is no other: apt's own option says yes."""
    file = script.file
    if [len(parts) for parts in script.pipelines] != [_PAIR] or script.pipelines[0][0] != "yes":
        return None
    at = next(number for number, call in enumerate(script.commands) if call.name == "yes")
    call = script.commands[at + 1] if at + 1 < len(script.commands) else None
    verb = call.sub("install", "upgrade", "dist-upgrade", "remove", "purge", "autoremove") if call else None
    if call is None or call.name != "apt-get" or verb is None:
        return None
    edits = [file.edit(script.commands[at].whole, call.whole, "")]
    if not call.says("-y", "--yes", "--assume-yes"):
        edits.append(file.edit(verb.end, verb.end, " -y"))
    how = "apt-get answers its questions itself, and without a pipeline the step fails when it does."
    return candidate("assume-yes", edits, how, ["RUN"])


def _candidates(file: Dockerfile, stage: Stage, script: Script, shell: str | None) -> Iterator[Candidate | None]:
    one = script.instruction
    if shell is None:
        return
    first = next((each for each in stage.instructions if each.keyword == "RUN"), one)
    if not _risky(scripts(file, stage.all("RUN"))):
        how = "Every RUN of the stage fails when any part of a pipeline does."
        warnings = [_FAILS, *(["CMD and ENTRYPOINT in shell form use this shell too"] if _shell_form(stage) else [])]
        edits = [insert_above(file, first, f"SHELL {shell}")]
        yield candidate("shell-for-stage", edits, how, ["SHELL"], warnings)
    if not _follows_run(stage, one) or first is not one or _risky(scripts(file, stage.all("RUN"))):
        how = "Only this RUN gets the shell that notices; the ones behind it run in the old one again."
        edits = [insert_above(file, one, f"SHELL {shell}"), file.insert_after(one, f"SHELL {_DEFAULT}")]
        yield candidate("shell-around-run", edits, how, ["SHELL"], [_FAILS])


def _follows_run(stage: Stage, one: Instruction) -> bool:
    return not any(each.start > one.start for each in stage.all("RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK"))


def _shell_form(stage: Stage) -> bool:
    return any(not one.json for one in stage.all("CMD", "ENTRYPOINT"))


def _risky(every: Sequence[Script]) -> bool:
    try:
        _refuse(every)
    except NoFix:
        return True
    return False


def _refuse(every: Sequence[Script]) -> None:
    """Say which pipeline is cut short on purpose.

    Raises:
        NoFix: one is.
    """
    for script in every:
        for parts in script.pipelines:
            early = [number for number, part in enumerate(parts) if number and _STOPS_EARLY.match(part)]
            if early == [1] and _SHORT.match(parts[0]):
                # All of it is in the pipe before the second part can end.
                early = []
            if early or any(_ENDLESS.match(part) for part in parts):
                message = (
                    f"`{' | '.join(parts)[:80]}` is cut short on purpose: the first part ends by SIGPIPE, "
                    "and with pipefail the build would fail"
                )
                raise NoFix(message)
            if little := next((part for part in parts[:-1] if _FINDS_LITTLE.match(part)), None):
                message = (
                    f"`{little[:60]}` says by its status what it did not find, which a pipeline passes over as it is "
                    "meant to: with pipefail the build would fail"
                )
                raise NoFix(message)
