"""Connections to Google's databases in the clear: rows of the fixer for transport."""

from __future__ import annotations

from workers.fixers.terraform.in_use import without_certificate
from workers.fixers.terraform.settings import Setting, on

_PLAIN = "clients that connect without TLS can no longer do so"
_CLONE = "the instance has no settings of its own: it takes those of the instance that it copies"

GOOGLE_TRANSPORT = {
    "CKV_GCP_97": [
        Setting(
            "server-tls",
            on("transit_encryption_mode", '"SERVER_AUTHENTICATION"'),
            "Connections need TLS.",
            "the instance is replaced, and clients must use TLS",
        )
    ],
    "CKV_GCP_6": [
        Setting(
            "require-ssl",
            on("settings.ip_configuration.require_ssl"),
            "Connections need TLS.",
            _PLAIN,
            before="google:6",
        ),
        Setting(
            "client-certificates",
            on("settings.ip_configuration.ssl_mode", '"TRUSTED_CLIENT_CERTIFICATE_REQUIRED"'),
            "Connections need TLS and a client certificate that the instance issued.",
            "clients without a certificate of the instance are refused",
            since="google:5",
            never="database_version=SQLSERVER",
            where="settings",
            otherwise=_CLONE,
            refused=without_certificate,
        ),
        Setting(
            "encrypted-only",
            on("settings.ip_configuration.ssl_mode", '"ENCRYPTED_ONLY"'),
            "Connections need TLS; SQL Server knows no client certificates.",
            _PLAIN,
            since="google:5",
            only="database_version=SQLSERVER",
            where="settings",
            otherwise=_CLONE,
        ),
    ],
}
