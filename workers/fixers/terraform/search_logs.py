"""Search domains (Elasticsearch, OpenSearch) that write down nothing outside of themselves."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.terraform.key_policy import with_data
from workers.fixers.terraform.log_group import log_group
from workers.fixers.terraform.resource import Resource, several
from workers.fixers.terraform.search_domain import cannot_tell
from workers.source.hcl import Block, HclBroken
from workers.source.hcltext import Body, block_text

_OPTIONS, _POLICY = "log_publishing_options", "aws_cloudwatch_log_resource_policy"
_PAID = "every line is stored, and paid for"
_LET_IN = "CloudWatch must let es.amazonaws.com write to the group (aws_cloudwatch_log_resource_policy)"
_LOGS = {
    "CKV_AWS_84": ("ES_APPLICATION_LOGS", "The domain's errors and warnings are"),
    "CKV_AWS_317": ("AUDIT_LOGS", "Who signs in, and what they ask for, is"),
}
_AUDITOR = (
    "audit logs are written by fine-grained access control alone: switch that on first, with a master user of your own"
)


@fixer(
    name="terraform-search-logs",
    weakness="logging",
    rules={"checkov": tuple(_LOGS), "trivy": ["AVD-AWS-0042"]},
    explain="""What fails in a search domain, and who asked it for what, stands in its own logs, which are gone with it
unless it publishes them. CloudWatch keeps them, and raises alarms of them; it must be told to let the domain write.""",
)
def search_logs(target: Target) -> Iterator[Candidate]:
    """To a log group of its own, which the domain may write to; or to one that a variable names."""
    domain = Resource(target)
    kind, what = _LOGS.get(target.finding.rule, _LOGS["CKV_AWS_84"])
    if kind == "AUDIT_LOGS" and domain.block.text("advanced_security_options", "enabled") in ("", "false"):
        raise NoFix(_AUDITOR)
    if why := cannot_tell(domain):
        raise NoFix(why)
    declares = domain.declare({_OPTIONS: ""})
    silent = next((one for one in domain.block.blocks if one.type == _OPTIONS and _is_off(one, kind)), None)
    if silent is not None:
        edits = domain.settle({"enabled": "true"}, block=silent)
        yield from domain.candidate("enable", edits, f"{what} written to the group that is named.", declares, [_PAID])
        return
    if not several(domain.block) and "depends_on" not in domain.block.attributes:
        yield from _new_group(domain, kind, f"{what} written to a log group of its own, encrypted and kept for a year.")
    name = f"{domain.name}_log_group_arn".replace("-", "_")
    if any(True for _ in domain.blocks("variable", name)):
        return
    said = {"description": f'"ARN of the log group that takes the logs of {domain.address}"', "type": "string"}
    edits = domain.followed([_published(domain, kind, f"var.{name}")], block_text("variable", (name,), said))
    how = f"{what} written to the log group that the new variable `{name}` names."
    warnings = ["set the variable before the next plan", _LET_IN, _PAID]
    yield from domain.candidate("log-group-variable", edits, how, [*declares, f"variable.{name}"], warnings)


def _is_off(option: Block, kind: str) -> bool:
    """Whether an option names a group for these logs, and is switched off."""
    named = option.text("log_type").strip('"') == kind and option.text("cloudwatch_log_group_arn")
    return bool(named) and option.text("enabled") == "false"


def _published(domain: Resource, kind: str, group: str) -> Edit:
    body: Body = {"cloudwatch_log_group_arn": group, "log_type": f'"{kind}"'}
    try:
        return domain.hcl.append(domain.block, _OPTIONS, [body])
    except HclBroken as error:
        raise NoFix(str(error)) from error


def _new_group(domain: Resource, kind: str, how: str) -> Iterator[Candidate]:
    group = log_group(domain, f"{domain.name}_logs", f"{domain.name}-")
    label = domain.unique_name(_POLICY, f"{domain.name}_logs")
    rights: Body = {
        "policy_name": f'"{domain.name}-logs"',
        "policy_document": (
            'jsonencode({\n    Version = "2012-10-17"\n    Statement = [{\n      Effect    = "Allow"\n'
            '      Principal = { Service = "es.amazonaws.com" }\n'
            '      Action    = ["logs:CreateLogStream", "logs:PutLogEvents"]\n'
            f'      Resource  = "${{{group.address}.arn}}:*"\n    }}]\n  }})'
        ),
    }
    texts = "\n\n".join((*group.texts, block_text("resource", (_POLICY, label), rights)))
    text, more = with_data(domain, texts)
    # The domain asks whether it may write when it is made.
    after: Body = {"depends_on": f"[{_POLICY}.{label}]"}
    edits = domain.followed([_published(domain, kind, f"{group.address}.arn"), *domain.settle(after)], text)
    declares = [
        *domain.declare({_OPTIONS: "", "depends_on": ""}), *group.declares, f"resource.{_POLICY}.{label}", *more,
    ]  # fmt: skip
    yield from domain.candidate("new-log-group", edits, how, declares, [_PAID])
