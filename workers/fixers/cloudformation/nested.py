"""Templates whose stack another template of the repository makes: what they must be given, that one hands on."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

import msgspec

from daemon.domain.fix import Edit
from workers.fixers.cloudformation.document import Document
from workers.fixers.cloudformation.made import packed_as
from workers.fixers.registry import NoFix
from workers.source import yamldoc
from workers.source.tree import SourceTree, text_of
from workers.source.yamldoc import Node, YamlBroken
from workers.source.yamltext import Value

SUFFIXES = (".yaml", ".yml", ".template", ".json")
_STACK, _APPLICATION = "AWS::CloudFormation::Stack", "AWS::Serverless::Application"
_STORED = "AWS::SSM::Parameter::Value"
_LOCATION = re.compile(r"\bLocation[\"']?\s*:\s*[\"']?([\w./-]+)")


class Handed(msgspec.Struct):
    """What the templates above have to say."""

    edits: list[Edit] = []
    declares: list[str] = []


def handed_on(tree: SourceTree, path: str, name: str, body: Mapping[str, Value]) -> Handed:
    """The parameter in every template that makes a stack of `path`, and in that stack.

    Raises:
        NoFix: such a template is made by another one itself, or does not say plainly which stack is made of `path`.
    """
    handed = Handed()
    _refuse_pipeline(tree, path, name)
    for caller in _callers(tree, path):
        try:
            document = Document(yamldoc.parse(tree.read(caller), caller))
        except YamlBroken as error:
            raise NoFix(str(error)) from error
        stacks = list(_stacks(document, path))
        above = next(_callers(tree, caller), None)
        if above or not stacks or document.doc.get("Parameters", name) is not None:
            message = f"{above or caller} makes the stack of {caller if above else path}, and would have to give it the"
            message = f"{message} parameter {name}"
            raise NoFix(message)
        _refuse_pipeline(tree, caller, name)
        handed.edits.append(document.new_parameter(name, _above(body)))
        handed.declares.append(f"Parameters.{name}")
        for stack, properties in stacks:
            given = properties.child("Parameters")
            if given is not None and given.entries:
                handed.edits.append(document.set_key(given, name, {"Ref": name}))
            else:
                handed.edits.append(document.set_key(properties, "Parameters", {name: {"Ref": name}}))
            handed.declares.append(f"Resources.{stack}.Properties.Parameters")
    return handed


def _above(body: Mapping[str, Value]) -> Mapping[str, Value]:
    """The parameter of the template that hands it on: the name of a stored one, which that below alone looks up."""
    if not str(body["Type"]).startswith(_STORED):
        return body
    return {**body, "Type": "String", "Description": f"Name in the Parameter Store: {body['Description']}"}


def given_by(tree: SourceTree, path: str, name: str) -> str:
    """A template that gives its stack of `path` this parameter, whatever the default there; empty where none does."""
    for caller in _callers(tree, path):
        try:
            stacks = list(_stacks(Document(yamldoc.parse(tree.read(caller), caller)), path))
        except YamlBroken:
            continue
        if any(properties.get("Parameters", name) is not None for _, properties in stacks):
            return caller
    return ""


def _refuse_pipeline(tree: SourceTree, path: str, name: str) -> None:
    """A pipeline that deploys the template gives it its parameters in a text of its own."""
    names = "|".join(re.escape(one) for one in sorted({posixpath.basename(path), *packed_as(tree, path)}))
    named = re.compile(rf"::[^\s\"']*(?:{names})\b")
    for other in tree.paths():
        if other.endswith(SUFFIXES):
            text = text_of(tree, other)
            if "TemplatePath" in text and named.search(text):
                message = f"{other} deploys {path} by a pipeline, and would have to give it the parameter {name}"
                raise NoFix(message)


def _callers(tree: SourceTree, path: str) -> Iterator[str]:
    """The templates of the repository that make a stack of this one."""
    named = re.compile(r"[/\"'\s}]" + re.escape(posixpath.basename(path)) + r"\b")
    for other in tree.paths():
        if other.endswith(SUFFIXES) and other != path:
            text = text_of(tree, other)
            located = (_beside(other, found[1]) for found in _LOCATION.finditer(text) if _APPLICATION in text)
            if (_STACK in text and named.search(text)) or path in located:
                yield other


def _stacks(document: Document, path: str) -> Iterator[tuple[str, Node]]:
    """The stacks that are made of the file: their names and properties."""
    named = re.compile(r"(?:^|[/\"'\s}])" + re.escape(posixpath.basename(path)) + r"\b")
    for key, node in document.resources.entries if document.resources else ():
        kind, properties = node.text("Type"), node.child("Properties")
        if properties is None:
            continue
        url = properties.child("TemplateURL") if kind == _STACK else None
        located = _beside(document.doc.path, properties.text("Location")) if kind == _APPLICATION else ""
        if located == path or (url is not None and named.search(document.doc.slice(url.start, url.end))):
            yield key.value, properties


def _beside(path: str, location: str) -> str:
    """The file that a template's `Location` names."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), location)) if location else ""
