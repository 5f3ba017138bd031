"""Data at rest that is not encrypted, where one setting encrypts it."""

from __future__ import annotations

import msgspec

from workers.fixers.terraform.message_keys import locked_out
from workers.fixers.terraform.resource import Resource
from workers.fixers.terraform.search_domain import cannot_rest
from workers.fixers.terraform.settings import Setting, on, settings_fixer

_HOST = "the subscription needs the feature EncryptionAtHost, and the machines a size that has it"
_REPLACE = "an existing resource is replaced: move its data over a snapshot"


def _cannot_rotate(key: Resource) -> str:
    """Why KMS would refuse: it rotates symmetric keys of its own making alone."""
    kinds = ("customer_master_key_spec", "key_spec", "key_usage", "custom_key_store_id")
    plain = ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
    said = next((name for name in kinds if name in key.block.attributes and key.usual(name) not in plain), "")
    if not said:
        return ""
    return f"{said} of {key.address} may make it a key that KMS does not rotate: a new one takes its place instead"


def _encrypt(path: str, value: str = "true", warning: str = _REPLACE) -> list[Setting]:
    how = "Data at rest is encrypted with the provider's key for the account."
    return [Setting("encrypt", on(path, value), how, warning, toggle=value == "true")]


ENCRYPTION = {
    "CKV_AWS_3": _encrypt("encrypted"),
    "CKV2_AWS_2": _encrypt("encrypted"),
    "CKV_AWS_5": [
        msgspec.structs.replace(one, refused=cannot_rest)
        for one in _encrypt("encrypt_at_rest.enabled", warning=_REPLACE)
    ],
    "CKV_AWS_16": [
        Setting(
            "encrypt",
            on("storage_encrypted"),
            "Data at rest is encrypted with the provider's key for the account.",
            _REPLACE,
            toggle=True,
            never=r"instance_class=db\.(?:t1|m1|m2)\.|db\.t2\.micro",
            otherwise="the class of the instance cannot encrypt its storage: choose a newer class first",
        )
    ],
    "CKV_AWS_29": _encrypt("at_rest_encryption_enabled"),
    "CKV_AWS_42": _encrypt("encrypted"),
    "CKV_AWS_43": [
        Setting(
            "kms",
            {"encryption_type": '"KMS"', "kms_key_id": '"alias/aws/kinesis"'},
            "The stream is encrypted with the account's KMS key for Kinesis.",
        ),
    ],
    "CKV_AWS_44": _encrypt("storage_encrypted"),
    "CKV_AWS_47": _encrypt("server_side_encryption.enabled"),
    "CKV_AWS_64": _encrypt("encrypted", warning=""),
    "CKV_AWS_74": _encrypt("storage_encrypted"),
    "CKV_AWS_96": _encrypt("storage_encrypted"),
    "CKV_AWS_106": _encrypt("enabled", warning=""),
    "CKV_AWS_155": _encrypt("user_volume_encryption_enabled"),
    "CKV_AWS_156": _encrypt("root_volume_encryption_enabled"),
    "CKV_AWS_235": _encrypt("encrypted"),
    "CKV_AWS_26": [
        Setting(
            "aws-managed-key",
            on("kms_master_key_id", '"alias/aws/sns"'),
            "Messages are encrypted with the account's KMS key for SNS.",
            "other AWS services cannot publish through this key: they need a customer key",
            refused=locked_out,
        ),
    ],
    "CKV_AWS_27": [
        Setting(
            "sqs-managed-key",
            on("sqs_managed_sse_enabled", "true"),
            "Messages are encrypted with a key that SQS manages.",
            since="aws:4",
        ),
        Setting(
            "aws-managed-key",
            on("kms_master_key_id", '"alias/aws/sqs"'),
            "Messages are encrypted with the account's KMS key for SQS.",
            "other AWS services cannot send through this key: they need a customer key",
            refused=locked_out,
        ),
    ],
    "CKV_AWS_136": [
        Setting(
            "kms",
            on("encryption_configuration.encryption_type", '"KMS"'),
            "Images are encrypted with the account's KMS key for ECR.",
            "an existing repository is replaced, and must be empty for that: push its images again behind it",
        )
    ],
    "CKV_AWS_7": [
        Setting(
            "rotate",
            on("enable_key_rotation"),
            "KMS makes new key material every year and keeps the old for old data.",
            refused=_cannot_rotate,
        ),
        Setting(
            "rotate-half-yearly",
            {"enable_key_rotation": "true", "rotation_period_in_days": "180"},
            "KMS makes new key material twice a year and keeps the old for old data.",
            since="aws:5",
            refused=_cannot_rotate,
        ),
    ],
    "CKV_GCP_43": [
        Setting(
            f"rotate-every-{days}-days",
            on("rotation_period", f'"{days * 86400}s"'),
            f"A new version of the key encrypts after {days} days; the old ones still decrypt.",
            "every version that is kept is paid for",
        )
        for days in (90, 30)
    ],
    "CKV_AZURE_97": _encrypt("encryption_at_host_enabled", warning=_HOST),
    "CKV_AZURE_151": _encrypt("encryption_at_host_enabled", warning=_HOST),
    "CKV_AZURE_130": _encrypt("infrastructure_encryption_enabled"),
    "CKV_AZURE_96": _encrypt("infrastructure_encryption_enabled"),
    "CKV_AZURE_73": _encrypt("encrypted"),
    "CKV_AZURE_74": _encrypt("disk_encryption_enabled"),
}

propose = settings_fixer(
    "terraform-encryption-at-rest",
    "cryptography",
    """Disks, snapshots and backups leave their owner's hands: they are copied, shared and thrown away. Encrypted ones
are worth nothing without the key. The provider's own key costs nothing; a key of one's own adds control of who may
use it.""",
    ENCRYPTION,
    {
        "AVD-AWS-0026": "CKV_AWS_3",
        "AVD-AWS-0080": "CKV_AWS_16",
        "AVD-AWS-0079": "CKV_AWS_96",
        "AVD-AWS-0048": "CKV_AWS_5",
        "AVD-AWS-0037": "CKV_AWS_42",
        "AVD-AWS-0065": "CKV_AWS_7",
        "AVD-AWS-0076": "CKV_AWS_44",
    },
)
