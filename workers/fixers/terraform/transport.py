"""Connections in the clear, or with protocols that no longer protect them."""

from __future__ import annotations

import msgspec

from workers.fixers.terraform.google_transport import GOOGLE_TRANSPORT
from workers.fixers.terraform.in_use import asked_in_the_clear
from workers.fixers.terraform.search_domain import cannot_talk
from workers.fixers.terraform.settings import Setting, on, settings_fixer

_OLD = "clients that speak only older protocols can no longer connect"
_PLAIN = "clients that connect without TLS can no longer do so"
_NEW_FUNCTIONS = (
    "azurerm_linux_function_app", "azurerm_windows_function_app", "azurerm_linux_function_app_slot",
    "azurerm_windows_function_app_slot",
)  # fmt: skip
_CERTIFICATES = ("viewer_certificate.acm_certificate_arn", "viewer_certificate.iam_certificate_id")
_NO_TLS = "it does not speak TLS: it needs a listener with a certificate first, and then redirects to that one"
_TWO_STEPS = (
    "an existing group is replaced; from Redis 7 on it takes two steps (transit_encryption_mode = preferred first)"
)
_SHARED = (
    "the distribution serves CloudFront's own certificate, which always allows TLS 1.0: a domain name and a "
    "certificate of its own come first"
)


def _tls(path: str, value: str = '"1.2"', *, toggle: bool = True) -> list[Setting]:
    return [Setting("tls-1-2", on(path, value), "Connections need TLS 1.2 or later.", _OLD, toggle=toggle)]


def _require(path: str, value: str = "true", warning: str = "") -> list[Setting]:
    told = f"{warning}; {_PLAIN}" if warning else _PLAIN
    return [Setting("require-tls", on(path, value), "Connections need TLS.", told, toggle=value in ("true", "false"))]


TRANSPORT = {
    "CKV_AWS_30": [
        msgspec.structs.replace(one, refused=asked_in_the_clear)
        for one in _require("transit_encryption_enabled", warning=_TWO_STEPS)
    ],
    "CKV_AWS_6": [
        Setting(
            "encrypt-between-nodes",
            on("node_to_node_encryption.enabled"),
            "Nodes talk to one another over TLS.",
            "an existing domain is replaced: move its data over a snapshot",
            toggle=True,
            refused=cannot_talk,
        )
    ],
    "CKV_AWS_83": _require("domain_endpoint_options.enforce_https"),
    "CKV_AWS_228": [
        Setting(
            "tls-1-2",
            on("domain_endpoint_options.tls_security_policy", '"Policy-Min-TLS-1-2-2019-07"'),
            "Connections need TLS 1.2.",
            _OLD,
        ),
        Setting(
            "tls-1-2-forward-secrecy",
            on("domain_endpoint_options.tls_security_policy", '"Policy-Min-TLS-1-2-PFS-2023-10"'),
            "Connections need TLS 1.2 or later with forward secrecy.",
            _OLD,
        ),
    ],
    "CKV_AWS_174": [
        Setting(
            "tls-1-2-2021",
            on("viewer_certificate.minimum_protocol_version", '"TLSv1.2_2021"'),
            "Viewers need TLS 1.2.",
            _OLD,
            needs=_CERTIFICATES,
            otherwise=_SHARED,
        ),
        Setting(
            "tls-1-2-2019",
            on("viewer_certificate.minimum_protocol_version", '"TLSv1.2_2019"'),
            "Viewers need TLS 1.2, with a wider choice of ciphers.",
            _OLD,
            needs=_CERTIFICATES,
            otherwise=_SHARED,
        ),
    ],
    "CKV_AWS_103": [
        Setting(
            approach, on("ssl_policy", f'"{policy}"'), how, warning, only="protocol=(?:HTTPS|TLS)$", otherwise=_NO_TLS
        )
        for approach, policy, how, warning in (
            ("tls-1-2-and-1-3", "ELBSecurityPolicy-TLS13-1-2-2021-06", "Clients speak TLS 1.2 or 1.3.", _OLD),
            (
                "tls-1-3",
                "ELBSecurityPolicy-TLS13-1-3-2021-06",
                "Clients speak TLS 1.3.",
                "clients from before 2018 cannot connect",
            ),
        )
    ],
    "CKV_AWS_131": [
        Setting(
            "drop-invalid-headers",
            on("drop_invalid_header_fields"),
            "Malformed headers, by which requests are smuggled, never reach the targets.",
            toggle=True,
        )
    ],
    "CKV_AWS_328": [
        Setting(
            "defensive",
            on("desync_mitigation_mode", '"defensive"'),
            "Requests that could be smuggled are closed or refused.",
        ),
        Setting(
            "strictest",
            on("desync_mitigation_mode", '"strictest"'),
            "Only requests that follow the standard to the letter pass.",
            "odd clients are refused",
        ),
    ],
    "CKV_AZURE_3": _require("enable_https_traffic_only"),
    "CKV_AZURE_14": _require("https_only"),
    "CKV_AZURE_70": [
        Setting("require-tls", on("https_only"), "Calls need TLS.", _PLAIN, unless="auth_settings_v2", toggle=True),
        Setting(
            "require-tls",
            {"https_only": "true", "auth_settings_v2": {"require_https": "true"}},
            "Calls, and signing in, need TLS.",
            _PLAIN,
            where="auth_settings_v2",
        ),
    ],
    "CKV_AZURE_153": _require("https_only"),
    "CKV_AZURE_28": _require("ssl_enforcement_enabled"),
    "CKV_AZURE_29": _require("ssl_enforcement_enabled"),
    "CKV_AZURE_47": _require("ssl_enforcement_enabled"),
    "CKV_AZURE_91": _require("enable_non_ssl_port", "false"),
    "CKV_AZURE_15": [
        Setting(
            "tls-1-2",
            on("site_config.min_tls_version", '"1.2"'),
            "Connections need TLS 1.2 or later.",
            _OLD,
            types=("azurerm_app_service",),
        ),
        Setting(
            "tls-1-2",
            on("site_config.minimum_tls_version", '"1.2"'),
            "Connections need TLS 1.2 or later.",
            _OLD,
            types=("azurerm_linux_web_app", "azurerm_windows_web_app"),
        ),
        Setting(
            "tls-1-3",
            on("site_config.minimum_tls_version", '"1.3"'),
            "Connections need TLS 1.3.",
            _OLD,
            types=("azurerm_linux_web_app", "azurerm_windows_web_app"),
            since="azurerm:4",
        ),
    ],
    "CKV_AZURE_145": [
        Setting(
            "tls-1-2",
            on("site_config.min_tls_version", '"1.2"'),
            "Connections need TLS 1.2 or later.",
            _OLD,
            types=("azurerm_function_app", "azurerm_function_app_slot"),
        ),
        Setting(
            "tls-1-2",
            on("site_config.minimum_tls_version", '"1.2"'),
            "Connections need TLS 1.2 or later.",
            _OLD,
            types=_NEW_FUNCTIONS,
        ),
        Setting(
            "tls-1-3",
            on("site_config.minimum_tls_version", '"1.3"'),
            "Connections need TLS 1.3.",
            _OLD,
            types=_NEW_FUNCTIONS,
            since="azurerm:4",
        ),
    ],
    # Checkov compares the words that stand there, and takes a variable for none of them.
    "CKV_AZURE_44": _tls("min_tls_version", '"TLS1_2"', toggle=False),
    "CKV_AZURE_52": _tls("minimum_tls_version"),
    "CKV_AZURE_148": _tls("minimum_tls_version"),
    "CKV_AZURE_205": _tls("minimum_tls_version"),
    "CKV_AZURE_223": _tls("minimum_tls_version"),
    "CKV_AZURE_54": _tls("ssl_minimal_tls_version_enforced", '"TLS1_2"'),
    "CKV_AZURE_147": _tls("ssl_minimal_tls_version_enforced", '"TLS1_2"'),
    "CKV_AZURE_78": [
        Setting(
            "no-ftp",
            on("site_config.ftps_state", '"Disabled"'),
            "Nothing is deployed over FTP any more.",
            "deployments over FTP stop",
        ),
        Setting(
            "ftps-only",
            on("site_config.ftps_state", '"FtpsOnly"'),
            "Deployments over FTP need TLS.",
            "deployments over plain FTP stop",
        ),
    ],
    "CKV_AZURE_18": [Setting("http-2", on("site_config.http2_enabled"), "Clients may speak HTTP/2.", toggle=True)],
    "CKV_AZURE_67": [Setting("http-2", on("site_config.http2_enabled"), "Clients may speak HTTP/2.", toggle=True)],
    **GOOGLE_TRANSPORT,
}

propose = settings_fixer(
    "terraform-transport",
    "cryptography",
    """What crosses a network in the clear is read and changed on the way; TLS 1.0 and 1.1 have known weaknesses and
have been withdrawn. Every client of the last ten years speaks TLS 1.2.""",
    TRANSPORT,
    {
        "AVD-AWS-0052": "CKV_AWS_131",
        "AVD-AWS-0046": "CKV_AWS_83",
        "AVD-AWS-0126": "CKV_AWS_228",
        "AVD-AWS-0013": "CKV_AWS_174",
        "AVD-AZU-0008": "CKV_AZURE_3",
        "AVD-AZU-0011": "CKV_AZURE_44",
        "AVD-AZU-0006": "CKV_AZURE_15",
        "AVD-AZU-0004": "CKV_AZURE_14",
    },
)
