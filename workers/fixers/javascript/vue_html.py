"""Vue templates that insert a value as HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import Text, candidate, read, region
from workers.fixers.registry import Harmless, NoFix, Target, fixer

_DIRECTIVE = re.compile(r"\bv-html=(?P<mark>[\"'])(?P<value>.+?)(?P=mark)")
_PLAIN = re.compile(r"[\w$]+(?:\.[\w$]+|\[[\w$'\".]+\])*")
_SAYS_TEXT = re.compile(
    r"(?:[a-z]+_)*(?:user|nick|login|e?mail|phone|city|street|zip|slug|count|total|number|price|amount|name|(?:user|first|last"
    r"|full|display|nick|file)name|id|key|login)"
    r"|[a-z]\w*(?:Name|Email|Mail|Phone|City|Street|Count|Total|Number|Price|Amount|Id|Key)",
)
"""Names of what holds no markup: a title, a label or a footer may, a page's links for example `&laquo; Back`."""
_FROM_ELSEWHERE = re.compile(r"\$(?!props\b)\w+")
"""What the server, a store or a plugin makes."""
_SANITIZED = re.compile(r"\b(?:DOMPurify\.)?\w*(?:sanitize|purify|escape)\w*\(", re.IGNORECASE)
_RETURNED = re.compile(r"\breturn\b[ \t]*([^;\n]*)")
_PROPERTIES = re.compile(r"\bprops\s*:\s*(?=[\[{])|\bdefineProps\s*(?=[(<])")
"""Behind it stands what a component says that it is given."""
_OPEN, _CLOSE = "[{(<", "]})>"
_EMPTY = re.compile(r"(?P<tag><[\w-]+[^<>]*?)\s+v-html=(?P<mark>[\"'])(?P<value>.+?)(?P=mark)(?P<rest>[^<>]*>)(?=</)")
_WHY = "The value is shown as text; markup in it no longer becomes a part of the page."


@fixer(
    name="vue-html",
    weakness="template value without HTML escaping",
    rules={"njsscan": ["vue_template"], "semgrep": ["avoid-v-html", "vue-template-v-html"]},
    explain="""`v-html` puts a value into the page as HTML, so `<script>` or an `onerror` in it runs (CWE-79).

`v-text` and `{{ }}` show the same value as text. Where the value is HTML on purpose (rendered Markdown, a translation
with a link), it has to be made safe on its way: by a sanitizer such as DOMPurify in the computed property that makes
it.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`v-html` of a plain value → `v-text`, or `{{ }}` in an empty element."""
    file = read(target)
    number = region(target).start_line
    line = file.line(number).decode()
    found = list(_DIRECTIVE.finditer(line))
    where = f"{file.path}:{number}"
    if not found:
        message = f"{where} does not show the directive that this finding is about"
        raise NoFix(message)
    if _in_comment(file, number):
        message = f"{where} is in a comment, which no browser is given"
        raise Harmless(message)
    if all(_SANITIZED.search(match["value"]) for match in found):
        message = f"{where} makes the value safe where it inserts it"
        raise Harmless(message)
    if all(_made_safe(file, match["value"]) for match in found):
        message = f"{where} inserts what the component itself makes safe by a sanitizer"
        raise Harmless(message)
    if not all(_is_plain(match["value"]) for match in found):
        message = (
            f"{where} inserts something that may be HTML on purpose, or more than a plain value: make it safe with "
            "DOMPurify.sanitize where it is made"
        )
        raise NoFix(message)
    if given := next((match["value"] for match in found if _is_given(file, match["value"])), None):
        message = (
            f"{where} inserts `{given}`, which the components around give it: whether these make it HTML on purpose, "
            "and safe, is theirs to say"
        )
        raise NoFix(message)
    start = file.starts[number - 1]
    yield candidate(
        "v-text",
        [
            file.edit(start + _at(line, match.start()), start + _at(line, match.start() + 6), "v-text")
            for match in found
        ],
        _WHY,
    )
    empty = _EMPTY.search(line)
    if empty is not None and len(found) == 1:
        text = f"{empty['tag']}{empty['rest']}{{{{ {empty['value']} }}}}"
        edit = file.edit(start + _at(line, empty.start()), start + _at(line, empty.end()), text)
        yield candidate("interpolation", [edit], _WHY)


def _is_plain(value: str) -> bool:
    """Whether the value's own name says that it is no markup."""
    name = re.split(r"[.\[]", value)[-1].strip("'\"]")
    plain = _PLAIN.fullmatch(value) is not None and not _FROM_ELSEWHERE.match(value)
    return plain and _SAYS_TEXT.fullmatch(name) is not None


def _is_given(file: Text, value: str) -> bool:
    """Whether the value is a property of the component, or a part of one."""
    name = re.escape(re.split(r"[.\[]", value.removeprefix("$props.").removeprefix("props."))[0])
    text = file.content.decode("utf-8", "replace")
    blocks = (_bracketed(text[match.end() :]) for match in _PROPERTIES.finditer(text))
    return any(re.search(rf"(?<![\w$.]){name}(?![\w$])", each) for each in blocks)


def _bracketed(text: str) -> str:
    """What the brackets at the text's beginning hold."""
    depth = 0
    for at, character in enumerate(text):
        depth += (character in _OPEN) - (character in _CLOSE and text[at - 1 : at] != "=")
        if depth == 0:
            return text[:at]
    return text


def _made_safe(file: Text, value: str) -> bool:
    """Whether the value is a computed property or a call of a method, each of whose results is sanitized or empty."""
    name = re.match(r"[\w$]+(?=\(|$)", value)
    text = file.content.decode("utf-8", "replace")
    made = (
        re.search(rf"(?m)^(?P<indent>[ \t]+){re.escape(name[0])}\([^)]*\)\s*\{{(?P<body>[\s\S]*?)^(?P=indent)\}}", text)
        if name
        else None
    )
    given = _RETURNED.findall(made["body"]) if made else []
    return any(_SANITIZED.match(each) for each in given) and all(
        _SANITIZED.match(each) or each.strip() in {'""', "''", "null", "undefined", ""} for each in given
    )


def _at(line: str, column: int) -> int:
    return len(line[:column].encode())


def _in_comment(file: Text, number: int) -> bool:
    before = file.content[: file.starts[number - 1]]
    return before.rfind(b"<!--") > before.rfind(b"-->")
