"""What other files of the repository say about a Dockerfile."""

import pytest

from daemon.domain.edits import apply_edits
from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree


def _proposal(tool, rule, files, line=1, path="web/Dockerfile"):
    finding = Finding(
        tool=tool,
        rule=rule,
        message="",
        severity=Severity.LOW,
        locations=(Location(path=path, region=Region(start_line=line)),),
    )
    return propose(Target(finding=finding, tree=MemoryTree({name: text.encode() for name, text in files.items()})))


def _propose(tool, rule, files, line=1, path="web/Dockerfile"):
    proposal = _proposal(tool, rule, files, line, path)
    made = {
        each.approach: apply_edits(files[path].encode(), [edit for edit in each.edits if edit.path == path]).decode()
        for each in proposal.candidates
    }
    return made, proposal.reason or ""


@pytest.mark.parametrize("line", ['exec gosu app "$@"', "chown -R app /data", "exec cron -f -L 15", "su - app -c run"])
def test_an_entry_point_that_needs_root_keeps_it(line):
    files = {
        "web/Dockerfile": 'FROM debian:12\nCOPY app /\nENTRYPOINT ["/entrypoint.sh"]\n',
        "web/entrypoint.sh": f"#!/bin/sh\n{line}\n",
    }
    made, reason = _propose("checkov", "CKV_DOCKER_3", files)
    assert made == {}
    assert "does what only root can" in reason
    files["web/entrypoint.sh"] = "#!/bin/sh\n# chown nothing\nexec run\n"
    assert "own-user" in _propose("checkov", "CKV_DOCKER_3", files)[0]


def test_an_entry_point_copied_over_that_of_the_base_is_read():
    files = {
        "web/Dockerfile": "FROM postgres:17-bookworm\nCOPY docker-entrypoint.sh /docker-entrypoint.sh\n",
        "web/docker-entrypoint.sh": '#!/bin/sh\neval "gosu postgres initdb"\n',
    }
    made, reason = _propose("checkov", "CKV_DOCKER_3", files)
    assert not made
    assert "web/docker-entrypoint.sh does what only root can" in reason


def test_a_script_that_builds_when_the_container_starts_keeps_its_files_owner():
    files = {
        "packaging/Dockerfile": 'FROM debian:12\nADD . /src\nCMD ["/src/packaging/build.sh"]\n',
        "packaging/build.sh": "#!/bin/sh\ncd /src\ndpkg-buildpackage -us -uc -b\n",
    }
    made, reason = _propose("checkov", "CKV_DOCKER_3", files, path="packaging/Dockerfile")
    assert not made
    assert "packaging/build.sh builds when the container starts (`dpkg-buildpackage`)" in reason


def test_a_script_that_starts_a_web_server_keeps_the_user_that_this_starts_as():
    files = {
        "web/Dockerfile": 'FROM scratch\nCOPY run.sh /\nCMD ["/sbin/tini", "/run.sh"]\n',
        "web/run.sh": "#!/bin/sh\nspawn-fcgi -s /var/run/fcgi.sock -- /usr/bin/fcgiwrap\nexec nginx -g 'daemon off;'\n",
    }
    made, reason = _propose("checkov", "CKV_DOCKER_3", files)
    assert not made
    assert "web/run.sh starts `spawn-fcgi`" in reason


def test_an_entry_point_beside_the_context_of_a_file_in_a_folder_of_its_own_is_read():
    files = {
        "docker/Dockerfile": 'FROM debian:12\nCOPY . .\nCMD ["./bootstrap.sh"]\n',
        "bootstrap.sh": "chown -R www-data: data\nexec run\n",
    }
    made, reason = _propose("checkov", "CKV_DOCKER_3", files, path="docker/Dockerfile")
    assert not made
    assert "bootstrap.sh does what only root can" in reason


def test_a_container_action_stays_root():
    files = {"web/Dockerfile": 'FROM debian:12\nCMD ["x"]\n', "web/action.yml": "runs:\n  using: docker\n"}
    assert "GitHub runs it as an action (web/action.yml), as root" in _propose("checkov", "CKV_DOCKER_3", files)[1]


def test_a_port_that_a_compose_file_publishes_is_probed():
    files = {
        "web/Dockerfile": 'FROM python:3.12-slim\nCMD ["x"]\n',
        "compose.yaml": "services:\n  web:\n    build: ./web\n    ports: ['8080:7000']\n",
    }
    made, _ = _propose("checkov", "CKV_DOCKER_2", files)
    assert "7000" in made["port-python"]
    files["compose.yaml"] = files["compose.yaml"].replace("['8080:7000']", "['443:443', '8080:7000']")
    assert _propose("checkov", "CKV_DOCKER_2", files)[0] == made, "it may have no certificate yet"
    files["compose.yaml"] = files["compose.yaml"].replace("ports: ['443:443', '8080:7000']", "expose: [7000]")
    assert _propose("checkov", "CKV_DOCKER_2", files)[0] == made, "to its neighbours alone"
    files["compose.yaml"] = files["compose.yaml"].replace("./web", "./other")
    assert _propose("checkov", "CKV_DOCKER_2", files)[0] == {}


@pytest.mark.parametrize(
    ("listens", "port"),
    [("listen 80;\n  listen 443 ssl;", "80"), ("listen [::]:8081;", "8081"), ("listen ${WEB_PORT};", None)],
)
def test_a_web_servers_own_configuration_says_where_it_listens(listens, port):
    files = {
        "src/web/Dockerfile": "FROM nginx:1.29-alpine\nCOPY src/web/nginx.conf.template /etc/nginx/templates/\n",
        "src/web/nginx.conf.template": f"server {{\n  {listens}\n}}\n",
    }
    made, _ = _propose("checkov", "CKV_DOCKER_2", files, path="src/web/Dockerfile")
    assert bool(made) is (port is not None)
    assert all(f"127.0.0.1:{port}/" in text or f"127.0.0.1 {port}" in text or f'"{port}"' in text
               for approach, text in made.items() if approach.startswith(("http", "port")))  # fmt: skip


def test_a_port_that_the_builder_chooses_is_not_the_images_usual_one():
    files = {"web/Dockerfile": "FROM nginxinc/nginx-unprivileged:1.29-alpine\nEXPOSE ${WEB_PORT}\n"}
    assert _propose("checkov", "CKV_DOCKER_2", files)[0] == {}


@pytest.mark.parametrize(("kit", "asked"), [("Microsoft.NET.Sdk", False), ("Microsoft.NET.Sdk.Web", True)])
def test_a_dotnet_program_that_serves_no_web_listens_nowhere(kit, asked):
    files = {
        "web/Dockerfile": 'FROM mcr.microsoft.com/dotnet/aspnet:10.0\nENTRYPOINT ["dotnet", "Web.dll"]\n',
        "web/Web.csproj": f'<Project Sdk="{kit}"></Project>\n',
    }
    assert bool(_propose("checkov", "CKV_DOCKER_2", files)[0]) is asked


def test_a_compose_file_takes_its_variables_from_the_file_beside_it():
    files = {
        "src/web/Dockerfile": 'FROM python:3.12-slim\nCMD ["x"]\n',
        "compose.yaml": "services:\n  web:\n    build: {context: ./, dockerfile: '${WEB_DOCKERFILE}'}\n"
        "    ports: ['${WEB_PORT}']\n",
        ".env": "WEB=./src/web\nWEB_DOCKERFILE=${WEB}/Dockerfile\nexport WEB_PORT=7000 # as the proxy knows it\n",
    }
    made, _ = _propose("checkov", "CKV_DOCKER_2", files, path="src/web/Dockerfile")
    assert "7000" in made["port-python"]
    files["compose.yaml"] = files["compose.yaml"].replace("${WEB_PORT}", "${OTHER_PORT:-7001}")
    made, _ = _propose("checkov", "CKV_DOCKER_2", files, path="src/web/Dockerfile")
    assert "7001" in made["port-python"]
    files["compose.yaml"] = files["compose.yaml"].replace("${OTHER_PORT:-7001}", "${OTHER_PORT}")
    assert _propose("checkov", "CKV_DOCKER_2", files, path="src/web/Dockerfile")[0] == {}


def test_a_tag_comes_from_another_file_or_from_the_version_that_the_project_declares():
    files = {"web/Dockerfile": "FROM node\n", "api/Dockerfile": "FROM node:20.11\n", ".nvmrc": "v18.19.1\n"}
    made, _ = _propose("hadolint", "DL3006", files)
    assert made["tag-of-repository"] == "FROM node:20.11\n"
    assert made["declared-version"] == "FROM node:18.19.1\n"
    files["db/Dockerfile"] = "FROM node:22\n"
    assert "tag-of-repository" not in _propose("hadolint", "DL3006", files)[0], "two versions: neither is the one"


@pytest.mark.parametrize(
    ("path", "taken"), [("Dockerfile", False), ("examples/a/Dockerfile", True), ("docs/Dockerfile", False)]
)
def test_the_tag_of_an_example_is_the_example_s_own(path, taken):
    files = {path: "FROM node\n", "examples/compose.yml": "services:\n  a:\n    image: node:24.1\n"}
    assert ("tag-of-repository" in _propose("hadolint", "DL3006", files, path=path)[0]) is taken


def test_a_package_gets_the_version_of_a_lock_file_and_no_other():
    files = {
        "web/Dockerfile": "FROM python:3.12\nRUN pip install flask gunicorn\n",
        "requirements.txt": "Flask==3.0.1\ngunicorn==21.2.0\n",
    }
    assert _propose("hadolint", "DL3013", files, line=2)[0] == {
        "version-of-lock-file": "FROM python:3.12\nRUN pip install flask==3.0.1 gunicorn==21.2.0\n",
        "line-of-lock-file": "FROM python:3.12\nRUN pip install flask~=3.0.1 gunicorn~=21.2.0\n",
    }
    files["requirements.txt"] = "Flask==3.0.1+local\ngunicorn==21.2.0\n"
    assert list(_propose("hadolint", "DL3013", files, line=2)[0]) == ["version-of-lock-file"]
    files["requirements.txt"] = "Flask==3.0.1\n"
    made, _ = _propose("hadolint", "DL3013", files, line=2)
    assert made["below-next-major"] == 'FROM python:3.12\nRUN pip install flask==3.0.1 "gunicorn<28"\n'


def test_npm_takes_what_the_project_says_whatever_the_newest_release_is():
    files = {
        "web/Dockerfile": "FROM node:14\nRUN npm install -g pnpm lodash.merge\n",
        "web/package.json": '{"packageManager": "pnpm@6.35.1+sha256.abc"}',
        "web/yarn.lock": '# yarn lockfile v1\n\nlodash.merge@^4.6.0:\n  version "4.6.2"\n  resolved "x"\n',
    }
    assert _propose("hadolint", "DL3016", files, line=2)[0] == {
        "version-of-lock-file": "FROM node:14\nRUN npm install -g pnpm@6.35.1 lodash.merge@4.6.2\n",
        "line-of-lock-file": 'FROM node:14\nRUN npm install -g "pnpm@^6.35.1" "lodash.merge@^4.6.2"\n',
    }


def test_gem_and_go_take_what_the_project_locks():
    lock = "GEM\n  specs:\n    rake (13.2.1)\n      nothing (>= 1)\n\nBUNDLED WITH\n   2.5.10\n"
    files = {"web/Dockerfile": "FROM ruby:3.3\nRUN gem install bundler rake\n", "web/Gemfile.lock": lock}
    made, _ = _propose("hadolint", "DL3028", files, line=2)
    assert made["version-of-lock-file"] == "FROM ruby:3.3\nRUN gem install bundler:2.5.10 rake:13.2.1\n"
    assert made["line-of-lock-file"] == 'FROM ruby:3.3\nRUN gem install "bundler:~>2.5.10" "rake:~>13.2.1"\n'
    text = "FROM golang:1.23\nRUN go install example.org/tools/cmd/gen@latest\n"
    module = "module a.b/c\n\nrequire (\n\texample.org/tools v0.24.0 // indirect\n)\n"
    files = {"web/Dockerfile": text, "go.mod": module}
    made, _ = _propose("hadolint", "DL3062", files, line=2)
    assert made == {"version-of-lock-file": text.replace("latest", "v0.24.0")}
    files["go.mod"] = module.replace("/tools", "/toolset")
    assert _propose("hadolint", "DL3062", files, line=2)[0] == {}


@pytest.mark.parametrize("tag", ["20.11-slim", "20.11-alpine", "alpine", "lts"])
def test_another_variant_of_an_image_is_no_release_of_it(tag):
    files = {"web/Dockerfile": "FROM node\nRUN apt-get update\n", "api/Dockerfile": f"FROM node:{tag}\n"}
    assert "tag-of-repository" not in _propose("hadolint", "DL3006", files)[0]


def test_what_a_pattern_adds_is_looked_up_in_the_build_context():
    files = {"web/Dockerfile": "FROM ruby:3.3\nADD Gemfile* /srv/\n", "web/Gemfile": "", "web/Gemfile.lock": ""}
    assert "COPY Gemfile* /srv/" in _propose("hadolint", "DL3020", files, line=2)[0]["copy"]
    files["web/Gemfile.tgz"] = ""
    made, reason = _propose("hadolint", "DL3020", files, line=2)
    assert made == {}
    assert "may name an archive" in reason


@pytest.mark.parametrize(
    ("where", "known"),
    [
        ("web/requirements.txt", True),
        ("requirements.txt", True),
        ("requirements/base/requirements.txt", False),
        ("requirements/requirements-dev.txt", True),
        ("web/src/requirements.txt", True),
        ("mobile/requirements.txt", False),
        ("website/requirements.txt", False),
    ],
)
def test_a_version_comes_from_the_dockerfiles_own_project(where, known):
    files = {"web/Dockerfile": "FROM python:3.12\nRUN pip install flask\n", where: "Flask==3.0.3\n"}
    made, reason = _propose("hadolint", "DL3013", files, line=2)
    assert ("flask==3.0.3" in "".join(made.values())) is known, reason


def test_an_entry_point_is_read_under_the_name_that_it_has_in_the_repository():
    files = {
        "web/Dockerfile": 'FROM debian:12\nCOPY tools/start /entrypoint.sh\nENTRYPOINT ["/entrypoint.sh"]\n',
        "web/tools/start": "chown -R app /data\n",
    }
    made, reason = _propose("checkov", "CKV_DOCKER_3", files)
    assert not made
    assert "web/tools/start" in reason


@pytest.mark.parametrize(("image", "kept"), [("example/kubernetes-node", True), ("node:22", False), ("other", False)])
def test_an_image_that_others_of_the_repository_are_built_on_stays_roots(image, kept):
    files = {
        "kubernetes/node/Dockerfile": "FROM debian:12\nRUN useradd -u 1000 app\nCOPY . .\nRUN make\n",
        "kubernetes/kubelet/Dockerfile": f'FROM {image}\nENTRYPOINT ["/kubelet"]\n',
    }
    made, reason = _propose("checkov", "CKV_DOCKER_3", files, path="kubernetes/node/Dockerfile")
    assert bool(made) is not kept
    assert ("kubernetes/kubelet/Dockerfile is built on this image" in (reason or "")) is kept


def test_a_step_of_a_build_service_stays_root_and_has_no_health():
    files = {
        "tool/Dockerfile": 'FROM node:22\nCOPY . .\nENTRYPOINT ["tool"]\n',
        "tool/cloudbuild.yaml": "steps:\n- name: gcr.io/cloud-builders/docker\n- name: 'gcr.io/$P/tool'\n",
    }
    for rule, why in (("CKV_DOCKER_3", "USER breaks it"), ("CKV_DOCKER_2", "waits until it ends")):
        made, reason = _propose("checkov", rule, files, path="tool/Dockerfile")
        assert made == {}
        assert "Cloud Build runs it as a step (tool/cloudbuild.yaml)" in reason
        assert why in reason
    files["tool/cloudbuild.yaml"] = files["tool/cloudbuild.yaml"].replace("$P/tool'", "$P/other'")
    assert "user-of-base-image" in _propose("checkov", "CKV_DOCKER_3", files, path="tool/Dockerfile")[0]


@pytest.mark.parametrize(("tag", "near"), [("4.2.3", False), ("24", True), ("22.11", True)])
def test_a_tag_of_another_file_is_no_old_release(tag, near):
    files = {"web/Dockerfile": "FROM node\n", "api/Dockerfile": f"FROM node:{tag}\n"}
    assert ("tag-of-repository" in _propose("checkov", "CKV_DOCKER_7", files)[0]) is near


def test_the_image_that_a_file_starts_from_is_not_the_one_that_it_builds():
    image = "docker.elastic.co/elasticsearch/elasticsearch"
    files = {"elasticsearch/Dockerfile": f"FROM {image}:8.1.0\n", "setup/Dockerfile": f"FROM {image}:8.1.0\n"}
    assert _propose("checkov", "CKV_DOCKER_3", files, path="elasticsearch/Dockerfile")[0]


@pytest.mark.parametrize(
    ("default", "own"), [("$REGISTRY/$OWNER/base-notebook", True), ("quay.io/jupyter/base-notebook", False)]
)
def test_an_image_that_the_repository_builds_itself_takes_its_tag_from_the_build(default, own):
    web = f"ARG REGISTRY=quay.io\nARG OWNER=jupyter\nARG BASE_IMAGE={default}\nFROM $BASE_IMAGE\n"
    files = {"images/base-notebook/Dockerfile": "FROM debian:12\n", "web/Dockerfile": web}
    made, reason = _propose("checkov", "CKV_DOCKER_7", files, line=4)
    assert made == {}
    assert ("images/base-notebook/Dockerfile of this repository builds" in reason) is own


def test_a_server_that_becomes_another_user_by_its_settings_starts_as_root():
    files = {
        "web/Dockerfile": 'FROM python:3.12\nCOPY . .\nCMD ["uwsgi", "--ini", "web.ini"]\n',
        "web/web.ini": "[uwsgi]\nmaster = true\nuid = 1\n",
    }
    made, reason = _propose("checkov", "CKV_DOCKER_3", files)
    assert not made
    assert "by its settings in web/web.ini (`uid = 1`)" in reason
    files["web/web.ini"] = "[uwsgi]\nmaster = true\n"
    assert _propose("checkov", "CKV_DOCKER_3", files)[0]


@pytest.mark.parametrize(
    ("volumes", "reason"),
    [
        ("['./data:/data']", "compose.yaml mounts ./data of the host at /data"),
        ("['${DATA-./data}:/data:rw']", "compose.yaml mounts ./data of the host at /data"),
        ("[{type: bind, source: ./logs, target: /app/logs}]", "mounts ./logs of the host at /app/logs"),
        ("['/etc/letsencrypt:/etc/letsencrypt:ro']", "root alone may read the keys"),
        ("['/var/run/docker.sock:/var/run/docker.sock:ro']", "Docker's socket"),
        ("['./data:/data:ro', './conf.d:/etc/nginx/conf.d', './web.yml:/app/web.yml']", ""),
        ("['./data:/data']\n    user: '1000'", ""),
    ],
)
def test_whoever_owns_a_folder_of_the_host_decides_who_may_write_there(volumes, reason):
    files = {
        "web/Dockerfile": 'FROM python:3.12\nCOPY . .\nCMD ["serve"]\n',
        "compose.yaml": f"services:\n  web:\n    build: ${{FOLDER}}\n    volumes: {volumes}\n",
    }
    made, said = _propose("checkov", "CKV_DOCKER_3", files)
    assert bool(made) is (not reason)
    assert reason in said


def test_notes_beside_a_dockerfile_tell_what_is_mounted():
    note = "# docker run -d \\\n#  -v $HOME/Pictures:/pictures \\\n#  image\nFROM python:3.12\nCOPY . .\nCMD serve\n"
    assert "mounts $HOME/Pictures of the host" in _propose("checkov", "CKV_DOCKER_3", {"web/Dockerfile": note})[1]
    assert _propose("checkov", "CKV_DOCKER_3", {"web/Dockerfile": note.replace(" -d", " -u 1000")})[0]
    assert _propose("checkov", "CKV_DOCKER_3", {"web/Dockerfile": note.replace("  image", "  postgres:16")})[0]


def test_a_volume_of_compose_becomes_the_users():
    files = {
        "web/Dockerfile": 'FROM python:3.12\nCOPY . .\nUSER root\nCMD ["serve"]\n',
        "compose.yaml": "services:\n  web:\n    build: ./web\n    volumes: ['data:/data', '/tmp/x']\n",
    }
    made, _ = _propose("checkov", "CKV_DOCKER_3", files)
    assert "RUN mkdir -p /data && chown 10001:10001 /data\nUSER 10001:10001\n" in made["own-user"]
    assert "RUN mkdir -p /data && chown 10001:10001 /data\nUSER 10001:10001\n" in made["numeric-user"]
    files["web/Dockerfile"] = 'FROM gcr.io/distroless/static\nCOPY . .\nCMD ["/serve"]\n'
    made, reason = _propose("checkov", "CKV_DOCKER_3", files)
    assert not made
    assert "/data is root's and its program writes there" in reason


def test_a_database_keeps_the_volume_that_is_its_users():
    files = {
        "web/Dockerfile": "FROM postgres:16\nCOPY *.sql /docker-entrypoint-initdb.d/\n",
        "compose.yaml": "services:\n  web:\n    build: ./web\n    volumes: ['data:/var/lib/postgresql/data']\n",
    }
    assert all("chown" not in text for text in _propose("checkov", "CKV_DOCKER_3", files)[0].values())


def test_an_instruction_that_is_continued_by_nothing_swallows_none():
    files = {"web/Dockerfile": 'FROM python:3.12\nCMD ["app"]\nCOPY . .\nRUN pip list \\\n'}
    made, _ = _propose("checkov", "CKV_DOCKER_3", files)
    after = files["web/Dockerfile"].replace(" \\", "")
    assert made["numeric-user"] == f"{after}USER 10001:10001\nENV HOME=/tmp\n"


@pytest.mark.parametrize(
    ("name", "source", "said"),
    [
        ("app.py", 'import x\nf = open("a.log", "w")\n', "web/app.py:2"),
        ("db/models.py", 'URL = "sqlite:///site.db"\n', "web/db/models.py:1"),
        ("app.py", 'open("/tmp/a", "w"); open("b")\n', ""),
        ("store.py", "folder.mkdir(exist_ok=True)\n", "web/store.py:1"),
        ("tests/test_app.py", 'open("a.log", "w")\n', ""),
    ],
)
def test_a_program_that_writes_beside_its_code_gets_its_folder(name, source, said):
    files = {"web/Dockerfile": 'FROM python:3.12\nWORKDIR /app\nCOPY . .\nCMD ["python", "app.py"]\n'}
    made, _ = _propose("checkov", "CKV_DOCKER_3", {**files, f"web/{name}": source})
    given = "RUN chown -R 10001:10001 /app\nUSER 10001:10001\n"
    assert all((given in text) is bool(said) for text in made.values())
    assert made


def test_a_program_that_writes_where_no_step_can_give_it_the_folder_stays_roots():
    files = {
        "docker/Dockerfile": "FROM golang:1.26 AS build\nCOPY . .\nRUN go build -o /x\n"
        'FROM scratch\nCOPY --from=build /x /\nCMD ["/x"]\n',
        "config/config.go": '  Connection string `default:"data/x.db"`\n',
    }
    made, reason = _propose("checkov", "CKV_DOCKER_3", files, path="docker/Dockerfile")
    assert not made
    assert "config/config.go:1 writes data/x.db" in reason
    files["docker/Dockerfile"] = files["docker/Dockerfile"].replace("scratch\n", "debian:13\nWORKDIR /srv\n")
    made, _ = _propose("checkov", "CKV_DOCKER_3", files, path="docker/Dockerfile")
    assert all("chown -R 10001:10001 /srv" in text for text in made.values())
    files["docker/Dockerfile"] += "RUN chown -R 1000 /srv\n"
    made, _ = _propose("checkov", "CKV_DOCKER_3", files, path="docker/Dockerfile")
    assert made
    assert all("10001" not in text for text in made.values())


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ("privileged: true", "gives web `privileged`"),
        ("cap_add: [NET_ADMIN]", "gives web `cap_add`"),
        ("pid: host", "gives web `pid: host`"),
        ("command: sh -c 'npm install && npm start'", "starts web by `npm install`"),
        ("command: npm start", ""),
    ],
)
def test_what_only_root_can_use_keeps_the_container_roots(settings, reason):
    files = {
        "web/Dockerfile": "FROM node:22\nWORKDIR /app\nCOPY . .\n",
        "compose.yaml": f"services:\n  web:\n    build: ./web\n    {settings}\n",
    }
    made, said = _propose("checkov", "CKV_DOCKER_3", files)
    assert bool(made) is (not reason)
    assert reason in said


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        ("RUN apt-get install -y tool", "puts no program of this repository into the image"),
        ("COPY tool.conf entrypoint.sh /etc/", "puts no program of this repository into the image"),
        ("COPY . .\nRUN cabal install tool", "keeps what `cabal install` fetches in the home of root"),
        ("COPY . .\nENV CARGO_HOME=/opt\nRUN curl https://sh.rustup.rs | sh", ""),
        ("RUN apt-get install -y tool && useradd -m -u 1234 tool", ""),
    ],
)
def test_a_program_of_somebody_else_keeps_its_user(step, reason):
    made, said = _propose("checkov", "CKV_DOCKER_3", {"web/Dockerfile": f'FROM debian:12\n{step}\nCMD ["tool"]\n'})
    assert bool(made) is (not reason)
    assert reason in said


def test_a_screen_of_the_host_is_its_users():
    note = "# docker run -v /tmp/.X11-unix:/tmp/.X11-unix tool\nFROM debian:12\nCOPY . .\n"
    assert "with `.X11-unix`" in _propose("checkov", "CKV_DOCKER_3", {"web/Dockerfile": note + 'CMD ["tool"]\n'})[1]


def test_a_secret_that_a_script_relies_on_stays():
    files = {
        "web/Dockerfile": "FROM debian:12\nENV CERT_PASSWORD=abc123def\nCOPY run.sh /\n",
        "web/run.sh": "openssl pkcs12 -passout pass:$CERT_PASSWORD\n",
    }
    made, reason = _propose("hadolint", "DL3064", files, line=2)
    assert not made
    assert "web/run.sh relies on the value of CERT_PASSWORD" in reason
    files["web/run.sh"] = "openssl pkcs12 -passout pass:${CERT_PASSWORD:?}\n"
    assert _propose("hadolint", "DL3064", files, line=2)[0]


@pytest.mark.parametrize(
    ("web", "worker"),
    [
        ("build: ./web", "build: ./web"),
        ("build: ./web\n    image: shop:local", "image: shop:local"),
        ("build: ./web\n    image: shop:local", "image: shop:${RELEASE}\n    entrypoint: /work"),
    ],
    ids=["built again", "by its name", "by another tag and entry point"],
)
def test_a_worker_of_the_same_image_does_not_inherit_the_servers_check(web, worker):
    files = {
        "web/Dockerfile": 'FROM python:3.12\nEXPOSE 8000\nCMD ["serve"]\n',
        "compose.yaml": f"services:\n  web:\n    {web}\n    ports: ['8000:8000']\n"
        f"  worker:\n    {worker}\n    command: work\n",
    }
    off = "    command: work\n    healthcheck:\n      disable: true\n"
    found = _proposal("checkov", "CKV_DOCKER_2", files)
    assert found.candidates
    for one in found.candidates:
        edits = [edit for edit in one.edits if edit.path == "compose.yaml"]
        assert apply_edits(files["compose.yaml"].encode(), edits).decode().endswith(off)
        assert "services.worker.healthcheck" in one.declares
        assert "`worker` of compose.yaml starts another program of the image" in one.explanation
    files["compose.yaml"] = files["compose.yaml"].partition("  worker:")[0]
    alone = _proposal("checkov", "CKV_DOCKER_2", files)
    assert all({edit.path for edit in one.edits} == {"web/Dockerfile"} for one in alone.candidates)


def test_a_worker_is_one_by_the_service_that_it_extends():
    files = {
        "web/Dockerfile": 'FROM python:3.12\nEXPOSE 8000\nCMD ["serve"]\n',
        "compose.yaml": "services:\n  web:\n    build: ./web\n    image: shop\n    ports: ['8000:8000']\n"
        "  worker:\n    image: shop\n    entrypoint: [/work]\n",
        "deploy/compose.yaml": "services:\n  worker:\n    image: shop:1\n    extends:\n      file: ../compose.yaml\n"
        "      service: worker\n  web:\n    image: shop:1\n",
    }
    found = _proposal("checkov", "CKV_DOCKER_2", files).candidates
    assert found
    assert {edit.path for edit in found[0].edits} == set(files)
    edits = [edit for edit in found[0].edits if edit.path == "deploy/compose.yaml"]
    deployed = apply_edits(files["deploy/compose.yaml"].encode(), edits).decode()
    assert deployed.count("disable: true") == 1
    assert deployed.index("disable: true") < deployed.index("  web:")


def test_a_worker_whose_settings_others_share_is_not_told_apart():
    files = {
        "web/Dockerfile": 'FROM python:3.12\nEXPOSE 8000\nCMD ["serve"]\n',
        "compose.yaml": "x-w: &w\n  build: ./web\n  command: work\nservices:\n  web:\n    build: ./web\n"
        "    ports: ['8000:8000']\n  worker: *w\n",
    }
    made, reason = _propose("checkov", "CKV_DOCKER_2", files)
    assert not made
    assert "its settings are shared" in reason


def test_a_manager_of_php_listens_where_its_image_says_whatever_compose_publishes():
    files = {
        "web/Dockerfile": "FROM php:8.3-fpm-alpine\nCOPY . .\n",
        "compose.yaml": "services:\n  web:\n    build: ./web\n    ports: ['8888:8888']\n",
    }
    made, _ = _propose("checkov", "CKV_DOCKER_2", files)
    assert made
    assert all("8888" not in text for text in made.values())


def test_a_command_that_installs_first_works_on_roots_files():
    files = {"web/Dockerfile": "FROM node:22\nWORKDIR /app\nCOPY . .\nCMD npm install && npm start\n"}
    made, reason = _propose("checkov", "CKV_DOCKER_3", files)
    assert not made
    assert "the command starts with `npm install`" in reason


GO = {
    "Dockerfile": 'FROM alpine:3.20\nCOPY shop /usr/bin\nENTRYPOINT ["shop"]\n',
    "go.mod": "module example.org/shop/v2\n",
}


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"store.go": 'import _ "modernc.org/sqlite"\n'}, "store.go:1 writes files, and where is told"),
        (
            {"compose.yaml": "services: {s: {image: example/shop, volumes: ['./d:/d']}}\n"},
            "mounts ./d of the host at /d",
        ),
        ({"compose.yaml": "services: {s: {image: example/other, volumes: ['./d:/d']}}\n"}, ""),
        ({"docs/run.md": "    docker run -v /srv/d:/d example/shop\n"}, "docs/run.md mounts /srv/d of the host at /d"),
        ({"compose.yaml": "services: {s: {image: example/shop, user: '1', volumes: ['./d:/d']}}\n"}, ""),
    ],
    ids=["built before", "published", "another image", "in a text", "a user of its own"],
)
def test_the_repository_tells_what_a_copied_program_writes(files, said):
    made, reason = _propose("checkov", "CKV_DOCKER_3", {**GO, **files}, path="Dockerfile")
    assert bool(made) is (not said)
    assert said in reason


def test_what_compose_develops_in_the_image_keeps_its_cache_beside_the_source():
    files = {
        "web/Dockerfile": 'FROM node:22\nWORKDIR /app\nCOPY . .\nCMD ["node", "server.js"]\n',
        "web/package.json": '{"scripts": {"dev": "next dev"}}',
        "compose.yaml": "services: {web: {build: ./web, command: npm run dev, volumes: ['./web:/app']}}\n",
    }
    made, reason = _propose("checkov", "CKV_DOCKER_3", files)
    assert not made
    assert "mounts ./web of the host over /app, where the program writes (web/package.json)" in reason


def test_an_open_folder_elsewhere_opens_none_of_the_program():
    files = {
        "web/Dockerfile": 'FROM node:22\nWORKDIR /data\nCOPY . .\nRUN chmod 777 .next/cache\nCMD ["node", "a.js"]\n',
        "web/a.js": 'fs.writeFileSync("log/a", x)\n',
    }
    made, _ = _propose("checkov", "CKV_DOCKER_3", files)
    assert all("chown -R" in text and "/data\n" in text for text in made.values())
    assert made


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("web/start", '#!/bin/sh\n./wait-for db\nexec "$@"\n', "starts no program of its own"),
        ("web/start", "#!/bin/sh\nchown -R app /data\n", "web/start does what only root can"),
        ("web/setup.sh", "#!/bin/sh\n  pip3 install -e .\n", "web/setup.sh builds when the container starts"),
    ],
    ids=["whatever it is told", "without an extension", "of Compose"],
)
def test_a_script_that_the_container_starts_is_read(name, content, said):
    files = {
        "web/Dockerfile": 'FROM python:3.12\nCOPY start app.py /\nENTRYPOINT ["/start"]\n',
        "web/start": "#!/bin/sh\nexec python app.py\n",
        "compose.yaml": "services: {web: {build: ./web, user: '0', command: /setup.sh}}\n",
    }
    assert _propose("checkov", "CKV_DOCKER_3", files)[0]
    files |= {name: content, "compose.yaml": "services: {web: {build: ./web}}\n"}
    if name.endswith(".sh"):
        files["compose.yaml"] = "services: {web: {build: ./web, command: /app/setup.sh}}\n"
    made, reason = _propose("checkov", "CKV_DOCKER_3", files)
    assert not made
    assert said in reason


def test_a_script_that_becomes_a_web_server_keeps_root_and_is_no_job():
    files = {
        "web/Dockerfile": "FROM alpine:3.20\nRUN apk add nginx python3\nCOPY *.py conf /\nCMD /start.py\n",
        "web/start.py": 'import os\nos.execv("/usr/sbin/nginx", ["nginx", "-g", "daemon off;"])\n',
    }
    made, reason = _propose("checkov", "CKV_DOCKER_3", files)
    assert not made
    assert "web/start.py starts what root alone can start" in reason
    assert "a job has no health" not in _propose("checkov", "CKV_DOCKER_2", files)[1]


def test_a_program_that_talks_to_docker_keeps_root():
    files = {
        "web/Dockerfile": 'FROM python:3.12\nCOPY . /app\nENTRYPOINT ["/app/run"]\n',
        "web/app/api.py": "import docker\nclient = docker.from_env()\n",
    }
    made, reason = _propose("checkov", "CKV_DOCKER_3", files)
    assert not made
    assert "web/app/api.py:2 talks to Docker (`docker.from_env(`)" in reason


@pytest.mark.parametrize(
    ("step", "kept"), [("RUN pip install extra", True), ("USER app\nRUN pip install extra", False)]
)
def test_a_user_waits_for_the_image_that_is_built_on_this_one(step, kept):
    files = {
        "base/Dockerfile": 'FROM python:3.12\nRUN useradd -u 1000 app\nCOPY . /app\nCMD ["/app/run"]\n',
        "site/Dockerfile": f"FROM example/base:1\n{step}\n",
    }
    made, reason = _propose("checkov", "CKV_DOCKER_3", files, path="base/Dockerfile")
    assert bool(made) is not kept
    assert ("site/Dockerfile is built on this image" in reason) is kept


@pytest.mark.parametrize(("go", "declared"), [("1.12", False), ("1.22.3", True)])
def test_the_version_of_go_that_was_only_advice_is_no_toolchain(go, declared):
    files = {"web/Dockerfile": "FROM golang:latest\nCOPY . .\n", "web/go.mod": f"module example.org/web\n\ngo {go}\n"}
    made, _ = _propose("hadolint", "DL3007", files)
    assert ("declared-version" in made) is declared
    assert made


@pytest.mark.parametrize(
    ("service", "starts"),
    [
        ("", False),
        ("    environment: [DB_PASSWORD]\n", True),
        ("    environment: {DB_PASSWORD: secret}\n", True),
        ("    env_file: web.env\n", False),
        ("    env_file: [other.env]\n", True),
    ],
)
def test_a_secret_that_compose_does_not_give_stays(service, starts):
    files = {
        "web/Dockerfile": "FROM mysql:8\nENV DB_PASSWORD=abc123def\n",
        "compose.yml": f"services:\n  db:\n    build: ${{PLACE:-web}}\n{service}",
        "web.env": "DB_USER=web\n",
    }
    made, reason = _propose("hadolint", "DL3064", files, line=2)
    assert bool(made) is starts
    assert starts or "compose.yml starts the image without giving it DB_PASSWORD" in reason


def test_a_label_that_something_asks_for_keeps_its_name():
    files = {"web/Dockerfile": "FROM debian:12\nLABEL Build_Date=x\n", "ci.sh": "docker images -f label=Build_Date=1\n"}
    made, reason = _propose("hadolint", "DL3048", files, line=2)
    assert not made
    assert "ci.sh reads `Build_Date` by its name" in reason


def test_a_script_that_installs_later_needs_the_lists():
    dockerfile = "FROM debian:12\nRUN apt-get update && apt-get install -y curl\nRUN ./more.sh\n"
    files = {"web/Dockerfile": dockerfile, "web/more.sh": "apt-get install -y git\n"}
    made, reason = _propose("hadolint", "DL3009", files, line=2)
    assert not made
    assert "web/more.sh installs in a later step from the lists" in reason
    files["web/more.sh"] = "apt-get update && apt-get install -y git\n"
    assert _propose("hadolint", "DL3009", files, line=2)[0]


@pytest.mark.parametrize(("tag", "taken"), [("5-fpm", False), ("5.2.1", True), ("v5", True), ("5-alpine", False)])
def test_another_variant_of_somebody_elses_image_is_no_release_of_it(tag, taken):
    files = {
        "web/Dockerfile": "FROM shop/server:latest\n",
        "compose.yaml": f"services:\n  a:\n    image: shop/server:{tag}\n",
    }
    made, _ = _propose("hadolint", "DL3007", files)
    assert ("tag-of-repository" in made) is taken


@pytest.mark.parametrize(
    ("tool", "script", "moves"),
    [
        ("firebase-tools@10.9.2", "set -e\nfirebase emulators:start\n", False),
        ("aws-cdk", "exec cdk watch\n", False),
        ("pm2", "pm2-runtime app.js\n", True),
        ("typescript", "node app.js\n", True),
    ],
)
def test_a_tool_that_the_image_installs_keeps_its_user(tool, script, moves):
    steps = f'RUN npm install -g {tool}\nCOPY start.sh app.js ./\nENTRYPOINT ["./start.sh"]\n'
    files = {
        "web/Dockerfile": f"FROM node:22\n{steps}",
        "web/start.sh": f"#!/bin/sh\n{script}",
        "web/app.js": "require('http').createServer().listen(3000);\n",
    }
    made, said = _propose("checkov", "CKV_DOCKER_3", files)
    assert bool(made) is moves
    assert moves or "a tool that it installs" in said


@pytest.mark.parametrize(("script", "owns"), [("next start", True), ("node server.js", False)])
def test_the_script_of_a_workspaces_member_is_read(script, owns):
    steps = 'WORKDIR /app\nCOPY . .\nRUN npm ci\nWORKDIR /app/client\nCMD ["npm", "run", "start"]\n'
    files = {
        "web/Dockerfile": f"FROM node:22\n{steps}",
        "web/package.json": '{"scripts": {"start": "docker compose up"}}',
        "web/client/package.json": f'{{"scripts": {{"start": "{script}"}}}}',
    }
    made, said = _propose("checkov", "CKV_DOCKER_3", files)
    assert made, said
    assert all(("chown -R" in text) is owns for text in made.values())
