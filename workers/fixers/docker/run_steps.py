"""How RUN steps are written: one after the other, useradd with high ids, noisy downloads."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.docker.bases.images import base_of, installed
from workers.fixers.docker.build import at_least_one, candidate, flagged, stage_of
from workers.fixers.docker.edits import syntax_line
from workers.fixers.docker.shell.merge import merged, row_of, written_as_script
from workers.fixers.docker.shell.script import Script
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.dockerfile import Dockerfile, Instruction

_LONGEST = 8
"""Steps that may become one at once: what takes hours is better resumed where it failed."""
_SHORT = 4


@fixer(
    name="docker-consecutive-run",
    weakness="RUN steps that could be one",
    rules={"hadolint": ["DL3059"]},
    explain="""Each RUN is a layer: what a later one deletes still takes its space in the earlier. Steps that belong
together go into one. Steps that change at different rates are better apart, since a layer is rebuilt as a whole.""",
)
def consecutive(target: Target) -> Iterator[Candidate]:
    """Join the RUN with the one in front of it."""
    file, one = flagged(target, "RUN")
    inner = stage_of(file, one).instructions
    index = inner.index(one)
    previous = inner[index - 1] if index else None
    edits = merged(file, previous, one) if previous is not None and previous.keyword == "RUN" else None
    if edits is None:
        message = f"{file.path}:{one.line} and the step in front of it cannot be joined without a change of meaning"
        raise NoFix(message)
    how = "Both run in the same order and stop at the first failure, as before, in one layer."
    warning = "a change in either command rebuilds both"
    pair = candidate("join", edits, how, ["RUN", "RUN/delete"], [warning])
    row = row_of(file, inner, index)
    if len((previous, one)) < len(row) <= _LONGEST and (together := merged(file, *row)):
        what = f"All {len(row)} RUNs of this row become one layer, in the same order, and stop at the first failure."
        whole = candidate("join-row", together, what, ["RUN", "RUN/delete"], ["a change in one command rebuilds all"])
        # Of a short row, a pair would leave one step over that nobody reports any more.
        yield from (whole, pair) if len(row) <= _SHORT else (pair, whole)
    else:
        yield pair
    yield from _as_script(file, previous or one, one)


def _as_script(file: Dockerfile, first: Instruction, second: Instruction) -> Iterator[Candidate]:
    syntax, script = syntax_line(file), written_as_script(file, first, second)
    if syntax is None or script is None:
        return
    how = "Both stand in one here-document, a command to a line; `set -e` stops it at the first failure, as before."
    how += " The first line names the syntax that has it." if syntax else ""
    warning = "here-documents take BuildKit, which Docker builds by from version 23 on"
    yield candidate("here-document", [*syntax, script], how, ["RUN", "RUN/delete"], [warning])


@fixer(
    name="docker-useradd-high-id",
    weakness="useradd writes a sparse log of gigabytes",
    rules={"hadolint": ["DL3046"]},
    explain="""useradd keeps /var/log/lastlog and faillog, in which each user has a fixed place by number: with a high
user id they look gigabytes long, and the image grows when a tool writes them out. `--no-log-init` leaves both
alone.""",
)
def useradd(target: Target) -> Iterator[Candidate]:
    """The option, long or short."""
    file, one = flagged(target, "RUN")
    calls = [call for call in Script(file, one).named("useradd") if not call.says("-l", "--no-log-init")]
    if not calls:
        message = f"{file.path}:{one.line} calls no useradd"
        raise NoFix(message)
    for approach, option in (("no-log-init", "--no-log-init"), ("short-option", "-l")):
        edits = [file.edit(call.program.end, call.program.end, f" {option}") for call in calls]
        yield candidate(approach, edits, "The user is the same; no sparse log files are made.", ["RUN"])


@fixer(
    name="docker-wget-progress",
    weakness="download fills the log",
    rules={"hadolint": ["DL3047"]},
    explain="""wget draws a progress bar for a terminal; in a build's log that is thousands of lines. `--progress`
makes them few, `-nv` leaves one per file, and keeps the errors.""",
)
def wget_progress(target: Target) -> Iterator[Candidate]:
    """Few dots, or one line per file; busybox's wget knows only to be quiet."""
    file, one = flagged(target, "RUN")
    quiet = ("-q", "-nv", "--quiet", "--no-verbose", "--progress", "-o", "--output-file", "-a", "--append-output")
    calls = [call for call in Script(file, one).named("wget") if not call.says(*quiet)]
    stage = stage_of(file, one)
    busybox = base_of(file, stage).family == "alpine" and "wget" not in installed(file, stage, one.end)
    options = [("quiet", "-q")] if busybox else [("progress-dots", "--progress=dot:giga"), ("no-verbose", "-nv")]
    if not calls:
        message = f"{file.path}:{one.line} calls no wget that shows its progress"
        raise NoFix(message)
    made = (
        candidate(
            approach,
            [file.edit(call.program.end, call.program.end, f" {option}") for call in calls],
            "The same download with a log that can be read; errors still show.",
            ["RUN"],
        )
        for approach, option in options
    )
    yield from at_least_one(made, "")
