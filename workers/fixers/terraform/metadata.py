"""Instances whose metadata service gives the role's credentials to any request, or to what is not on the instance."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.terraform.metadata_use import asks_without_token, runs_containers
from workers.fixers.terraform.resource import Resource
from workers.fixers.terraform.settings import Setting, apply, on

_HOPS = "metadata_options.http_put_response_hop_limit"
_OLD = "programs with an SDK from before 2019 cannot get credentials any more"
_TOKENS = "Credentials are given only to requests with a session token, which a forged request cannot get."
_REQUIRED = Setting("imdsv2", on("metadata_options.http_tokens", '"required"'), _TOKENS, _OLD)


def _hops(approach: str, hops: str, how: str) -> Setting:
    options = {"http_endpoint": '"enabled"', "http_tokens": '"required"', "http_put_response_hop_limit": hops}
    return Setting(approach, {"metadata_options": options}, how, _OLD)


_NEAR = _hops(
    "imdsv2-one-hop", "1",
    "Credentials need a session token and never leave the instance: containers behind another hop get none.",
)  # fmt: skip
_FAR = _hops(
    "imdsv2-two-hops", "2",
    "Credentials need a session token, which a forged request cannot get; containers on the instance can.",
)  # fmt: skip
_ONE_HOP = Setting(
    "one-hop", on(_HOPS, "1"), "Metadata answers never leave the instance.",
    "containers on the instance's bridge network get no credentials",
)  # fmt: skip


@fixer(
    name="terraform-instance-metadata",
    weakness="authentication",
    rules={"checkov": ["CKV_AWS_79", "CKV_AWS_341"], "trivy": ["AVD-AWS-0028", "AVD-AWS-0130"]},
    explain="""The metadata service hands out the credentials of the instance's role. With session tokens (IMDSv2) a
forged request through a web server on the instance (SSRF) cannot get them. A token travels one hop unless told
otherwise: a container behind a bridge is one further, and gets its credentials by a role of its own at best.""",
)
def instance_metadata(target: Target) -> Iterator[Candidate]:
    """Session tokens, which travel as far as what runs on the instance."""
    resource = Resource(target)
    if why := asks_without_token(resource):
        raise NoFix(why)
    told = resource.block.text(*_HOPS.split("."))
    hosts = runs_containers(resource) if target.finding.rule == "CKV_AWS_341" or told in ("", "1") else ""
    if hosts and (resource.type != "aws_instance" or target.finding.rule == "CKV_AWS_341"):
        message = (
            f"{hosts} runs containers on the instance: they get the credentials of its role over two hops, and not "
            "over one, which is the rule: give them roles of their own first"
        )
        raise NoFix(message)
    if target.finding.rule == "CKV_AWS_341":
        yield from apply(resource, [_ONE_HOP])
    else:
        yield from apply(resource, [_FAR] if hosts else [_REQUIRED] if told else [_REQUIRED, _NEAR])
