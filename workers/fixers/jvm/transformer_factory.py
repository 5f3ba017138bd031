"""XSLT factories that fetch what a document or a style sheet names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, candidate, region
from workers.fixers.jvm.source import before_line, end_mark, flagged_bytes, jvm, matches, on_android, statement
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.syntax import ancestors
from workers.source.tree import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_USE = r"\b(?P<name>\w+)\s*\.\s*newTransformer\((?P<sheet>[^)]?)"
_FACTORY = r"\b(?:\w*TransformerFactory\s+{name}\b|{name}\s*=\s*(?:\([^()]*\)\s*)?(?:\w+\.)*\w*TransformerFactory\b)"
_TOLD = r"\b{name}\s*\.\s*setAttribute\([^,]*(?P<what>ACCESS_EXTERNAL_\w+|accessExternal\w+)\"?\s*,\s*\"\"\s*\)"
_IMPORTED = re.compile(rb"^\s*import\s+javax\.xml\.(?:XMLConstants|\*)\s*;?", re.MULTILINE)
_NAMES = (("ACCESS_EXTERNAL_DTD", "accessExternalDTD"), ("ACCESS_EXTERNAL_STYLESHEET", "accessExternalStylesheet"))
_FETCHES = re.compile(r"<xsl:(?:import|include)\b|\bdocument\(")
_OTHERS = re.compile(r"(?:>|[\"':])(?:xalan|saxon(?:-he)?|Saxon-HE)(?:<|[\"':])", re.IGNORECASE)
_BUILDS = ("pom.xml", "build.gradle", "build.gradle.kts")


@fixer(
    name="jvm-transformer-factory",
    weakness="XML external entities in transformations",
    cwes=(611,),
    rules={"semgrep": ["transformerfactory-dtds-not-disabled"]},
    explain="""A transformer reads its document with a parser of its own, which fetches what the document's DTD names,
and a style sheet may import others from anywhere: files of the server, or addresses inside its network (CWE-611).

Both are attributes of the factory, and an empty list of protocols means that nothing is fetched. They go before the
transformer is made, since it keeps what the factory said then.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`factory.newTransformer(…)` → after the factory was told to fetch nothing."""
    file = jvm(target)
    found = matches(file, _USE, *flagged_bytes(target, file))
    where = f"{file.path}:{region(target).start_line}"
    if not found or not matches(file, _FACTORY.format(name=found[0]["name"].decode()), 0, len(file.content)):
        message = f"{where} does not show the factory that makes the transformer"
        raise NoFix(message)
    if on_android(target, file):
        message = f"{where} runs on Android, whose processor throws at the attributes of Java's own"
        raise NoFix(message)
    _refuse_needed(target, where, sheet=bool(found[0]["sheet"].strip()))
    name, holder, end = found[0]["name"].decode(), statement(file, found[0].start()), end_mark(file)
    told = {each["what"].decode() for each in matches(file, _TOLD.format(name=name), *_around(holder))}
    lines = [f'{name}.setAttribute({_attribute(file, *names)}, ""){end}' for names in _NAMES if not told & set(names)]
    yield candidate(
        "nothing-fetched",
        [before_line(file, holder, "\n".join(lines))],
        "No protocol is left by which a DTD or a style sheet could be fetched.",
        declares=(f"insert:{file.number(holder)}",),
        warnings=("Documents and style sheets that name others, by import or document(), are refused.",),
    )


def _around(holder: Node) -> tuple[int, int]:
    """The method before the statement."""
    method = next((each for each in ancestors(holder) if each.type.endswith("method_declaration")), None)
    return (method.start_byte if method is not None else holder.start_byte), holder.start_byte


def _attribute(file: Parsed, constant: str, name: str) -> str:
    if _IMPORTED.search(file.content):
        return f"XMLConstants.{constant}"
    return f'"http://javax.xml.XMLConstants/property/{name}"'


def _refuse_needed(target: Target, where: str, *, sheet: bool) -> None:
    """Raise where a style sheet of the project imports others, or another processor than Java's own answers.

    Raises:
        NoFix: it does.
    """
    for path in target.tree.paths():
        name = path.rpartition("/")[2]
        if sheet and path.endswith((".xsl", ".xslt")) and _FETCHES.search(text_of(target.tree, path)):
            message = f"{where} may read {path}, which imports others: give the factory a URIResolver that knows those"
            raise NoFix(message)
        if name in _BUILDS and _OTHERS.search(text_of(target.tree, path)):
            message = (
                f"{where} may be answered by the processor of {path}, which throws at the attributes of Java's own"
            )
            raise NoFix(message)
