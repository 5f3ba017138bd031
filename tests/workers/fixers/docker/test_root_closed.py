"""What another user than root cannot do in an image: write, read, start and find what root keeps."""

import pytest

from daemon.domain.edits import apply_edits
from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.docker.users.script_writes import writes
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree

_SERVES = 'CMD ["python", "app.py"]\n'


def _proposal(dockerfile, **files):
    place = Location(path="Dockerfile", region=Region(start_line=1))
    finding = Finding(tool="checkov", rule="CKV_DOCKER_3", message="", severity=Severity.LOW, locations=(place,))
    names = {"Dockerfile": dockerfile, "app.py": "import http.server\n", **files}
    tree = MemoryTree({name.replace("_", "."): text.encode() for name, text in names.items()})
    return propose(Target(finding=finding, tree=tree))


def _propose(dockerfile, **files):
    proposal = _proposal(dockerfile, **files)
    made = {each.approach: apply_edits(dockerfile.encode(), each.edits).decode() for each in proposal.candidates}
    return made, proposal.reason or ""


@pytest.mark.parametrize("line", ["/usr/sbin/clamd", "exec /usr/sbin/anything -f", "rabbitmq-server -detached"])
def test_a_script_that_starts_a_service_of_the_system_keeps_root(line):
    dockerfile = 'FROM python:3.12\nWORKDIR /app\nCOPY . .\nENTRYPOINT ["./start.sh"]\n'
    made, reason = _propose(dockerfile, start_sh=f"{line}\nexec python app.py\n")
    assert not made
    assert "which becomes a user of its own" in reason


_NGINX = "FROM nginx:1.27\nCOPY app.conf /etc/nginx/conf.d/\n"
_BUILT = "services:\n  web:\n    build: .\n"


@pytest.mark.parametrize(
    ("more", "files", "said"),
    [
        ("RUN openssl req -x509 -nodes -keyout /k -out /c\n", {}, "`openssl req` makes a key"),
        ("", {"compose_yaml": f"{_BUILT}    entrypoint: /mnt/certs.sh\n"}, "starts `/mnt/certs.sh` in web"),
        ("", {"compose_yaml": f"{_BUILT}    volumes: ['./logs:/var/log/nginx']\n"}, "mounts ./logs"),
        ("", {"compose_yaml": f"{_BUILT}    volumes: ['./t:/etc/nginx/templates:ro']\n"}, "mounts templates"),
        ("COPY e.sh /docker-entrypoint.d/\n", {"e_sh": "echo x > /usr/share/nginx/html/x.js\n"}, "e.sh:1 writes /usr"),
        ("", {"app_conf": "error_log /data/x.log;\n"}, "has the server write /data/x.log"),
        ("", {"app_conf": "ssl_certificate_key /keys/x.pem;\n"}, "names the key /keys/x.pem"),
    ],
)
def test_a_server_with_more_than_its_own_files_keeps_root(more, files, said):
    made, reason = _propose(_NGINX + more, **files)
    assert not made
    assert said in reason


@pytest.mark.parametrize(
    ("more", "files"),
    [
        ("", {"app_conf": "error_log /dev/stderr;\naccess_log /var/log/nginx/access.log;\n"}),
        ("COPY keys /keys\n", {"app_conf": "ssl_certificate_key /keys/x.pem;\n"}),
        ("", {"compose_yaml": f"{_BUILT}    command: [nginx, -g, daemon off;]\n"}),
        ("COPY e.sh /docker-entrypoint.d/\n", {"e_sh": "echo hello\n"}),
    ],
)
def test_a_server_of_its_own_files_alone_gets_its_user(more, files):
    made, _ = _propose(_NGINX + more, **files)
    assert set(made) == {"service-user", "service-user-by-name"}


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("mkdir -p /data/models\n", r"start.sh:1 writes /data/models, where root alone may"),
        ("DATA=/data\ncp -r defaults $DATA/x\n", r"start.sh:2 writes /data/x"),
        ('cat > "$CONFIG" <<EOF\n{}\nEOF\n', r"start.sh:1 writes $CONFIG: which folder that is"),
        (". /app/init.sh\n", r"init.sh does what only root can"),
        ("bash ./init.sh\n", r"init.sh does what only root can"),
    ],
)
def test_a_script_that_writes_elsewhere_keeps_root(script, said):
    dockerfile = 'FROM python:3.12\nWORKDIR /app\nCOPY . .\nENTRYPOINT ["./start.sh"]\n'
    made, reason = _propose(dockerfile, start_sh=f"{script}exec python app.py\n", init_sh="chown -R app /data\n")
    assert not made
    assert said in reason


@pytest.mark.parametrize(
    "script", ["sed -i s/a/$A/ config.js\n", "cat > /app/a.json <<E\nE\n", "./manage.py collectstatic\n"]
)
def test_a_script_that_writes_beside_the_program_gets_its_folder(script):
    dockerfile = 'FROM python:3.12\nWORKDIR /app\nCOPY . .\nENTRYPOINT ["./start.sh"]\n'
    made, _ = _propose(dockerfile, start_sh=f"{script}exec python app.py\n")
    assert made
    assert all("chown -R" in text and "/app\n" in text for text in made.values())


@pytest.mark.parametrize(
    "line", ["echo x > /dev/stderr", "mkdir -p /tmp/x", "mkdir ~/x", "cd /tmp && touch a", "sed s/a/b/ x"]
)
def test_what_everybody_may_write_is_left_alone(line):
    assert not list(writes(line.encode(), {}))


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("RUN chmod 700 app.py", "lets root alone read app.py (`700`)"),
        ("RUN chmod -R 750 /app", "lets root alone read /app (`750`)"),
        ("COPY --chmod=0700 app.py ./", "lets root alone read app.py (`0700`)"),
        ("RUN chmod u+x run.sh", "lets root alone start run.sh (`u+x`)"),
        ("RUN python -c 'import x; x.from_pretrained(1)'", "keeps what `from_pretrained(` fetches"),
        ("RUN git config --global --add safe.directory '*'", "keeps what `git config --global` fetches"),
        ("RUN mkdir ~/.ssh && ssh-keyscan a.example >> ~/.ssh/known_hosts", "puts what ssh reads into the home"),
        ("WORKDIR /root/app", "works in /root/app, the home of root"),
        ("ENV HOME=/root", "says that the home is /root"),
        ("RUN corepack enable\nENTRYPOINT pnpm start", "starts what Corepack keeps in the home of root"),
        ('ENV PATH=/root/.cargo/bin:$PATH\nENTRYPOINT ["tool"]', "starts tool, which may lie in the home of root"),
    ],
)
def test_what_root_alone_may_read_or_finds_at_home_keeps_root(step, said):
    started = "" if "ENTRYPOINT" in step else 'ENTRYPOINT ["./run.sh"]\n'
    made, reason = _propose(
        f"FROM python:3.12\nWORKDIR /app\nCOPY . .\n{step}\n{started}", run_sh="exec python app.py\n"
    )
    assert not made
    assert said in reason


@pytest.mark.parametrize(
    "step", ["RUN chmod +x run.sh", "RUN chmod 755 /app", "RUN chmod 711 /app", "RUN chmod u+x a.sh"]
)
def test_what_everybody_may_read_stays_as_it_is(step):
    made, _ = _propose(f"FROM python:3.12\nWORKDIR /app\nCOPY . .\n{step}\n{_SERVES}")
    assert made


def test_a_home_of_the_programs_own_becomes_the_users():
    made, _ = _propose(f"FROM python:3.12\nENV HOME=/opt/bot\nWORKDIR /opt/bot\nCOPY . .\n{_SERVES}")
    assert all("chown -R 10001:10001 /opt/bot\n" in text for text in made.values())
    assert made


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (
            "sh -c 'python manage.py makemigrations && run'",
            "mounts . of the host over /app, where the program writes (web",
        ),
        ('["bash", "-c", "mkdir -p /data/x && run"]', "web of compose.yaml writes /data/x"),
        ("sh -c 'mkdir -p /tmp/x && run'", ""),
    ],
)
def test_a_line_that_compose_has_for_a_shell_is_read(command, said):
    compose = f"services:\n  web:\n    build: .\n    command: {command}\n    volumes: ['.:/app']\n"
    dockerfile = f"FROM python:3.12\nWORKDIR /app\nCOPY . .\n{_SERVES}"
    made, reason = _propose(dockerfile, compose_yaml=compose)
    assert said in reason
    assert bool(made) is not bool(said)


@pytest.mark.parametrize(
    "call", ["python manage.py collectstatic --noinput", "flask db migrate", "npx prisma generate"]
)
def test_a_framework_that_writes_beside_the_program_at_the_start_gets_its_folder(call):
    made, _ = _propose(f'FROM python:3.12\nWORKDIR /app\nCOPY . .\nCMD ["sh", "-c", "{call} && gunicorn a"]\n')
    assert made
    assert all("chown -R" in text and "/app\n" in text for text in made.values())


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("app.py", "h = RotatingFileHandler('logs/a.log')"),
        ("settings.py", "LOGGING = {'handlers': {'f': {'filename': 'debug.log'}}}"),
        ("out.py", "frame.to_csv('out.csv')"),
    ],
)
def test_a_log_or_a_table_of_the_programs_own_is_written_beside_it(name, source):
    made, _ = _propose(
        f"FROM python:3.12\nWORKDIR /app\nCOPY . .\n{_SERVES}", **{name.replace(".", "_"): f"{source}\n"}
    )
    assert made
    assert all("chown -R" in text for text in made.values())


@pytest.mark.parametrize(
    "source",
    ["from scapy.all import sniff\n", "s = socket.socket(socket.AF_INET, socket.SOCK_RAW)\n", "os.setuid(1000)\n"],
)
def test_a_program_that_asks_for_what_only_root_has_keeps_root(source):
    made, reason = _propose(f"FROM python:3.12\nCOPY app.py .\n{_SERVES}", app_py=source)
    assert not made
    assert "app.py:1 asks for what root alone has" in reason


def test_what_only_sounds_so_asks_for_nothing():
    """IPTC is what photographs say of themselves, and a package that sets up firewalls."""
    made, _ = _propose(
        f"FROM python:3.12\nCOPY app.py .\n{_SERVES}", app_py="DOCS = 'https://iptc.org/iptc-standard/'\n"
    )
    assert made


@pytest.mark.parametrize(
    ("steps", "given"),
    [
        ("RUN mkdir -p /metrics\n", True),
        ("RUN mkdir -p /metrics\nCOPY a /metrics\n", False),
        ("RUN mkdir -p /metrics && chmod 777 /metrics\n", False),
        ("RUN mkdir -p /etc/metrics\n", False),
    ],
)
def test_a_folder_that_nothing_fills_is_there_for_the_program(steps, given):
    made, _ = _propose(f"FROM python:3.12\n{steps}WORKDIR /app\nCOPY . .\n{_SERVES}")
    assert made
    assert all(("chown 10001:10001 /metrics" in text) is given for text in made.values())


def test_a_word_may_be_an_argument_of_somebody_elses_program():
    made, reason = _propose('FROM shop/site:ext-alpine\nCOPY . /src\nCMD ["server"]\n')
    assert not made
    assert "the program is shop/site's own" in reason


@pytest.mark.parametrize("start", ["strapi start", "jekyll serve"])
def test_a_script_of_package_json_that_writes_beside_the_program_gets_its_folder(start):
    package = f'{{"scripts": {{"start": "{start}"}}}}'
    made, _ = _propose('FROM node:22\nWORKDIR /app\nCOPY . .\nCMD ["npm", "start"]\n', package_json=package)
    assert made
    assert all("chown -R" in text for text in made.values())


@pytest.mark.parametrize("port", ["80", "$PORT", "${PORT}/udp"])
def test_a_low_port_is_told_also_where_an_argument_names_it(port):
    dockerfile = f"FROM python:3.12\nARG PORT=80\nWORKDIR /app\nCOPY . .\nEXPOSE {port}\n{_SERVES}"
    proposal = _proposal(dockerfile, app_py="import http.server\n")
    assert proposal.candidates
    assert all(any(said.startswith("port 80 is privileged") for said in one.warnings) for one in proposal.candidates)
