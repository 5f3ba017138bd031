"""What nobody would notice: logs, traces, scans and alarms that one setting turns on."""

from __future__ import annotations

from workers.fixers.terraform.azure_logging import AZURE_LOGGING
from workers.fixers.terraform.resource import Resource
from workers.fixers.terraform.settings import Setting, on, settings_fixer, single
from workers.source.pushed import why_tags_move

_NEPTUNE = "the cluster's parameter group has to switch each of them on (neptune_enable_audit_log)"
_COST = "logs are stored, and paid for"
_OLDER = "events that are older are deleted with the next apply"


def _moves_tags(resource: Resource) -> str:
    """Why tags cannot stay; empty where nothing of the repository moves one."""
    return why_tags_move(resource.target.tree, resource.hcl.path)


_ALWAYS = (
    r"(?:a1|c[4-9]\w*|d[23]\w*|f1|g[3-9]\w*|h1|i[2-9]\w*|inf\w+|m[4-9]\w*|mac\w*|p[2-9]\w*|r[4-9]\w*|t3a?|t4g|x\w+|z1d)"
)
_TRACE = "Requests can be followed through the services."

LOGGING = {
    "CKV_AWS_36": single("validate-files", "enable_log_file_validation", "Changed or deleted log files show."),
    "CKV_AWS_67": single("all-regions", "is_multi_region_trail", "Calls in every region are recorded."),
    "CKV_AWS_251": single("logging", "enable_logging", "Calls are recorded."),
    "CKV_AWS_37": [
        Setting(
            "all-logs",
            on("enabled_cluster_log_types", '["api", "audit", "authenticator", "controllerManager", "scheduler"]'),
            "Every log of the control plane is kept.",
            _COST,
        ),
    ],
    "CKV_AWS_73": single("tracing", "xray_tracing_enabled", _TRACE),
    "CKV_AWS_75": single("flow-logs", "attributes.flow_logs_enabled", "Flows are recorded.", warning=_COST),
    "CKV_AWS_126": single(
        "detailed-monitoring",
        "monitoring",
        "Figures come every minute instead of every five.",
        warning="it is paid for",
    ),
    "CKV_AWS_135": [
        Setting(
            "ebs-optimized",
            on("ebs_optimized"),
            "Disk and network traffic no longer compete.",
            "an existing instance may be replaced: move its data first",
            toggle=True,
            never=r"instance_type=(?:t1|t2|m1\.(?:small|medium)|m2\.xlarge|m3\.(?:medium|large)|c1\.medium|c3\.(?:large|8x))",
            otherwise="AWS starts no instance of this type with it: a newer type (t3 for t2) has it always on",
        ),
        Setting(
            "always-on",
            on("ebs_optimized"),
            "",
            types=("none",),
            moot=rf"instance_type={_ALWAYS}\.",
            otherwise="an instance of this type has it always on, whatever is written here",
        ),
    ],
    "CKV_AWS_163": single(
        "scan-on-push",
        "image_scanning_configuration.scan_on_push",
        "Images are scanned for known vulnerabilities when they arrive.",
    ),
    "CKV_AWS_51": [
        Setting(
            "immutable-tags",
            on("image_tag_mutability", '"IMMUTABLE"'),
            "A tag means one image for good.",
            "a push under a tag that exists fails",
            refused=_moves_tags,
            toggle=True,
        )
    ],
    "CKV_AWS_66": [
        Setting("keep-a-year", on("retention_in_days", "365"), "Events are kept for a year.", _OLDER),
        Setting("keep-two-years", on("retention_in_days", "731"), "Events are kept for two years.", _OLDER),
    ],
    "CKV_AWS_338": [
        Setting("keep-a-year", on("retention_in_days", "365"), "Events are kept for a year.", _COST),
        Setting("keep-two-years", on("retention_in_days", "731"), "Events are kept for two years.", _COST),
    ],
    "CKV_AWS_65": [
        Setting(
            "insights" if value == "enabled" else "enhanced-insights",
            {"setting": {"name": '"containerInsights"', "value": f'"{value}"'}},
            how,
            "it is paid for",
            unless="setting",
            since=since,
        )
        for value, how, since in (
            ("enabled", "CloudWatch collects metrics of tasks and services.", ""),
            ("enhanced", "CloudWatch collects metrics down to single containers.", "aws:5"),
        )
    ],
    "CKV_AWS_101": [
        Setting(approach, on("enable_cloudwatch_logs_exports", logs), how, f"{_COST}; {_NEPTUNE}")
        for approach, logs, how in (
            ("audit-log", '["audit"]', "Who asked what is recorded."),
            ("audit-and-slow-queries", '["audit", "slowquery"]', "Who asked what, and what took long, is recorded."),
        )
    ],
    **AZURE_LOGGING,
    "CKV_GCP_1": single(
        "logging",
        "logging_service",
        "The cluster's logs are kept.",
        '"logging.googleapis.com/kubernetes"',
        toggle=False,
    ),
    "CKV_GCP_8": single(
        "monitoring",
        "monitoring_service",
        "The cluster's figures are kept.",
        '"monitoring.googleapis.com/kubernetes"',
        toggle=False,
    ),
    "CKV_GCP_61": single(
        "intranode-visibility", "enable_intranode_visibility", "Traffic between pods of one node shows in flow logs."
    ),
    "CKV_GCP_26": [
        Setting(
            "flow-logs-half",
            {
                "log_config": {
                    "aggregation_interval": '"INTERVAL_10_MIN"',
                    "flow_sampling": "0.5",
                    "metadata": '"INCLUDE_ALL_METADATA"',
                }
            },
            "Half of all flows are recorded, every ten minutes.",
            _COST,
            moot="purpose=.*MANAGED_PROXY$",
            otherwise="Google records no flows in a subnet that its proxies are given",
        ),
        Setting(
            "flow-logs-all",
            {
                "log_config": {
                    "aggregation_interval": '"INTERVAL_5_SEC"',
                    "flow_sampling": "1.0",
                    "metadata": '"INCLUDE_ALL_METADATA"',
                }
            },
            "Every flow is recorded.",
            _COST,
        ),
    ],
}
propose = settings_fixer(
    "terraform-logging",
    "logging",
    """An attack that leaves no trace is found by its victims. Logs, traces, scans and alerts turn up early what would
otherwise turn up late, and say afterwards what was taken.""",
    LOGGING,
    {
        "AVD-AWS-0016": "CKV_AWS_36",
        "AVD-AWS-0014": "CKV_AWS_67",
        "AVD-AWS-0038": "CKV_AWS_37",
        "AVD-AWS-0066": "CKV_AWS_50",
        "AVD-AWS-0003": "CKV_AWS_73",
        "AVD-AWS-0030": "CKV_AWS_163",
        "AVD-AWS-0031": "CKV_AWS_51",
        "AVD-GCP-0029": "CKV_GCP_26",
    },
)
