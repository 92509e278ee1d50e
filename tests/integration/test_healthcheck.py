"""`sigwatch healthcheck` as a container calls it, against the HTTP side that the daemon serves."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sigwatch.cli.healthcheck import address, ask
from sigwatch.config import HttpSettings
from sigwatch.web.app import Answers, create_app
from sigwatch.web.server import WebServer
from tests.fakes.processes import ROOT, daemon, local_logs, write_configuration
from tests.fakes.verbs import call

HEAVY = "boto3", "slack_sdk", "uvicorn", "hyperscan", "sqlite3"


@contextmanager
def served(alive: str = "", ready: str = "", host: str = "127.0.0.1") -> Iterator[int]:
    """The daemon's HTTP side with these answers; its port."""
    app = create_app(Answers(lambda: b"", lambda: alive, lambda: ready, dict))
    server = WebServer(app, host, 0)
    server.start()
    try:
        yield server.port
    finally:
        server.close()


def configure(folder: Path, port: int, host: str = "127.0.0.1") -> None:
    (folder / "sigwatch.yaml").write_text(f'http: {{host: "{host}", port: {port}}}\n')


@contextmanager
def other_program(says: str) -> Iterator[int]:
    """Another process that answers once; its port."""
    program = "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True)\n"
    program += f"c, _ = s.accept(); c.recv(1000); c.sendall(b'{says}'); c.close()"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        yield int(other.stdout.readline())


@pytest.fixture
def unused() -> Iterator[int]:
    """A port that is taken and does not listen."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])


def test_alive_is_not_ready(folder: Path) -> None:
    with served(ready="the first pass is not done") as port:
        configure(folder, port)
        assert call("healthcheck") == (0, "alive\n", "")
        url = f"http://127.0.0.1:{port}/readyz"
        assert call("healthcheck", "--ready") == (1, "", f"sigwatch: {url} answers 503: the first pass is not done\n")


def test_ready_is_not_alive(folder: Path) -> None:
    with served(alive="the scheduler has done nothing for 75 s") as port:
        configure(folder, port)
        assert call("healthcheck", "--ready") == (0, "ready\n", "")
        code, _, said = call("healthcheck")
    assert (code, said.endswith("answers 503: the scheduler has done nothing for 75 s\n")) == (1, True)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "::1", "localhost"])  # noqa: S104 - what a container listens on
def test_a_daemon_that_listens_everywhere_is_asked_at_home(folder: Path, host: str) -> None:
    with served(host="::1" if ":" in host else "127.0.0.1") as port:
        configure(folder, port, host)
        assert call("healthcheck") == (0, "alive\n", "")


def test_a_proxy_of_the_environment_is_not_asked(folder: Path, monkeypatch: pytest.MonkeyPatch, unused: int) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{unused}")
    with served() as port:
        configure(folder, port)
        assert call("healthcheck")[0] == 0


def test_nobody_at_the_port_is_one_sentence(folder: Path, unused: int) -> None:
    configure(folder, unused)
    code, out, said = call("healthcheck")
    assert (code, out) == (1, "")
    assert said == (
        f"sigwatch: http://127.0.0.1:{unused}/healthz can not be reached: Connection refused; "
        "is `sigwatch run` at work with this configuration?\n"
    )


def test_a_host_that_nobody_knows_is_one_sentence(folder: Path) -> None:
    configure(folder, 9464, "nowhere.invalid")
    code, _, said = call("healthcheck")
    assert (code, said.count("\n")) == (1, 1)
    assert "http://nowhere.invalid:9464/healthz can not be reached: " in said


def test_a_daemon_that_hangs_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert ask("127.0.0.1", port, "/healthz", 0.05) == (
            f"http://127.0.0.1:{port}/healthz does not answer within 0.05 s"
        )


def test_another_program_at_the_port_is_named() -> None:
    with other_program("HTTP/1.0 404 Gone\\r\\n\\r\\n<html>\\x1b[31m\\n\\nnot\\there") as port:
        assert ask("127.0.0.1", port, "/healthz") == f"http://127.0.0.1:{port}/healthz answers 404: <html> not here"


def test_what_is_not_http_is_named() -> None:
    with other_program("SSH-2.0-x\\r\\n") as port:
        assert ask("127.0.0.1", port, "/healthz").endswith("is not HTTP: another program has the port")


def test_without_a_configuration_the_default_port_is_asked(folder: Path) -> None:
    assert address(HttpSettings()) == ("127.0.0.1", 9464)
    code, _, said = call("healthcheck")
    assert code == 0 or "http://127.0.0.1:9464/healthz" in said


def test_a_free_port_and_a_missing_file_are_faults_of_the_configuration(folder: Path) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "sigwatch", "healthcheck", *arguments], check=False, capture_output=True, text=True
        )
        return done.returncode, done.stderr

    configure(folder, 0)
    code, said = run()
    assert code == 2
    assert said.startswith("sigwatch: sigwatch.yaml: http.port: is 0, a free port that only the daemon's log tells")
    assert run("-c", "missing.yaml")[0] == 2


def test_it_loads_nothing_that_it_does_not_need(folder: Path, unused: int) -> None:
    configure(folder, unused)
    program = f"""\
import sys
from sigwatch.cli.app import main
sys.argv[1:] = ["healthcheck"]
try:
    main()
except SystemExit as end:
    print(end.code, *[name for name in {HEAVY} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=folder)
    assert done.stdout == "1\n"


def test_the_real_daemon_is_alive_without_slack_and_aws(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    write_configuration(tmp_path, slack="http://127.0.0.1:9/", knowledge=ROOT / "signatures")
    path = tmp_path / "sigwatch.yaml"
    path.write_text(path.read_text().replace("port: 0", f"port: {port}"))
    with local_logs(tmp_path) as logs:
        url = logs.url
    with daemon(tmp_path, url) as running:
        running.address()
        assert call("healthcheck", "-c", str(path)) == (0, "alive\n", "")
        assert call("healthcheck", "--ready", "-c", str(path))[0] == 1
