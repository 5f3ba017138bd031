"""A CloudFormation template as a document, and edits of it in its own language: YAML or JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from daemon.domain.fix import Edit
from workers.source import jsonedit, yamledit
from workers.source.yamldoc import Node, YamlDoc
from workers.source.yamltext import Value


class Document:
    """One file."""

    def __init__(self, doc: YamlDoc) -> None:
        self.doc = doc
        self.resources = doc.root.child("Resources")
        self._json = doc.content.lstrip().startswith(b"{")

    def new_parameter(self, name: str, body: Mapping[str, Value]) -> Edit:
        """An edit that adds a parameter, which must not be there."""
        known = self.doc.root.child("Parameters")
        if known is None or not known.entries:
            return self.set_key(self.doc.root, "Parameters", {name: dict(body)})
        return self.set_key(known, name, dict(body))

    def set_key(self, mapping: Node, key: str, value: Value) -> Edit:
        """An edit that gives a key of a mapping that value."""
        if self._json:
            return jsonedit.set_key(self.doc, mapping, key, value)
        name, old = mapping.key(key), mapping.child(key)
        if name is not None and old is not None and (old.tag or "").startswith("!") and isinstance(value, (bool, int)):
            # The tag stands before the node, and goes with it: `!If [A, 1, 2]` → `1`.
            behind = self.doc.content.index(b":", name.end) + 1
            return yamledit.edit(self.doc, behind, old.end, f" {str(value).lower()}")
        return yamledit.set_key(self.doc, mapping, key, value)

    def append_item(self, sequence: Node, value: Value) -> Edit:
        """An edit that adds an item to a list that has some."""
        if self._json:
            return jsonedit.append_item(self.doc, sequence, value)
        return yamledit.append_item(self.doc, sequence, value)

    def append_items(self, sequence: Node, values: Sequence[Value]) -> Edit:
        """An edit that adds several items to a list that has some."""
        edits = [self.append_item(sequence, value) for value in values]
        return msgspec.structs.replace(edits[0], text="".join(edit.text for edit in edits))

    def delete_key(self, mapping: Node, key: str) -> Edit:
        """An edit that takes a key away, with its value."""
        if self._json:
            return jsonedit.delete_key(self.doc, mapping, key)
        return yamledit.delete_key(self.doc, mapping, key)
