"""What Azure's services keep of what happens to them, and whom they tell: rows of the fixer for logs."""

from __future__ import annotations

from workers.fixers.terraform.settings import Setting, on, single

_COST = "logs are stored, and paid for"

AZURE_LOGGING = {
    "CKV_AZURE_63": [
        Setting(
            "http-logs",
            {"logs": {"http_logs": {"file_system": {"retention_in_days": "7", "retention_in_mb": "35"}}}},
            "Requests are logged on the app's own disk for a week, in 35 MB at most.",
        ),
        Setting(
            "http-logs-90-days",
            {"logs": {"http_logs": {"file_system": {"retention_in_days": "90", "retention_in_mb": "100"}}}},
            "Requests are logged on the app's own disk for 90 days, in 100 MB at most.",
        ),
    ],
    "CKV_AZURE_65": [
        Setting(
            "error-messages",
            on("logs.detailed_error_messages_enabled"),
            "Errors are recorded in detail.",
            types=("azurerm_app_service",),
            toggle=True,
        ),
        Setting(
            "error-messages",
            on("logs.detailed_error_messages"),
            "Errors are recorded in detail.",
            types=("azurerm_linux_web_app", "azurerm_windows_web_app"),
            toggle=True,
        ),
    ],
    "CKV_AZURE_66": [
        Setting(
            "request-tracing",
            on("logs.failed_request_tracing_enabled"),
            "Failed requests are recorded.",
            types=("azurerm_app_service",),
            toggle=True,
        ),
        Setting(
            "request-tracing",
            on("logs.failed_request_tracing"),
            "Failed requests are recorded.",
            types=("azurerm_linux_web_app", "azurerm_windows_web_app"),
            toggle=True,
        ),
    ],
    "CKV_AZURE_37": [
        Setting(
            "keep-a-year",
            {"retention_policy": {"enabled": "true", "days": "365"}},
            "Events are kept for a year.",
            _COST,
        ),
        Setting(
            "keep-two-years",
            {"retention_policy": {"enabled": "true", "days": "730"}},
            "Events are kept for two years.",
            _COST,
        ),
    ],
    "CKV_AZURE_12": [
        Setting(
            f"keep-{days}-days",
            {"enabled": "true", "retention_policy": {"enabled": "true", "days": days}},
            f"Flows are recorded, and kept for {days} days.",
            _COST,
        )
        for days in ("90", "365")
    ],
    "CKV_AZURE_30": single("log-checkpoints", "value", "Checkpoints are recorded.", '"on"', toggle=False),
    "CKV_AZURE_32": single(
        "throttle", "value", "Addresses that fail to log in too often must wait.", '"on"', toggle=False
    ),
    "CKV_AZURE_25": [
        Setting("all-threats", on("disabled_alerts", "[]"), "Every kind of threat raises an alert."),
    ],
    "CKV_AZURE_21": single("notify", "alert_notifications", "The security contact hears of severe alerts."),
    "CKV_AZURE_22": single("notify-admins", "alerts_to_admins", "The subscription's admins hear of severe alerts."),
    "CKV_AZURE_27": single("notify-admins", "email_account_admins", "The account's admins hear of threats."),
    "CKV_AZURE_127": single(
        "threat-detection",
        "threat_detection_policy.enabled",
        "Suspicious queries raise an alert.",
        warning="it is paid for",
    ),
    "CKV_AZURE_128": single(
        "threat-detection",
        "threat_detection_policy.enabled",
        "Suspicious queries raise an alert.",
        warning="it is paid for",
    ),
    "CKV_AZURE_19": single(
        "standard-tier",
        "tier",
        "Threat detection works for these resources.",
        '"Standard"',
        "it is paid for",
        toggle=False,
    ),
}
