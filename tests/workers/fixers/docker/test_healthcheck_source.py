"""What a health check asks, as the source of the started program has it."""

import http.server
import re
import subprocess
import threading

import pytest

from daemon.domain.edits import apply_edits
from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.docker.bases.images import Base
from workers.fixers.docker.service import asking
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree

FLASK = "from flask import Flask\napp = Flask(__name__)\n@app.route('/')\ndef home(): ...\n"
RUN = "app.run(host='0.0.0.0', port=int(os.environ.get('PORT', 8080)))\n"
NODE = "const express = require('express')\nconst app = express()\n"


def _propose(dockerfile, files):
    finding = Finding(
        tool="checkov",
        rule="CKV_DOCKER_2",
        message="",
        severity=Severity.LOW,
        locations=(Location(path="web/Dockerfile", region=Region(start_line=1)),),
    )
    tree = MemoryTree({"web/Dockerfile": dockerfile.encode(), **{name: text.encode() for name, text in files.items()}})
    proposal = propose(Target(finding=finding, tree=tree))
    made = {one.approach: apply_edits(dockerfile.encode(), one.edits).decode() for one in proposal.candidates}
    return made, proposal.reason or ""


@pytest.mark.parametrize(
    ("dockerfile", "files", "asked"),
    [
        ('FROM python:3.12\nCMD ["python", "app.py"]\n', {"web/app.py": FLASK + RUN}, "127.0.0.1:8080/'"),
        (
            'FROM python:3.12\nENV PORT=7000\nCMD ["python", "app.py"]\n',
            {"web/src/app.py": FLASK + RUN},
            "127.0.0.1:7000/'",
        ),
        ("FROM python:3.12\nCMD python app.py\n", {"web/app.py": FLASK + "app.run()\n"}, "127.0.0.1:5000/'"),
        (
            'FROM python:3.12\nCMD ["python", "app.py"]\n',
            {"web/app.py": FLASK + "@app.get('/healthz')\ndef health(): ...\n" + RUN},
            "127.0.0.1:8080/healthz'",
        ),
        (
            'FROM node:20\nCMD ["npm", "start"]\n',
            {
                "web/package.json": '{"scripts": {"start": "node server.js"}}',
                "web/server.js": NODE + "app.get('/', home)\napp.listen(process.env.PORT || 3000)\n",
            },
            "127.0.0.1:3000/'",
        ),
    ],
)
def test_the_port_and_a_path_that_it_answers_come_from_the_source(dockerfile, files, asked):
    made, _ = _propose(dockerfile, files)
    assert asked in made["http-python" if "python:" in dockerfile else "http-node"]


def test_a_program_that_is_built_is_read_as_well():
    source = {"web/main.go": 'package main\nfunc main() { http.HandleFunc("/", home); port := "8080"\n}\n'}
    build = "FROM golang:1.22 AS build\nRUN go build -o /app .\n"
    dockerfile = f'{build}FROM alpine:3.20\nCOPY --from=build /app /app\nCMD ["/app"]\n'
    made, _ = _propose(dockerfile, source)
    assert "127.0.0.1:8080/" in made["http-wget"]
    assert '"8080"' in made["port-nc"]


def test_where_no_path_is_answered_for_sure_only_the_port_is_asked():
    for route in ("'/books'", "'/', methods=['POST']"):
        files = {"web/app.py": FLASK.replace("'/'", route) + RUN}
        made, _ = _propose('FROM python:3.12\nCMD ["python", "app.py"]\n', files)
        assert {"port-python", "port-bash"} == made.keys()


def test_tls_is_not_asked_for_http():
    files = {"web/app.py": FLASK + "app.run(port=8443, ssl_context=context)\n"}
    made, _ = _propose('FROM python:3.12\nEXPOSE 8443\nCMD ["python", "app.py"]\n', files)
    assert not [name for name in made if name.startswith("http-")]


def test_an_application_that_a_server_imports_is_read_and_no_job():
    files = {"web/main.py": "from flask import Flask\napp = Flask(__name__)\n@app.route('/books')\ndef home(): ...\n"}
    made, _ = _propose("FROM python:3.12\nCMD exec gunicorn --bind :$PORT main:app\n", files)
    assert {"port-python", "port-bash"} == made.keys()
    files["web/main.py"] += "@app.get('/ping')\ndef ping(): ...\n"
    assert "${PORT}/ping" in _propose("FROM python:3.12\nCMD gunicorn -b :$PORT main:app\n", files)[0]["http-python"]


def test_a_job_is_asked_nothing_though_it_exposes_a_port():
    files = {"web/job.py": "import torch\nmodel = torch.load('m')\nmodel.eval()\nstore(model, port=5432)\n"}
    made, reason = _propose('FROM python:3.12\nEXPOSE 5001\nENTRYPOINT ["python"]\nCMD ["/app/job.py"]\n', files)
    assert made == {}
    assert reason.startswith("web/job.py opens no port")
    made, reason = _propose('FROM python:3.12\nEXPOSE 6006\nCMD ["python", "/models/train.py", "--steps=9"]\n', {})
    assert (made, "by its name a job" in reason) == ({}, True)
    broken = 'FROM python:3.12\nEXPOSE 6006\nCMD ["python", "/models/train.py", "--a=b"  "--c"]\n'
    assert _propose(broken, {})[0] == {}
    files["web/serving.py"] = "x = 1\n"
    files["web/job.py"] = "from serving import main\nmain()\n"
    assert _propose('FROM python:3.12\nEXPOSE 5001\nCMD ["python", "job.py"]\n', files)[0]


def test_a_port_that_the_surroundings_choose_is_not_taken_for_the_usual_one():
    made, _ = _propose('FROM python:3.12\nCMD ["sh", "-c", "uvicorn main:app --port $PORT"]\n', {})
    assert "8000" not in "".join(made.values())
    assert "('127.0.0.1', ${PORT})" in made["port-python"]
    assert "'127.0.0.1', ${PORT}, timeout" in made["http-python"]
    made, _ = _propose("FROM python:3.12\nCMD exec gunicorn --bind :${PORT:-8080} main:app\n", {})
    assert '["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/${PORT:-8080}"]' in made["port-bash"]
    made, _ = _propose('FROM python:3.12\nCMD ["uvicorn", "main:app"]\n', {})
    assert "8000" in made["port-python"]


@pytest.mark.parametrize(
    ("dockerfile", "program", "port"),
    [
        ("FROM mcr.microsoft.com/dotnet/aspnet:8.0\n", "", "8080"),
        ("FROM mcr.microsoft.com/dotnet/aspnet:6.0\n", "", "80"),
        ("FROM mcr.microsoft.com/dotnet/aspnet:8.0\nENV ASPNETCORE_URLS=http://+:5005\n", "", "5005"),
        ("FROM mcr.microsoft.com/dotnet/aspnet:8.0\n", 'builder.WebHost.UseUrls("http://*:1");', None),
    ],
)
def test_kestrel_listens_where_the_image_says(dockerfile, program, port):
    made, _ = _propose(dockerfile + 'ENTRYPOINT ["dotnet", "Web.dll"]\n', {"web/Program.cs": program})
    assert ("port-bash" in made) is bool(port)
    assert port is None or f'/{port}"]' in made["port-bash"]


POM = "<project><artifactId>spring-boot-starter-web</artifactId>{more}</project>"
JAVA = 'FROM eclipse-temurin:21-jre-alpine\nCOPY app.jar /app.jar\nCMD ["java", "-jar", "/app.jar"]\n'


@pytest.mark.parametrize(
    ("files", "asked"),
    [
        ({"web/pom.xml": POM}, '"127.0.0.1", "8080"'),
        (
            {"web/pom.xml": POM, "web/src/main/resources/application.properties": "server.port=9001\n"},
            '"127.0.0.1", "9001"',
        ),
        (
            {"web/pom.xml": POM, "web/src/main/resources/application.yml": "server:\n  port: ${PORT:9002}\n"},
            '"127.0.0.1", "9002"',
        ),
        (
            {"web/build.gradle": "'org.springframework.boot:spring-boot-starter-web'\n'spring-boot-starter-actuator'"},
            "127.0.0.1:8080/actuator/health",
        ),
    ],
)
def test_spring_listens_where_its_settings_say_or_at_its_own_port(files, asked):
    made, _ = _propose(JAVA, files)
    assert asked in made["http-wget" if "/" in asked else "port-nc"]


@pytest.mark.parametrize(
    "start", ['"-cp", "app:app/lib/*", "shop.Web"', '"org.springframework.boot.loader.JarLauncher"']
)
def test_spring_may_be_unpacked_and_built_by_two_tools(start):
    build = {"web/pom.xml": POM, "web/build.gradle": "'org.springframework.boot:spring-boot-starter-web'"}
    made, _ = _propose(f'FROM eclipse-temurin:21-jre-alpine\nCOPY app /app\nCMD ["java", {start}]\n', build)
    assert '"127.0.0.1", "8080"' in made["port-nc"]


@pytest.mark.parametrize(
    "files",
    [
        {"web/pom.xml": "<project><artifactId>spring-boot-starter</artifactId></project>"},
        {"web/pom.xml": POM, "web/src/main/resources/application.properties": "server.port=${PORT}\n"},
        {"web/a/pom.xml": POM, "web/b/pom.xml": POM},
    ],
    ids=["no web application", "only a variable says", "two of them"],
)
def test_spring_is_not_asked_where_its_port_is_not_plain_to_see(files):
    assert _propose(JAVA, files)[0] == {}


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("import uvicorn\nuvicorn.run(app, host='0.0.0.0')\n", 8000),
        ("from aiohttp import web\nweb.run_app(app)\n", 8080),
        ("import gradio as gr\ndemo = gr.Blocks()\ndemo.launch(share=False)\n", 7860),
        ("import uvicorn\nuvicorn.run(app, port=settings.port)\n", None),
        ("import gradio as gr\ndemo.launch(server_port=PORT)\n", None),
    ],
)
def test_a_framework_listens_at_its_own_port_when_it_is_told_none(text, port):
    made, _ = _propose('FROM python:3.12\nCMD ["python", "-m", "shop.web"]\n', {"web/shop/web.py": text})
    assert (f"127.0.0.1', {port})" in made.get("port-python", "")) is (port is not None)
    assert bool(made) is (port is not None)


def test_a_module_that_starts_its_own_package_is_no_job():
    files = {"web/shop/__main__.py": "from shop.serving import go\ngo()\n", "web/shop/serving.py": ""}
    made, reason = _propose('FROM python:3.12\nCMD ["python", "-m", "shop"]\n', files)
    assert made == {}
    assert "names no port" in reason


def test_a_program_that_stands_alone_is_asked_for_what_it_serves():
    source = {
        "web/main.go": 'package main\nfunc main() { http.HandleFunc("/ping", p); http.ListenAndServe(":8080", nil) }\n'
    }
    build = "FROM golang:1.22 AS build\nRUN go build -o /app .\n"
    made, _ = _propose(f'{build}FROM gcr.io/distroless/static\nCOPY --from=build /app /app\nCMD ["/app"]\n', source)
    assert "COPY --from=busybox:1.38.0-musl /bin/wget /usr/bin/wget" in made["copied-wget"]
    assert '"http://127.0.0.1:8080/ping"' in made["copied-wget"]
    assert '["/usr/bin/nc", "-z", "127.0.0.1", "8080"]' in made["copied-nc"]


@pytest.mark.parametrize(
    ("path", "answer", "healthy"), [("/", 404, True), ("/", 503, False), ("/ok", 200, True), ("/ok", 404, False)]
)
def test_bash_asks_over_http_where_the_image_has_nothing_else(path, answer, healthy):
    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(answer if self.path == path else 500)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        asked = asking.Asked(path, known=path != "/")
        [(_, words)] = asking.by_shell(Base("rust", "slim", "debian"), str(server.server_port), asked)
        assert (subprocess.run(words, check=False).returncode == 0) is healthy
        server.shutdown()


@pytest.mark.parametrize(
    ("command", "more", "port"),
    [
        ("gunicorn app:app", {}, "8000"),
        ("gunicorn app:app", {"web/gunicorn.conf.py": "bind = '0.0.0.0:7001'\n"}, "7001"),
        ("gunicorn app:app --config=config.py", {"web/config.py": "bind = '0.0.0.0:' + str(PORT)\n"}, None),
        ("gunicorn -c config.py app:app", {"web/config.py": 'bind = ":7002"\n'}, "7002"),
    ],
)
def test_gunicorn_listens_where_its_settings_say(command, more, port):
    made, _ = _propose(f"FROM python:3.12\nCMD {command}\n", more)
    asked = {re.search(r"127\.0\.0\.1(?::|', |/)(\d+)", text)[1] for text in made.values()}
    assert asked == ({port} if port else set())


@pytest.mark.parametrize(
    ("bind", "port"),
    [
        ("'0.0.0.0:7001'", "7001"),
        ('"0.0.0.0:{}".format(os.getenv("PORT"))', "${PORT}"),
        ("f\"0.0.0.0:{os.environ['PORT']}\"", "${PORT}"),
        ("os.environ['BIND']", None),
        ("'0.0.0.0:' + os.environ['OTHER_PORT']", None),
    ],
)
def test_gunicorn_listens_where_its_settings_say_behind_a_shell(bind, port):
    """The file of settings is no program, and the shell's `-c` names none."""
    dockerfile = 'FROM python:3.12\nENV PORT=6012\nCMD ["sh", "-c", "gunicorn -c settings.py application"]\n'
    made, reason = _propose(dockerfile, {"web/settings.py": f"import os\nbind = {bind}\n"})
    assert ((port or "HEALTHCHECK") in made.get("port-bash", "")) == (port is not None)
    assert made or "names no port" in reason


def test_gunicorn_takes_the_variable_port_where_nothing_else_says():
    made, _ = _propose("FROM python:3.12\nENV PORT 8080\nCMD gunicorn app:app\n", {})
    assert made
    assert all("8080" in text and "8000" not in text for text in made.values())


_API = "from fastapi import FastAPI\n"
_UVICORN = 'FROM python:3.12-slim\nEXPOSE 8000\nCMD ["uvicorn", "app:app", "--port", "8000"{}]\n'


@pytest.mark.parametrize(
    "source",
    [
        "app = FastAPI()\napp.add_middleware(TrustedHostMiddleware, allowed_hosts=['a'])\n@app.get('/health')\n",
        "app = FastAPI(dependencies=[Depends(HTTPBasic())])\n@app.get('/')\n",
        "app = FastAPI()\n@app.get('/')\n@login_required\n",
        "router = APIRouter(prefix='/v1')\n@router.get('/health')\ndef a(): ...\napp = FastAPI()\n",
        "app = FastAPI(root_path='/v1')\n@app.get('/health')\n",
        "app = FastAPI()\nrequests.get('/health')\n",
    ],
    ids=["host", "login", "login of one", "router", "prefix", "client"],
)
def test_a_path_that_another_host_a_login_or_a_prefix_may_guard_is_not_relied_on(source):
    made, _ = _propose(_UVICORN.format(""), {"web/app.py": f"{_API}{source}"})
    assert not [text for text in made.values() if "urlopen" in text]
    assert made["port-python"]


def test_a_server_that_is_told_its_keys_is_not_asked_in_the_clear():
    source = {"web/app.py": f"{_API}app = FastAPI()\n@app.get('/health')\n"}
    assert "http-python" in _propose(_UVICORN.format(""), source)[0]
    assert "http-python" not in _propose(_UVICORN.format(', "--ssl-keyfile", "/k"'), source)[0]


def test_a_server_that_opens_a_file_has_no_port():
    made, reason = _propose(
        'FROM python:3.12\nCMD ["gunicorn", "-b", "unix:/tmp/a", "app:app"]\n', {"web/app.py": "app = 1\n"}
    )
    assert not made
    assert "names no port" in reason


@pytest.mark.parametrize(
    ("exposed", "command", "asked"),
    [("3000", "", "names port 3000, and web/a.js listens on 8080"), ("3000 8080", "", ":8080/"), ("8080", "", ":8080/"),
     ("3000", ', "--port=8080"', ":8080/")],
)  # fmt: skip
def test_what_the_source_and_the_command_say_goes_before_what_is_exposed(exposed, command, asked):
    source = f"{NODE}app.get('/', home)\napp.listen(8080)\n"
    made, reason = _propose(f'FROM node:22\nEXPOSE {exposed}\nCMD ["node", "a.js"{command}]\n', {"web/a.js": source})
    assert asked in made.get("http-node", reason)


def test_a_stage_for_tests_behind_the_one_that_is_deployed_gets_nothing():
    stages = "FROM node:22 AS base\nEXPOSE 80\nFROM base AS prod\nCMD node a.js\nFROM base AS {}\nCMD node b.js\n"
    assert "ends with `unit-test`" in _propose(stages.format("unit-test"), {})[1]
    assert _propose(stages.format("live"), {})[0]


@pytest.mark.parametrize(
    ("script", "asked"),
    [
        ('PORT="${PORT:-9099}"\nuvicorn main:app --port "$PORT"\n', "${PORT:-9099}"),
        ("exec gunicorn a.wsgi \\\n  --bind 0.0.0.0:8001\n", "8001"),
        ("P=7000\nserve --port $P\n", "7000"),
        ("serve --port ${LISTEN:-7001}\n", "${LISTEN:-7001}"),
    ],
)
def test_a_script_that_hands_over_to_a_server_says_where_it_listens(script, asked):
    made, _ = _propose('FROM python:3.12-slim\nCOPY . .\nCMD ["bash", "start.sh"]\n', {"web/start.sh": script})
    assert f"/127.0.0.1/{asked}" in made["port-bash"]


@pytest.mark.parametrize(
    "script", ["case $1 in web) serve --port 80 ;; esac\n", "a --port 80\nb --port 81\n", "a --port $P\n"]
)
def test_a_script_that_may_start_something_else_says_no_port(script):
    made, reason = _propose('FROM python:3.12-slim\nCOPY . .\nCMD ["bash", "start.sh"]\n', {"web/start.sh": script})
    assert not made
    assert "names no port" in reason


def test_a_file_of_another_language_is_no_dockerfile():
    finding = Finding(
        tool="checkov",
        rule="CKV_DOCKER_2",
        message="",
        severity=Severity.LOW,
        locations=(Location(path="dockerfile.js"),),
    )
    proposal = propose(Target(finding=finding, tree=MemoryTree({"dockerfile.js": b"// x\na()\n"})))
    assert proposal.harmless


@pytest.mark.parametrize(
    ("exposed", "start", "asked"),
    [
        ("", "next start", ":3000/"),
        ("ENV PORT=4000\n", "next start", ":4000/"),
        ("", "next start -p 3001", "127.0.0.1:3001"),
        ("EXPOSE 3000\n", "next start -p 3001", "names port 3000, and package.json listens on 3001"),
        ("EXPOSE 3000\n", "next start", ":3000/"),
    ],
)
def test_a_script_of_package_json_says_where_it_listens(exposed, start, asked):
    files = {"web/package.json": f'{{"scripts": {{"start": "{start}"}}}}'}
    made, reason = _propose(f'FROM node:22\n{exposed}CMD ["npm", "start"]\n', files)
    assert asked in made.get("http-node", made.get("port-node", reason)).replace(
        "connect(3001,'127.0.0.1'", "127.0.0.1:3001"
    )


def test_the_port_of_a_database_that_a_script_waits_for_is_not_asked():
    script = {"web/start.sh": "pg_isready --port 5432\nexec gunicorn x:y --bind 0.0.0.0:8000\n"}
    made, _ = _propose('FROM python:3.12-slim\nCOPY . .\nCMD ["bash", "start.sh"]\n', script)
    assert "/8000" in made["port-bash"]
