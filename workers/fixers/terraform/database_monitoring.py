"""RDS instances that nobody hears of: no figures of their system, no logs outside of them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

from daemon.domain.fix import Candidate
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.terraform.handed_on import asked_otherwise
from workers.fixers.terraform.resource import Resource
from workers.fixers.terraform.service_role import trust
from workers.source.hcltext import Body, block_text

_SERVICE = "monitoring.rds.amazonaws.com"
_POLICY = '"arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"'
_PAID = "figures are stored in CloudWatch, and paid for"
_LOGS = {
    "mysql": (("error", "slowquery"), ("audit", "error", "general", "slowquery")),
    "mariadb": (("error", "slowquery"), ("audit", "error", "general", "slowquery")),
    "postgres": (("postgresql", "upgrade"), ("postgresql",)),
    "oracle": (("alert", "audit", "listener"), ("alert", "audit", "listener", "trace")),
    "sqlserver": (("error",), ("agent", "error")),
}
"""Engine → the logs that it writes without more settings, and another choice of them."""


@fixer(
    name="terraform-database-monitoring",
    weakness="logging",
    rules={"checkov": ["CKV_AWS_118"]},
    explain="""What RDS shows by itself is seen from outside of the instance. Enhanced monitoring asks an agent on it:
which processes run, and what they take. It needs a role by which RDS may write the figures to CloudWatch.""",
)
def enhanced_monitoring(target: Target) -> Iterator[Candidate]:
    """With a role of its own, or the module's; or with one that a variable names."""
    resource = Resource(target)
    if resource.block.text("monitoring_role_arn"):
        how = "Figures of the system are written every minute, by the role that is there already."
        body: Body = {"monitoring_interval": "60"}
        yield from resource.candidate("every-minute", resource.settle(body), how, resource.declare(body), [_PAID])
        return
    role = _role(resource)
    if role:
        how = f"Figures of the system are written every minute, by the module's own role {role}."
        body = {"monitoring_interval": "60", "monitoring_role_arn": f"aws_iam_role.{role}.arn"}
        yield from resource.candidate("module-role", resource.settle(body), how, resource.declare(body), [_PAID])
    else:
        yield from _new_role(resource)
    name = resource.own_name("monitoring_role_arn")
    if any(True for _ in resource.blocks("variable", name)):
        return
    text = block_text(
        "variable",
        (name,),
        {"description": f'"ARN of the role by which RDS writes the figures of {resource.address}"', "type": "string"},
    )
    body = {"monitoring_interval": "60", "monitoring_role_arn": f"var.{name}"}
    edits = resource.followed(resource.settle(body), text)
    how = f"Figures of the system are written every minute, by the role that the new variable `{name}` names."
    declares = [*resource.declare(body), f"variable.{name}"]
    yield from resource.candidate(
        "role-variable", edits, how, declares, ["set the variable before the next plan", _PAID]
    )


def _role(resource: Resource) -> str | None:
    """A role of the module that RDS's monitoring may take, and that is there once."""
    for hcl, block in resource.blocks("resource", "aws_iam_role"):
        source = hcl.content[block.node.start_byte : block.node.end_byte].decode()
        if _SERVICE in source and "count" not in block.attributes and "for_each" not in block.attributes:
            return block.labels[1]
    return None


def _new_role(resource: Resource) -> Iterator[Candidate]:
    label = resource.unique_name("aws_iam_role", f"{resource.name}_monitoring".lstrip("_"))
    role = block_text(
        "resource", ("aws_iam_role", label), {"name_prefix": '"rds-monitoring-"', "assume_role_policy": trust(_SERVICE)}
    )
    rights = block_text(
        "resource", ("aws_iam_role_policy_attachment", label),
        {"role": f"aws_iam_role.{label}.name", "policy_arn": _POLICY},
    )  # fmt: skip
    body: Body = {"monitoring_interval": "60", "monitoring_role_arn": f"aws_iam_role.{label}.arn"}
    edits = resource.followed(resource.settle(body), f"{role}\n\n{rights}")
    how = "Figures of the system are written every minute, by a new role that may do that and nothing else."
    declares = [
        *resource.declare(body), f"resource.aws_iam_role.{label}", f"resource.aws_iam_role_policy_attachment.{label}",
    ]  # fmt: skip
    yield from resource.candidate("new-role", edits, how, declares, [_PAID])


def _several_engines(resource: Resource, variable: str) -> bool:
    """Whether the module is made for engines of several kinds, as its variable's own condition or its callers say."""
    block = next((one for _, one in resource.blocks("variable", variable)), None)
    text = block.syntax.text(block.node) if block is not None else ""
    kinds = [name for name in ("mysql", "mariadb", "postgres", "oracle", "sqlserver") if name in text]
    default = block.text("default") if block is not None else ""
    folder = posixpath.dirname(resource.hcl.path)
    return len(kinds) > 1 or asked_otherwise(resource.target.tree, folder, variable, default)


@fixer(
    name="terraform-database-logs",
    weakness="logging",
    rules={"checkov": ["CKV_AWS_129", "CKV_AWS_324", "CKV_AWS_325"]},
    explain="""A database's logs stay on its own instance, for days, unless they are exported. In CloudWatch they stay,
can be searched, and raise alarms.""",
)
def database_logs(target: Target) -> Iterator[Candidate]:
    """The engine's own logs; or another choice of them."""
    resource = Resource(target)
    engine = resource.usual("engine").removeprefix("aurora-")
    if resource.type == "aws_rds_cluster" and engine in ("aurora", "") and not resource.block.text("engine"):
        engine = "mysql"  # What the provider makes of a cluster that names no engine.
    found: Sequence[tuple[str, ...]] | None = next(
        (logs for name, logs in _LOGS.items() if engine.startswith(name)), None
    )
    if found and (name := resource.variable("engine")) and _several_engines(resource, name):
        found = None
    plain = resource.type == "aws_rds_cluster" and resource.usual("engine") == "mysql"
    if plain and target.finding.rule == "CKV_AWS_325":
        message = f"{resource.address} is a cluster of MySQL, whose audit log RDS does not export: Aurora's it does"
        raise NoFix(message)
    if plain:
        found = (("error", "slowquery"), ("error", "general", "slowquery"))
    elif found and target.finding.rule == "CKV_AWS_325":
        found = (("audit",), ("audit", "error", "slowquery"))
    elif found and resource.type == "aws_rds_cluster" and engine.startswith("postgres"):
        found = (("postgresql",),)
    if found is None:
        message = f"the engine of {resource.address} is decided elsewhere, and each writes other logs"
        raise NoFix(message)
    warning = "logs are stored in CloudWatch, and paid for"
    for logs in found:
        body: Body = {"enabled_cloudwatch_logs_exports": "[" + ", ".join(f'"{one}"' for one in logs) + "]"}
        how = f"CloudWatch keeps the database's logs: {', '.join(logs)}."
        extra = (
            "the audit and general logs stay empty until the parameter group turns them on" if "audit" in logs else ""
        )
        yield from resource.candidate(
            f"export-{'-'.join(logs)}", resource.settle(body), how, resource.declare(body), [warning, extra]
        )
