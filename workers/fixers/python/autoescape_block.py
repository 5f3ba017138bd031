"""Parts of a template in which nothing is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import Text, candidate, read, region
from workers.fixers.registry import NoFix, NotHere, Target, fixer

_OPENS = re.compile(rb"\{%-?\s*autoescape\s+(?P<off>off|false)\s*-?%\}", re.IGNORECASE)
_CLOSES = re.compile(rb"\{%-?\s*endautoescape\s*-?%\}")
_VALUE = re.compile(rb"\{\{(?P<value>.*?)\}\}", re.DOTALL)
_PLAIN = re.compile(r"\s*[\w.\[\]'\"]+(?:\s*\|\s*(?:default|title|upper|lower|capfirst|length|date|trim)[^|{}]*)*\s*")
_MEANS_HTML = re.compile(
    r"html|body|content|markup|markdown|script|style|css|json|svg|icon|partial|layout|include|form|widget|head|foot|text"
    r"|message|description|media|embed|block",
    re.IGNORECASE,
)
_OTHER = re.compile(rb"\{%-?\s*(?:include|block|call|macro|filter|block\w*translate|blocktrans|trans|cycle|with\b)")
_TAG = re.compile(rb"</?[a-z][a-z0-9-]*(?:\s[^<>]*)?>", re.IGNORECASE)


@fixer(
    name="template-autoescape-block",
    weakness="template value without HTML escaping",
    cwes=(79,),
    rules={"semgrep": ["template-autoescape-off"]},
    explain="""Between `{% autoescape off %}` (`false` in Jinja) and its end every value is inserted as it is, so one
that holds `<script>` becomes a script of the page (CWE-79).

Where the block inserts plain values alone, escaping can be on: `{% autoescape on %}` says so, and without the block the
template's own setting holds, which is on for HTML. A value that is HTML on purpose is better marked by itself, where it
is made.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """A block without escaping that inserts plain values → with it."""
    file = read(target)
    opening, closing = _block(file, region(target).start_line)
    inside = file.content[opening.end() : closing.start()]
    line = file.line_of(opening.start())
    if not file.path.endswith((".html", ".htm")) or not _TAG.search(file.content):
        message = (
            f"{file.path}:{line} may make plain text, where HTML escaping would put entities into what people read"
        )
        raise NoFix(message)
    values = [match["value"].decode() for match in _VALUE.finditer(inside)]
    if not values or _OTHER.search(inside) or _OPENS.search(inside):
        message = (
            f"{file.path}:{line} holds more than values of its own: whether all of it may be escaped is not in sight"
        )
        raise NoFix(message)
    html = next((each for each in values if not _PLAIN.fullmatch(each) or _MEANS_HTML.search(each)), None)
    if html is not None:
        message = f"{file.path}:{line} inserts `{html.strip()}`, which may be HTML on purpose: mark it where it is made"
        raise NoFix(message)
    word = "on" if opening["off"].lower() == b"off" else "true"
    last = file.line_of(closing.start())
    declares = tuple(f"line:{each}" for each in range(line, last + 1))
    yield candidate(
        "on",
        [file.edit(opening.start("off"), opening.end("off"), word)],
        "The values are shown as text; markup in them no longer becomes a part of the page.",
        declares=declares,
    )
    yield candidate(
        "default",
        [_gone(file, opening), _gone(file, closing)],
        "The values are shown as text, as everywhere in the template, whose default escapes.",
        declares=declares,
    )


def _block(file: Text, line: int) -> tuple[re.Match[bytes], re.Match[bytes]]:
    opening = next((each for each in _OPENS.finditer(file.content) if file.line_of(each.start()) == line), None)
    closing = _CLOSES.search(file.content, opening.end()) if opening else None
    if opening is None or closing is None:
        message = f"{file.path}:{line} does not hold the block that this rule is about"
        raise NotHere(message)
    return opening, closing


def _gone(file: Text, tag: re.Match[bytes]) -> Edit:
    """The file without the tag; without its line where it stands alone."""
    number = file.line_of(tag.start())
    if file.line(number).strip() == tag[0]:
        start = file.starts[number - 1]
        end = file.starts[number] if number < len(file.starts) else len(file.content)
        return file.edit(start, end, "")
    return file.edit(tag.start(), tag.end(), "")
