"""Characters that make code look other than it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import FLAGGED, candidate, read, region
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.tests import is_test

_BIDI = re.compile("[\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200f]")


@fixer(
    name="trojan-source",
    weakness="invisible characters that reorder code",
    rules={"bandit": ["B613"], "semgrep": ["contains-bidirectional-characters"]},
    explain="""Bidirectional control characters change the order in which text is shown, not the order in which it is
run. A reviewer sees a comment where the interpreter sees code (CVE-2021-42574, CWE-838).

Taking them out shows the line as it is run. Text in a right-to-left language does not need them: letters carry their
direction.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """A file with such characters → without them."""
    file = read(target)
    text = file.content.decode()
    found = list(_BIDI.finditer(text))
    if not found:
        message = f"{file.path}:{region(target).start_line} holds no bidirectional control character"
        raise NoFix(message)
    if is_test(file.path):
        message = f"{file.path}:{region(target).start_line} is test code, which may hold them to see them refused"
        raise Harmless(message)
    offsets = [(len(text[: match.start()].encode()), len(match[0].encode())) for match in found]
    lines = sorted({file.line_of(start) for start, _ in offsets})
    yield candidate(
        "remove",
        [file.edit(start, start + length, "") for start, length in offsets],
        "The file shows its text in the order in which it is run; read the changed lines again.",
        declares=(FLAGGED, *(f"statement:{line}" for line in lines), *(f"line:{line}" for line in lines)),
        warnings=("Look at what these lines really do: the characters were put there for a reason.",),
    )
