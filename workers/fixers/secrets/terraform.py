"""Credentials in Terraform: an attribute takes a sensitive variable, and a variable has no default."""

from __future__ import annotations

import contextlib
import posixpath
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate, Edit
from daemon.errors import SourceUnavailable
from workers.fixers.code import MASKED, candidate, region
from workers.fixers.registry import NoFix, NotHere, Target
from workers.fixers.secrets.names import ROTATE, is_label
from workers.fixers.terraform.files import last_variable, module_of
from workers.source.hcl import Block, Hcl, HclBroken
from workers.source.hcltext import block_text
from workers.source.syntax import walk
from workers.source.tree import SourceTree

if TYPE_CHECKING:
    from tree_sitter import Node

SUFFIXES = (".tf", ".tofu", ".tfvars")
_LOCAL = re.compile(r'\bsource\s*=\s*"(\.\.?/[^"]*)"')
_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|\W+")


def propose(target: Target) -> Iterator[Candidate]:
    """A literal credential → a sensitive variable that has no default.

    Raises:
        NoFix: the line holds no literal of its own, or the file does not parse.
    """
    path = target.finding.path or ""
    file = _load(path, target.tree)
    line = region(target).start_line
    attribute, name, literal = _secret(file, line)
    if path.endswith(".tfvars"):
        yield _without_line(file, attribute, name, line)
        return
    block = file.block_at(line)
    if block is None:
        message = f"{path}:{line} stands in no block"
        raise NotHere(message)
    if block.type == "variable":
        yield _without_default(file, block, attribute, line)
        return
    yield _variable(target.tree, file, block, name, literal, line)


def _load(path: str, tree: SourceTree) -> Hcl:
    try:
        return Hcl(path, tree.read(path))
    except (HclBroken, SourceUnavailable) as error:
        raise NoFix(str(error)) from error


def _secret(file: Hcl, line: int) -> tuple[Node, str, Node]:
    """The attribute or the object's pair at the line, its name, and its literal."""
    for node in walk(file.syntax.root):
        if node.type in ("attribute", "object_elem") and node.start_point[0] + 1 == line:
            key, value = node.named_children[0], node.named_children[-1]
            text = file.syntax.text(value)
            name = file.syntax.text(key).strip('"')
            if re.fullmatch(r'"[^"\n$%]+"', text) and not is_label(text[1:-1], name):
                return node, name, value
    message = f"{file.path}:{line} does not give a literal to one name: take the value out by hand. {ROTATE}"
    raise NoFix(message)


def _without_line(file: Hcl, attribute: Node, name: str, line: int) -> Candidate:
    return candidate(
        "given-at-run-time",
        [file.delete(attribute)],
        f"Terraform takes `{name}` from TF_VAR_{name}, or from a file of values that is not committed. {ROTATE}",
        declares=(MASKED, f"{name}/delete", f"line:{line}"),
        warnings=_warnings(f"TF_VAR_{name}"),
    )


def _without_default(file: Hcl, block: Block, attribute: Node, line: int) -> Candidate:
    name = block.labels[0] if block.labels else ""
    if file.syntax.text(attribute.named_children[0]) != "default":
        message = f"{file.path}:{line} describes the variable {name} and gives it no value"
        raise NoFix(message)
    edits = [file.delete(attribute)] if "sensitive" in block.attributes else [
        file.edit(attribute.start_byte, attribute.end_byte, "sensitive = true")
    ]  # fmt: skip
    path = f"variable.{name}"
    return candidate(
        "required-variable",
        edits,
        f"`{name}` has no default any more, so Terraform asks for it, and it stays out of plans. {ROTATE}",
        declares=(MASKED, f"{path}.default/delete", f"{path}.sensitive"),
        warnings=_warnings(f"TF_VAR_{name}"),
    )


def _variable(tree: SourceTree, file: Hcl, block: Block, name: str, literal: Node, line: int) -> Candidate:
    if caller := _caller(tree, posixpath.dirname(file.path)):
        message = f"{caller} calls the module of {file.path}:{line}: pass `{name}` from there. {ROTATE}"
        raise NoFix(message)
    module = module_of(tree, file)
    taken = {one.labels[0] for each in module for one in each.blocks if one.type == "variable" and one.labels}
    label = "_".join(word for word in _BOUNDARY.split(name) if word).lower() or "secret"
    owner = "_".join(block.labels[-1:])
    wanted = next(each for each in (label, f"{owner}_{label}", f"{owner}_{label}_{line}") if each not in taken)
    return candidate(
        "sensitive-variable",
        [file.edit(literal.start_byte, literal.end_byte, f"var.{wanted}"), _declared(module, file, wanted)],
        f"The value comes from the variable `{wanted}`, which has no default and stays out of plans. {ROTATE}",
        declares=(MASKED, f"{'.'.join((block.type, *block.labels))}.**", f"variable.{wanted}", f"line:{line}"),
        warnings=_warnings(f"TF_VAR_{wanted}"),
    )


def _caller(tree: SourceTree, folder: str) -> str | None:
    """A file whose module block names the folder: it would have to pass a variable that has no default."""
    for path in tree.paths():
        if path.endswith((".tf", ".tofu")) and posixpath.dirname(path) != folder:
            with contextlib.suppress(SourceUnavailable):
                own = posixpath.dirname(path)
                sources = _LOCAL.findall(tree.read(path).decode("utf-8", "replace"))
                if any(posixpath.normpath(posixpath.join(own, source)) == (folder or ".") for source in sources):
                    return path
    return None


def _declared(module: list[Hcl], file: Hcl, name: str) -> Edit:
    """The variable, behind the last one of the module, or at the end of the flagged file."""
    text = block_text("variable", (name,), {"type": "string", "sensitive": "true"})
    holder, last = last_variable(module, file) or (file, file.blocks[-1])
    return holder.after(last, text.rstrip("\n"))


def _warnings(variable: str) -> tuple[str, ...]:
    return (
        f"Set {variable} wherever this is applied.",
        "Rotate the old value: the history still has it, and so does Terraform's state.",
    )
