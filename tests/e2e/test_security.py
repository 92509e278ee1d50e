"""The daemon as a process, with a secret wherever one can come from, while whatever can fail does."""

import os
import re
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from sigwatch.local.faults import EMPTY_REPLY, LOST_REPLY, Faults
from sigwatch.local.server import LocalServer
from tests.fakes.http_target import HttpTarget
from tests.fakes.processes import CHANNEL, SIGNATURES, Daemon, Logs, eventually, threaded_logs
from tests.fakes.slack_server import FakeSlack, Fault, api_error, readable, reset, server_error

clock = time.time  # noqa: TID251 - the daemon under test lives in real time
PROCESSES = Path("/proc")
linux = pytest.mark.skipif(not PROCESSES.is_dir(), reason="asks the system about a process as only Linux answers")

SECRETS = {
    "SLACK_BOT_TOKEN": "xoxb-111-222-daemonBotTokenA1",
    "SLACK_APP_TOKEN": "xapp-1-A0-333-daemonAppTokenB2",
    "SLACK_WEBHOOK_URL": "T0SECRET/B0SECRET/daemonHookC3",
    "PAGERDUTY_ROUTING_KEY": "daemonRoutingKeyD4daemonRoutingK",
    "SIGWATCH_WEBHOOK_SECRET": "whsec_ZGFlbW9uV2ViaG9va1NlY3JldEU1ZGFlbW9u",
    "APPRISE_URLS": "daemonAppriseF6",
    "AWS_SECRET_ACCESS_KEY": "daemonAwsSecretG7daemonAwsSecretG7daemon",
    "AWS_SESSION_TOKEN": "daemonAwsSessionH8",
}
"""The telling part of what the environment holds."""

LOGGED = {
    "password=logPasswordI9": "logPasswordI9",
    "token ghp_logGithubTokenJ1logGithubTokenJ1log1": "ghp_logGithubTokenJ1",
    "aws_secret_access_key=logAwsSecretK2logAwsSecretK2logAwsSecre0": "logAwsSecretK2",
    "Authorization: Bearer logBearerL3.logBearerL3": "logBearerL3",
    "postgres://app:logDatabaseM4@db.internal/shop": "logDatabaseM4",
    "https://hooks.slack.com/services/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k": "logHookN5",
    SECRETS["SLACK_BOT_TOKEN"]: SECRETS["SLACK_BOT_TOKEN"],
}
"""What an event may hold, and what of it must not be seen again."""

WORDS = "marmalade overflow in the pantry"
"""Log text that is no secret: it belongs into messages and the state, and nowhere else."""
ERROR = f"[ERROR] ModuleNotFoundError: No module named 'src.api.v1.providers': {WORDS}"

CONFIGURATION = f"""\
knowledge: {{paths: ["{SIGNATURES}"], reload: 1s}}
projects: {{default: {{log_groups: ["/aws/lambda/credmate-*"]}}}}
aws: {{region: us-east-1}}
polling: {{interval: 1s, passes: {{eager: 0s, settled: 3s}}, first_lookback: 60s}}
slack: {{channel: {CHANNEL}, base_url: "%(slack)s", timeout: 1s, settle: 1s, buttons: true}}
alertmanager: {{url: "http://127.0.0.1:%(closed)d"}}
pagerduty: {{base_url: "%(target)s"}}
webhook: {{url: "%(target)s/hook"}}
targets: [slack, slack-webhook, alertmanager, pagerduty, webhook, apprise]
store: sqlite:state.db
http: {{port: 0}}
"""


def now_ms() -> int:
    return int(clock() * 1000)


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@dataclass(frozen=True)
class Scene:
    """A daemon, those that it talks to, and everything that it may be heard to say."""

    folder: Path
    environ: dict[str, str]
    running: Daemon
    logs: Logs
    server: LocalServer
    slack: FakeSlack
    target: HttpTarget

    def call(self, *arguments: str) -> str:
        """What a verb says, on either stream."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SLACK_"))}
        command = [sys.executable, "-m", "sigwatch", *arguments]
        environ = kept | self.environ
        done = subprocess.run(
            command, check=False, cwd=self.folder, env=environ, capture_output=True, text=True, timeout=120
        )
        assert done.returncode in {0, 1}, done.stderr
        return done.stdout + done.stderr

    def pages(self) -> dict[str, str]:
        return {path: self.running.get(path)[1] for path in ("/metrics", "/healthz", "/readyz", "/", "/nowhere")}

    def files(self) -> dict[str, bytes]:
        """Whatever was written, the configuration apart."""
        found = {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in self.folder.rglob("*")
                 if path.is_file() and path.name != "sigwatch.yaml"}  # fmt: skip
        assert any(name.startswith("state.db") for name in found)
        return found


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with ExitStack() as stack:
        slack = stack.enter_context(FakeSlack((CHANNEL,), SECRETS["SLACK_BOT_TOKEN"]))
        target = stack.enter_context(HttpTarget())
        server = stack.enter_context(LocalServer(clock=clock))
        logs = Logs(server.url)
        names = {"slack": slack.base_url, "target": target.url, "closed": closed_port()}
        (tmp_path / "sigwatch.yaml").write_text(CONFIGURATION % names)
        environ = SECRETS | {
            "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": server.url,
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "SLACK_WEBHOOK_URL": f"{target.url}/services/{SECRETS['SLACK_WEBHOOK_URL']}",
            "APPRISE_URLS": f"json://user:{SECRETS['APPRISE_URLS']}@{target.url.removeprefix('http://')}/x",
            "XDG_CACHE_HOME": str(tmp_path / "cache.d"),
        }
        running = stack.enter_context(Daemon(["run", "--verbose"], tmp_path / "daemon.log", environ))
        yield Scene(tmp_path, environ, running, logs, server, slack, target)


def everything_fails(scene: Scene) -> None:
    scene.slack.script("chat.postMessage", server_error(500))
    scene.slack.script("conversations.history", api_error("internal_error"))
    scene.slack.script("chat.update", reset(), api_error("invalid_auth"))
    elsewhere = Fault(status=302, headers=(("Location", "http://127.0.0.1:9/"),), body="<html>")
    scene.target.script(server_error(500), reset(), elsewhere, server_error(403))
    codes = ("AccessDeniedException", "ServiceUnavailableException", LOST_REPLY)
    scene.server.inject(Faults(start_query=codes, get_query_results=(EMPTY_REPLY,), outcomes=("Failed",)))


def seen(text: str) -> list[str]:
    return [secret for secret in (*SECRETS.values(), *LOGGED.values()) if secret in text]


def test_no_secret_is_seen_anywhere_while_everything_fails(scene: Scene) -> None:
    everything_fails(scene)
    assert eventually(lambda: scene.running.get("/healthz")[0] == 200)
    for text in LOGGED:
        scene.logs.write(f"{ERROR} {text}", now_ms())
    assert eventually(lambda: bool(scene.slack.messages(CHANNEL)), 60)
    assert eventually(lambda: bool(scene.target.accepted), 60)
    scene.logs.write(ERROR, now_ms())
    assert eventually(lambda: "invalid_auth (HTTP 200)" in scene.running.log.read_text(), 60)
    pages = scene.pages()
    command = (PROCESSES / str(scene.running.pid) / "cmdline").read_bytes() if PROCESSES.is_dir() else b""
    said = {
        "incidents": scene.call("incidents", "--format", "json"),
        "history": scene.call("history", "--format", "json"),
        "backfill": scene.call("backfill", "--since", "1h", "--yes", "--format", "json"),
        "report": scene.call("backfill", "--since", "1h", "--yes", "--format", "html"),
        "check": scene.call("check"),
    }
    written = scene.files()
    log = scene.running.log.read_text()
    scene.running.send(signal.SIGTERM)
    assert scene.running.line() == ""
    assert scene.running.wait(20) == 0
    told = {"message": " ".join(readable(message) for message in scene.slack.messages(CHANNEL))}
    binary = {name: data.decode(errors="replace") for name, data in {**written, "command": command}.items()}
    for name, text in {**pages, **said, **told, **binary}.items():
        assert not seen(text), name
    for word in ("Slack answered", "127.0.0.1 answered HTTP", "can not be reached"):
        assert word in log, "the error paths have not spoken"
    assert "Traceback" not in log
    # Where log text belongs, it is, so that the search above has looked in the right places.
    state = "".join(text for name, text in binary.items() if name.startswith("state.db"))
    for text in (state, told["message"], said["backfill"], said["report"]):
        assert WORDS in text
    for text in (log, *pages.values()):
        assert WORDS not in text
        assert "ModuleNotFoundError" not in text


def test_a_token_that_is_refused_is_not_repeated(tmp_path: Path) -> None:
    wrong = "xoxb-999-wrongTokenZ9"
    with FakeSlack((CHANNEL,)) as slack, threaded_logs() as logs:
        text = CONFIGURATION % {"slack": slack.base_url, "target": slack.base_url, "closed": 1}
        text = re.sub(r"targets: .*", "targets: [slack]", text.replace("buttons: true", "buttons: false"))
        (tmp_path / "sigwatch.yaml").write_text(text)
        environ = {"AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": logs.url, "SLACK_BOT_TOKEN": wrong}
        with Daemon(["run"], tmp_path / "daemon.log", environ) as running:
            logs.write(ERROR, now_ms())
            assert eventually(lambda: "invalid_auth" in running.log.read_text(), 40)
            assert wrong not in running.log.read_text() + running.get("/")[1] + running.get("/metrics")[1]


@linux
@pytest.mark.parametrize("host", ["", "127.0.0.1", "0.0.0.0", "::1"])  # noqa: S104 - that is what is tested
def test_it_listens_on_this_machine_alone_unless_told_otherwise(tmp_path: Path, host: str) -> None:
    if ":" in host and not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    with FakeSlack((CHANNEL,)) as slack:
        text = CONFIGURATION % {"slack": slack.base_url, "target": slack.base_url, "closed": 1}
        text = re.sub(r"targets: .*", "targets: [console]", text.replace("buttons: true", "buttons: false"))
        (tmp_path / "sigwatch.yaml").write_text(
            text.replace("{port: 0}", f'{{port: 0, host: "{host}"}}' if host else "{port: 0}")
        )
        # Names by which other servers are told where to listen.
        environ = {
            "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": "http://127.0.0.1:1",
            "HOST": "0.0.0.0",  # noqa: S104 - that is what is tested
            "UVICORN_HOST": "0.0.0.0",  # noqa: S104 - that is what is tested
        }
        with Daemon(["run"], tmp_path / "daemon.log", environ) as running:
            assert running.address()
            assert listening(running.pid) == [host or "127.0.0.1"]


def listening(pid: int) -> list[str]:
    """Addresses on which a process takes connections."""
    sockets = set()
    for descriptor in (PROCESSES / str(pid) / "fd").iterdir():
        sockets |= set(re.findall(r"socket:\[(\d+)\]", str(descriptor.readlink())))
    found = []
    for table, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for line in (PROCESSES / "net" / table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in sockets:
                words = bytes.fromhex(fields[1].split(":")[0])
                # The kernel prints words of four bytes in the machine's own order.
                pieces = [
                    words[at : at + 4][::-1] if sys.byteorder == "little" else words[at : at + 4]
                    for at in range(0, len(words), 4)
                ]
                found.append(socket.inet_ntop(family, b"".join(pieces)))
    return found


@linux
def test_idle_connections_do_not_hold_up_the_watching(tmp_path: Path) -> None:
    with FakeSlack((CHANNEL,)) as slack, threaded_logs() as logs, ExitStack() as stack:
        text = CONFIGURATION % {"slack": slack.base_url, "target": slack.base_url, "closed": 1}
        text = re.sub(r"targets: .*", "targets: [slack]", text.replace("buttons: true", "buttons: false"))
        (tmp_path / "sigwatch.yaml").write_text(text)
        environ = {"AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": logs.url, "SLACK_BOT_TOKEN": slack.token}
        running = stack.enter_context(Daemon(["run"], tmp_path / "daemon.log", environ))
        port = int(running.address().rstrip("/").rpartition(":")[2])
        resource.prlimit(running.pid, resource.RLIMIT_NOFILE, (200, 200))
        for _ in range(300):
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
        logs.write(ERROR, now_ms())
        assert slack.wait_for(lambda: len(slack.messages(CHANNEL)) == 1, timeout=40)
        assert len(list((PROCESSES / str(running.pid) / "fd").iterdir())) < 150


@pytest.mark.parametrize("name", sorted({"SLACK_BOT_TOKEN", "PAGERDUTY_ROUTING_KEY", "SIGWATCH_WEBHOOK_SECRET"}))
def test_a_secret_in_the_configuration_is_refused_without_being_repeated(tmp_path: Path, name: str) -> None:
    secret = SECRETS[name]
    text = f'slack: {{token: "{secret}"}}\npagerduty: {{base_url: "https://{secret}:x@events.example"}}\n'
    (tmp_path / "sigwatch.yaml").write_text(text)
    with Daemon(["run"], tmp_path / "daemon.log", {}) as running:
        assert running.wait(20) == 2
    assert "slack.token" in running.log.read_text()
    assert secret not in running.log.read_text()


def test_a_state_that_is_damaged_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "sigwatch.yaml").write_text("targets: [console]\nstore: sqlite:state.db\nhttp: {port: 0}\n")
    with sqlite3.connect(tmp_path / "other.db") as made:
        made.execute("CREATE TABLE t (x)")
    (tmp_path / "state.db").write_bytes(
        (tmp_path / "other.db").read_bytes()[:600] + SECRETS["SLACK_BOT_TOKEN"].encode()
    )
    with Daemon(["run"], tmp_path / "daemon.log", {}) as running:
        assert running.wait(20) in {1, 2}
    assert "Traceback" not in running.log.read_text()
    assert not seen(running.log.read_text())
