"""Images that other Dockerfiles of the repository are built on, by the files that build them."""

import pytest

from daemon.domain.edits import apply_edits
from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.docker.bases.built_images import builder_of, documented_builder
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree

MAKEFILE = "build:\n\tdocker build -t acme/tool-base:$(branch) ./base\n\tdocker build --tag=acme/web web/\n"
COMPOSE = "services:\n  base:\n    image: acme/tool-base:1\n    build: {context: ., dockerfile: base/Dockerfile}\n"
WORKFLOW = """jobs:
  push:
    steps:
    - uses: docker/build-push-action@v6
      with:
        context: base
        tags: |
          acme/tool-base:latest
          acme/tool-base:1
"""


def _tree(files):
    return MemoryTree({name: text.encode() for name, text in files.items()})


def _propose(rule, files, path="web/Dockerfile", line=1):
    tree = _tree(files)
    place = Location(path=path, region=Region(start_line=line))
    tool = "checkov" if rule.startswith("CKV") else "hadolint"
    finding = Finding(tool=tool, rule=rule, message="", severity=Severity.LOW, locations=(place,))
    proposal = propose(Target(finding=finding, tree=tree))
    return {one.approach: apply_edits(tree.read(path), one.edits).decode() for one in proposal.candidates}, proposal


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Makefile", MAKEFILE),
        ("hack/build.sh", "docker buildx build --push \\\n  -f ../base/Dockerfile -t 'acme/tool-base:1' ../base\n"),
        ("docker-compose.yml", COMPOSE),
        (".github/workflows/push.yml", WORKFLOW),
    ],
)
def test_what_builds_an_image_says_from_which_dockerfile(name, text):
    files = {name: text, "base/Dockerfile": "FROM debian:12\n", "web/Dockerfile": "FROM acme/tool-base:1\n"}
    assert builder_of(_tree(files), "acme/tool-base") == "base/Dockerfile"
    assert builder_of(_tree(files), "acme/tool") is None
    assert builder_of(_tree({name: text}), "acme/tool-base") is None, "the Dockerfile is not there"


@pytest.mark.parametrize(
    ("step", "found"),
    [
        ("working-directory: base\n      run: docker build -t acme/tool-base:${{ github.sha }} .", True),
        ("run: docker build -t acme/tool-base:1 base", True),
        ("run: docker build -t acme/tool-base:1 .", False),
        ("working-directory: ${{ matrix.folder }}\n      run: docker build -t acme/tool-base:1 base", False),
        ("run: cd web && docker build -t acme/tool-base:1 base", False),
    ],
)
def test_a_step_builds_in_the_folder_that_it_names(step, found):
    files = {
        ".github/workflows/ci.yml": f"jobs:\n  a:\n    steps:\n    - {step}\n",
        "base/Dockerfile": "FROM debian:12\n",
    }
    assert builder_of(_tree(files), "acme/tool-base") == ("base/Dockerfile" if found else None)


@pytest.mark.parametrize(
    ("call", "image", "found"),
    [
        ("podman build -t acme/tool-base base", "acme/tool-base", True),
        ("buildah bud --tag acme/tool-base base", "acme/tool-base", True),
        ("gcloud builds submit --tag gcr.io/$PROJECT/tool-base base", "gcr.io/acme/tool-base", True),
        ("gcloud builds submit --config base/cloudbuild.yaml", "gcr.io/acme/tool-base", False),
        ("az acr build -r acme -t tool-base:1 base", "acme.azurecr.io/tool-base", True),
        ("az acr build --registry acme --image tool-base:1 ./base", "acme.azurecr.io/tool-base", True),
        ("az acr build -r acme -t tool-base:1 base", "acme.azurecr.io/other", False),
    ],
)
def test_other_builders_say_it_too(call, image, found):
    files = {"build.sh": f"{call}\n", "base/Dockerfile": "FROM debian:12\n"}
    assert builder_of(_tree(files), image) == ("base/Dockerfile" if found else None)


def test_a_name_that_two_dockerfiles_have_is_nobodys():
    files = {"Makefile": MAKEFILE + "\tdocker build -t acme/tool-base other\n", "base/Dockerfile": "FROM debian:12\n"}
    assert builder_of(_tree(files), "acme/tool-base") == "base/Dockerfile"
    files["other/Dockerfile"] = "FROM debian:12\n"
    assert builder_of(_tree(files), "acme/tool-base") is None


def test_the_entry_point_below_needs_root_for_the_image_above():
    files = {
        "Makefile": MAKEFILE,
        "base/Dockerfile": 'FROM debian:12\nCOPY start.sh tool /\nENTRYPOINT ["/start.sh"]\n',
        "base/start.sh": "#!/bin/sh\necho 1 >/etc/tool.conf\nexec $@\n",
        "web/Dockerfile": 'FROM acme/tool-base:1\nCMD ["run"]\n',
    }
    made, proposal = _propose("CKV_DOCKER_3", files)
    assert made == {}
    assert "base/start.sh does what only root can" in proposal.reason
    files["base/start.sh"] = "#!/bin/sh\nexec $@\n"
    made, _ = _propose("CKV_DOCKER_3", files)
    assert "useradd" in made["own-user"], "the distribution is that of the image below"
    files["base/start.sh"] = "#!/bin/sh\nchown app /data\nexec $@\n"
    files["web/Dockerfile"] = 'FROM acme/tool-base:1\nENTRYPOINT ["run"]\n'
    assert "own-user" in _propose("CKV_DOCKER_3", files)[0], "another entry point takes its place"


def test_an_image_that_others_are_built_on_has_no_health_of_its_own():
    files = {
        "Makefile": MAKEFILE,
        "base/Dockerfile": 'FROM debian:12\nENTRYPOINT ["/start.sh"]\n',
        "web/Dockerfile": 'FROM acme/tool-base:1\nCMD ["run"]\n',
    }
    _, proposal = _propose("CKV_DOCKER_2", files, path="base/Dockerfile")
    assert proposal.harmless
    assert "web/Dockerfile is built on the image of base/Dockerfile" in proposal.reason
    del files["Makefile"]
    assert not _propose("CKV_DOCKER_2", files, path="base/Dockerfile")[1].harmless


def test_the_shell_is_that_of_the_distribution_below():
    files = {
        "Makefile": MAKEFILE,
        "base/Dockerfile": "FROM alpine:3.20\n",
        "web/Dockerfile": "FROM acme/tool-base:1\nRUN fetch | tar x\n",
    }
    assert "/bin/ash" in _propose("DL4006", files, line=2)[0]["shell-for-stage"]


def test_a_check_below_is_inherited_with_what_it_asks():
    files = {
        "Makefile": MAKEFILE,
        "base/Dockerfile": 'FROM debian:12\nEXPOSE 80\nHEALTHCHECK CMD ["check"]\nCMD ["serve"]\n',
        "web/Dockerfile": "FROM acme/tool-base:1\nCOPY page /srv/\n",
    }
    _, proposal = _propose("CKV_DOCKER_2", files)
    assert proposal.harmless
    assert "inherits the HEALTHCHECK of base/Dockerfile" in proposal.reason
    files["web/Dockerfile"] += 'CMD ["other"]\n'
    assert not _propose("CKV_DOCKER_2", files)[1].harmless


METADATA = """jobs:
  push:
    steps:
    - id: meta
      uses: docker/metadata-action@v5
      with:
        images: |
          name=acme/tool-base
    - uses: docker/build-push-action@v6
      with: {context: base, tags: "${{ steps.meta.outputs.tags }}"}
"""
MATRIX = """env: {REGISTRY: quay.io}
jobs:
  push:
    strategy:
      matrix:
        include:
        - {name: tool-base, folder: base}
        - {name: web, folder: web}
    steps:
    - uses: docker/build-push-action@v6
      with:
        context: ${{ matrix.folder }}
        tags: ${{ env.REGISTRY }}/acme/${{ matrix.name }}:${{ github.sha }}
"""
CALLED = """jobs:
  push:
    uses: acme/.github/.github/workflows/reusable-docker-build.yaml@main
    with:
      image-names: |
        quay.io/acme/tool-base
        acme/tool-base
      context: base
"""
ACCOUNT = 'jobs: {a: {steps: [{run: "docker build -t ${{ secrets.ACCOUNT }}/tool-base:1 base"}]}}\n'


@pytest.mark.parametrize(
    ("text", "image", "found"),
    [
        (METADATA, "acme/tool-base", "base/Dockerfile"),
        (METADATA, "acme/other", None),
        (MATRIX, "quay.io/acme/tool-base", "base/Dockerfile"),
        (MATRIX, "quay.io/acme/web", "web/Dockerfile"),
        (MATRIX, "acme/web", None),
        (CALLED, "acme/tool-base", "base/Dockerfile"),
        (CALLED.replace("context: base", "dockerfile: base/Dockerfile"), "acme/tool-base", "base/Dockerfile"),
        (CALLED.replace("context: base", "context: base\n      file: Dockerfile"), "acme/tool-base", "base/Dockerfile"),
        (CALLED.replace("context: base", "environment: base"), "acme/tool-base", None),
        (CALLED.replace("docker-build", "tests"), "acme/tool-base", None),
        (ACCOUNT, "acme/tool-base", "base/Dockerfile"),
        (ACCOUNT, "tool-base", None),
        (ACCOUNT.replace("tool-base", "redis"), "bitnami/redis", None),
        (ACCOUNT.replace("tool-base", "${{ github.job }}"), "acme/tool-base", None),
    ],
)
def test_a_workflow_says_what_it_builds_by_actions_variables_and_called_workflows(text, image, found):
    files = {".github/workflows/ci.yml": text, "base/Dockerfile": "FROM debian:12\n", "web/Dockerfile": "FROM x\n"}
    assert builder_of(_tree(files), image) == found


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("README.md", "```\ncd base\ndocker build -t acme/tool-base:1 .\n```\n", "base/Dockerfile"),
        ("docs/steps.adoc", "cd base\n\n----\ndocker build -t acme/tool-base:1 .\n----\n", "base/Dockerfile"),
        ("docs/steps.md", "$ cd ../base && docker build -t acme/tool-base:1 .\n", "base/Dockerfile"),
        ("README.md", "`docker build -t acme/tool-base:1 ./base`\n", "base/Dockerfile"),
        (
            "README.md",
            "cd web; docker build -t acme/web .\ncd ../base\ndocker build -t tool-base .\n",
            "base/Dockerfile",
        ),
        ("README.md", "cd other\ndocker build -t acme/tool-base .\n", None),
        ("notes.txt", "docker build -t acme/tool-base base\n", None),
    ],
)
def test_a_text_says_where_its_reader_builds(name, text, found):
    files = {name: text, "base/Dockerfile": "FROM debian:12\n", "web/Dockerfile": "FROM x\n"}
    assert documented_builder(_tree(files), "acme/tool-base") == found
