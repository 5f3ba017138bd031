"""Functions and state machines whose requests cannot be followed, and the role by which they send traces."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.terraform.resource import Resource, several
from workers.fixers.terraform.settings import Setting, apply, on
from workers.source.hcl import Block, Hcl
from workers.source.hcltext import block_text

_ROLE = re.compile(r"aws_iam_role\.([\w-]+)\.(?:arn|id)")
_MANAGED = '"arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"'
_TWO = """jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
      Resource = "*"
    }]
  })"""
_HOW = "Requests can be followed through the services."
_PAID = "traces are paid for by number"
_WHERE = {
    "CKV_AWS_50": ("role", "tracing_config.mode", '"Active"'),
    "CKV_AWS_284": ("role_arn", "tracing_configuration.enabled", "true"),
}


@fixer(
    name="terraform-tracing",
    weakness="logging",
    rules={"checkov": tuple(_WHERE)},
    explain="""A trace shows which service a request went through and where it took long or failed. Lambda refuses to
switch it on for a function whose role may not send traces, and Step Functions then sends none: the right belongs to
the change.""",
)
def tracing(target: Target) -> Iterator[Candidate]:
    """Switch it on, with the right to send traces where the role lacks it."""
    resource = Resource(target)
    attribute, path, value = _WHERE[target.finding.rule]
    if _sends_traces(resource):
        yield from apply(resource, [Setting("active-tracing", on(path, value), _HOW, _PAID, toggle=value == "true")])
        return
    file, role = _role(resource, resource.block.text(attribute))
    name = role.labels[1]
    ways = (
        (
            "traces-policy-of-aws",
            "aws_iam_role_policy_attachment",
            {"policy_arn": _MANAGED},
            "AWS' own policy for that",
        ),
        ("traces-own-policy", "aws_iam_role_policy", {"policy": _TWO}, "a policy of its own for these two actions"),
    )
    for approach, kind, says, by in ways:
        label = resource.unique_name(kind, f"{name}_tracing")
        holder = {"role": f"aws_iam_role.{name}.{'id' if 'policy' in says else 'name'}"}
        text = block_text("resource", (kind, label), {**holder, **says})
        # Lambda asks for the right when it is switched on.
        body = {**on(path, value), "depends_on": _behind(resource.block.text("depends_on"), f"{kind}.{label}")}
        edits = [*resource.settle(body), file.after(role, text)]
        how = f"{_HOW} Its role {name} may send the traces, by {by}."
        yield from resource.candidate(
            approach, edits, how, [*resource.declare(body), f"resource.{kind}.{label}"], [_PAID]
        )


def _sends_traces(resource: Resource) -> bool:
    """Whether something of the module lets a role send traces."""
    for file in resource.module:
        for block in file.blocks:
            if (
                block.labels
                and block.labels[0].startswith("aws_iam")
                and "xray" in block.syntax.text(block.node).lower()
            ):
                return True
    return False


def _behind(old: str, address: str) -> str:
    """A list of what is made first, with one more in front."""
    rest = old.strip()[1:]
    lines = re.match(r"\s*\n[ \t]*", rest)
    if not rest.strip("] \t\r\n"):
        return f"[{address}]"
    return f"[{lines[0]}{address},{rest}" if lines else f"[{address}, {rest.lstrip()}"


def _role(resource: Resource, text: str) -> tuple[Hcl, Block]:
    """The module's role that the resource has.

    Raises:
        NoFix: it is made elsewhere, or once for each of several.
    """
    named = _ROLE.fullmatch(text.strip())
    for file, block in resource.blocks("resource", "aws_iam_role") if named else ():
        if named and block.labels[1] == named[1] and not several(block):
            return file, block
    message = (
        f"the role of {resource.address} is made elsewhere, and may not send traces as far as this module says: attach "
        "AWSXRayDaemonWriteAccess to it first, or the function cannot be changed"
    )
    raise NoFix(message)
