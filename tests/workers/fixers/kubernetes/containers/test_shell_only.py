"""Containers that only run a few commands."""

import json

import pytest

from workers.fixers.kubernetes.containers.own_build import shell, takes_little, to_tmp
from workers.fixers.kubernetes.containers.shell_only import shell_only
from workers.source import yamldoc


def _node(image, command=(), args=(), more=""):
    lists = f"command: {json.dumps(list(command))}\nargs: {json.dumps(list(args))}\n"
    return yamldoc.parse(f"image: {image}\n{lists}{more}".encode(), "a.yaml").roots[0]


HEALTHY = "touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600"


@pytest.mark.parametrize(
    ("node", "ends", "harmless"),
    [
        (_node("registry.k8s.io/busybox:1.27", args=["/bin/sh", "-c", HEALTHY]), True, True),
        (_node("busybox", ["sh", "-c", "echo hi > /tmp/a/b && cat /tmp/a/b"]), True, True),
        (_node("busybox", ["sh", "-c", "date >> /data/out"]), True, False),
        (_node("busybox", ["sh", "-c", "touch /tmp/../etc/x"]), True, False),
        (_node("busybox", ["sh", "-c", HEALTHY], more="volumeMounts: [{name: a, mountPath: /tmp}]\n"), True, False),
        (_node("example.org/shop/busybox", args=["sh", "-c", "sleep 1"]), False, False),
        (_node("curlimages/curl", ["sleep", "3600"]), True, True),
        (_node("nginx", ["/bin/sh", "-c", "--", "while /bin/true; do date; sleep 1; done"]), True, True),
        (_node("nginx", args=["sleep", "3600"]), False, False),
        (_node("nginx", ["sh", "-c", "nginx -g 'daemon off;'"]), False, False),
        (_node("perl:5.34", ["perl", "-Mbignum=bpi", "-wle", "print bpi(2000)"]), True, True),
        (_node("perl", ["perl", "-e", "open(F, '>a')"]), False, False),
        (_node("python:3", ["python", "-c", "import time; print('a'); time.sleep(30)"]), True, True),
        (_node("python:3", ["python3", "-c", "import os; os.remove('/a')"]), False, False),
        (_node("python:3", ["python", "-m", "http.server"]), False, False),
        (_node("node", ["node", "-e", "require('http').createServer().listen(80)"]), False, False),
        (_node("node", ["node", "app.js"]), False, False),
    ],
)
def test_what_runs_for_its_own_sake(node, ends, harmless):
    assert shell_only(node) is ends
    assert shell(node) is harmless


def test_temporary_files_take_a_place_and_programs_take_memory():
    assert to_tmp(_node("busybox", ["sh", "-c", HEALTHY]))
    assert not to_tmp(_node("busybox", ["sh", "-c", "sleep 1"]))
    assert takes_little(_node("busybox", ["sh", "-c", HEALTHY]))
    assert not takes_little(_node("perl", ["perl", "-wle", "print 1"]))
