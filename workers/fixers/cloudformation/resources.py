"""Encryption, exposure, protection and transport of CloudFormation resources, where a property decides."""

from __future__ import annotations

import msgspec

from workers.fixers.cloudformation.in_use import (
    FROM_PRIMARY,
    asked_in_the_clear,
    called_unsigned,
    cannot_rotate,
    has_guests,
    in_one_zone,
    moves_tags,
    no_tokens,
)
from workers.fixers.cloudformation.search_domain import cannot_rest, cannot_talk
from workers.fixers.cloudformation.settings import Setting, settings_fixer

_REPLACE = "CloudFormation replaces the resource: move its data over a snapshot or a backup first"
_NEPTUNE = "the cluster's parameter group has to switch each of them on (neptune_enable_audit_log)"
_CLUSTER = "the instance belongs to a cluster, which decides this for all of its instances"
_KEY = "Data at rest is encrypted with the account's key for the service."


def _alone(one: Setting) -> Setting:
    """For a database instance that belongs to no cluster."""
    return msgspec.structs.replace(one, unless="DBClusterIdentifier", otherwise=_CLUSTER)


def _encrypt(key: str, warning: str = _REPLACE) -> list[Setting]:
    return [Setting("encrypt", {key: True}, _KEY, warning, toggle="Encrypted")]


ENCRYPTION = {
    "CKV_AWS_3": _encrypt("Encrypted"),
    "CKV_AWS_96": _encrypt("StorageEncrypted"),
    "CKV_AWS_44": _encrypt("StorageEncrypted"),
    "CKV_AWS_74": _encrypt("StorageEncrypted"),
    "CKV_AWS_42": _encrypt("Encrypted"),
    "CKV_AWS_64": _encrypt("Encrypted", "the cluster is encrypted in place, and read-only while that runs"),
    "CKV_AWS_29": [
        msgspec.structs.replace(one, unless="PrimaryClusterId", otherwise=FROM_PRIMARY)
        for one in _encrypt("AtRestEncryptionEnabled")
    ],
    "CKV_AWS_47": [Setting("encrypt", {"SSESpecification": {"SSEEnabled": True}}, _KEY, _REPLACE)],
    "CKV_AWS_155": _encrypt("UserVolumeEncryptionEnabled", "a workspace that is there has to be made anew"),
    "CKV_AWS_156": _encrypt("RootVolumeEncryptionEnabled", "a workspace that is there has to be made anew"),
    "CKV_AWS_43": [
        Setting(
            "kms", {"StreamEncryption": {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}},
            "The stream is encrypted with the account's KMS key for Kinesis.",
        ),
    ],
    "CKV_AWS_7": [
        Setting(
            "rotate-yearly", {"EnableKeyRotation": True}, "KMS makes new key material every year; the key's id stays.",
            toggle="Rotation", refused=cannot_rotate,
        ),
        Setting(
            "rotate-every-180-days", {"EnableKeyRotation": True, "RotationPeriodInDays": 180},
            "KMS makes new key material every half year; the key's id stays.", refused=cannot_rotate,
        ),
    ],
}  # fmt: skip


EXPOSURE = {
    "CKV_AWS_17": [
        Setting(
            "private", {"PubliclyAccessible": False}, "The database has no address on the internet.",
            "whoever connects over the internet today is locked out", toggle="Public",
        ),
    ],
    "CKV_AWS_69": [
        Setting(
            "private", {"PubliclyAccessible": False}, "The broker has no address on the internet.",
            "CloudFormation replaces the broker; whoever connects over the internet is locked out", toggle="Public",
        ),
    ],
    "CKV_AWS_87": [
        Setting(
            "private", {"PubliclyAccessible": False}, "The cluster has no address on the internet.",
            "whoever connects over the internet today is locked out", toggle="Public",
        ),
    ],
    "CKV_AWS_89": [
        Setting("private", {"PubliclyAccessible": False}, "The instance has no address on the internet.", _REPLACE),
    ],
    "CKV_AWS_258": [
        Setting("iam-auth", {"AuthType": "AWS_IAM"}, "Only signed requests of permitted identities are served.",
                "anonymous callers are refused", refused=called_unsigned),
    ],
    "CKV_AWS_366": [
        Setting("no-guests", {"AllowUnauthenticatedIdentities": False}, "Only signed-in users get credentials.",
                "guests are refused", toggle="Guests", refused=has_guests),
    ],
    "CKV_AWS_123": [
        Setting(
            "ask-first", {"AcceptanceRequired": True}, "A connection from another account waits until it is accepted.",
            "new connections wait for somebody to accept them", toggle="Acceptance",
        ),
    ],
}  # fmt: skip


_IAM = Setting(
    "iam",
    {"EnableIAMDatabaseAuthentication": True},
    "Short-lived IAM tokens can take the place of passwords, which still work.",
    toggle="IamLogin",
    refused=no_tokens,
)


def _keep_backups() -> list[Setting]:
    return [
        Setting(f"backups-{days}-days", {"BackupRetentionPeriod": days}, f"Backups reach back {days} days.",
                "backups are charged by size")
        for days in (7, 35)
    ]  # fmt: skip


PROTECTION = {
    "CKV_AWS_157": [
        _alone(
            Setting(
                "two-zones", {"MultiAZ": True}, "A standby in another zone takes over when one fails.",
                "the standby costs as much as the instance", toggle="MultiAZ", refused=in_one_zone,
            )
        ),
    ],
    "CKV_AWS_161": [_alone(_IAM)],
    "CKV_AWS_162": [_IAM],
    "CKV_AWS_28": [
        Setting(
            "point-in-time-recovery",
            {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}},
            "The table can be restored to any second of the last 35 days.", "backups are charged by size",
            toggle="PointInTime",
        ),
    ],
    "CKV_AWS_360": _keep_backups(),
    "CKV_AWS_361": _keep_backups(),
    "CKV_AWS_172": [
        Setting("deletion-protection", {"DeletionProtection": True}, "The ledger cannot be deleted until this is off.",
                toggle="Protected"),
    ],
    "CKV_AWS_36": [
        Setting("validate-logs", {"EnableLogFileValidation": True},
                "Signed digests show whether a log was changed or deleted.", toggle="Validation"),
    ],
    "CKV_AWS_67": [
        Setting("all-regions", {"IsMultiRegionTrail": True}, "Calls in regions that nobody uses are recorded too.",
                toggle="AllRegions"),
    ],
    "CKV_AWS_66": [
        Setting("one-year", {"RetentionInDays": 365}, "Logs are kept for a year, and then deleted.",
                "what is older is deleted with the next deployment"),
        Setting("three-months", {"RetentionInDays": 90}, "Logs are kept for three months, and then deleted.",
                "what is older is deleted with the next deployment; a year is what many standards ask for"),
    ],
    "CKV_AWS_51": [
        Setting("immutable-tags", {"ImageTagMutability": "IMMUTABLE"}, "A tag names one image for good.",
                "a pipeline that pushes the same tag again, such as latest, fails", refused=moves_tags),
    ],
    "CKV_AWS_101": [
        Setting(approach, {"EnableCloudwatchLogsExports": logs}, how, f"logs are charged by size; {_NEPTUNE}")
        for approach, logs, how in (
            ("audit-log", ["audit"], "Who asked what is recorded."),
            ("audit-and-slow-queries", ["audit", "slowquery"], "Who asked what, and what took long, is recorded."),
        )
    ],
    "CKV_AWS_163": [
        Setting("scan-on-push", {"ImageScanningConfiguration": {"ScanOnPush": True}},
                "Every pushed image is scanned for known vulnerabilities.", toggle="ScanOnPush"),
    ],
    "CKV_AWS_73": [
        Setting("trace", {"TracingEnabled": True}, "X-Ray records the path of requests through the stage.",
                "traces are charged by number", toggle="Tracing"),
    ],
    "CKV_AWS_65": [
        Setting("insights", {"ClusterSettings": [{"Name": "containerInsights", "Value": "enabled"}]},
                "CloudWatch collects metrics of tasks and services.", "the metrics are charged"),
        Setting("enhanced-insights", {"ClusterSettings": [{"Name": "containerInsights", "Value": "enhanced"}]},
                "CloudWatch collects metrics down to single containers.", "the metrics are charged"),
    ],
}  # fmt: skip

TRANSPORT = {
    "CKV_AWS_30": [
        Setting("encrypt-in-transit", {"TransitEncryptionEnabled": True}, "Connections to the cache use TLS.",
                f"clients must connect with TLS; {_REPLACE}", toggle="Tls", refused=asked_in_the_clear),
    ],
    "CKV_AWS_83": [
        Setting("https-only", {"DomainEndpointOptions": {"EnforceHTTPS": True}}, "The domain answers over HTTPS only.",
                toggle="HttpsOnly"),
    ],
    "CKV_AWS_5": [
        Setting("encrypt", {"EncryptionAtRestOptions": {"Enabled": True}}, _KEY, _REPLACE, refused=cannot_rest),
    ],
    "CKV_AWS_6": [
        Setting("encrypt-between-nodes", {"NodeToNodeEncryptionOptions": {"Enabled": True}},
                "Nodes talk to one another over TLS.", _REPLACE, refused=cannot_talk),
    ],
}  # fmt: skip

settings_fixer(
    "cloudformation-encryption",
    "encryption",
    """Data that lies unencrypted can be read from a lost snapshot, a copied volume or a disk that was thrown away. The
services encrypt with a key of the account at no change for programs; an existing resource is mostly replaced.""",
    ENCRYPTION,
)
settings_fixer(
    "cloudformation-exposure",
    "access-control",
    """What has an address on the internet is tried by strangers all day. Databases belong in private subnets, and who
connects to a service that is offered to other accounts is somebody's decision.""",
    EXPOSURE,
)
settings_fixer(
    "cloudformation-protection",
    "availability",
    """Backups, a second zone, logs that cannot be changed unseen and tags that cannot be moved: what is missing on the
day when something was lost. Each is one property; where it costs money a parameter lets a test environment differ.""",
    PROTECTION,
)
settings_fixer(
    "cloudformation-transport",
    "encryption",
    """Traffic in the clear can be read and changed by whoever shares the network, and old clients go on speaking it
until the service refuses. Let clients speak TLS first, then refuse the rest.""",
    TRANSPORT,
)
