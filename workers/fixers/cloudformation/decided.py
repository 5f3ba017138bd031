"""Properties that the template itself works out: by a parameter's default, or by a condition between two values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from daemon.domain.fix import Candidate, Edit
from workers.fixers.cloudformation.template import Template
from workers.source.tree import text_of
from workers.source.yamldoc import Node
from workers.source.yamltext import Value

_ALWAYS = "where the template's condition does not hold it was chosen otherwise: this overrules that choice"
_ELSEWHERE = "a deployment that gives the parameter itself keeps what it gives"
_MORE = "the template uses the parameter for more than this: look at what else it decides"
_PARAMETER_FILES = (".yaml", ".yml", ".template", ".json", ".toml", ".sh", ".properties")


def by_template(
    template: Template, approach: str, properties: Mapping[str, Value], how: str, warning: str = ""
) -> Iterator[Candidate]:
    """What one property must say, where a function of the template gives it; nothing where none does, or another."""
    path, value = leaf(properties)
    if not isinstance(value, (bool, int, str)):
        return
    node = template.property(*path)
    if node is None:
        return
    if name := named(node):
        yield from _default(template, approach, name, value, how, warning)
    elif _chosen(node):
        above = template.property(*path[:-1]) if path[:-1] else template.properties
        assert above is not None  # noqa: S101  the property stands in it
        edits = [template.set_key(above, path[-1], value)]
        how = f"{how} It holds in every environment, whatever the template's condition says."
        yield from template.candidate(f"{approach}-always", edits, how, template.declare(path[0]), [_ALWAYS, warning])


def named(node: Node) -> str:
    """The parameter or resource that `!Ref X` or `{Ref: X}` names; empty for anything else."""
    if node.kind == "scalar":
        return node.value if node.tag == "!Ref" else ""
    return node.text("Ref") if node.kind == "mapping" and len(node.entries) == 1 else ""


def leaf(properties: Mapping[str, Value]) -> tuple[tuple[str, ...], Value]:
    """The path of keys down to where there are several, or a value, and what stands there."""
    path: tuple[str, ...] = ()
    value: Value = dict(properties)
    while isinstance(value, Mapping) and len(value) == 1:
        [(key, value)] = value.items()
        path = (*path, key)
    return path, value


def _chosen(node: Node) -> bool:
    """Whether it is a condition between two plain values."""
    listed = node if node.kind == "sequence" and node.tag == "!If" else node.child("Fn::If")
    if listed is None or len(listed.items) != 3:
        return False
    return all(one.kind == "scalar" and not (one.tag or "").startswith("!") for one in listed.items[1:])


def _default(template: Template, approach: str, name: str, value: Value, how: str, warning: str) -> Iterator[Candidate]:
    body = template.doc.get("Parameters", name)
    if body is None or body.child("Default") is None:
        return
    text = str(value).lower() if isinstance(value, bool) else str(value)
    listed = body.child("AllowedValues")
    allowed = [one.value for one in listed.items] if listed is not None else []
    if body.child("AllowedPattern") is not None or (allowed and text not in [one.lower() for one in allowed]):
        return
    template.refuse_given(name)
    text = next((one for one in allowed if one.lower() == text), text)
    warnings = [_ELSEWHERE, warning, _MORE if _uses(template, name) > 1 else ""]
    edits: list[Edit] = [template.set_key(body, "Default", text)]
    said = f"{how} The parameter's default decides it for every deployment that sets nothing else."
    declares = [f"Parameters.{name}.Default"]
    yield from template.candidate(f"{approach}-default", edits, said, declares, warnings)
    if _given(template, name):
        return
    edits = [*edits, template.set_key(body, "AllowedValues", [text])]
    said = f"{how} The parameter takes nothing else any more."
    declares = [*declares, f"Parameters.{name}.AllowedValues"]
    yield from template.candidate(f"{approach}-required", edits, said, declares, warnings[1:])


def _uses(template: Template, name: str) -> int:
    return sum(named(node) == name for _, node in template.doc.root.walk() if node.kind in ("scalar", "mapping"))


def _given(template: Template, name: str) -> bool:
    """Whether another file of the repository knows the parameter: a parent stack, a file of parameters, a script."""
    tree = template.tree
    others = (path for path in tree.paths() if path.endswith(_PARAMETER_FILES) and path != template.path)
    return any(name in text_of(tree, path) for path in others)
