"""Characters that make code look other than it is."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import FLAGGED, Text, candidate, read, region
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.tests import is_test

_BIDI = re.compile("[\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200f]")
_RAW = re.compile(r"\w*r", re.IGNORECASE)


@fixer(
    name="trojan-source",
    weakness="invisible characters that reorder code",
    rules={"bandit": ["B613"], "semgrep": ["contains-bidirectional-characters"]},
    explain="""Bidirectional control characters change the order in which text is shown, not the order in which it is
run. A reviewer sees a comment where the interpreter sees code (CVE-2021-42574, CWE-838).

Taking them out shows the line as it is run. A string that has to hold one gets it as an escape, `"\\u202e"`, which
everyone can see. Text in a right-to-left language does not need them: letters carry their direction.""",
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
    places = [(len(text[: match.start()].encode()), match[0]) for match in found]
    lines = sorted({file.line_of(start) for start, _ in places})
    declares = (FLAGGED, *(f"statement:{line}" for line in lines), *(f"line:{line}" for line in lines))
    yield candidate(
        "remove",
        [file.edit(start, start + len(each.encode()), "") for start, each in places],
        "The file shows its text in the order in which it is run; read the changed lines again.",
        declares=declares,
        warnings=("Look at what these lines really do: the characters were put there for a reason.",),
    )
    inside = _in_strings(file)
    kept = [any(start <= at < end for start, end in inside) for at, _ in places]
    if any(kept) and not any(file.content[at - 1 : at] == b"\\" for at, _ in places):
        yield candidate(
            "escapes",
            [
                file.edit(at, at + len(each.encode()), f"\\u{ord(each):04x}" if keep else "")
                for (at, each), keep in zip(places, kept, strict=True)
            ],
            "The strings hold what they did, written so that it can be seen; nothing reorders the line any more.",
            declares=declares,
            warnings=("Look at what these lines really do: the characters were put there for a reason.",),
        )


def _in_strings(file: Text) -> list[tuple[int, int]]:
    """The bytes of a Python file's strings in which an escape means what it says; none in another language."""
    if not file.path.endswith((".py", ".pyw")):
        return []
    try:
        tokens = list(tokenize.tokenize(io.BytesIO(file.content).readline))
    except (SyntaxError, tokenize.TokenError):
        return []
    strings = [each for each in tokens if each.type == tokenize.STRING and not _RAW.match(each.string)]
    return [(_offset(file, *each.start), _offset(file, *each.end)) for each in strings]


def _offset(file: Text, line: int, column: int) -> int:
    """The byte of a column that counts characters."""
    return file.starts[line - 1] + len(file.line(line).decode()[:column].encode())
