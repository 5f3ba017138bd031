"""CloudFront distributions that answer in the clear, or tell browsers nothing of security."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.terraform.resource import Resource
from workers.source.hcltext import Body, block_text
from workers.source.tree import text_of

_KIND = "aws_cloudfront_response_headers_policy"
_NAME = "security_headers"
_MANAGED = {"name": '"Managed-SecurityHeadersPolicy"'}
_BEHAVIOURS = ("default_cache_behavior", "ordered_cache_behavior")
_PLAIN = re.compile(r"(?<![a-z])(?:crl|ocsp)(?![a-z])|revocation[ _-]list", re.IGNORECASE)
_FRAMES = "pages that other sites show in a frame are shown there no longer"


@fixer(
    name="terraform-response-headers",
    weakness="configuration",
    rules={"checkov": ["CKV2_AWS_32"]},
    explain="""A few headers have the browser defend the site: only over HTTPS from now on, not in another site's
frame, no guessing of content types. CloudFront adds them to what every origin answers.""",
)
def response_headers(target: Target) -> Iterator[Candidate]:
    """The policy that AWS keeps for that."""
    resource = Resource(target)
    behaviour = resource.block.block("default_cache_behavior")
    if behaviour is None or "response_headers_policy_id" in behaviour.attributes:
        message = f"{resource.address} has no default behaviour of its own that lacks a policy"
        raise NoFix(message)
    address = f"data.{_KIND}.{_NAME}"
    body: Body = {"default_cache_behavior": {"response_headers_policy_id": f"{address}.id"}}
    edits, declares = resource.settle(body), resource.declare(body)
    if not any(block.labels[1:] == (_NAME,) for _, block in resource.blocks("data", _KIND)):
        edits = resource.followed(edits, block_text("data", (_KIND, _NAME), _MANAGED))
        declares = [*declares, f"data.{_KIND}.{_NAME}"]
    how = "Answers carry the headers of AWS's own security policy."
    yield from resource.candidate("managed-headers", edits, how, declares, [_FRAMES])


@fixer(
    name="terraform-cloudfront-clear-text",
    weakness="cryptography",
    rules={"checkov": ["CKV_AWS_34"], "trivy": ["AVD-AWS-0012"]},
    explain="""With `allow-all` a page that is asked for over HTTP is sent over HTTP: whoever is on the way reads its
cookies and changes its scripts. A redirect keeps old links alive; refusing clear text is right for an API.""",
)
def clear_text(target: Target) -> Iterator[Candidate]:
    """Redirect to HTTPS; or refuse HTTP."""
    resource = Resource(target)
    flagged = [
        block for block in resource.block.blocks
        if block.type in _BEHAVIOURS and block.text("viewer_protocol_policy") == '"allow-all"'
    ]  # fmt: skip
    if not flagged:
        message = f"no behaviour of {resource.address} names allow-all itself"
        raise NoFix(message)
    if found := _PLAIN.search("\n".join(text_of(target.tree, file.path) for file in resource.module)):
        message = (
            f"{resource.address} serves certificates' revocation lists (`{found[0]}`), which clients fetch over HTTP: "
            "over HTTPS they would need one to check another"
        )
        raise NoFix(message)
    declares = resource.declare(dict.fromkeys((block.type for block in flagged), ""))
    for value, how, warnings in (
        ("redirect-to-https", "A request over HTTP is sent to the same address over HTTPS.", []),
        ("https-only", "A request over HTTP is refused.", ["old links over HTTP stop working"]),
    ):
        body: Body = {"viewer_protocol_policy": f'"{value}"'}
        edits = [edit for block in flagged for edit in resource.settle(body, block=block)]
        yield from resource.candidate(value, edits, how, declares, warnings)
