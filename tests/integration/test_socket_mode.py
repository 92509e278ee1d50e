"""The real Socket Mode client against a local Slack: clicks in, connections that end, tokens that are refused."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue

import pytest

from sigwatch.chat.actions import Acknowledge, AcknowledgeAll, Feedback, Request
from sigwatch.chat.socket import JOB, Pace, SocketMode
from sigwatch.commands import Commands
from sigwatch.errors import StoreError
from sigwatch.model.event import Event, FeedbackGiven, IncidentChanged, RunSkipped, SkipReason
from sigwatch.model.incident import Decision, Incident, Matchers, Reason, State
from sigwatch.store.sqlite import SqliteStore
from tests.fakes.processes import CHANNEL, Daemon, Logs, eventually, threaded_logs, write_configuration
from tests.fakes.slack_server import FakeSlack
from tests.fakes.slack_socket import FakeSocketMode, block_actions

ID = "0123456789abcdef"
QUICK = Pace(look=0.02, ping=60, pauses=(0.02,))
PATIENCE = 10.0

Asked = tuple[Request, str]


@pytest.fixture
def slack() -> Iterator[FakeSocketMode]:
    with FakeSocketMode() as made:
        yield made


class Ears:
    """What came in, and what was told of it."""

    def __init__(self) -> None:
        self.asked: Queue[Asked] = Queue()
        self.told: Queue[Event] = Queue()

    def handle(self, request: Request, who: str) -> None:
        self.asked.put((request, who))

    def next(self) -> Asked:
        return self.asked.get(timeout=PATIENCE)

    def problem(self) -> str:
        event = self.told.get(timeout=PATIENCE)
        assert isinstance(event, RunSkipped)
        assert (event.job, event.reason) == (JOB, SkipReason.FAILED)
        return event.detail


@contextmanager
def listening(
    slack: FakeSocketMode, ears: Ears, token: str = "", handle: Callable[[Request, str], object] | None = None
) -> Iterator[SocketMode]:
    mode = SocketMode(token or slack.token, slack.base_url, handle or ears.handle, ears.told.put, QUICK)
    mode.start()
    try:
        yield mode
    finally:
        mode.close()


def connected(slack: FakeSocketMode) -> bool:
    return slack.wait_for(lambda: len(slack._open) == 1)


def test_a_click_is_acknowledged_and_handed_on(slack: FakeSocketMode) -> None:
    ears = Ears()
    with listening(slack, ears) as mode:
        assert connected(slack)
        envelope = slack.click("sigwatch.acknowledge", ID, user="jane")
        assert ears.next() == (Acknowledge(ID), "slack:jane")
        assert slack.wait_for(lambda: slack.acknowledged == [envelope])
        assert mode.connected
    assert slack.wait_for(lambda: not slack._open)
    assert ears.told.empty()


def test_a_click_changes_the_state_once_however_often_it_comes(slack: FakeSocketMode) -> None:
    store, ears = SqliteStore(":memory:"), Ears()
    log_groups = ("/aws/lambda/api",)
    told = Incident(
        ID, "KO-1", "shop", "P1", "", "1", "us-east-1", log_groups, State.OPEN, 3, 1_000, 2_000, 2_000, opened_ms=1_000
    )
    with store.unit() as unit:
        unit.put_incident(told)
    commands = Commands(store, lambda: 5.0, ears.told.put, lambda _project, text: text)

    def handle(request: Request, who: str) -> None:
        commands.carry_out(request, who)
        ears.handle(request, who)

    buttons = ("sigwatch.acknowledge", "sigwatch.silence.3600", "sigwatch.helped")
    with listening(slack, ears, handle=handle):
        assert connected(slack)
        for button in buttons:
            payload = block_actions({"action_id": button, "value": ID})
            slack.interactive(payload, slack.interactive(payload))
        slack.click("sigwatch.acknowledge", "an-incident-that-is-gone")
        assert {ears.next()[1] for _ in range(2 * len(buttons))} == {"slack:jane"}
        changed, judged, problem = ears.told.get(timeout=PATIENCE), ears.told.get(timeout=PATIENCE), ears.problem()
    [acknowledged] = store.incidents()
    assert changed == IncidentChanged(Decision(Reason.ACKNOWLEDGED, acknowledged, "slack:jane"))
    assert judged == FeedbackGiven(ID, "KO-1", True, "slack:jane")
    assert (acknowledged.state, acknowledged.acknowledged_by) == (State.ACKNOWLEDGED, "slack:jane")
    assert [s.matchers for s in store.all_silences()] == [Matchers("KO-1", "shop", "*", "/aws/lambda/api")]
    assert sorted(entry.action for entry in store.audit(0, 2**62)) == ["acknowledged", "helped", "silence_added"]
    assert problem.startswith(
        "Acknowledge of slack:jane was not done: there is no incident 'an-incident-that-is-gone'; "
    )
    assert ears.told.empty()
    store.close()


def test_the_connection_is_opened_where_messages_are_posted(slack: FakeSocketMode) -> None:
    ears = Ears()
    with FakeSlack() as whole:
        whole.methods["apps.connections.open"] = lambda call: slack.opened(call.token)
        mode = SocketMode(slack.token, whole.base_url, ears.handle, ears.told.put, QUICK)
        mode.start()
        assert connected(slack)
        slack.click("sigwatch.acknowledge", ID)
        assert ears.next()[0] == Acknowledge(ID)
        mode.close()
        assert whole.count("apps.connections.open") == 1


def test_what_asks_for_nothing_is_acknowledged_all_the_same(slack: FakeSocketMode) -> None:
    ears = Ears()
    with listening(slack, ears):
        assert connected(slack)
        opened = slack.click("sigwatch.open.logs", "x", url="https://console.aws.amazon.com")
        broken = slack.interactive({"type": "block_actions", "actions": "none"})
        wordy = slack.interactive("not an object")
        last = slack.click("sigwatch.helped", ID)
        assert ears.next() == (Feedback(ID, helped=True), "slack:jane")
        assert slack.wait_for(lambda: set(slack.acknowledged) == {opened, broken, wordy, last})
    assert ears.asked.empty()


def test_an_envelope_that_comes_twice_is_acknowledged_and_handed_on_twice(slack: FakeSocketMode) -> None:
    ears = Ears()
    payload = block_actions({"action_id": "sigwatch.acknowledge_all", "value": "digest"})
    with listening(slack, ears):
        assert connected(slack)
        first = slack.interactive(payload)
        assert slack.interactive(payload, first) == first
        assert [ears.next()[0], ears.next()[0]] == [AcknowledgeAll("digest")] * 2
        assert slack.wait_for(lambda: slack.acknowledged == [first, first])


@pytest.mark.parametrize("end", [FakeSocketMode.drop, FakeSocketMode.close_properly, FakeSocketMode.ask_to_reconnect])
def test_a_connection_that_ends_is_replaced(slack: FakeSocketMode, end: Callable[[FakeSocketMode], None]) -> None:
    ears = Ears()
    with listening(slack, ears):
        assert connected(slack)
        before = slack.opens
        end(slack)
        assert slack.wait_for(lambda: slack.opens > before and len(slack._open) == 1)
        slack.click("sigwatch.acknowledge", ID)
        assert ears.next()[0] == Acknowledge(ID)


def test_a_failure_while_it_reconnects_is_told_and_tried_again(slack: FakeSocketMode) -> None:
    ears = Ears()
    with listening(slack, ears) as mode:
        assert connected(slack)
        slack.refuse("internal_error")
        slack.drop()
        assert ears.problem().startswith("Slack answered internal_error; ")
        assert connected(slack)
        slack.click("sigwatch.acknowledge", ID)
        assert ears.next()[0] == Acknowledge(ID)
        assert mode.connected


def test_a_token_that_is_refused_is_named_and_the_right_one_would_still_do(slack: FakeSocketMode) -> None:
    ears = Ears()
    with listening(slack, ears, token="xapp-wrong-0123456789") as mode:
        assert ears.problem() == (
            "Slack answered invalid_auth; SLACK_APP_TOKEN must be an app-level token (xapp-) with connections:write, "
            "and the app in Socket Mode"
        )
        assert not mode.connected
        slack.token = "xapp-wrong-0123456789"
        assert connected(slack)


def test_a_bot_token_is_named_as_the_wrong_kind(slack: FakeSocketMode) -> None:
    ears = Ears()
    with listening(slack, ears, token="xoxb-a-bot"):
        assert ears.problem().startswith("Slack answered not_allowed_token_type")


def test_a_slack_that_is_not_there_is_told_without_its_address() -> None:
    ears = Ears()
    mode = SocketMode("xapp-secret", "http://127.0.0.1:9/api/", ears.handle, ears.told.put, QUICK)
    mode.start()
    assert ears.problem() == "no connection to Slack: URLError"
    assert not mode.connected
    mode.close()


def test_a_slack_that_does_not_answer_holds_up_neither_the_start_nor_the_end(slack: FakeSocketMode) -> None:
    ears = Ears()
    with slack.hanging():
        with listening(slack, ears) as mode:
            assert not mode.connected
        assert not slack.opens
        # Had it waited for the answer, its thread would have ended.
        assert mode._thread is not None
        assert mode._thread.is_alive()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (StoreError("the state can not be written: disk I/O error"), "the state can not be written: disk I/O error"),
        (ValueError("a secret in a text"), "ValueError"),
    ],
)
def test_a_request_that_fails_is_told_and_the_next_one_served(
    slack: FakeSocketMode, error: Exception, words: str
) -> None:
    ears, failures = Ears(), [error]

    def handle(request: Request, who: str) -> None:
        if failures:
            raise failures.pop()
        ears.handle(request, who)

    with listening(slack, ears, handle=handle):
        assert connected(slack)
        slack.click("sigwatch.acknowledge", ID)
        assert ears.problem() == f"Acknowledge of slack:jane was not done: {words}"
        slack.click("sigwatch.acknowledge", ID)
        assert ears.next()[0] == Acknowledge(ID)


def test_a_request_that_hangs_keeps_neither_others_waiting_nor_the_end(slack: FakeSocketMode) -> None:
    ears, go_on = Ears(), threading.Event()

    def handle(request: Request, who: str) -> None:
        if isinstance(request, Feedback):
            go_on.wait(PATIENCE)
        ears.handle(request, who)

    with listening(slack, ears, handle=handle) as mode:
        assert connected(slack)
        held = slack.click("sigwatch.helped", ID)
        assert slack.wait_for(lambda: held in slack.acknowledged)
        slack.click("sigwatch.acknowledge", ID)
        assert ears.next()[0] == Acknowledge(ID)
        mode.close()
        assert ears.asked.empty()
        go_on.set()
        assert ears.next()[0] == Feedback(ID, helped=True)


def test_nothing_is_printed_or_logged(
    slack: FakeSocketMode, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    ears = Ears()
    caplog.set_level(0)
    with listening(slack, ears):
        assert connected(slack)
        slack.click("sigwatch.acknowledge", ID)
        ears.next()
        slack.refuse("fatal_error")
        slack.drop()
        ears.problem()
    out, err = capfd.readouterr()
    assert (out, err, [r.getMessage() for r in caplog.records if r.name.startswith("slack")]) == ("", "", [])


def with_buttons(folder: Path, slack: FakeSlack, sockets: FakeSocketMode, logs: Logs, token: str) -> Daemon:
    """The real daemon, with one Slack for messages and clicks."""
    slack.methods["apps.connections.open"] = lambda call: sockets.opened(call.token)
    write_configuration(folder, slack.base_url, quiet="60s")
    path = folder / "sigwatch.yaml"
    path.write_text(path.read_text().replace("slack: {", "slack: {buttons: true, "))
    environ = {
        "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": logs.url,
        "SLACK_BOT_TOKEN": slack.token,
        "SLACK_APP_TOKEN": token,
    }
    return Daemon(["run"], folder / "daemon.log", environ)


def outage(logs: Logs) -> None:
    logs.write("[ERROR] ModuleNotFoundError: No module named 'src.api.v1.providers'", int(time.time() * 1000))  # noqa: TID251 - the daemon lives in real time


def buttons(slack: FakeSlack) -> dict[str, str]:
    """The value behind each button of the channel's first message."""
    shown = [block for block in slack.messages(CHANNEL)[0]["blocks"] if block["type"] == "actions"]
    return {button["action_id"]: button["value"] for block in shown for button in block["elements"]}


def test_a_click_on_the_message_of_a_real_daemon_edits_it(slack: FakeSocketMode, tmp_path: Path) -> None:
    with (
        FakeSlack() as whole,
        threaded_logs() as logs,
        with_buttons(tmp_path, whole, slack, logs, slack.token) as daemon,
    ):
        outage(logs)
        assert whole.wait_for(lambda: bool(whole.messages(CHANNEL)), PATIENCE)
        assert connected(slack)
        slack.click("sigwatch.acknowledge", buttons(whole)["sigwatch.acknowledge"], user="jane")
        assert whole.wait_for(lambda: "Acknowledged by jane" in str(whole.messages(CHANNEL)[0]), PATIENCE)
        assert "sigwatch.acknowledge" not in buttons(whole)
        assert daemon.end() == 0
        assert slack.wait_for(lambda: not slack._open)


def test_a_real_daemon_whose_app_token_is_refused_goes_on(slack: FakeSocketMode, tmp_path: Path) -> None:
    with (
        FakeSlack() as whole,
        threaded_logs() as logs,
        with_buttons(tmp_path, whole, slack, logs, "xapp-wrong") as daemon,
    ):
        assert eventually(lambda: "invalid_auth" in daemon.log.read_text())
        outage(logs)
        assert whole.wait_for(lambda: bool(whole.messages(CHANNEL)), PATIENCE)
        assert daemon.metric('sigwatch_runs_skipped_total{reason="failed"}') >= 1
        assert daemon.end() == 0
    assert "xapp-wrong" not in daemon.log.read_text()
