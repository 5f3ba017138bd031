"""XML factories that follow external references."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, any_of, candidate, region
from workers.fixers.jvm.source import (
    before_line,
    end_mark,
    flagged_bytes,
    in_block,
    jvm,
    matches,
    statement,
)
from workers.fixers.jvm.xml_documents import refuse_android, refuse_nothing_read, refuse_own_doctypes
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.syntax import ancestors

if TYPE_CHECKING:
    from tree_sitter import Node

_DOCTYPE = "http://apache.org/xml/features/disallow-doctype-decl"
_GENERAL = "http://xml.org/sax/features/external-general-entities"
_PARAMETER = "http://xml.org/sax/features/external-parameter-entities"
_USE = r"\b(?P<name>\w+)\s*\.\s*(?P<use>newDocumentBuilder|newSAXParser)\(\s*\)"
_STREAMED = r"\b(?P<name>\w+)\s*=\s*(?:\w+\.)*XMLInputFactory\s*\.\s*new(?:Factory|Instance|DefaultFactory)\("
_STREAM_EXTERNAL = "javax.xml.stream.isSupportingExternalEntities"
_STREAM_DTD = "javax.xml.stream.supportDTD"
_NO_DTD = (
    r"\b{name}\s*\.\s*setProperty\(\s*(?:\"javax\.xml\.stream\.supportDTD\"|(?:\w+\.)*SUPPORT_DTD)\s*,\s*(?:Boolean\.)?"
    r"(?:false|FALSE)\s*\)"
)
_VARIED = r"\b{name}\s*\.\s*setFeature\(\s*(?:[^,\"]*,|[^,]*,\s*(?!true|false|Boolean\.))"
_METHODS = ("method_declaration", "constructor_declaration", "function_declaration")
_WRONG = (
    r"\bset(?:Feature|Property)\(\s*(?:\"[^\"\n]*(?:(?:disallow-doctype-decl\"\s*,\s*(?P<off>false))"
    r"|(?:(?:-entities|isSupportingExternalEntities|supportDTD)\"\s*,\s*(?P<on>true|Boolean\.TRUE)))"
    r"|(?:\w+\.)*XMLInputFactory\.(?:SUPPORT_DTD|IS_SUPPORTING_EXTERNAL_ENTITIES)\s*,\s*(?P<stream>true|Boolean\.TRUE))"
)


@fixer(
    name="jvm-xml-factory",
    weakness="XML external entities",
    cwes=(611,),
    rules={
        "semgrep": [
            "documentbuilderfactory-disallow-doctype-decl-missing",
            "documentbuilderfactory-*-enabled",
            "documentbuilderfactory-disallow-doctype-decl-false",
            "documentbuilderfactory-external-*-entities-true",
            "saxparserfactory-disallow-doctype-decl-missing",
            "xmlinputfactory-possible-xxe",
            "xmlinputfactory-external-entities-enabled",
        ],
        "mobsfscan": [
            "xmlinputfactory_xxe",
            "xmlinputfactory_xxe_enabled",
            "android_kotlin_xmlinputfactory_xxe",
            "android_kotlin_xmlinputfactory_xxe_enabled",
        ],
    },
    explain="""Java's XML parsers fetch what a document's DTD names: files of the server, addresses inside its network,
or entities that grow to gigabytes (CWE-611, CWE-776).

Refusing any DOCTYPE ends all of it, and suits data. Where documents do have a DOCTYPE, switching off external general
and parameter entities keeps it but fetches nothing. Both go before the parser is made, and throw the same checked
exception as making it.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """A factory as it comes → one that refuses DOCTYPEs, or fetches nothing."""
    file = jvm(target)
    span = flagged_bytes(target, file)
    wrong = matches(file, _WRONG, *span)
    if wrong:
        group = next(name for name in ("off", "on", "stream") if wrong[0][name])
        safe = "true" if group == "off" else "false"
        edit = file.edit(wrong[0].start(group), wrong[0].end(group), safe)
        yield candidate("switched-back", [edit], "The parser follows no external reference.")
        return
    streamed = matches(file, _STREAMED, *span)
    if streamed:
        name = streamed[0]["name"].decode()
        if matches(file, _NO_DTD.format(name=name), streamed[0].end(), len(file.content)):
            message = f"{file.path}:{file.line_of(streamed[0].start())} reads no DTD, so there are no entities"
            raise Harmless(message)
        yield from _without_dtd(file, name, statement(file, streamed[0].start()))
        return
    found = matches(file, _USE, *span)
    if not found:
        message = f"{file.path}:{region(target).start_line} does not show where the parser is made"
        raise NoFix(message)
    refuse_android(target, file, found[0])
    name, holder = found[0]["name"].decode(), statement(file, found[0].start())
    end = end_mark(file)
    around = next((each for each in ancestors(holder) if each.type in _METHODS), None)
    if around is not None and matches(file, _VARIED.format(name=name), around.start_byte, holder.start_byte):
        message = f"{file.path}:{file.number(holder)} sets its features by values that it is given: see what these are"
        raise NoFix(message)
    around_text = file.text(around) if around is not None else ""
    refuse_nothing_read(file, holder, found[0]["use"].decode(), around_text)
    declares = (f"insert:{file.number(holder)}",)

    def without_doctype() -> Candidate:
        refuse_own_doctypes(target, f"{file.path}:{file.number(holder)}")
        return candidate(
            "no-doctype",
            [before_line(file, holder, f'{name}.setFeature("{_DOCTYPE}", true){end}')],
            "A document with a DOCTYPE is refused, so there are no entities at all.",
            declares=declares,
            warnings=("Documents that have a DOCTYPE are refused.",),
        )

    yield from any_of(
        without_doctype,
        lambda: candidate(
            "no-external-entities",
            [
                before_line(
                    file,
                    holder,
                    f'{name}.setFeature("{_GENERAL}", false){end}\n{name}.setFeature("{_PARAMETER}", false){end}',
                )
            ],
            "A DOCTYPE may stay, but nothing it names is fetched.",
            declares=declares,
        ),
    )


def _without_dtd(file: Parsed, name: str, holder: Node) -> Iterator[Candidate]:
    """A factory of streams, told right after it is made."""
    after = holder.next_named_sibling
    line = file.line_of(holder.end_byte)
    last = line >= len(file.starts)
    if after is None or last or not in_block(holder) or file.slice(holder.end_byte, file.line_end(line)).strip(" \t;"):
        message = f"{file.path}:{line} makes its factory where nothing can be told to it on a line of its own"
        raise NoFix(message)
    indent, end = file.indent(file.number(holder)), end_mark(file)
    external = f'{indent}{name}.setProperty("{_STREAM_EXTERNAL}", false){end}\n'
    dtd = f'{indent}{name}.setProperty("{_STREAM_DTD}", false){end}\n'
    declares = (f"insert:{file.number(after)}",)
    yield candidate(
        "no-external-entities",
        [file.insert(file.starts[line], external)],
        "A DOCTYPE may stay, but nothing it names is fetched.",
        declares=declares,
    )
    yield candidate(
        "no-dtd",
        [file.insert(file.starts[line], external + dtd)],
        "No DTD is read at all, so there are no entities.",
        declares=declares,
        warnings=("Documents whose entities a DTD defines can no longer be read.",),
    )
