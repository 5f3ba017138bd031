"""Load balancers and CloudFront of CloudFormation templates that write down no request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from daemon.domain.fix import Candidate, Edit
from workers.fixers.cloudformation.bucket_logging import named_by_parameter
from workers.fixers.cloudformation.bucket_use import log_bucket
from workers.fixers.cloudformation.template import Template
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.yamltext import Value

_PARAMETER = "RequestLogBucket"
_ATTRIBUTES = "LoadBalancerAttributes"
_ENABLED, _BUCKET = "access_logs.s3.enabled", "access_logs.s3.bucket"
_DELIVERY = "the bucket's policy must let the load balancers of its region write"
_ACL = "the bucket must allow ACLs: CloudFront delivers its logs by one"
_TYPES = {
    "AWS::CloudFront::Distribution": _ACL,
    "AWS::ElasticLoadBalancing::LoadBalancer": _DELIVERY,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _DELIVERY,
}


@fixer(
    name="cloudformation-access-logs",
    weakness="logging",
    rules={"checkov": ["CKV_AWS_86", "CKV_AWS_91", "CKV_AWS_92"]},
    explain="""When something was taken, the access log says by whom, from where and what else they asked for. It goes
to a bucket that the balancer or the distribution may write to, and that nobody else may change.""",
)
def access_logs(target: Target) -> Iterator[Candidate]:
    """Into the template's own log bucket; or into one that a parameter names."""
    template = Template(target)
    if template.type not in _TYPES:
        message = f"a {template.type} writes no access log of its own"
        raise NoFix(message)
    warning = _TYPES[template.type]
    if template.property("AccessLoggingPolicy", "S3BucketName") is not None:
        edits = template.settle({"AccessLoggingPolicy": {"Enabled": True}})
        how = "Every request is recorded in the bucket that is named already."
        yield from template.candidate("named-bucket", edits, how, template.declare("AccessLoggingPolicy"), [warning])
        return
    if found := log_bucket(template):
        edits, declares = _logged(template, found, own=True)
        how = f"Every request is recorded in {found}, the template's own bucket for that."
        yield from template.candidate("log-bucket-of-template", edits, how, declares)
    known = template.doc.root.get("Parameters", _PARAMETER) is not None
    for approach, kind, said in named_by_parameter(_PARAMETER):
        edits, declares = _logged(template, _PARAMETER, own=False)
        if not known:
            body: dict[str, Value] = {"Type": kind, "Description": "Name of the bucket that takes access logs"}
            edits.extend(template.parameter(_PARAMETER, body))
            declares.append(f"Parameters.{_PARAMETER}")
        how = f"Every request is recorded in the bucket that {said}."
        warnings = ["give the parameter at the next deployment", warning]
        yield from template.candidate(approach, edits, how, declares, warnings)
        if found or known:
            return


def _logged(template: Template, bucket: str, *, own: bool) -> tuple[list[Edit], list[str]]:
    """Edits that have the logs go to the resource, or to the parameter, of that name."""
    name: Mapping[str, Value] = {"Ref": bucket}
    if template.type == "AWS::CloudFront::Distribution":
        domain: Mapping[str, Value] = (
            {"Fn::GetAtt": [bucket, "DomainName"]} if own else {"Fn::Sub": f"${{{bucket}}}.s3.amazonaws.com"}
        )
        wanted: dict[str, Value] = {"DistributionConfig": {"Logging": {"Bucket": domain}}}
        return template.settle(wanted), template.declare("DistributionConfig")
    if template.type == "AWS::ElasticLoadBalancing::LoadBalancer":
        wanted = {"AccessLoggingPolicy": {"Enabled": True, "S3BucketName": name}}
        return template.settle(wanted), template.declare("AccessLoggingPolicy")
    attributes: list[Mapping[str, Value]] = [{"Key": _ENABLED, "Value": "true"}, {"Key": _BUCKET, "Value": name}]
    old = template.property(_ATTRIBUTES)
    if any(one.text("Key").startswith("access_logs.") for one in (old.items if old is not None else ())):
        message = f"{template.name} says something of its access log already: change it there"
        raise NoFix(message)
    if old is not None and old.items:
        edits = [template.append_items(old, attributes)]
    else:
        edits = template.settle({_ATTRIBUTES: attributes})
    return edits, template.declare(_ATTRIBUTES)
