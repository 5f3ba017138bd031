"""Programs that talk to Docker: its socket belongs to root, or to a group of each host's own."""

from __future__ import annotations

import re

from workers.fixers.docker.written import LEFT_OUT, context_of
from workers.fixers.registry import NoFix
from workers.source.dockerfile import Dockerfile
from workers.source.tree import SourceTree, text_of

_CLIENT = re.compile(
    r"\bdocker\.from_env\(|\bdocker\.(?:Docker|API)Client\(|\baiodocker\.Docker\(|docker/docker/client\"|[\"']dockerode[\"']|"
    r"unix:/{1,3}var/run/docker\.sock|\bDockerClientBuilder\b|\bDocker\.DotNet\b|\bbollard::"
)
_SOURCES = (".py", ".js", ".ts", ".go", ".java", ".kt", ".cs", ".rb", ".rs", ".php", ".sh")
_MAX_FILES, _MAX_BYTES = 800, 256 * 1024


def refuse_docker_client(tree: SourceTree, file: Dockerfile) -> None:
    """Say which of the program's sources asks Docker.

    Raises:
        NoFix: one does.
    """
    folder = context_of(tree, file)
    paths = [each for each in tree.paths() if each.startswith(folder) and each.endswith(_SOURCES)]
    for path in [each for each in paths if not LEFT_OUT.search(each[len(folder) :])][:_MAX_FILES]:
        text = text_of(tree, path)
        if len(text) <= _MAX_BYTES and (found := _CLIENT.search(text)):
            line = text.count("\n", 0, found.start()) + 1
            message = (
                f"{path}:{line} talks to Docker (`{found[0]}`), by a socket that belongs to root, or to a group of the "
                "host's own number"
            )
            raise NoFix(message)
