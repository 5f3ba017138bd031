"""Handlers of Spring that answer every method of HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import Parsed, candidate, parsed, region
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.syntax import ancestors
from workers.source.tree import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_PACKAGE = "org.springframework.web.bind.annotation"
_BODY = re.compile(r"@RequestBody\b|\bMultipartFile\b|@RequestPart\b")
_CALLED = re.compile(r"(?<!new )(?<!@)\b(?P<name>[a-z]\w*)\s*\(")
_READS = re.compile(
    r"(?:get|find|list|select|query|search|count|is|has|check|exists?|load|read|fetch|page|parse|format|value|to|as|keys?"
    r"|values?|entry|error|debug|info|warn|trace|add(?:Attribute|Object)|build|collect|filter|map|sort|compare|equals"
    r"|contains|starts|ends|of|or|with|body|status)(?![a-z])\w*"
    r"|if|for|while|switch|catch|return|synchronized|size|length|trim|split|stream|forEach|substring|replace|join|limit"
    r"|iterator|next|hashCode|intValue|longValue|orElse\w*|ok|success|render|append|concat|match(?:es)?|super|this"
)
"""Names of what only looks, and words before a bracket that are no calls."""
_HARMLESS = re.compile(
    r"\b(?:\w+\.)?(?:addAttribute|addObject|setViewName|setContentType|setHeader|setCharacterEncoding|setStatus"
    r"|addHeader|println?|getWriter|write)\s*\("
)
_MAPPINGS = re.compile(r"@(?:\w+\.)*(?:Request|Get|Post|Put|Patch|Delete)Mapping\b")
_MADE_HERE = re.compile(r"\b(\w+)\s*=\s*new\s")
_OF_ERRORS = re.compile(r"(?:^|/)(?:error|[45]\d\d)(?:$|[/.])", re.IGNORECASE)
_TOLD = re.compile(r"HttpSession|passw|secret|token|file", re.IGNORECASE)
"""What is not asked for in an address, or is there to be changed."""
_SENDS = r"(?i:\b(?:{methods})\b|forward|method\s*[=:]\s*['\"]?(?:{methods}))"
_READERS = (
    ".html",
    ".htm",
    ".jsp",
    ".ftl",
    ".js",
    ".ts",
    ".jsx",
    ".tsx",
    ".vue",
    ".java",
    ".kt",
    ".http",
    ".sh",
    ".md",
)
_LARGEST = 300_000
_POSTS = re.compile(r"(?i:\bpost\b|post(?:forentity|forobject|json|request)?\()|PostMapping")
_GETS = re.compile(r"(?i:\bget\b|getjson\(|getfor\w+\()|\bhref\s*=|\bsrc\s*=|window\.open|location|redirect:")


@fixer(
    name="spring-request-mapping",
    weakness="handler for every method of HTTP",
    cwes=(352,),
    rules={"semgrep": ["unrestricted-request-mapping"]},
    in_tests=False,
    explain="""`@RequestMapping` without a method answers all of them. Spring asks for its CSRF token where a request
may change something, with POST and its like, and not with GET: a handler that changes something and answers GET as well
can be started by a link or an image on another site (CWE-352).

Each handler names its method: `@GetMapping` where it only reads, `@PostMapping` where it takes a body or changes
something. One that only reads and whose callers are elsewhere may answer both, and no other.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`@RequestMapping("/x")` → `@GetMapping` or `@PostMapping`, as far as the project shows which is meant."""
    file = parsed(target, "java")
    annotation, method = _annotated(target, file)
    name = annotation.child_by_field_name("name")
    where = f"{file.path}:{file.number(annotation)}"
    if name is None or file.text(name) != "RequestMapping":
        message = f"{where} writes its annotation in a form of its own"
        raise NoFix(message)
    if len(_MAPPINGS.findall(file.slice(method.start_byte, name.start_byte) + _after(file, method, name))) > 1:
        message = f"{where} is mapped more than once: name the methods in one of the annotations"
        raise NoFix(message)
    if "ErrorController" in file.content.decode():
        message = f"{where} answers errors of every request, whatever its method"
        raise NoFix(message)
    body = method.child_by_field_name("body")
    given = method.child_by_field_name("parameters")
    head, inner = (file.text(each) if each is not None else "" for each in (given, body))
    given_paths = re.findall(r"\"([^\"]*)\"", file.text(annotation))
    paths = [f"{prefix}/{path}" for prefix in _prefixes(file, method) for path in given_paths]
    if any(_OF_ERRORS.search(path) for path in paths):
        message = f"{where} answers errors, which come with the method of the request that failed"
        raise NoFix(message)
    if _BODY.search(head):
        _refuse_callers(target, where, paths, "put|patch|delete")
        yield _named(file, annotation, name, "PostMapping", "The handler takes a body, and answers POST alone.")
        return
    asked = _asked_by(target, paths)
    called = _HARMLESS.sub("", inner)
    for local in set(_MADE_HERE.findall(inner)):
        called = re.sub(rf"\b{local}\.(?:put|add|set|append)\w*\(", "(", called)
    if not all(_READS.fullmatch(each["name"]) for each in _CALLED.finditer(called)) or _TOLD.search(head):
        if asked != {"post"}:
            message = f"{where} may change something: whether its callers use POST is not to be seen here"
            raise NoFix(message)
        yield _named(file, annotation, name, "PostMapping", "The handler may change something, and answers POST alone.")
        return
    _refuse_callers(target, where, paths, "put|patch|delete")
    if asked == {"get"}:
        _refuse_callers(target, where, paths, "post|put|patch|delete")
        yield _named(file, annotation, name, "GetMapping", "The handler only reads, and answers GET (and HEAD) alone.")
        return
    yield _both(file, annotation)


def _prefixes(file: Parsed, method: Node) -> list[str]:
    """The paths that the class puts before those of its methods; one empty where there are none."""
    holder = next((each for each in ancestors(method) if each.type == "class_declaration"), None)
    head = file.text(holder).partition("{")[0] if holder is not None else ""
    found = re.search(r"@RequestMapping\s*\(([^)]*)\)", head)
    return (re.findall(r"\"([^\"]*)\"", found[1]) if found is not None else []) or [""]


def _asked_by(target: Target, paths: list[str]) -> set[str]:
    """By which methods the project's other files ask for one of the paths: `get`, `post`, or `?` where none is told."""
    named = [re.escape(end) for end in _ends(paths)]
    if not named:
        return set()
    path_of = re.compile(rf"(?<![\w-])(?:{'|'.join(named)})(?![\w/-])")
    return {
        _told(text[text.rfind("\n", 0, found.start()) + 1 : found.start()], text[found.end() : found.end() + 120])
        for path in target.tree.paths()
        if path.endswith(_READERS)
        and path != target.finding.path
        and len(text := text_of(target.tree, path)) <= _LARGEST
        for found in path_of.finditer(text)
    }


def _ends(paths: list[str]) -> list[str]:
    """The last two parts of each path, by which others ask for it, as far as they are written out."""
    ends = ["/".join(re.sub(r"/+", "/", path).strip("/").split("/")[-2:]) for path in paths]
    found = [end for end in ends if len(end) > 2 and "{" not in end and "*" not in end]
    return [end if "/" in end else f"/{end}" for end in found]


def _told(before: str, after: str) -> str:
    """The method that the words around a path tell."""
    posts = _POSTS.search(before) or _POSTS.search(after)
    gets = _GETS.search(before)
    return "?" if bool(posts) == bool(gets) else "post" if posts else "get"


def _both(file: Parsed, annotation: Node) -> Candidate:
    """The two methods that pages and programs use to read; all others are refused."""
    given = annotation.child_by_field_name("arguments")
    listed = given.named_children if given is not None else []
    if given is None or not listed:
        message = f"{file.path}:{file.number(annotation)} names no path"
        raise NoFix(message)
    methods = "method = {RequestMethod.GET, RequestMethod.POST}"
    value = file.slice(listed[0].start_byte, listed[-1].end_byte)
    named = listed[0].type == "element_value_pair"
    edits = [file.edit(listed[0].start_byte, listed[-1].end_byte, f"{'' if named else 'value = '}{value}, {methods}")]
    texts = {re.sub(r"\s+", " ", file.text(node)): node for node in file.of("import_declaration")}
    place = texts.get(f"import {_PACKAGE}.RequestMapping;")
    if f"import {_PACKAGE}.*;" not in texts and f"import {_PACKAGE}.RequestMethod;" not in texts:
        if place is None or file.starts[file.number(place)] != place.end_byte + 1:
            message = f"{file.path}:{file.number(annotation)} has the annotation from elsewhere than Spring's package"
            raise NoFix(message)
        edits.append(file.insert(file.starts[file.number(place)], f"import {_PACKAGE}.RequestMethod;\n"))
    return candidate(
        "get-and-post",
        edits,
        "The handler only reads; it answers GET and POST as before, and no other method.",
        declares=(f"import:{_PACKAGE}.RequestMethod",),
        warnings=("Where its callers all use one of the two, leave the other out.",),
    )


def _after(file: Parsed, method: Node, name: Node) -> str:
    """The annotations from the name on, up to the method's own."""
    own = method.child_by_field_name("name")
    return "@" + file.slice(name.start_byte, own.start_byte if own is not None else method.end_byte)


def _annotated(target: Target, file: Parsed) -> tuple[Node, Node]:
    """The annotation at the flagged lines, and its method.

    Raises:
        NoFix: there is none.
    """
    where = region(target)
    for node in file.of("annotation", "marker_annotation"):
        method = next((each for each in ancestors(node) if each.type == "method_declaration"), None)
        if method is not None and file.number(node) == where.start_line and "RequestMapping" in file.text(node):
            return node, method
    message = f"{file.path}:{where.start_line} does not hold the annotation of a handler"
    raise NoFix(message)


def _named(file: Parsed, annotation: Node, name: Node, new: str, why: str) -> Candidate:
    edits = [file.replace(name, new), *_imported(file, annotation, new)]
    return candidate(
        new.removesuffix("Mapping").lower() + "-mapping",
        edits,
        why,
        declares=(f"import:{_PACKAGE}.{new}", f"import:{_PACKAGE}.RequestMapping/delete"),
        warnings=("A program elsewhere that uses another method of HTTP gets 405.",),
    )


def _imported(file: Parsed, annotation: Node, new: str) -> list[Edit]:
    """The import of the annotation, before that of RequestMapping.

    Raises:
        NoFix: RequestMapping is not imported by its name or with all others.
    """
    texts = {re.sub(r"\s+", " ", file.text(node)): node for node in file.of("import_declaration")}
    if f"import {_PACKAGE}.*;" in texts or f"import {_PACKAGE}.{new};" in texts:
        return []
    place = texts.get(f"import {_PACKAGE}.RequestMapping;")
    if place is None or file.starts[file.number(place) - 1] != place.start_byte:
        message = f"{file.path}:{file.number(annotation)} has the annotation from elsewhere than Spring's own package"
        raise NoFix(message)
    uses = [node for node in file.of("identifier") if file.text(node) == "RequestMapping"]
    others = [node for node in uses if node.parent is not None and node.parent.type.endswith("annotation")]
    if len(others) == 1:
        return [file.replace(place, f"import {_PACKAGE}.{new};")]
    return [file.insert(place.start_byte, f"import {_PACKAGE}.{new};\n")]


def _refuse_callers(target: Target, where: str, paths: list[str], methods: str) -> None:
    """Raise where something of the project asks for the path by another method.

    Raises:
        NoFix: it does, or the handler has no path to be found by.
    """
    ends = _ends(paths)
    if not ends:
        message = f"{where} names no path by which its callers could be found"
        raise NoFix(message)
    named = re.compile("|".join(rf"(?<![\w-]){re.escape(end)}\b" for end in ends))
    sends = re.compile(_SENDS.format(methods=methods))
    for path in target.tree.paths():
        if not path.endswith(_READERS):
            continue
        text = text_of(target.tree, path)
        if len(text) > _LARGEST or path == target.finding.path:
            continue
        for found in named.finditer(text):
            if sends.search(text[max(0, found.start() - 200) : found.end() + 200]):
                message = f"{where} is asked by {path} in a way that may be another method: see there which is meant"
                raise NoFix(message)
