"""Scripts that take bash and are run by /bin/sh: the shell that they are written for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.docker.bases.images import base_of, installed
from workers.fixers.docker.bases.own_base import built_from
from workers.fixers.docker.build import before, candidate, flagged, lineage, stage_of
from workers.fixers.docker.edits import insert_above
from workers.fixers.docker.shell.script import Script, scripts
from workers.fixers.registry import Harmless, NoFix, NotHere, Target, fixer
from workers.source import syntax
from workers.source.dockerfile import Dockerfile, Stage

_BASH = 'SHELL ["/bin/bash", "-c"]'
_SH = 'SHELL ["/bin/sh", "-c"]'
_HAVE_BASH = frozenset(("debian", "redhat", "suse"))
_WORKS = "where /bin/sh is dash, that part failed or was taken word for word: now it does what it says"
_FORMS = "CMD and ENTRYPOINT in shell form use this shell too"
_LINK = re.compile(r"ln\s+(?:-\w+\s+|--\w+\s+)+(?:/usr)?/bin/bash\s+/bin/sh")
_OLD = re.compile(r"(?:rm\s+(?:-\w+\s+)?|mv\s+(?:-\w+\s+)?|test\s+-L\s+)/bin/sh\b[^&|;]*")


@fixer(
    name="docker-bash-script",
    weakness="script for bash that sh runs",
    rules={"hadolint": ["SC3[0-9][0-9][0-9]"]},
    explain="""RUN takes /bin/sh, which is dash on Debian and Ubuntu and busybox on Alpine. What only bash knows (`[[`,
`=~`, arrays, `source`, `pushd`, `{a,b}`, `<<<`) fails there, or worse, counts as false, or is taken word for word, and
the build goes on. SHELL says which shell the steps are written for.""",
)
def bash_script(target: Target) -> Iterator[Candidate]:
    """SHELL with bash for the whole stage, or around this RUN alone."""
    file, one = flagged(target, "RUN")
    stage = stage_of(file, one)
    script = Script(file, one)
    if target.finding.rule in {"SC3010", "SC3014"} and not _tests(script):
        message = f"{file.path}:{one.line} has no test that only bash knows"
        raise NotHere(message)
    chosen = next(iter(before(file, one, "SHELL")), None)
    if chosen and re.match(r"\[\s*\"(?:/usr)?(?:/bin/)?bash\"", chosen.text):
        message = f"{file.path}:{chosen.line} has bash read the steps from there on, which knows what sh does not"
        raise Harmless(message)
    if chosen:
        message = f"{file.path}:{chosen.line} chooses the shell: write there the one that the script is meant for"
        raise NoFix(message)
    brought = _brought(target, file, stage)
    if not brought and "bash" not in installed(file, stage, one.start):
        message = f"{base_of(file, stage).image} is not known to have bash: install it first, or write the step for sh"
        raise NotHere(message)
    if _echoes(script):
        message = f"{file.path}:{one.line} lets echo read backslashes, which sh's does and bash's does not"
        raise NotHere(message)
    heirs = [each for each in file.stages if stage in lineage(file, each)]
    every = scripts(file, [run for each in heirs for run in each.all("RUN")])
    if brought and not any(_echoes(each) for each in every):
        first = stage.all("RUN")[0]
        how = "Every RUN of the stage is read by bash, which the image has."
        forms = [each for each in stage.all("CMD", "ENTRYPOINT") if not each.json]
        warnings = [_WORKS, *([_FORMS] if forms else [])]
        yield candidate("bash-for-stage", [insert_above(file, first, _BASH)], how, ["SHELL"], warnings)
    how = "Only this RUN is read by bash, which the image has; the ones behind it run in the old shell again."
    around = [insert_above(file, one, _BASH), file.insert_after(one, _SH)]
    yield candidate("bash-around-run", around, how, ["SHELL"], [_WORKS])


def _tests(script: Script) -> bool:
    """Whether there is a `[[`, or a `==` in a test."""
    return any(
        node.type == "==" or (node.type == "[[" and node.parent is not None) for node in syntax.walk(script.root)
    )


def _brought(target: Target, file: Dockerfile, stage: Stage) -> bool:
    """Whether the base image surely has bash."""
    return base_of(*built_from(target.tree, file, stage)[-1]).family in _HAVE_BASH


def _echoes(script: Script) -> bool:
    """Whether an echo without `-e` prints backslashes, which each shell reads in its own way."""
    printed = ("".join(word.text for word in call.arguments) for call in script.named("echo") if not call.says("-e"))
    return any("\\" in text for text in printed)


@fixer(
    name="docker-linked-shell",
    weakness="/bin/sh replaced by bash",
    rules={"hadolint": ["DL4005"]},
    explain="""`ln -sf /bin/bash /bin/sh` changes the shell of everything in the image, also of the distribution's own
scripts, which are written and tested for its sh. SHELL changes the one that RUN and CMD take.""",
)
def linked_shell(target: Target) -> Iterator[Candidate]:
    """SHELL in place of the step that links."""
    file, one = flagged(target, "RUN")
    steps = [step.text for step in Script(file, one).steps]
    if not steps or not _LINK.fullmatch(steps[-1]) or not all(_OLD.fullmatch(step) for step in steps[:-1]):
        message = f"{file.path}:{one.line} does more than to put bash in the place of sh"
        raise NoFix(message)
    if before(file, one, "SHELL"):
        edits, changes = [file.delete(one)], ["RUN/delete"]
    else:
        edits, changes = [file.edit(one.start, one.end, _BASH)], ["SHELL", "RUN/delete"]
    how = "RUN, and CMD in shell form, take bash from here on as before; the image keeps the sh of its distribution."
    warning = "a script with `#!/bin/sh` that takes bash has to say `#!/bin/bash`"
    yield candidate("shell-instruction", edits, how, changes, [warning])
