"""Which images have a pip that a set PIP_NO_CACHE_DIR ends."""

import pytest

from workers.fixers.docker.bases.images import base_named
from workers.fixers.docker.bases.old_pip import old_pip


@pytest.mark.parametrize(
    "image",
    ["ubuntu:18.04", "ubuntu:bionic-20200921", "nvidia/cuda:10.2-base-ubuntu18.04", "debian:buster-slim", "debian:10",
     "centos:7", "registry.access.redhat.com/ubi8/ubi:8.9", "almalinux:8", "amazonlinux:2", "alpine:3.9", "node:12",
     "node:16-buster", "python:3.6.4-slim", "python:3.7.2"],
)  # fmt: skip
def test_old(image):
    assert old_pip(base_named(image))


@pytest.mark.parametrize(
    "image",
    ["ubuntu:20.04", "ubuntu", "debian:12", "debian:bookworm-slim", "centos:stream9", "amazonlinux:2023", "alpine:3.10",
     "alpine:3.19", "node:20", "node:18-slim", "python:3.6", "python:2.7-stretch", "python:3.6.15", "python:3.12.1",
     "registry.access.redhat.com/ubi9/ubi:9.4", "python:3.7.3-buster"],
)  # fmt: skip
def test_new_enough(image):
    assert not old_pip(base_named(image))
