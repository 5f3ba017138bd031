"""Credentials in Terraform: an attribute takes a sensitive variable, and a variable has no default."""

from __future__ import annotations

import contextlib
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate, Edit
from daemon.errors import SourceUnavailable
from workers.fixers.code import MASKED, any_of, candidate, region
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
LITERAL = re.compile(r'"[^"\n$%]+"')
"""A text that is put together of nothing."""
_LOCAL = re.compile(r'\bsource\s*=\s*"(\.\.?/[^"]*)"')
PROVIDERS = {
    "aws": {"access_key": "AWS_ACCESS_KEY_ID", "secret_key": "AWS_SECRET_ACCESS_KEY", "token": "AWS_SESSION_TOKEN"},
    "azuread": {"client_secret": "ARM_CLIENT_SECRET"},
    "azurerm": {"client_secret": "ARM_CLIENT_SECRET"},
    "cloudflare": {"api_key": "CLOUDFLARE_API_KEY", "api_token": "CLOUDFLARE_API_TOKEN"},
    "datadog": {"api_key": "DD_API_KEY", "app_key": "DD_APP_KEY"},
    "digitalocean": {"token": "DIGITALOCEAN_TOKEN"},
    "fastly": {"api_key": "FASTLY_API_KEY"},
    "github": {"token": "GITHUB_TOKEN"},
    "gitlab": {"token": "GITLAB_TOKEN"},
    "hcloud": {"token": "HCLOUD_TOKEN"},
    "heroku": {"api_key": "HEROKU_API_KEY"},
    "linode": {"token": "LINODE_TOKEN"},
    "newrelic": {"api_key": "NEW_RELIC_API_KEY"},
    "pagerduty": {"token": "PAGERDUTY_TOKEN"},
    "vault": {"token": "VAULT_TOKEN"},
}
"""The arguments that providers take from the environment where they are not given, as their documentation has it."""
_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|\W+")


def propose(target: Target) -> Iterator[Candidate]:
    """A literal credential → a sensitive variable that has no default.

    Raises:
        NoFix: the line holds no literal of its own, or the file does not parse.
    """
    path = target.finding.path or ""
    file = load(path, target.tree)
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
    yield from any_of(
        lambda: by_variables(target.tree, file, block, {name: literal}, line),
        *([lambda: by_provider(target.tree, file, block, name, line)] if block.type == "provider" else []),
    )


def by_provider(tree: SourceTree, file: Hcl, block: Block, name: str, line: int) -> Candidate:
    """A provider's argument → nothing: it reads the environment's variable of its own.

    Raises:
        NoFix: it reads none, or another block of the same provider has a value of its own.
    """
    kind = block.labels[0] if block.labels else ""
    own = PROVIDERS.get(kind, {})
    if name not in own:
        message = f"{file.path}:{line}: from which variable the provider {kind} takes `{name}` by itself is not known"
        raise NoFix(message)
    others = [one for each in module_of(tree, file) for one in each.blocks if one.type == "provider"]
    if sum(one.labels == block.labels for one in others) > 1:
        message = f"{file.path}:{line}: another provider {kind} of the module would take the same variable"
        raise NoFix(message)
    # Half of a pair would be an error of its own.
    gone = [each for each in own if each in block.attributes]
    variables = " and ".join(own[each] for each in gone)
    return candidate(
        "provider-environment",
        [file.delete(block.attributes[each].node) for each in gone],
        f"The provider {kind} reads {variables} by itself, so nothing of it comes into a plan. {ROTATE}",
        declares=(MASKED, *(f"provider.{kind}.{each}/delete" for each in gone), f"line:{line}"),
        warnings=(f"Set {variables} wherever this is applied.", "Rotate the old value: the history still has it."),
    )


def load(path: str, tree: SourceTree) -> Hcl:
    """The file.

    Raises:
        NoFix: it is not there, or does not parse.
    """
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
            if LITERAL.fullmatch(text) and not is_label(text[1:-1], name):
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


def by_variables(tree: SourceTree, file: Hcl, block: Block, literals: Mapping[str, Node], line: int) -> Candidate:
    """Arguments of a block → a sensitive variable each.

    Raises:
        NoFix: another module has to pass them.
    """
    if caller := _caller(tree, posixpath.dirname(file.path)):
        message = f"{caller} calls the module of {file.path}:{line}: pass `{next(iter(literals))}` from there. {ROTATE}"
        raise NoFix(message)
    module = module_of(tree, file)
    taken = {one.labels[0] for each in module for one in each.blocks if one.type == "variable" and one.labels}
    owner = "_".join(block.labels[-1:])
    names = {}
    for name in literals:
        label = "_".join(word for word in _BOUNDARY.split(name) if word).lower() or "secret"
        names[name] = next(each for each in (label, f"{owner}_{label}", f"{owner}_{label}_{line}") if each not in taken)
    values = [file.edit(node.start_byte, node.end_byte, f"var.{names[name]}") for name, node in literals.items()]
    said = " and ".join(f"`{each}`" for each in names.values())
    how = (
        f"The value comes from the variable {said}, which has no default and stays out of plans."
        if len(names) == 1
        else f"The values come from the variables {said}, which have no default and stay out of plans."
    )
    return candidate(
        "sensitive-variable" if len(names) == 1 else "sensitive-variables",
        [*values, _declared(module, file, list(names.values()))],
        f"{how} {ROTATE}",
        declares=(
            *(MASKED, f"{'.'.join((block.type, *block.labels))}.**", f"line:{line}"),
            *(f"variable.{each}" for each in names.values()),
        ),
        warnings=_warnings(" and ".join(f"TF_VAR_{each}" for each in names.values())),
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


def _declared(module: list[Hcl], file: Hcl, names: list[str]) -> Edit:
    """The variables, behind the last one of the module, or at the end of the flagged file."""
    texts = (block_text("variable", (name,), {"type": "string", "sensitive": "true"}).rstrip("\n") for name in names)
    holder, last = last_variable(module, file) or (file, file.blocks[-1])
    return holder.after(last, "\n\n".join(texts))


def _warnings(variable: str) -> tuple[str, ...]:
    return (
        f"Set {variable} wherever this is applied.",
        "Rotate the old value: the history still has it, and so does Terraform's state.",
    )
