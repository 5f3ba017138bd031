"""What a manifest has a container do beside its image's own entry point."""

import pytest

from workers.fixers.kubernetes.manifests.given import acts, told_to_write
from workers.source import yamldoc


def _container(text: str) -> yamldoc.Node:
    return yamldoc.parse(f"name: a\n{text}".encode()).root


@pytest.mark.parametrize(
    "text",
    [
        "command: [sh, -c, 'cp /a /etc/b && exec nginx']",
        "command: [/bin/bash]\nargs: [-ec, 'mkdir /x']",
        "args: [sh, -c, 'echo 1 > /etc/x']",
        "command: [/scripts/start.sh]",
        "command: [sh, /scripts/start]",
        "lifecycle: {postStart: {exec: {command: [sh, -c, 'apt-get update']}}}",
    ],
)
def test_a_script_that_changes_files_may_do_anything(text: str) -> None:
    assert acts(_container(text))


@pytest.mark.parametrize(
    "text",
    [
        "command: [nginx, -g, 'daemon off;']",
        "command: [docker-entrypoint.sh, mysqld]",
        "command: [sh, -c, 'exec redis-server --requirepass $P 2>&1 >/dev/null']",
        "lifecycle: {preStop: {exec: {command: [sh, -c, sleep 5]}}}",
        "env: [{name: A, value: b}]",
    ],
)
def test_a_program_and_a_script_that_only_starts_one_do_not(text: str) -> None:
    assert not acts(_container(text))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("args: [--log-file=/var/log/a.log]", "/var/log/a.log"),
        ("env: [{name: U, value: /srv/uploads}]", "/srv/uploads"),
        ("env: [{name: D, value: 'sqlite:////app/a.db'}]", "sqlite:////app/a.db"),
        ("args: [--data=/data/a]\nvolumeMounts: [{name: d, mountPath: /data/}]", ""),
        ("args: [--config=/etc/a.yaml, --path=/api/v1]", ""),
        ("args: [--cache=/tmp/cache]", ""),
    ],
)
def test_a_place_that_sounds_like_what_is_written_counts_outside_of_volumes(text: str, told: str) -> None:
    assert told_to_write(_container(text)) == told
