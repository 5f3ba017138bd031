"""`==` in a test of a shell that knows only `=`."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.docker.build import candidate, flagged
from workers.fixers.docker.shell.script import Script
from workers.fixers.registry import NoFix, Target, fixer
from workers.source import syntax


@fixer(
    name="docker-test-operator",
    weakness="comparison that only bash knows",
    rules={"hadolint": ["SC3014"]},
    explain="""RUN takes /bin/sh, and POSIX knows `=` for "the same string", not `==`: bash accepts both, dash says
"unexpected operator" and takes the test for failed, so that a check passes or fails whatever the strings are.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`=`, which every shell understands as the same."""
    file, one = flagged(target, "RUN")
    script = Script(file, one)
    edits = []
    for node in syntax.walk(script.root):
        above = node.parent
        while above is not None and above.type in {"binary_expression", "unary_expression"}:
            above = above.parent
        if node.type == "==" and above is not None and above.type == "test_command" and above.children[0].type == "[":
            start = script.offset + node.start_byte
            edits.append(file.edit(start, start + len("=="), "="))
    if not edits:
        message = f"{file.path}:{one.line} has no `==` in a test that is plain to see"
        raise NoFix(message)
    yield candidate("single-equals", edits, "The same comparison, as every shell knows it.", ["RUN"])
