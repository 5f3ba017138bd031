"""What a health check asks of a program whose dependencies say that it speaks gRPC."""

import pytest

from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree


@pytest.mark.parametrize(
    ("requirements", "http"),
    [("grpcio==1.60.0\n", False), ("grpcio==1.60.0\nFlask==3.0\n", True), ("requests==2.0\n", True), ("", True)],
)
def test_a_grpc_server_is_asked_for_its_port_alone(requirements, http):
    files = {
        "mail/Dockerfile": b'FROM python:3.12\nEXPOSE 8080\nCMD ["python", "m.py"]\n',
        "mail/requirements.txt": requirements.encode(),
    }
    finding = Finding(
        tool="checkov",
        rule="CKV_DOCKER_2",
        message="",
        severity=Severity.LOW,
        locations=(Location(path="mail/Dockerfile", region=Region(start_line=1, end_line=3)),),
    )
    approaches = {one.approach for one in propose(Target(finding=finding, tree=MemoryTree(files))).candidates}
    assert "port-python" in approaches
    assert any(one.startswith("http-") for one in approaches) is http
