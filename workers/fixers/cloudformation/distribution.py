"""Load balancers and CloudFront of CloudFormation templates: clear text, old TLS, malformed headers."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.cloudformation.settings import Setting, apply
from workers.fixers.cloudformation.template import Template
from workers.fixers.registry import NoFix, Target, fixer

_DROP = "routing.http.drop_invalid_header_fields.enabled"
_DESYNC = "routing.http.desync_mitigation_mode"
_NEW = "ELBSecurityPolicy-TLS13-1-2-2021-06"
_STRICT = "ELBSecurityPolicy-TLS13-1-3-2021-06"


@fixer(
    name="cloudformation-cloudfront-clear-text",
    weakness="encryption",
    rules={"checkov": ["CKV_AWS_34"]},
    explain="""With `allow-all` a page that is asked for over HTTP is sent over HTTP: whoever is on the way reads its
cookies and changes its scripts. A redirect keeps old links alive; refusing clear text is right for an API.""",
)
def clear_text(target: Target) -> Iterator[Candidate]:
    """Redirect to HTTPS; or refuse HTTP."""
    template = Template(target)
    config = template.property("DistributionConfig")
    listed = config.child("CacheBehaviors") if config is not None else None
    default = config.child("DefaultCacheBehavior") if config is not None else None
    behaviours = [*([default] if default is not None else []), *(listed.items if listed is not None else ())]
    flagged = [one for one in behaviours if one.text("ViewerProtocolPolicy") == "allow-all"]
    if not flagged:
        message = f"no behaviour of {template.name} names allow-all itself"
        raise NoFix(message)
    declares = template.declare("DistributionConfig")
    for value, how, warning in (
        ("redirect-to-https", "A request over HTTP is sent to the same address over HTTPS.", ""),
        ("https-only", "A request over HTTP is refused.", "old links over HTTP stop working"),
    ):
        edits = [template.set_key(one, "ViewerProtocolPolicy", value) for one in flagged]
        yield from template.candidate(value, edits, how, declares, [warning])


@fixer(
    name="cloudformation-cloudfront-tls",
    weakness="encryption",
    rules={"checkov": ["CKV_AWS_174"]},
    explain="""TLS before 1.2 has known attacks, and no browser of the last years needs it. CloudFront's own
certificate (`*.cloudfront.net`) takes no setting: the distribution needs a name and a certificate of its own first.""",
)
def cloudfront_tls(target: Target) -> Iterator[Candidate]:
    """TLS 1.2 with the ciphers of 2021, or of 2019."""
    template = Template(target)
    found = template.property("DistributionConfig", "ViewerCertificate")
    if found is not None and found.kind != "mapping":
        message = f"ViewerCertificate of {template.name} is worked out by the template itself: change it there"
        raise NoFix(message)
    own = found is not None and any(found.child(key) for key in ("AcmCertificateArn", "IamCertificateId"))
    if not own:
        message = (
            f"{template.name} uses CloudFront's own certificate, which takes no TLS version: it needs a name and a "
            "certificate of its own first"
        )
        raise NoFix(message)
    for year in ("2021", "2019"):
        wanted = {"DistributionConfig": {"ViewerCertificate": {"MinimumProtocolVersion": f"TLSv1.2_{year}"}}}
        how = f"Viewers speak TLS 1.2 or later, with CloudFront's ciphers of {year}."
        yield from apply(template, [Setting(f"tls-1.2-{year}", wanted, how, "clients from before 2013 cannot connect")])


@fixer(
    name="cloudformation-listener-tls",
    weakness="encryption",
    rules={"checkov": ["CKV_AWS_103"]},
    explain="""A load balancer without a policy, or with an old one, still speaks TLS 1.0, whose attacks are known. A
listener that speaks HTTP has to redirect to one with a certificate: none can be made up.""",
)
def listener_tls(target: Target) -> Iterator[Candidate]:
    """TLS 1.2 and 1.3; or 1.3 alone."""
    template = Template(target)
    if template.text("Protocol") not in ("HTTPS", "TLS"):
        message = f"{template.name} does not speak TLS: it needs a listener with a certificate, then a redirect to it"
        raise NoFix(message)
    both = Setting("tls-1.2-and-1.3", {"SslPolicy": _NEW}, "Clients speak TLS 1.2 or 1.3.",
                   "clients from before 2013 cannot connect")  # fmt: skip
    newest = Setting("tls-1.3", {"SslPolicy": _STRICT}, "Clients speak TLS 1.3.",
                     "clients from before 2018 cannot connect")  # fmt: skip
    yield from apply(template, [both, newest])


@fixer(
    name="cloudformation-invalid-headers",
    weakness="input-validation",
    rules={"checkov": ["CKV_AWS_131"]},
    explain="""A header that the load balancer and the server behind it read differently lets one request hide another
(request smuggling, CWE-444). The balancer can drop such headers.""",
)
def invalid_headers(target: Target) -> Iterator[Candidate]:
    """Drop them; or refuse also what else is odd about a request."""
    template = Template(target)
    old = template.property("LoadBalancerAttributes")
    how = "Headers with names that HTTP does not allow are dropped."
    warning = "a client that sends such headers, as with an underscore, loses them"
    declares = template.declare("LoadBalancerAttributes")
    present = next((one for one in (old.items if old is not None else ()) if one.text("Key") == _DROP), None)
    if present is not None:
        edits = [template.set_key(present, "Value", "true")]
    elif old is not None and old.items:
        edits = [template.append_item(old, {"Key": _DROP, "Value": "true"})]
    else:
        edits = template.settle({"LoadBalancerAttributes": [{"Key": _DROP, "Value": "true"}]})
    yield from template.candidate("drop-invalid-headers", edits, how, declares, [warning])
    if old is not None and any(one.text("Key") == _DESYNC for one in old.items):
        return
    values = [{"Key": _DESYNC, "Value": "strictest"}]
    if present is not None and old is not None:
        edits = [*edits, template.append_items(old, values)]
    else:
        values = [{"Key": _DROP, "Value": "true"}, *values]
        edits = [template.append_items(old, values)] if old is not None and old.items else []
        edits = edits or template.settle({"LoadBalancerAttributes": values})
    how = f"{how} So are requests that do not follow the standard to the letter."
    yield from template.candidate("drop-and-strictest", edits, how, declares, [warning, "odd clients are refused"])
