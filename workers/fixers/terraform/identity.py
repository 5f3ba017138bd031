"""Who may use a resource: database logins, local accounts, old authorisation."""

from __future__ import annotations

from workers.fixers.terraform.in_use import (
    called_unsigned,
    has_extensions,
    has_guests,
    no_workload_identity,
    signs_in_as_admin,
    starts_docker,
    uses_keys,
    works_by_keys,
)
from workers.fixers.terraform.local_accounts import LOCAL_ACCOUNTS
from workers.fixers.terraform.settings import Setting, on, settings_fixer, single

_LOGIN = "Short-lived IAM tokens may be used instead of a password."
_ROLES = "Permissions in the cluster follow roles."
_REPLACED = "an existing cluster is replaced: move its workloads first"
_BOOTS = "Nodes boot signed software only, and measure what they boot."
_SIGNED = {
    "node_config": {"shielded_instance_config": {"enable_secure_boot": "true", "enable_integrity_monitoring": "true"}}
}
_LOCAL = "Only directory accounts may sign in, which can be revoked in one place."

_STOPPED = "a machine that runs has to be stopped for the change"


def _iam_login(never: str) -> Setting:
    otherwise = "RDS offers no login by IAM tokens for this engine"
    return Setting(
        "iam-login", on("iam_database_authentication_enabled"), _LOGIN, toggle=True, never=never, otherwise=otherwise
    )


IDENTITY = {
    "CKV_AWS_161": [_iam_login(r"engine=\"?(?:custom-)?(?:oracle|sqlserver|db2)")],
    "CKV_AWS_162": [_iam_login("engine_mode=serverless$")],
    "CKV_AWS_359": single(
        "iam-login",
        "iam_database_authentication_enabled",
        "Only requests that are signed by an identity with rights in the database are answered.",
        warning="every client has to sign its requests from then on",
    ),
    "CKV_AWS_258": single(
        "iam-auth",
        "authorization_type",
        "Only signed requests of permitted identities are served.",
        '"AWS_IAM"',
        "anonymous callers are refused",
        toggle=False,
        refused=called_unsigned,
    ),
    "CKV_AWS_316": single(
        "unprivileged-build",
        "environment.privileged_mode",
        "Builds cannot take over the build host.",
        "false",
        "builds that start Docker themselves need another way",
        refused=starts_docker,
    ),
    "CKV_AWS_366": single(
        "no-guests",
        "allow_unauthenticated_identities",
        "Only signed-in users get credentials.",
        "false",
        "guests are refused",
        refused=has_guests,
    ),
    "CKV_AZURE_137": single(
        "no-admin-account",
        "admin_enabled",
        _LOCAL,
        "false",
        "whoever signs in as the registry's admin needs an identity of their own",
        refused=signs_in_as_admin,
    ),
    "CKV_AZURE_141": LOCAL_ACCOUNTS,
    "CKV_AZURE_140": single(
        "no-local-accounts",
        "local_authentication_disabled",
        _LOCAL,
        "true",
        "clients with account keys must use an identity",
        refused=uses_keys,
    ),
    "CKV_AZURE_203": single(
        "no-local-accounts",
        "local_auth_enabled",
        _LOCAL,
        "false",
        "clients with shared keys must use an identity",
        refused=uses_keys,
    ),
    "CKV_AZURE_236": single(
        "no-local-accounts",
        "local_auth_enabled",
        _LOCAL,
        "false",
        "clients with keys must use an identity",
        refused=uses_keys,
    ),
    "CKV_AZURE_244": single("no-local-users", "local_user_enabled", "No local users may sign in over SFTP.", "false"),
    "CKV2_AZURE_40": single(
        "no-shared-keys",
        "shared_access_key_enabled",
        _LOCAL,
        "false",
        "clients with account keys must use an identity",
        refused=works_by_keys,
    ),
    "CKV_AZURE_50": single(
        "no-extensions",
        "allow_extension_operations",
        "Nobody can run code on the machine through extensions.",
        "false",
        "monitoring agents that are extensions stop",
        refused=has_extensions,
    ),
    "CKV_AZURE_72": single(
        "no-remote-debugging",
        "site_config.remote_debugging_enabled",
        "Nobody can attach a debugger from outside.",
        "false",
    ),
    "CKV_AZURE_5": [
        Setting(
            "rbac",
            on("role_based_access_control.enabled"),
            _ROLES,
            _REPLACED,
            where="role_based_access_control",
            toggle=True,
        ),
        Setting(
            "rbac",
            on("role_based_access_control_enabled"),
            _ROLES,
            _REPLACED,
            unless="role_based_access_control",
            since="azurerm:3",
            toggle=True,
        ),
    ],
    "CKV_GCP_7": single(
        "no-legacy-authorisation", "enable_legacy_abac", "Permissions in the cluster follow roles.", "false"
    ),
    "CKV_GCP_13": single(
        "no-client-certificate",
        "master_auth.client_certificate_config.issue_client_certificate",
        "The cluster gives out no certificate that cannot be revoked.",
        "false",
        _REPLACED,
    ),
    "CKV_GCP_95": single(
        "auth", "auth_enabled", "Clients must give the instance's password.", "true", "clients need the password"
    ),
    "CKV_GCP_68": [
        Setting(
            "secure-boot",
            _SIGNED,
            _BOOTS,
            "the nodes are made anew: move what runs on them first",
            types=("google_container_node_pool",),
        ),
        Setting("secure-boot", _SIGNED, _BOOTS, _REPLACED, types=("google_container_cluster",), where="node_config"),
    ],
    "CKV_GCP_69": [
        Setting(
            "gke-metadata",
            on("node_config.workload_metadata_config.mode", '"GKE_METADATA"'),
            "Pods get their own identity instead of the node's.",
            "pods that call Google's APIs with the node's identity need one of their own",
            types=("google_container_node_pool",),
            refused=no_workload_identity,
            otherwise="the cluster has no nodes of its own here: its node pools decide, each for itself",
        ),
        Setting(
            "gke-metadata",
            on("node_config.workload_metadata_config.mode", '"GKE_METADATA"'),
            "Pods get their own identity instead of the node's.",
            "pods that call Google's APIs with the node's identity need one of their own",
            types=("google_container_cluster",),
            refused=no_workload_identity,
            where="node_config",
            moot="enable_autopilot=true$",
            otherwise="the nodes of an Autopilot cluster always run GKE's metadata server",
        ),
    ],
    "CKV_GCP_39": [
        Setting(
            "shielded",
            {"shielded_instance_config": {"enable_vtpm": "true", "enable_integrity_monitoring": "true"}},
            "The machine measures what it boots.",
            _STOPPED,
        ),
        Setting(
            "shielded-secure-boot",
            {
                "shielded_instance_config": {
                    "enable_secure_boot": "true",
                    "enable_vtpm": "true",
                    "enable_integrity_monitoring": "true",
                }
            },
            "The machine measures what it boots, and boots nothing that is not signed.",
            f"drivers and kernel modules without a signature are not loaded; {_STOPPED}",
        ),
    ],
    "CKV_GCP_74": [
        Setting(
            "private-google-access",
            on("private_ip_google_access"),
            "Machines without a public address reach Google's APIs.",
            moot="purpose=(?:PRIVATE_SERVICE_CONNECT|PRIVATE_NAT|.*MANAGED_PROXY)$",
            otherwise="no machine stands in a subnet that addresses are translated in, or that proxies are given",
            toggle=True,
        )
    ],
}

propose = settings_fixer(
    "terraform-identity",
    "authentication",
    """Who may act is decided best in one place, by identities that can be revoked. Shared keys, local admins
and old authorisation modes each go around that place.""",
    IDENTITY,
    {
        "AVD-AWS-0176": "CKV_AWS_161",
        "AVD-GCP-0062": "CKV_GCP_7",
    },
)
