"""Templates that insert values without escaping them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import Text, candidate, read, region
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.tree import text_of

# What inserts raw, and what inserts the same escaped.
_FORMS = (
    (re.compile(r"<%-(?P<value>\s*[\w$.\[\]'\"]+\s*)(?P<close>-?%>)"), r"<%=\g<value>\g<close>"),
    (re.compile(r"\{\{\{(?P<value>\s*[\w.@/]+\s*)\}\}\}"), r"{{\g<value>}}"),
    (re.compile(r"\{\{\s*&\s*(?P<value>[\w.]+\s*)\}\}"), r"{{ \g<value>}}"),
    (re.compile(r"\{\{(?P<value>\s*[\w.\[\]'\"]+)\s*\|\s*safe(?P<end>\s*)\}\}"), r"{{\g<value>\g<end>}}"),
    (
        re.compile(r"\{\{(?P<value>\s*[\w.\[\]'\"]+)\s*\|\s*safeseq\s*(?P<rest>\|[^{}|]*)\}\}"),
        r"{{\g<value>\g<rest>}}",
    ),
    (re.compile(r"!\{(?P<value>[\w.]+)\}"), r"#{\g<value>}"),
)
_INSERTS = re.compile(rb"<%.*?%>|\{\{.*?\}\}\}?|!\{[^}]*\}", re.DOTALL)
_WHY = "The value is shown as text; markup in it no longer becomes a part of the page."
_SETTING = r"(?:[\w.]*\b(?:config|settings|conf)\.[\w.]+|process\.env\.\w+)"
_LETTER = re.compile(r"(?:^|[/_.-])(?:e?mails?|sms|te?xt|plain)(?=[/_.-])", re.IGNORECASE)
"""What is sent as it is: a folder or a part of the name says so."""
_LONGEST = 200_000
"""Characters of a script: what is longer was bundled, and makes no values for templates."""
_TEMPLATES = (".ejs", ".hbs", ".handlebars", ".pug", ".jade", ".njk")
_SCRIPTS = (".js", ".ts", ".mjs", ".cjs", ".jsx", ".tsx")
_MARKUP = (
    r"[^;\n]*?(?:\b(?:marked|markdown\w*|md|showdown|converter|remark|DOMPurify|sanitize\w*|xss|katex|hljs)\b\s*[.(]"
    r"|\b(?:make|to|as|render|format|get)\w*(?:Html|HTML|Markup|Markdown)\b|SafeString|['\"`]\s*</?[a-z])"
)
"""What follows a name that is given markup: a renderer of some text, or a literal with an element."""
_ESCAPED_IN = (
    r"\(\s*['\"`](?:{either}|\*)(?:\.\*)?['\"`](?:(?!\b(?:body|check|param|query)\()[\s\S]){{0,400}}?\.escape\(\)"
)
"""A validator's chain that escapes a field before it is stored."""
_TAG = re.compile(rb"</?[a-z][a-z0-9-]*(?:\s[^<>]*)?>", re.IGNORECASE)
_WITHOUT_TAGS = (".pug", ".jade")
"""Whose templates name elements without brackets."""
_MEANS_HTML = re.compile(
    r"html|body|content|markup|markdown|script|style|css|json|svg|icon|partial|layout|include|form|widget|csrf(?!_?token)|head|foot"
    r"|desc(?:ription)?s?$|messages?$|excerpt|highlight|rendered|text$|raw|intro|answer|comment$|code$",
    re.IGNORECASE,
)


@fixer(
    name="unescaped-template",
    weakness="template value without HTML escaping",
    cwes=(79,),
    rules={
        "njsscan": ["ejs_ect_template", "handlebar_mustache_template", "pug_jade_template"],
        "semgrep": [
            "template-explicit-unescape",
            "template-unescaped-with-safe",
            "*.template-unescaped-with-safe",
            "template-var-unescaped-with-safeseq",
        ],
    },
    explain="""Template engines have one mark that escapes what it inserts and one that does not: `<%=` and `<%-` in
EJS, two and three braces in Mustache and Handlebars, `#{}` and `!{}` in Pug, `|safe` in Jinja and Django. A value
that holds `<script>` and goes through the raw one becomes a script of the page (CWE-79).

The escaping mark shows the same text for all values without markup. Values that are HTML on purpose (a rendered body,
an include) keep the raw mark: they must be made safe where they are made.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """A raw insertion of a plain value → an escaped one."""
    file = read(target)
    where = region(target)
    line = file.line(where.start_line).decode()
    if not file.path.endswith(_WITHOUT_TAGS) and not _TAG.search(_INSERTS.sub(b"", file.content)):
        message = f"{file.path} makes plain text, where HTML escaping would put entities into what people read"
        # A part of a page may have no markup of its own.
        raise Harmless(message) if _LETTER.search(file.path) else NoFix(message)
    _refuse_script(file, where.start_line)
    for pattern, replacement in _FORMS:
        found = [match for match in pattern.finditer(line) if _is_plain(line, match)]
        if found and len(list(pattern.finditer(line))) == len(found):
            content = any(_between_tags(line, match) for match in found)
            _refuse_made(target, file, [match["value"] for match in found], content=content)
            yield candidate(
                "escape", [_edit(file, where.start_line, line, match, replacement) for match in found], _WHY
            )
            return
    message = (
        f"{file.path}:{where.start_line} inserts something that is HTML on purpose or more than a plain value: "
        "make sure that it is made safe where it is made"
    )
    raise NoFix(message)


def _refuse_made(target: Target, file: Text, values: list[str], *, content: bool) -> None:
    """Say so where a script makes markup under the value's name: escaped once more, people would read the tags.

    Raises:
        NoFix: one does, or the name is that of a template's helper.
    """
    names = {re.split(r"[\s.\[\]'\"]+", value.strip(" '\"]"))[-1] for value in values} - {""}
    either = "|".join(map(re.escape, sorted(names)))
    given = re.compile(rf"[{{,]\s*(?:{either})\s*:\s*(?P<call>[\w.]+\()")
    for path in target.tree.paths() if either else ():
        if path.endswith(_TEMPLATES) and (found := given.search(text_of(target.tree, path))):
            message = f"{file.path} inserts what {path} gives it of `{found['call']}…)`, which may make markup"
            raise NoFix(message)
        if not path.endswith(_SCRIPTS) or path.endswith(".min.js"):
            continue
        text = text_of(target.tree, path)
        if len(text) > _LONGEST or not any(name in text for name in names):
            continue
        if re.search(_ESCAPED_IN.format(either=either), text):
            message = (
                f"{file.path} inserts what {path} has escaped when it came in, and would show its entities: escape in "
                "one place alone, best in the template"
            )
            raise NoFix(message)
        if content and (said := re.search(rf"(?<![\w$])['\"]?(?:{either})['\"]?\s*[:=]\s*{_SETTING}", text)):
            message = (
                f"{file.path} inserts what the settings say, as {path} gives it (`{said[0]}`): who sets it may mean "
                "markup, and no visitor has a part in it"
            )
            raise NoFix(message)
        made = re.search(rf"(?<![\w$])['\"]?(?:{either})['\"]?\s*(?:=(?!=)|:){_MARKUP}", text) or re.search(
            rf"(?:[Hh]elper|SafeString)\w*\(\s*['\"`](?:{either})['\"`]", text
        )
        if made:
            message = f"{file.path} inserts what {path} makes of markup: make sure that it is made safe there"
            raise NoFix(message)


def _is_plain(line: str, match: re.Match[str]) -> bool:
    """Whether it inserts a plain value: not HTML by its name, and not whole attributes into a tag."""
    before = line[: match.start()]
    tag = before.rfind("<") if before.rfind("<") > before.rfind(">") else -1
    unquoted = tag >= 0 and before.count('"', tag) % 2 == 0 and before.count("'", tag) % 2 == 0
    return not unquoted and not _MEANS_HTML.search(match["value"])


def _between_tags(line: str, match: re.Match[str]) -> bool:
    """Whether it is what an element shows, and no part of an attribute."""
    before = line[: match.start()]
    return before.rfind("<") <= before.rfind(">")


def _edit(file: Text, number: int, line: str, match: re.Match[str], replacement: str) -> Edit:
    start = file.starts[number - 1] + len(line[: match.start()].encode())
    return file.edit(start, start + len(match[0].encode()), match.expand(replacement))


def _refuse_script(file: Text, number: int) -> None:
    """HTML escaping is wrong inside of scripts and styles, whose syntax is another; in their tags it is right."""
    start, end = file.starts[number - 1], file.starts[number - 1] + len(file.line(number))
    masked = _INSERTS.sub(lambda match: b" " * len(match[0]), file.content[:end])
    for tag in (b"script", b"style"):
        for opened in re.finditer(rb"<" + tag + rb"\b[^>]*>", masked, re.IGNORECASE):
            closed = re.compile(rb"</" + tag + rb"\s*>", re.IGNORECASE).search(masked, opened.end())
            until = closed.start() if closed else end
            if until > start and any(
                opened.end() <= each.start() < until for each in _INSERTS.finditer(file.content, start, end)
            ):
                message = (
                    f"{file.path}:{number} is inside <{tag.decode()}>, where HTML escaping is the wrong one: "
                    "serialise as JSON"
                )
                raise NoFix(message)
