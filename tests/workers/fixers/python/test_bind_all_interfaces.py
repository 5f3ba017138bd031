import pytest

from daemon.domain.edits import apply_edits

PROGRAM = 'import os\n\napp.run(host="0.0.0.0", port=5000)\n'


def _edited(files, candidate, path):
    return apply_edits(files[path].encode(), [edit for edit in candidate.edits if edit.path == path]).decode()


def test_a_program_that_an_image_starts_keeps_the_containers_network(asked):
    files = {"web/app.py": PROGRAM, "web/Dockerfile": 'FROM python:3.12\nCMD ["python", "app.py"]\n'}
    (made,) = asked(files, "bandit", "B104", "web/app.py", 3).candidates
    assert made.approach == "address-from-environment"
    assert 'host=os.environ.get("HOST", "127.0.0.1")' in _edited(files, made, "web/app.py")
    expected = 'FROM python:3.12\nENV HOST=0.0.0.0\nCMD ["python", "app.py"]\n'
    assert _edited(files, made, "web/Dockerfile") == expected


def test_an_image_that_names_the_address_itself_stays_as_it_is(asked):
    files = {"app.py": PROGRAM, "Dockerfile": 'FROM python:3.12\nENV HOST=::\nCMD ["python", "app.py"]\n'}
    (made,) = asked(files, "bandit", "B104", "app.py", 3).candidates
    assert {edit.path for edit in made.edits} == {"app.py"}


@pytest.mark.parametrize("command", ['["gunicorn", "app:app"]', '["python", "other_app.py"]'])
def test_an_image_that_starts_something_else_decides_nothing(asked, command):
    files = {"app.py": PROGRAM, "Dockerfile": f"FROM python:3.12\nCMD {command}\n"}
    approaches = [one.approach for one in asked(files, "bandit", "B104", "app.py", 3).candidates]
    assert approaches == ["loopback", "address-from-environment"]


def test_what_compose_runs_listens_on_its_containers_network(asked):
    compose = 'services:\n  web:\n    build: .\n    command: "python app.py"\n'
    made = asked({"app.py": PROGRAM, "docker-compose.yml": compose}, "bandit", "B104", "app.py", 3)
    assert not made.candidates
    assert "runs app.py in a container" in (made.reason or "")
