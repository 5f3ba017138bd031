"""Semgrep's rules of Terraform, which ask for what Checkov's do: the fixers of those answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import msgspec

from daemon.domain.fix import Candidate
from workers.fixers.registry import FIXERS, Fixer, NoFix, NotHere, Target, fixer

_AWS = {
    "aws-backup-vault-unencrypted": 166,
    "aws-insecure-cloudfront-distribution-tls-version": 174,
    "aws-cloudtrail-encrypted-with-cmk": 35,
    "aws-cloudwatch-log-group-no-retention": 66,
    "aws-cloudwatch-log-group-unencrypted": 158,
    "aws-db-instance-no-logging": 129,
    "aws-docdb-encrypted-with-cmk": 182,
    "aws-documentdb-storage-unencrypted": 74,
    "aws-dynamodb-point-in-time-recovery-disabled": 28,
    "aws-dynamodb-table-unencrypted": 119,
    "aws-ebs-unencrypted": 106,
    "aws-ebs-volume-encrypted-with-cmk": 189,
    "aws-ebs-volume-unencrypted": 3,
    "aws-ec2-has-public-ip": 88,
    "aws-ec2-launch-configuration-ebs-block-device-unencrypted": 8,
    "aws-ec2-launch-configuration-root-block-device-unencrypted": 8,
    "aws-ec2-launch-template-metadata-service-v1-enabled": 79,
    "ec2-imdsv1-optional": 79,
    "aws-ec2-security-group-rule-missing-description": 23,
    "aws-ecr-image-scanning-disabled": 163,
    "ecr-image-scan-on-push": 163,
    "aws-ecr-mutable-image-tags": 51,
    "aws-efs-filesystem-encrypted-with-cmk": 184,
    "aws-elasticsearch-insecure-tls-version": 228,
    "aws-elasticsearch-nodetonode-encryption-not-enabled": 6,
    "elastic-search-encryption-at-rest": 5,
    "aws-elb-access-logs-not-enabled": 91,
    "aws-kinesis-stream-encrypted-with-cmk": 185,
    "aws-kinesis-stream-unencrypted": 43,
    "aws-kms-no-rotation": 7,
    "aws-lambda-environment-unencrypted": 173,
    "aws-lambda-x-ray-tracing-not-active": 50,
    "aws-rds-backup-no-retention": 133,
    "aws-redshift-cluster-encrypted-with-cmk": 142,
    "aws-s3-bucket-object-encrypted-with-cmk": 186,
    "aws-secretsmanager-secret-unencrypted": 149,
    "aws-sns-topic-unencrypted": 26,
    "aws-sqs-queue-unencrypted": 27,
    "aws-subnet-has-public-ip-address": 130,
    "aws-workspaces-root-volume-unencrypted": 156,
    "aws-workspaces-user-volume-unencrypted": 155,
    "insecure-load-balancer-tls-version": 103,
    "rds-public-access": 17,
    "eks-public-endpoint-enabled": 39,
    "eks-insufficient-control-plane-logging": 37,
    "s3-public-read-bucket": 20,
    "s3-public-rw-bucket": 57,
}
_AZURE = {
    "azure-aks-apiserver-auth-ip-ranges": 6,
    "azure-aks-private-clusters-enabled": 115,
    "azure-aks-uses-disk-encryptionset": 117,
    "azure-networkinterface-enable-ip-forwarding": 118,
    "appservice-account-identity-registered": 16,
    "appservice-enable-http2": 18,
    "appservice-enable-https-only": 14,
    "azure-appservice-https-only": 14,
    "appservice-use-secure-tls-policy": 15,
    "azure-appservice-min-tls-version": 15,
    "azure-appservice-detailed-errormessages-enabled": 65,
    "azure-appservice-enabled-failed-request": 66,
    "azure-appservice-http-logging-enabled": 63,
    "azure-appservice-identity": 16,
    "azure-appservice-identityprovider-enabled": 71,
    "functionapp-enable-http2": 67,
    "azure-automation-encrypted": 73,
    "azure-cosmosdb-disables-public-network": 101,
    "azure-dataexplorer-uses-disk-encryption": 74,
    "azure-instance-extensions": 50,
    "azure-key-no-expiration-date": 40,
    "keyvault-ensure-key-expires": 40,
    "keyvault-ensure-secret-expires": 41,
    "keyvault-purge-enabled": 110,
    "azure-managed-disk-encryption-set": 93,
    "azure-mariadb-public-access-disabled": 48,
    "azure-mssql-service-mintls-version": 52,
    "azure-mysql-encryption-enabled": 96,
    "azure-mysql-mintls-version": 54,
    "azure-mysql-public-access-disabled": 53,
    "azure-postgresql-encryption-enabled": 130,
    "azure-postgresql-min-tls-version": 147,
    "azure-postgresql-server-public-access-disabled": 68,
    "azure-redis-cache-enable-non-ssl-port": 91,
    "azure-redis-cache-public-network-access-enabled": 89,
    "azure-remote-debugging-not-enabled": 72,
    "azure-scale-set-password": 49,
    "azure-sqlserver-public-access-disabled": 113,
    "azure-sqlserver-no-public-access": 113,
    "azure-storage-account-disable-public-access": 59,
    "azure-storage-account-minimum-tlsversion": 44,
    "storage-use-secure-tls-policy": 44,
    "azure-storage-blob-service-container-private-access": 34,
    "azure-vmencryption-at-host-enabled": 97,
    "storage-enforce-https": 3,
    "storage-queue-services-logging": 33,
}
_GCP = {
    "gcp-artifact-registry-encrypted-with-cmk": 84,
    "gcp-bigquery-dataset-encrypted-with-cmk": 81,
    "gcp-bigquery-table-encrypted-with-cmk": 80,
    "gcp-cloud-storage-logging": 62,
    "gcp-compute-boot-disk-encryption": 38,
    "gcp-compute-disk-encryption": 37,
    "gcp-compute-firewall-unrestricted-ingress-20": 77,
    "gcp-compute-firewall-unrestricted-ingress-21": 75,
    "gcp-compute-firewall-unrestricted-ingress-22": 2,
    "gcp-compute-firewall-unrestricted-ingress-3306": 88,
    "gcp-compute-firewall-unrestricted-ingress-3389": 3,
    "gcp-compute-firewall-unrestricted-ingress-80": 106,
    "gcp-compute-ip-forward": 36,
    "gcp-gke-client-certificate-disabled": 13,
    "gcp-gke-cluster-logging": 1,
    "gcp-gke-enabled-vpc-flow-logs": 61,
    "gcp-gke-legacy-auth-enabled": 7,
    "gcp-gke-master-authz-networks-enabled": 20,
    "gcp-gke-monitoring-enabled": 8,
    "gcp-gke-network-policy-enabled": 12,
    "gcp-memory-store-for-redis-auth-enabled": 95,
    "gcp-memory-store-for-redis-intransit-encryption": 97,
    "gcp-pubsub-encrypted-with-cmk": 83,
    "gcp-sql-database-require-ssl": 6,
    "gcp-storage-bucket-uniform-access": 29,
    "gcp-sub-network-logging-enabled": 26,
    "gcp-sub-network-private-google-enabled": 74,
}
_FOR_A_PERSON = {
    "aws-iam-admin-policy": "CKV_AWS_62",
    "aws-iam-admin-policy-ssoadmin": "CKV_AWS_274",
    "no-iam-admin-privileges": "CKV_AWS_62",
    "no-iam-creds-exposure": "CKV_AWS_287",
    "no-iam-data-exfiltration": "CKV_AWS_288",
    "no-iam-priv-esc-funcs": "CKV_AWS_286",
    "no-iam-priv-esc-other-users": "CKV_AWS_286",
    "no-iam-priv-esc-roles": "CKV_AWS_286",
    "no-iam-resource-exposure": "CKV_AWS_289",
    "no-iam-star-actions": "CKV_AWS_63",
    "appservice-authentication-enabled": "CKV_AZURE_13",
    "azure-appservice-auth": "CKV_AZURE_13",
    "appservice-require-client-cert": "CKV_AZURE_17",
    "azure-appservice-client-certificate": "CKV_AZURE_17",
    "gcp-compute-public-ip": "CKV_GCP_40",
    "gcp-gke-private-cluster-config": "CKV_GCP_25",
    "gcp-gke-kubernetes-rbac-google-groups": "CKV_GCP_65",
    "gcp-sqlserver-no-public-ip": "CKV_GCP_60",
    "gcp-run-private-service-iam-binding": "CKV_GCP_102",
    "gcp-run-private-service-iam-member": "CKV_GCP_102",
    "gcp-storage-bucket-not-public-iam-binding": "CKV_GCP_28",
    "gcp-storage-bucket-not-public-iam-member": "CKV_GCP_28",
}
SAME = {
    **{rule: f"CKV_AWS_{number}" for rule, number in _AWS.items()},
    **{rule: f"CKV_AZURE_{number}" for rule, number in _AZURE.items()},
    **{rule: f"CKV_GCP_{number}" for rule, number in _GCP.items()},
}
_EXPLAIN = """Semgrep's rules of Terraform ask for the same states of a resource as Checkov's: encryption with a key of
one's own, nothing open to the world, logs that are kept, TLS of today.

What each of them means, and the ways to get there, is said by the fixer of that weakness; here it is only asked in the
other scanner's words, and Semgrep is asked again whether its rule still fires."""


def answers(target: Target, same: Mapping[str, str]) -> Iterator[Candidate]:
    """The candidates of the fixers that know Checkov's rule of the same meaning, under their own names.

    Raises:
        NoFix: none has any; the reason is that of the last that says one.
    """
    rule = same[target.finding.rule_name]
    finding = msgspec.structs.replace(target.finding, tool="checkov", rule=rule)
    asked = msgspec.structs.replace(target, finding=finding)
    reasons, made = list[NoFix](), 0
    for one in _knowing(rule):
        try:
            for candidate in one.propose(asked):
                made += 1
                yield msgspec.structs.replace(candidate, fixer=one.name)
        except NoFix as reason:
            reasons.append(reason)
    if not made and reasons:
        raise next((each for each in reversed(reasons) if not isinstance(each, NotHere)), reasons[-1])


def _knowing(rule: str) -> list[Fixer]:
    return [one for one in FIXERS if one.name.startswith("terraform-") and rule in one.rules.get("checkov", ())]


def _registered(name: str, same: Mapping[str, str], *, for_a_person: bool) -> Callable[[Target], Iterator[Candidate]]:
    def propose(target: Target) -> Iterator[Candidate]:
        """What the fixers of Checkov's rule say."""
        return answers(target, same)

    made: Callable[[Target], Iterator[Candidate]] = fixer(
        name=name,
        weakness="a resource of Terraform in a state that is not sound",
        rules={"semgrep": list(same)},
        explain=_EXPLAIN,
        for_a_person=for_a_person,
    )(propose)  # type: ignore[assignment]
    return made


propose_same = _registered("semgrep-terraform", SAME, for_a_person=False)
propose_to_a_person = _registered("semgrep-terraform-for-a-person", _FOR_A_PERSON, for_a_person=True)
