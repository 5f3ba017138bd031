"""Folders that a container writes to become the user's, or keep the container root's."""

import pytest

from workers.fixers.docker.bases.images import base_of
from workers.fixers.docker.users.written import written
from workers.fixers.docker.users.written_folders import written_folders
from workers.fixers.registry import NoFix
from workers.source.dockerfile import parse
from workers.source.tree import MemoryTree


def _written(dockerfile, files=(), path="Dockerfile"):
    tree = MemoryTree({path: dockerfile.encode(), **{name: text.encode() for name, text in dict(files).items()}})
    file = parse(tree.read(path), path)
    return written_folders(tree, file, file.stages[-1], base_of(file, file.stages[-1]))


def _service(*volumes):
    lines = "".join(f"      - {one}\n" for one in volumes)
    return {
        "compose.yaml": f"services:\n  web:\n    build: .\n    volumes:\n{lines}",
        "src/app.py": "",
        "conf/a.cfg": "",
    }


@pytest.mark.parametrize(
    ("steps", "written"),
    [
        ("COPY tool /usr/bin/tool\nENV DATA=/data\nWORKDIR ${DATA}\n", ["."]),
        ("COPY tool /usr/bin/tool\nWORKDIR /data\n", ["."]),
        ("WORKDIR /app\nCOPY . .\n", []),
        ("WORKDIR /data\nRUN fetch -o /app\nENV APP_HOME=/data\n", ["."]),
        ("WORKDIR /app\nCOPY tool /app/tool\n", []),
        ("RUN fetch -o /app\nWORKDIR /app\n", []),
        ("WORKDIR /app\nRUN fetch\n", []),
        ("WORKDIR /\n", []),
        ("VOLUME /data\nWORKDIR /data\n", []),
    ],
)
def test_a_working_directory_that_nothing_is_put_into_is_there_to_be_written(steps, written):
    assert _written(f'FROM alpine:3.20\n{steps}ENTRYPOINT ["/usr/bin/tool"]\n') == written


def test_an_image_without_a_shell_keeps_root_where_its_program_writes():
    with pytest.raises(NoFix, match=r"/data is root's and its program writes there"):
        _written('FROM scratch\nCOPY tool /\nWORKDIR /data\nENTRYPOINT ["/tool"]\n')


@pytest.mark.parametrize(
    ("volume", "written"),
    [
        ("uploads:/app/uploads", ["/app/uploads"]),
        ("uploads:/made", ["/made"]),
        ("uploads:/given", []),
        ("uploads:/app/uploads:ro", []),
        ("./conf:/app/conf", []),
        (".:/app", []),
        ("/etc/localtime:/etc/localtime", []),
        ("./conf/a.cfg:/etc/a.cfg", []),
        ("{type: volume, source: uploads, target: /app/uploads}", ["/app/uploads"]),
    ],
)
def test_a_named_volume_of_compose_becomes_the_users(volume, written):
    steps = "RUN mkdir /given && chown www-data /given\n"
    dockerfile = f'FROM python:3.13\nWORKDIR /app\nCOPY . .\n{steps}CMD ["python", "src/app.py"]\n'
    assert _written(dockerfile, _service(volume)) == written


@pytest.mark.parametrize("volume", ["./data:/app/data", "/srv/data:/data", "${HOME}/.aws:/aws", "~/x:/x"])
def test_a_folder_of_the_host_that_a_container_fills_is_the_hosts(volume):
    with pytest.raises(NoFix, match=r"compose\.yaml mounts"):
        _written('FROM python:3.13\nCOPY . .\nCMD ["python", "src/app.py"]\n', _service(volume))


def test_an_image_that_brings_nothing_works_on_what_the_host_mounts():
    with pytest.raises(NoFix, match=r"mounts \. of the host at /app"):
        _written("FROM php:8.3-fpm\nWORKDIR /app\n", _service(".:/app"))


@pytest.mark.parametrize(
    ("pod", "kept"),
    [
        ("", True),
        ("      securityContext: {fsGroup: 10001}\n", False),
        ("      securityContext: {runAsUser: 0}\n", False),
    ],
)
def test_a_lasting_volume_of_a_pod_needs_a_group(pod, kept):
    manifest = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n" + pod + ""
        "      containers:\n        - name: web\n          image: registry.example.org/web:1\n          volumeMounts:\n"
        "            - {name: data, mountPath: /data}\n      volumes:\n        - name: data\n"
        "          persistentVolumeClaim: {claimName: data}\n"
    )
    dockerfile = 'FROM python:3.13\nCOPY . .\nCMD ["python", "app.py"]\n'
    if not kept:
        assert _written(dockerfile, {"k8s/web.yaml": manifest}, "web/Dockerfile") == []
        return
    with pytest.raises(NoFix, match=r"Deployment web of k8s/web\.yaml mounts a volume that lasts at /data"):
        _written(dockerfile, {"k8s/web.yaml": manifest}, "web/Dockerfile")


@pytest.mark.parametrize(("target", "written"), [("all", []), ("last", ["/data"]), ("${WHICH}", ["/data"])])
def test_a_service_of_another_stage_mounts_nothing_into_the_last(target, written):
    dockerfile = (
        'FROM python:3.13 AS all\nCMD ["a"]\nFROM python:3.13 AS last\nCOPY . .\nCMD ["python", "src/app.py"]\n'
    )
    build = f"{{context: ., target: '{target}'}}"
    compose = f"services:\n  web:\n    build: {build}\n    volumes: ['kept:/data']\n"
    assert _written(dockerfile, {"compose.yaml": compose, "src/app.py": ""}) == written


def test_a_package_called_example_is_a_program():
    """As Spring's own generator names them; a folder of examples is none."""
    text = b'FROM eclipse-temurin:21\nCOPY target/app.jar /app.jar\nCMD ["java", "-jar", "/app.jar"]\n'
    writes = b'class A { void b() { new FileWriter("orders.csv"); } }\n'
    for path, found in (("src/main/java/com/example/shop/A.java", True), ("examples/src/main/java/shop/A.java", False)):
        tree = MemoryTree({"Dockerfile": text, "pom.xml": b"", path: writes})
        file = parse(text, "Dockerfile")
        assert (written(tree, file, file.stages[-1], base_of(file, file.stages[-1])) is not None) is found
