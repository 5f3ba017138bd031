"""A new Cloud KMS key for a resource, with the right of its service to use it."""

from __future__ import annotations

import re

import msgspec

from workers.fixers.terraform.resource import Resource
from workers.source.hcltext import Body, block_text

_ROLE = '"roles/cloudkms.cryptoKeyEncrypterDecrypter"'
_ROTATION = '"7776000s"'
_MULTI = {"US": "us", "EU": "europe"}
"""BigQuery's own regions of several, as Cloud KMS calls them."""
_AGENTS = {
    "google_compute_instance": "compute-system",
    "google_compute_disk": "compute-system",
    "google_pubsub_topic": "gcp-sa-pubsub",
    "google_artifact_registry_repository": "gcp-sa-artifactregistry",
}
"""Resource type → the domain of the account by which its service uses the key."""
_BIGQUERY = ("google_bigquery_dataset", "google_bigquery_table")


class NewKey(msgspec.Struct, frozen=True):
    """Blocks that make a key."""

    text: str
    reference: str
    """What names the key once its service may use it."""
    declares: tuple[str, ...]


def new_key(resource: Resource) -> NewKey | None:
    """A key ring where the data lie, a rotating key of it, and the service's right; none where that is not known."""
    location = _location(resource)
    agent = _agent(resource)
    if location is None or agent is None:
        return None
    kind, data, member = agent
    label = resource.unique_name("google_kms_crypto_key", resource.name)
    ring: Body = {"name": f'"{label}"', "location": location}
    key: Body = {
        "name": f'"{label}"', "key_ring": f"google_kms_key_ring.{label}.id", "rotation_period": _ROTATION,
        "lifecycle": {"prevent_destroy": "true"},
    }  # fmt: skip
    right: Body = {"crypto_key_id": f"google_kms_crypto_key.{label}.id", "role": _ROLE, "member": member}
    blocks = [
        ("google_kms_key_ring", ring),
        ("google_kms_crypto_key", key),
        ("google_kms_crypto_key_iam_member", right),
    ]
    text = "\n\n".join(block_text("resource", (name, label), body) for name, body in blocks)
    declares = [f"resource.{name}.{label}" for name, _ in blocks]
    if not any(block.labels[1:] == (data,) for _, block in resource.blocks("data", kind)):
        text = f'data "{kind}" "{data}" {{}}\n\n{text}'
        declares.append(f"data.{kind}.{data}")
    return NewKey(text, f"google_kms_crypto_key_iam_member.{label}.crypto_key_id", tuple(declares))


def _agent(resource: Resource) -> tuple[str, str, str] | None:
    """The data source that knows the service's account, its label, and the account as a member."""
    if resource.type in _BIGQUERY:
        kind = "google_bigquery_default_service_account"
        return kind, "current", f'"serviceAccount:${{data.{kind}.current.email}}"'
    domain = _AGENTS.get(resource.type)
    number = "${data.google_project.current.number}"
    member = f'"serviceAccount:service-{number}@{domain}.iam.gserviceaccount.com"'
    return ("google_project", "current", member) if domain else None


def _location(resource: Resource) -> str | None:
    """Where the key has to be: in the data's own region."""
    if resource.block.text("project") or "provider" in resource.block.attributes:
        # Its service's account is another project's.
        return None
    if resource.type == "google_pubsub_topic":
        return '"global"'
    if resource.type in _BIGQUERY:
        return _dataset_location(resource)
    zone = resource.block.text("zone") or resource.block.text("location")
    literal = re.fullmatch(r'"([a-z]+-[a-z]+\d+)(?:-[a-z])?"', zone)
    if literal:
        return f'"{literal[1]}"'
    return f'regex("^[a-z]+-[a-z]+[0-9]+", {zone})' if re.fullmatch(r"(?:var|local)\.\w+", zone) else None


def _dataset_location(resource: Resource) -> str | None:
    block = resource.block
    if resource.type == "google_bigquery_table":
        named = re.fullmatch(r"google_bigquery_dataset\.([\w-]+)\.(?:dataset_)?id", block.text("dataset_id"))
        found = (one for _, one in resource.blocks("resource", "google_bigquery_dataset") if named)
        block = next((one for one in found if named and one.labels[1:] == (named[1],)), block)
        if block is resource.block:
            return None
    text = block.text("location").strip('"') or "US"
    return f'"{_MULTI.get(text, text.lower())}"' if re.fullmatch(r"[A-Za-z0-9-]+", text) else None
