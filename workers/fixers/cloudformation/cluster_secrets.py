"""EKS clusters of CloudFormation templates whose secrets only the disk's own encryption protects."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.cloudformation.customer_key import key_parameter, new_key
from workers.fixers.cloudformation.template import Template
from workers.fixers.registry import NotHere, Target, fixer
from workers.source.yamltext import Value

_FOR_GOOD = "CloudFormation may replace the cluster: look at the change set; whoever disables the key later stops it"


@fixer(
    name="cloudformation-cluster-secrets",
    weakness="encryption",
    rules={"checkov": ["CKV_AWS_58"]},
    explain="""Kubernetes keeps secrets in etcd, encoded and not encrypted. With a key of the owner's own a copy of
etcd is worth nothing without the key, and each use of it is recorded.""",
)
def cluster_secrets(target: Target) -> Iterator[Candidate]:
    """A new key of the template; or one that a parameter names."""
    template = Template(target)
    if template.type != "AWS::EKS::Cluster":
        message = f"a {template.type} is no cluster of EKS"
        raise NotHere(message)
    declares = template.declare("EncryptionConfig")
    key, body = new_key(template, [])
    edits = [*template.settle(_named({"Fn::GetAtt": [key, "Arn"]})), template.resource(key, body)]
    how = "Secrets are encrypted with a new key that rotates every year and that the account's own policies govern."
    yield from template.candidate("new-key", edits, how, [*declares, f"Resources.{key}"], [_FOR_GOOD])
    yield from key_parameter(template, _named, declares, _FOR_GOOD)


def _named(key: Value) -> dict[str, Value]:
    return {"EncryptionConfig": [{"Resources": ["secrets"], "Provider": {"KeyArn": key}}]}
