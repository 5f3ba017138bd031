"""Forms that another site can submit."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import Text, candidate, read, region
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.tree import text_of

_FORM = re.compile(rb"<form\b(?P<attributes>(?:[^<>{]|\{\{.*?\}\}|\{%.*?%\}|\{)*)>", re.IGNORECASE | re.DOTALL)
_DJANGO = re.compile(rb"\{%\s*(?:load|url|static|trans|translate|blocktrans\w*|csrf_token)\b")
_OTHER = re.compile(
    r"^\s*(?:from|import)\s+(?:flask|quart|fastapi|starlette|aiohttp|bottle|tornado|pyramid)\b", re.MULTILINE
)
_JINJA = re.compile(rb"\{\{\s*url_for\(|\{%\s*(?:set|macro|import|from)\b|loop\.index")


@fixer(
    name="django-form-token",
    weakness="form without a token against cross-site requests",
    rules={"semgrep": ["django-no-csrf-token"]},
    explain="""A form that changes something can be submitted by a page of another site, in the name of whoever is
signed in (CWE-352). Django's middleware refuses a POST without the token that only this site's pages know.

`{% csrf_token %}` inside the form adds it as a hidden field. Forms that use GET, or that are sent to another site,
must not carry it.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`<form method="post">` → with the token as its first field."""
    file = read(target)
    form = _form(target, file)
    attributes = form["attributes"].lower()
    if not re.search(rb"method\s*=\s*[\"']?post", attributes):
        message = f"{file.path}:{file.line_of(form.start())} is not a form that is posted"
        raise NoFix(message)
    if re.search(rb"action\s*=\s*[\"']?(?:https?:)?//", attributes):
        message = f"{file.path}:{file.line_of(form.start())} is sent to another site, which must not learn the token"
        raise NoFix(message)
    inside = file.content[form.end() : file.content.find(b"</form", form.end())]
    if b"csrf" in inside.lower():
        message = f"{file.path}:{file.line_of(form.start())} has the token already: the scanner missed it"
        raise NoFix(message)
    line = file.line_of(form.start())
    alone = not file.content[form.end() : file.line_end(file.line_of(form.end() - 1))].strip()
    indent = file.indent(line) + file.indent_unit
    text = f"\n{indent}{{% csrf_token %}}" if alone else "{% csrf_token %}"
    yield candidate(
        "csrf-token",
        [file.insert(form.end(), text)],
        "The form carries a token that only this site's pages know, so another site cannot submit it.",
        declares=(f"line:{line}", f"insert:{line + 1}"),
    )


def _form(target: Target, file: Text) -> re.Match[bytes]:
    where = region(target)
    if _JINJA.search(file.content) or not (_DJANGO.search(file.content) or _is_django(target, file)):
        message = f"{file.path} is not surely a Django template, and other engines have no csrf_token tag"
        raise NoFix(message)
    for match in _FORM.finditer(file.content):
        if file.line_of(match.start()) == where.start_line:
            return match
    message = f"{file.path}:{where.start_line} does not begin a form"
    raise NoFix(message)


def _is_django(target: Target, file: Text) -> bool:
    """Whether a `manage.py` lies in a folder above the template, and no other framework's program in one nearer."""
    folders = file.path.split("/")[:-1]
    paths = set(target.tree.paths())
    for depth in range(len(folders), -1, -1):
        folder = "/".join(folders[:depth])
        beside = [each for each in paths if each.endswith(".py") and each.rpartition("/")[0] == folder]
        if any(each.rpartition("/")[2] == "manage.py" for each in beside):
            return True
        if any(_OTHER.search(text_of(target.tree, each)) for each in beside):
            return False
    return False
