"""What hadolint asks of a Dockerfile that no edit of the file can answer by itself."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.docker.build import read
from workers.fixers.registry import NoFix, Target, fixer

_REASONS = {
    "DL3001": "the command shows or changes something of a running system, and a build step is none: what `service`, "
    "`mount` or `kill` reach there has ended with the step. Whether the build needs it until then is for its authors "
    "to say; what only prints can go",
    "DL3022": "COPY takes the files from an image or a stage that this file does not make: whether a name is missing, "
    "or a stage, is not in the file",
    "DL3023": "the stage copies from itself, which no builder can: from which stage the files should come is not in "
    "the file",
    "DL3029": "whoever builds it on another kind of machine would get another image without the flag, and may deploy "
    "it to this one: say `--platform` where the image is built (`docker build --platform`, `platform` of Compose), "
    "then it can go",
    "DL3035": "what the upgrade brings depends on the day of the build: name a newer base image, which has it all",
    "DL3043": "ONBUILD cannot hold this instruction: what it was meant to do in the image built on top is not in the "
    "file",
    "DL3061": "an instruction stands in front of the first FROM, and belongs to a stage that only its authors know",
    "DL3067": "the stage takes everything that the other one has, with its tools: which of its files the image needs "
    "is not in the file",
    "DL4001": "curl and wget take other options and treat errors in other ways: choose the one for all downloads, and "
    "leave the other out of the installation",
}


@fixer(
    name="docker-for-a-person",
    weakness="a choice that its authors have to make",
    rules={"hadolint": list(_REASONS)},
    explain="""Some remarks ask what an image is for, or where its build leads: the file alone does not say it, and a
guess would build another image.""",
    for_a_person=True,
)
def propose(target: Target) -> Iterator[Candidate]:
    """None: each has its reason."""
    file = read(target)
    message = f"{file.path}:{target.finding.line or '?'}: {_REASONS[target.finding.rule]}"
    raise NoFix(message)
