"""Which kinds of objects live in a namespace."""

from __future__ import annotations

import re

_NAMESPACED = re.compile(
    r"""Pod | Deployment | DaemonSet | StatefulSet | ReplicaSet | ReplicationController | Job | CronJob | Service
      | Secret | ServiceAccount | Role | RoleBinding | ConfigMap | Ingress | PersistentVolumeClaim
      | HorizontalPodAutoscaler | PodDisruptionBudget | NetworkPolicy | ResourceQuota | LimitRange | Endpoints
      | EndpointSlice | PodTemplate | VirtualService | DestinationRule | Gateway | ServiceEntry | Sidecar
      | PeerAuthentication | AuthorizationPolicy | RequestAuthentication | HTTPRoute | GRPCRoute | ServiceMonitor
      | PodMonitor | PrometheusRule | Prometheus | PrometheusAgent | Alertmanager | AlertmanagerConfig | ThanosRuler
      | Probe | ScrapeConfig | Certificate | Issuer | ManagedCertificate | BackendConfig
      | FrontendConfig | IngressRoute | IngressRouteTCP | IngressRouteUDP | Middleware | ExternalSecret | SecretStore
      | SealedSecret | ScaledObject | ScaledJob | TriggerAuthentication | VerticalPodAutoscaler | Lease | Event
      | Rollout | AnalysisTemplate | AnalysisRun | Experiment | WorkflowTemplate | CronWorkflow | TCPRoute | TLSRoute
      | UDPRoute | ReferenceGrant | EnvoyFilter | WorkloadEntry | Telemetry | CertificateRequest | HelmRelease
      | GitRepository | HelmRepository | OCIRepository | ImageRepository | ImagePolicy | TargetGroupBinding""",
    re.VERBOSE,
)
"""Kinds that live in a namespace."""
_CLUSTER_WIDE = re.compile(
    r"""Namespace | ClusterRole | ClusterRoleBinding | CustomResourceDefinition | StorageClass | PersistentVolume
      | PriorityClass | IngressClass | ClusterIssuer | RuntimeClass | GatewayClass | ClusterAnalysisTemplate
      | ClusterWorkflowTemplate | ClusterSecretStore | ClusterExternalSecret | ClusterTriggerAuthentication
      | ValidatingWebhookConfiguration | MutatingWebhookConfiguration | APIService | CSIDriver | VolumeSnapshotClass
      | ValidatingAdmissionPolicy | ValidatingAdmissionPolicyBinding | Node | CertificateSigningRequest""",
    re.VERBOSE,
)
"""Kinds that live in none."""


def scope(kind: str) -> str:
    """`Namespaced` or `Cluster`, as Kubernetes or a well-known extension has it; empty where that is not known."""
    if _NAMESPACED.fullmatch(kind):
        return "Namespaced"
    return "Cluster" if _CLUSTER_WIDE.fullmatch(kind) else ""
