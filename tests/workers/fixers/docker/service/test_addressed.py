"""Ports that a service's neighbours name."""

import pytest

from workers.fixers.docker.service.addressed import addressed_port
from workers.source.tree import MemoryTree

COMPOSE = "services:\n  api:\n    build: api\n  web:\n    image: api:8443\n"


@pytest.mark.parametrize(
    ("files", "port"),
    [
        ({"Caddyfile": "example.org {\n  reverse_proxy api:8080\n}\n"}, 8080),
        ({"nginx.conf": "location / { proxy_pass http://api:8080/; }\n"}, 8080),
        ({"web/.env": "API_URL=http://api:8080\n"}, 8080),
        ({"web/app.py": 'API_HOST = "api:8080"\n'}, 8080),
        ({"web/a.json": '{"target": "http://api:8080"}\n', "web/b.conf": "server api:9090;\n"}, None),
        ({"web/app.py": 'url = "http://other-api:8080"\n'}, None),
        ({}, None),
    ],
)
def test_the_one_port_that_neighbours_ask_is_the_services(files, port):
    everything = {"compose.yaml": COMPOSE, "api/Dockerfile": "FROM scratch\n", **files}
    tree = MemoryTree({name: text.encode() for name, text in everything.items()})
    assert addressed_port(tree, "api/Dockerfile") == port
