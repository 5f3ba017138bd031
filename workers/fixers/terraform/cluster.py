"""Managed Kubernetes whose control plane or nodes lack what one setting gives: updates, policies, networks."""

from __future__ import annotations

import msgspec

from workers.fixers.terraform.reached_from import talks_to_cluster
from workers.fixers.terraform.settings import Setting, on, settings_fixer

_REACH = "whoever reaches it over the internet today is locked out: a bastion, a VPN or a private network comes first"
_REPLACED = "an existing cluster is replaced: move its workloads first"
_AUTOPILOT = "an Autopilot cluster always enforces network policies: its data plane is GKE's second"
_DATAPLANE = "the second data plane, which the cluster has, always enforces network policies"
_POLICIES = "Network policies say which pods may talk to which; without one they have no effect."
_ENFORCE = '"PROJECT_SINGLETON_POLICY_ENFORCE"'
_KEPT = (
    "the module keeps the cluster to one release by kubernetes_version: a channel would be turned back by each apply"
)
_HOST = "the subscription needs the feature EncryptionAtHost, the machines a size that has it; nodes are made anew"
_ROTATE = {"temporary_name_for_rotation": '"rotation"'}
_NO_SECRETS = "key_vault_secrets_provider"
_UPGRADED = "nodes are upgraded one by one: set a maintenance window"


_PRIVATE = Setting(
    "private-control-plane",
    on("private_cluster_enabled"),
    "The Kubernetes API has no public address.",
    f"{_REPLACED}; {_REACH}",
    toggle=True,
    refused=talks_to_cluster,
)


def _channel(attribute: str, since: str = "", before: str = "") -> list[Setting]:
    return [
        Setting(
            f"channel-{name}",
            on(attribute, f'"{name}"'),
            how,
            _UPGRADED,
            since=since,
            before=before,
            never=never,
            otherwise=_KEPT,
        )
        for name, how, never in (
            (
                "patch",
                "The cluster takes the patches of its minor release, with their security fixes, by itself.",
                r"kubernetes_version=\d+\.\d+\.\d",
            ),
            (
                "stable",
                "The cluster follows the newest patch of the minor release before the latest.",
                r"kubernetes_version=\d",
            ),
        )
    ]


CLUSTER = {
    "CKV_AZURE_171": [
        *_channel("automatic_upgrade_channel", since="azurerm:4"),
        *_channel("automatic_channel_upgrade", before="azurerm:4"),
    ],
    "CKV_AZURE_170": [
        Setting("paid-tier", on("sku_tier", '"Standard"'), "The control plane has an uptime that is paid for and owed.",
                "it is paid for by the hour", toggle=True, since="azurerm:4"),
    ],
    "CKV_AZURE_172": [
        Setting("rotate-secrets", on("key_vault_secrets_provider.secret_rotation_enabled"),
                "Secrets mounted from a key vault follow its new versions.", "a key vault is asked every two minutes",
                toggle=True, since="azurerm:3", where="key_vault_secrets_provider", moot=_NO_SECRETS,
                otherwise="the cluster mounts no secrets of a key vault, whose new versions it could follow"),
    ],
    "CKV_AZURE_116": [
        Setting("azure-policy", on("azure_policy_enabled"), "Azure Policy sees and refuses what breaks its rules.",
                "a policy that denies refuses workloads that run today", toggle=True, since="azurerm:3"),
        Setting("azure-policy", on("addon_profile.azure_policy.enabled"),
                "Azure Policy sees and refuses what breaks its rules.",
                "a policy that denies refuses workloads that run today", before="azurerm:3"),
    ],
    "CKV_AZURE_7": [
        Setting("calico", on("network_profile.network_policy", '"calico"'), _POLICIES, _REPLACED,
                needs=("network_profile.network_plugin",)),
        Setting("azure-network-policies", on("network_profile.network_policy", '"azure"'), _POLICIES, _REPLACED,
                only="network_profile.network_plugin=azure$"),
        Setting("calico", {"network_profile": {"network_plugin": '"kubenet"', "network_policy": '"calico"'}},
                _POLICIES, _REPLACED, unless="network_profile"),
        Setting("azure-network-policies",
                {"network_profile": {"network_plugin": '"azure"', "network_policy": '"azure"'}},
                f"{_POLICIES} Pods get addresses of the subnet.",
                f"{_REPLACED}; the subnet needs an address for each pod", unless="network_profile"),
    ],
    "CKV_AZURE_115": [_PRIVATE],
    # A private cluster takes no list of networks, and needs none.
    "CKV_AZURE_6": [
        msgspec.structs.replace(_PRIVATE, toggle=False, never=r"api_server_access_profile.authorized_ip_ranges=."),
    ],
    "CKV_GCP_20": [
        Setting("nodes-only", {"master_authorized_networks_config": {}},
                "The control plane answers the cluster's own nodes, and nobody from outside.", _REACH,
                refused=talks_to_cluster),
    ],
    "CKV_AZURE_227": [
        Setting("encrypt-host", {"default_node_pool": {"host_encryption_enabled": "true", **_ROTATE}},
                "Temporary disks and caches of the nodes are encrypted too.",
                _HOST,
                where="default_node_pool", types=("azurerm_kubernetes_cluster",), since="azurerm:4"),
        Setting("encrypt-host", {"default_node_pool": {"enable_host_encryption": "true", **_ROTATE}},
                "Temporary disks and caches of the nodes are encrypted too.",
                _HOST,
                where="default_node_pool", types=("azurerm_kubernetes_cluster",), since="azurerm:3",
                before="azurerm:4"),
        Setting("encrypt-host", on("default_node_pool.enable_host_encryption"),
                "Temporary disks and caches of the nodes are encrypted too.",
                f"{_HOST}; {_REPLACED}",
                where="default_node_pool", types=("azurerm_kubernetes_cluster",), before="azurerm:3"),
        Setting("encrypt-host", on("host_encryption_enabled"),
                "Temporary disks and caches of the nodes are encrypted too.",
                _HOST,
                types=("azurerm_kubernetes_cluster_node_pool",), since="azurerm:4"),
    ],
    "CKV_GCP_66": [
        Setting("binary-authorization", on("binary_authorization.evaluation_mode", _ENFORCE),
                "Only images that the project's policy admits are started.",
                "the project's policy has to be written first: by default it admits every image", since="google:5"),
        Setting("binary-authorization", on("enable_binary_authorization"),
                "Only images that the project's policy admits are started.",
                "the project's policy has to be written first: by default it admits every image", before="google:5"),
    ],
    "CKV_GCP_12": [
        Setting("network-policy", {"network_policy": {"enabled": "true", "provider": '"CALICO"'},
                                   "addons_config": {"network_policy_config": {"disabled": "false"}}},
                "Network policies are enforced.", "all nodes are made anew, one by one",
                moot="enable_autopilot=true$", otherwise=_AUTOPILOT),
        Setting("dataplane-v2", {"datapath_provider": '"ADVANCED_DATAPATH"', "network_policy": {"enabled": "false"},
                                 "addons_config": {"network_policy_config": {"disabled": "true"}}},
                "GKE's second data plane enforces network policies itself, without Calico.", _REPLACED,
                moot="datapath_provider=ADVANCED_DATAPATH$", otherwise=_DATAPLANE),
    ],
}  # fmt: skip

propose = settings_fixer(
    "terraform-managed-kubernetes",
    "configuration",
    """The provider runs the control plane, and leaves to its customer who reaches it, which images and which traffic it
admits, and when it takes new releases. What is not said is open, and stays old.""",
    CLUSTER,
)
