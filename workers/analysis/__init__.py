"""Analysis: findings with their code → impact, remediation, prevention."""
