"""Data that one command, one update or one failure would lose: deletion protection, backups, zones, updates."""

from __future__ import annotations

import re

from workers.fixers.terraform.in_use import in_one_zone, upgrades_by_hand
from workers.fixers.terraform.resource import Resource
from workers.fixers.terraform.settings import Setting, on, settings_fixer, single
from workers.source.hcltext import Body

_FOR_A_WHILE = re.compile(r"(?:^|/)(?:examples?|tests?|fixtures?|samples?|demos?)/")
_DESTROY = "`terraform destroy` then needs a first apply that switches it off"


def _protect(path: str = "deletion_protection", value: str = "true") -> list[Setting]:
    how = "The service refuses to delete the resource until the protection is switched off."
    return [
        Setting(
            "deletion-protection", on(path, value), how, _DESTROY, at_times=True, toggle=True, refused=_is_torn_down
        )
    ]


def _is_let_go(resource: Resource) -> str:
    """Why it may be deleted: its author says so in a place where leaving it out would say the same, or it is made for
    a while.
    """
    if why := _is_torn_down(resource):
        return why
    if resource.block.text("lifecycle", "prevent_destroy") == "false":
        return f"{resource.address} may be deleted on purpose: `prevent_destroy = false` says what leaving it out would"
    return ""


def _is_torn_down(resource: Resource) -> str:
    """Why it must be deleted without a first step: it is made for a test or as an example."""
    if _FOR_A_WHILE.search(resource.hcl.path):
        return f"{resource.hcl.path} makes it for a test or an example, which deletes it again"
    return ""


def _no_queues(account: Resource) -> str:
    """Why the account has no queues; empty where it may have some."""
    kind, tier = account.usual("account_kind"), account.usual("account_tier")
    if kind in ("BlobStorage", "BlockBlobStorage", "FileStorage") or tier == "Premium":
        return f"{account.address} is {kind or tier}, which has no queues"
    return ""


_TAGS = "Snapshots carry the tags of the database, so that access and cost rules reach them too."
_UPDATES = "Minor releases, with their security fixes, are installed in the maintenance window."
_STANDBY = "A standby in another zone takes over when the first one fails."
_COST = "it is paid for"

_NEW_FIRST = "A replacement is made before the old one goes, so that nothing is without one in between."
_FOLLOWS = "Nodes follow the control plane's release, with its security fixes."
_GEO = [
    Setting(
        "geo-backups",
        on("geo_redundant_backup_enabled"),
        "Backups survive the loss of a region.",
        "an existing server is replaced: move its data first",
        toggle=True,
        unless="storage_profile",
        never="sku_name=B_",
        otherwise="this server says it in an older way, or is of a tier that has none: change that first",
    )
]


def _nodes(key: str, approach: str, how: str) -> list[Setting]:
    """One of a pool's two settings; both where it has none: some releases of the provider take the other for false."""
    both: Body = {"management": {"auto_repair": "true", "auto_upgrade": "true"}}
    together = f"Broken nodes are replaced. {_FOLLOWS}"
    return [
        Setting(approach, on(f"management.{key}"), how, where="management", toggle=True),
        Setting("repair-and-upgrade", both, together, unless="management"),
    ]


PROTECTION = {
    "CKV_AWS_139": _protect(),
    "CKV_AWS_293": _protect(),
    "CKV_AWS_172": _protect(),
    "CKV2_AWS_58": _protect(),
    "CKV_AWS_150": _protect("enable_deletion_protection"),
    "CKV_AWS_344": _protect("delete_protection"),
    "CKV_GCP_119": _protect(),
    "CKV_GCP_120": _protect("enable_drop_protection"),
    "CKV_GCP_121": _protect(),
    "CKV_GCP_122": _protect(),
    "CKV_AZURE_110": [
        Setting(
            "purge-protection",
            on("purge_protection_enabled"),
            "A deleted vault or secret can be brought back until its retention ends, and nobody can purge it before.",
            "it cannot be switched off again, and the vault's name is taken until then",
            toggle=True,
            refused=_is_torn_down,
        )
    ],
    "CKV_AWS_313": single("tags-on-snapshots", "copy_tags_to_snapshot", _TAGS),
    "CKV_AWS_362": single("tags-on-snapshots", "copy_tags_to_snapshot", _TAGS),
    "CKV2_AWS_60": single("tags-on-snapshots", "copy_tags_to_snapshot", _TAGS),
    "CKV_AWS_226": single("minor-updates", "auto_minor_version_upgrade", _UPDATES),
    "CKV_AWS_207": single("minor-updates", "auto_minor_version_upgrade", _UPDATES),
    "CKV_AWS_222": single("minor-updates", "auto_minor_version_upgrade", _UPDATES),
    "CKV_AWS_322": single("minor-updates", "auto_minor_version_upgrade", _UPDATES),
    "CKV_AWS_157": single("multi-zone", "multi_az", _STANDBY, warning=_COST, refused=in_one_zone),
    "CKV_AWS_138": single("cross-zone", "cross_zone_load_balancing", "Requests are spread over all zones."),
    "CKV_AWS_152": single("cross-zone", "enable_cross_zone_load_balancing", "Requests are spread over all zones."),
    "CKV_AWS_133": [
        Setting("backups-7-days", on("backup_retention_period", "7"), "Backups reach back a week.", _COST),
        Setting(
            "backups-35-days",
            on("backup_retention_period", "35"),
            "Backups reach back five weeks, the most RDS keeps.",
            _COST,
        ),
    ],
    "CKV_AWS_360": [
        Setting("backups-7-days", on("backup_retention_period", "7"), "Backups reach back a week.", _COST),
        Setting("backups-35-days", on("backup_retention_period", "35"), "Backups reach back five weeks.", _COST),
    ],
    "CKV_AWS_361": [
        Setting("backups-7-days", on("backup_retention_period", "7"), "Backups reach back a week.", _COST),
        Setting("backups-35-days", on("backup_retention_period", "35"), "Backups reach back five weeks.", _COST),
    ],
    "CKV_AWS_28": single(
        "point-in-time",
        "point_in_time_recovery.enabled",
        "The table can be restored to any second of the last 35 days.",
        warning=_COST,
    ),
    "CKV_AZURE_94": _GEO,
    "CKV_AZURE_102": _GEO,
    "CKV2_AZURE_38": [
        Setting(
            f"soft-delete-{days}-days",
            on("blob_properties.delete_retention_policy.days", days),
            f"Deleted blobs can be brought back for {days} days.",
            _COST,
        )
        for days in ("7", "30")
    ],
    "CKV2_AZURE_41": [
        Setting(
            f"shared-access-{word}",
            {"shared_access_key_enabled": "true", "sas_policy": {"expiration_period": f'"{period}"'}},
            f"A shared access signature is meant to end within {span}, and one that runs longer shows in the logs.",
            since="azurerm:3",
        )
        for word, period, span in (("a-day", "1.00:00:00", "a day"), ("a-week", "7.00:00:00", "a week"))
    ],
    "CKV_AZURE_33": [
        Setting(
            f"log-queues-{days}-days",
            {
                "queue_properties": {
                    "logging": {
                        "delete": "true",
                        "read": "true",
                        "write": "true",
                        "version": '"1.0"',
                        "retention_policy_days": days,
                    }
                }
            },
            f"Each request to the account's queues is logged, for {days} days.",
            _COST,
            before="azurerm:5",
            refused=_no_queues,
        )
        for days in ("10", "90")
    ],
    "CKV_AWS_233": single("replace-before-destroying", "lifecycle.create_before_destroy", _NEW_FIRST, toggle=False),
    "CKV_AWS_237": single("replace-before-destroying", "lifecycle.create_before_destroy", _NEW_FIRST, toggle=False),
    "CKV_AWS_141": single("upgrades", "allow_version_upgrade", "The cluster takes new releases in its window."),
    "CKV_AZURE_206": [
        Setting(
            approach,
            on("account_replication_type", f'"{kind}"'),
            f"The data survives the loss of a region{more}.",
            _COST,
            only=f"account_replication_type={now}$",
            never="account_tier=Premium",
            otherwise="from this replication, or in this tier, Azure has no way in place: a new account takes the data",
        )
        for approach, kind, now, more in (
            ("geo-replication", "GRS", "LRS", ""),
            ("readable-geo-replication", "RAGRS", "LRS", ", and can be read in the other one"),
            ("geo-zone-replication", "GZRS", "ZRS", ""),
            ("readable-geo-zone-replication", "RAGZRS", "ZRS", ", and can be read in the other one"),
        )
    ],
    "CKV_GCP_14": single(
        "backups", "settings.backup_configuration.enabled", "The instance is backed up every day.", warning=_COST
    ),
    "CKV_GCP_78": single(
        "versioning", "versioning.enabled", "Overwritten and deleted objects can be restored.", warning=_COST
    ),
    "CKV2_GCP_20": [
        Setting(
            approach,
            {"settings": {"backup_configuration": {"enabled": "true", "binary_log_enabled": "true", **more}}},
            f"The database can be restored to any second{reach}.",
            _COST,
            where="settings",
            otherwise="the instance has no settings of its own: it takes those of the instance that it copies",
        )
        for approach, more, reach in (
            ("point-in-time", {}, " that its binary logs reach back to"),
            ("point-in-time-7-days", {"transaction_log_retention_days": "7"}, " of the last seven days"),
        )
    ],
    "CKV_GCP_82": single(
        "prevent-destroy",
        "lifecycle.prevent_destroy",
        "A plan that would delete the key fails.",
        warning="`terraform destroy` fails until this is taken out",
        toggle=False,
        refused=_is_let_go,
    ),
    "CKV_AWS_326": [
        Setting(
            f"backtrack-{hours}-hours",
            on("backtrack_window", str(hours * 3600)),
            f"The cluster can be turned back by up to {hours} hours in place.",
            "it is paid for; a cluster that was made without it has to be restored or cloned to get it",
            never=r"engine=(?!aurora(?:-mysql)?$).+",
            otherwise="only Aurora MySQL can be turned back",
        )
        for hours in (24, 72)
    ],
    "CKV_GCP_9": _nodes("auto_repair", "auto-repair", "Broken nodes are replaced."),
    "CKV_GCP_10": _nodes("auto_upgrade", "auto-upgrade", _FOLLOWS),
    "CKV_GCP_70": [
        Setting(
            f"channel-{name}",
            on("release_channel.channel", f'"{name.upper()}"'),
            f"The cluster follows the {name} release channel.",
            refused=upgrades_by_hand,
        )
        for name in ("regular", "stable")
    ],
}

propose = settings_fixer(
    "terraform-data-protection",
    "availability",
    """Data is lost more often by a mistaken command than by an attacker, and ransom is an attacker who gives the
command. Protection against deletion, backups that reach back and releases with fixes each cost one line.""",
    PROTECTION,
    {"AVD-AWS-0177": "CKV_AWS_293", "AVD-AWS-0024": "CKV_AWS_28", "AVD-AWS-0077": "CKV_AWS_133"},
)
