"""The flagged resource of a CloudFormation template, and edits of it and of the template's parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from daemon.domain.fix import Candidate, Edit
from daemon.errors import SourceUnavailable
from workers.fixers.changed import if_changed
from workers.fixers.cloudformation import nested
from workers.fixers.cloudformation.deployer import may_not_make
from workers.fixers.cloudformation.document import Document
from workers.fixers.cloudformation.made import made_by
from workers.fixers.cloudformation.nested import SUFFIXES
from workers.fixers.cloudformation.parts import elsewhere
from workers.fixers.registry import NoFix, OtherLanguage, Target
from workers.source import yamldoc
from workers.source.yamldoc import Node, YamlBroken, YamlDoc
from workers.source.yamltext import Value

_SHORT = {
    "Ref", "Sub", "GetAtt", "If", "FindInMap", "Join", "Select", "Split", "ImportValue", "Base64", "Cidr", "GetAZs",
    "Transform", "And", "Or", "Not", "Equals", "Condition",
}  # fmt: skip


_REPLACES = "CloudFormation replaces"
_OWN_NAMES = (
    "BackupVaultName", "BrokerName", "ClusterIdentifier", "ClusterName", "DBClusterIdentifier", "DBInstanceIdentifier",
    "LaunchConfigurationName", "ReplicationGroupId", "ReplicationInstanceIdentifier", "RepositoryName",
)  # fmt: skip
"""Properties by which a resource has a name of its own, which no other may have while it is there."""


class Template(Document):
    """One resource of a template: its logical name, type and properties."""

    def __init__(self, target: Target) -> None:
        """Find it.

        Raises:
            OtherLanguage: the file is no CloudFormation template.
            NoFix: it cannot be read, no resource stands at the finding's line, or something writes it.
        """
        path = target.finding.path or ""
        if path.endswith((".tf", ".tofu")):
            message = f"{path} is no CloudFormation template"
            raise OtherLanguage(message)
        self.tree, self.path = target.tree, path
        super().__init__(_read(target, path))
        if maker := made_by(target.tree, path, self.doc.root):
            message = f"{path} is not written by hand: {maker}"
            raise NoFix(message)
        self._passed: list[str] = []
        line = target.finding.line or 1
        entry = next((entry for entry in self._entries() if self._holds(entry, line)), None)
        if entry is None:
            message = f"no resource stands at line {line} of {path}"
            raise NoFix(message)
        self.name, self.node = entry[0].value, entry[1]
        self.type = self.node.text("Type")
        self.properties = self.node.child("Properties")

    def others(self) -> Iterator[tuple[str, Node]]:
        """The template's other resources: their names and nodes."""
        for key, node in self._entries():
            if key.value != self.name:
                yield key.value, node

    def mentions(self, node: Node) -> bool:
        """Whether another resource refers to this one, by `!Ref`, `!GetAtt`, `!Sub` or their long forms."""
        return mentions(self.name, node)

    def exported(self) -> str:
        """The output by which stacks that are not here use the resource; empty where there is none."""
        outputs = self.doc.root.child("Outputs")
        entries = outputs.entries if outputs is not None else []
        return next(
            (key.value for key, one in entries if one.child("Export") is not None and mentions(self.name, one)), ""
        )

    def property(self, *path: str) -> Node | None:
        """A property's value; none where there is none."""
        return self.properties.get(*path) if self.properties is not None else None

    def text(self, *path: str) -> str:
        """A scalar property; empty where there is none, or where a function of the template works it out."""
        node = self.property(*path)
        return node.value if node is not None and node.kind == "scalar" and not _computed(node) else ""

    def usual(self, *path: str) -> str:
        """A scalar property, or the default of the parameter that gives it; empty where something else does."""
        node = self.property(*path)
        if node is None:
            return ""
        name = node.value if node.tag == "!Ref" else node.text("Ref") if node.kind == "mapping" else ""
        return self.doc.root.text("Parameters", name, "Default") if name else self.text(*path)

    def settle(self, values: Mapping[str, Value]) -> list[Edit]:
        """Edits that make the properties say this; what is right already stays.

        Raises:
            NoFix: a function, an alias or a list of the author's own stands in the way.
        """
        if self.properties is None or not self.properties.entries:
            return [self.set_key(self.node, "Properties", dict(values))]
        return list(self._merge(self.properties, values))

    def parameter(self, name: str, body: Mapping[str, Value]) -> list[Edit]:
        """Edits that add a parameter; also to the templates that make this one's stack, and hand it on.

        Raises:
            NoFix: there is one of that name, or those templates cannot hand it on.
        """
        if other := elsewhere(self.tree, self.path, self.doc.root):
            message = f"{self.path} is one part of a template, whose parameters stand in another, as in {other}"
            raise NoFix(message)
        if self.doc.get("Parameters", name) is not None:
            message = f"the template has a parameter {name} already, and what it means is not known here"
            raise NoFix(message)
        edits = [self.new_parameter(name, body)]
        if "Default" not in body:
            handed = nested.handed_on(self.tree, self.path, name, body)
            self._passed += handed.declares
            edits += handed.edits
        return edits

    def refuse_given(self, name: str) -> None:
        """Refuse to change a parameter's default that no stack of the repository is made with.

        Raises:
            NoFix: another template gives it.
        """
        if caller := nested.given_by(self.tree, self.path, name):
            message = f"{caller} makes the stack of {self.path} and gives it its {name}: change it there"
            raise NoFix(message)

    def resource(self, name: str, body: Mapping[str, Value]) -> Edit:
        """An edit that adds a resource to the template, as its last.

        Raises:
            NoFix: there is one of that name, or the role by which CloudFormation deploys may not make one.
        """
        if roles := may_not_make(self.tree, str(body["Type"])):
            message = (
                f"the deployment would fail: {roles} may not make a {body['Type']}, and would have to be let first"
            )
            raise NoFix(message)
        if self.resources is None or self.resources.child(name) is not None:
            message = f"the template has a resource {name} already, and what it is for is not known here"
            raise NoFix(message)
        condition = self.node.text("Condition")
        # It is there when the one that it is for is.
        whole = {"Type": body["Type"], "Condition": condition, **body} if condition else dict(body)
        return self.set_key(self.resources, name, whole)

    def new_resources(self, bodies: Mapping[str, Mapping[str, Value]]) -> list[Edit]:
        """The same for several, in that order.

        Raises:
            NoFix: there is one of such a name.
        """
        found = [self.resource(name, body) for name, body in bodies.items()]
        same = {(one.start, one.end) for one in found}
        if len(same) != 1:
            return found
        # At one place they are one edit.
        return [Edit(path=self.path, start=found[0].start, end=found[0].end, text="".join(one.text for one in found))]

    def declare(self, *keys: str) -> list[str]:
        """Declared paths of properties."""
        return [f"Resources.{self.name}.Properties.{key}" for key in keys]

    def candidate(
        self, approach: str, edits: Iterable[Edit], how: str, declares: Iterable[str], warnings: Iterable[str] = ()
    ) -> Iterator[Candidate]:
        """The candidate, with what its edits of other templates change; none where nothing would."""
        edits = list(edits)
        if any(edit.path != self.path for edit in edits):
            declares = [*declares, *self._passed]
            how = f"{how} The templates that make its stack take the parameter too, and hand it on."
        yield from if_changed(approach, edits, how, declares, self._with_name(list(warnings)))

    def _with_name(self, warnings: list[str]) -> list[str]:
        """And what stands in the way of a replacement: the new one is made before the old one is gone."""
        named = next((key for key in _OWN_NAMES if self.property(key) is not None), "")
        if not named or not any(_REPLACES in one for one in warnings):
            return warnings
        return [*warnings, f"it refuses to while {self.name} keeps its {named}: give it another with this change"]

    def _entries(self) -> list[tuple[Node, Node]]:
        return self.resources.entries if self.resources is not None else []

    def _holds(self, entry: tuple[Node, Node], line: int) -> bool:
        key, value = entry
        return value.kind == "mapping" and self.doc.line_of(key.start) <= line <= self.doc.line_of(value.end)

    def _merge(self, node: Node, values: Mapping[str, Value]) -> Iterator[Edit]:
        for key, value in values.items():
            old = node.child(key)
            if old is not None and (old.kind == "alias" or _computed(old)):
                message = f"{key} of {self.name} is worked out by the template itself: change it where it is decided"
                raise NoFix(message)
            if isinstance(value, Mapping) and old is not None and old.kind == "mapping" and old.entries:
                yield from self._merge(old, value)
            elif old is not None and old.kind != "scalar" and not old.empty:
                message = f"{key} of {self.name} holds other settings of the author's, which a new value would replace"
                raise NoFix(message)
            elif old is None or old.kind != "scalar" or old.value.lower() != str(value).lower():
                yield self.set_key(node, key, value)


def _computed(node: Node) -> bool:
    """Whether a function of CloudFormation gives the value: `!Ref X`, `{Ref: X}`, `Fn::If: […]`."""
    if node.tag and not node.tag.startswith("tag:yaml.org"):
        return node.tag.lstrip("!").partition(".")[0] in _SHORT
    return is_call(node)


def mentions(name: str, node: Node) -> bool:
    """Whether a resource refers to the one of that name."""
    return any(
        one.kind == "scalar"
        and (
            one.value == name or one.value.startswith(f"{name}.") or any(f"${{{name}{end}" in one.value for end in "}.")
        )
        for _, one in node.walk()
    )


def is_call(node: Node) -> bool:
    """Whether a mapping is the long form of a function: `{Ref: X}`, `Fn::If: […]`."""
    return node.kind == "mapping" and any(key.value == "Ref" or key.value.startswith("Fn::") for key, _ in node.entries)


def _read(target: Target, path: str) -> YamlDoc:
    try:
        content = target.tree.read(path)
    except SourceUnavailable as error:
        raise NoFix(str(error)) from error
    if not path.endswith(SUFFIXES):
        message = f"{path} is no CloudFormation template"
        raise OtherLanguage(message)
    try:
        doc = yamldoc.parse(content, path)
    except YamlBroken as error:
        raise NoFix(str(error)) from error
    if doc.root.child("Resources") is None:
        message = f"{path} is no CloudFormation template"
        raise OtherLanguage(message)
    return doc
