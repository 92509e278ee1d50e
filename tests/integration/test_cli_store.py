"""`store`, called as a user calls it: made, moved, checked, and gone on with."""

import re
import signal
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sigwatch.errors import ConfigurationError, StoreError
from sigwatch.incident.fingerprint import hit
from sigwatch.ports import cursor_key
from sigwatch.store.dynamo import schema
from sigwatch.store.dynamo.store import DynamoStore
from sigwatch.store.dynamo.table import Item, Table, Write
from sigwatch.store.sqlite import SqliteStore
from tests.contract.rich_state import GROUPS, fill, seen
from tests.contract.stores import KEPT
from tests.fakes.dynamo import ENVIRONMENT, client, new_table
from tests.fakes.made import row
from tests.fakes.processes import (
    CHANNEL,
    Daemon,
    Logs,
    Process,
    daemon,
    eventually,
    threaded_logs,
    write_configuration,
)
from tests.fakes.recorder import Recorder
from tests.fakes.slack_server import TOKEN, FakeSlack, readable
from tests.fakes.verbs import NOW_MS, call, call_json

THEN_MS = NOW_MS - 600_000
"""Long enough ago that no daemon seems to be at work."""
CONFIGURATION = """\
knowledge: {{paths: [knowledge]}}
aws: {{region: us-east-1}}
polling: {{interval: 15s, passes: {{eager: 0s, settled: 60s}}}}
targets: [console]
store: "{store}"
"""
ERROR = "[ERROR] ModuleNotFoundError: No module named 'src.api.v1.providers'"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dynamodb: str) -> Path:
    """A configuration with a file, in reach of a server for tables."""
    monkeypatch.chdir(tmp_path)
    for name, value in (ENVIRONMENT | {"AWS_ENDPOINT_URL_DYNAMODB": dynamodb}).items():
        monkeypatch.setenv(name, value)
    configure(tmp_path, "sqlite:state.db")
    return tmp_path


def configure(folder: Path, store: str) -> None:
    (folder / "sigwatch.yaml").write_text(CONFIGURATION.format(store=store))


def opened(endpoint: str, name: str) -> DynamoStore:
    clock = time.time  # noqa: TID251 - the verbs live in real time
    return DynamoStore(Table(client(endpoint), name), KEPT, clock, time.monotonic)


def fresh_name() -> str:
    return f"t-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def state(folder: Path) -> Path:
    """A file with something of everything."""
    with closing(SqliteStore(folder / "state.db")) as store:
        fill(store, THEN_MS)
    return folder / "state.db"


def test_a_table_is_made_and_left_alone_once_it_is_there(folder: Path, dynamodb: str) -> None:
    name = fresh_name()
    code, out, _ = call("store", "create", f"dynamodb://{name}")
    assert (code, out.count("\n")) == (0, 2)
    assert f"the table {name} is made" in out
    # This server has no backups, as some regions and doubles have none.
    assert "point-in-time recovery is not on (UnknownOperationException)" in out
    found = schema.described(client(dynamodb), name)
    assert found is not None
    assert not schema.faults(found)
    assert schema.expires(client(dynamodb), name)
    code, out, _ = call("store", "create", f"dynamodb://{name}")
    assert code == 0
    assert "is there already, and its keys and index are right" in out


def test_what_the_configuration_names_is_made(folder: Path) -> None:
    assert call("store", "create") == (0, f"the file {folder / 'state.db'} is made\n", "")
    assert call("store", "create") == (0, f"the file {folder / 'state.db'} is there already, and right\n", "")
    assert call_json("store", "check") == (0, {"flaws": [], "items": 0, "bytes": 0})


def test_a_table_of_somebody_else_is_not_used(folder: Path, dynamodb: str) -> None:
    name, made = fresh_name(), client(dynamodb)
    made.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    with pytest.raises(StoreError, match=r"not as it has to be.*pk.*index waiting"):
        call("store", "create", f"dynamodb://{name}")
    configure(folder, f"dynamodb://{name}")
    code, found = call_json("store", "check")
    assert (code, {flaw["rule"] for flaw in found["flaws"]}) == (1, {"schema"})


def test_a_state_is_moved_and_says_the_same(state: Path, dynamodb: str) -> None:
    _, name = new_table(dynamodb)
    code, out, err = call("store", "migrate", "sqlite:state.db", f"dynamodb://{name}")
    assert code == 0
    assert re.search(r"^ +9  incidents$", out, re.MULTILINE)
    assert re.search(r"^ +50  hits$", out, re.MULTILINE)
    assert "was compared" in err
    with closing(SqliteStore(state)) as before, closing(opened(dynamodb, name)) as after:
        assert seen(after, THEN_MS) == seen(before, THEN_MS)
    configure(state.parent, f"dynamodb://{name}")
    code, out, err = call("store", "check")
    assert code == 0
    assert out.startswith(f"warning: backups: {name}: point-in-time recovery is not known to be on")
    assert re.search(r"\d+ items and [\d.]+ \w+ read; 0 faults in dynamodb://", err)


def test_it_is_checked_with_the_exit_code_of_findings(state: Path, dynamodb: str) -> None:
    assert call("store", "check") == (0, "", f"0 faults in sqlite://{state}\n")
    with closing(SqliteStore(state)) as store, store._database.transaction() as connection:
        connection.execute("UPDATE outbox SET delivered = 9 WHERE form = 'remark'")
    code, out, err = call("store", "check")
    assert (code, err) == (1, f"1 fault in sqlite://{state}\n")
    assert out.startswith("fault: revision: message slack r: revision 9 was delivered, and 1 is the newest")
    code, found = call_json("store", "check")
    assert (code, [flaw["level"] for flaw in found["flaws"]]) == (1, ["fault"])


def test_without_a_state_there_is_nothing_to_check(folder: Path) -> None:
    code, _, err = call("store", "check")
    assert (code, "there is no state yet" in err) == (2, True)
    configure(folder, f"dynamodb://{fresh_name()}")
    with pytest.raises(StoreError, match="store create"):
        call("store", "check")


def test_addresses_that_can_not_be_meant_are_refused(state: Path, dynamodb: str) -> None:
    for source, target, words in (
        ("state.db", "sqlite:other.db", "is no store"),
        ("sqlite:state.db", f"sqlite:{state}", "the same state"),
    ):
        code, _, err = call("store", "migrate", source, target)
        assert code == 2
        assert words in " ".join(err.split())
    with pytest.raises(ConfigurationError, match="there is no file"):
        call("store", "migrate", "sqlite:nothing.db", "sqlite:other.db")
    with pytest.raises(StoreError, match=r"no table.*store create"):
        call("store", "migrate", "sqlite:state.db", f"dynamodb://{fresh_name()}")


def test_a_source_at_work_is_refused_unless_forced(state: Path, dynamodb: str) -> None:
    now = int(time.time())  # noqa: TID251 - the verbs live in real time
    with closing(SqliteStore(state)) as store, store.unit() as unit:
        unit.cover(cursor_key("eager", GROUPS[0]), now - 5, now)
    with pytest.raises(StoreError, match=r"at work.*stop it first"):
        call("store", "migrate", "sqlite:state.db", "sqlite:new.db")
    assert not (state.parent / "new.db").exists()
    assert call("store", "migrate", "sqlite:state.db", "sqlite:new.db", "--force")[0] == 0


class Halting(Counter[str]):
    """Lets nothing through once something was asked for so often."""

    def __init__(self, wanted: str, times: int) -> None:
        self._wanted, self._times = wanted, times
        self.reached, self.released = threading.Event(), threading.Event()
        super().__init__()

    def update(self, *arguments: Any, **named: Any) -> None:
        super().update(*arguments, **named)
        if self[self._wanted] >= self._times:
            self.reached.set()
            self.released.wait()


@pytest.mark.parametrize("asked", ["BatchWriteItem", "Scan"])
def test_killed_in_the_middle_it_is_refused_and_done_again(state: Path, dynamodb: str, asked: str) -> None:
    with closing(SqliteStore(state)) as store, store.unit() as unit:
        unit.add_hits([hit("KO-1", row(f"ERROR {n}", THEN_MS - n * 60_000)) for n in range(200)])
    _, name = new_table(dynamodb)
    migration = ["store", "migrate", "sqlite:state.db", f"dynamodb://{name}"]
    halting = Halting(f"dynamodb:{asked}", {"BatchWriteItem": 5, "Scan": 2}[asked])
    with Recorder(dynamodb, halting) as front:
        with Process(migration, state.parent / "log", {"AWS_ENDPOINT_URL_DYNAMODB": front.url}) as process:
            assert halting.reached.wait(60), (state.parent / "log").read_text()
            process.end(signal.SIGKILL)
        halting.released.set()
    with pytest.raises(StoreError, match=r"unfinished target of a migration from sqlite://.*migrate"):
        opened(dynamodb, name)
    configure(state.parent, f"dynamodb://{name}")
    with pytest.raises(StoreError, match="unfinished"):
        call("run", "--once")
    code, found = call_json("store", "check")
    assert (code, "unfinished" in {flaw["rule"] for flaw in found["flaws"]}) == (1, True)
    assert call(*migration)[0] == 0
    with closing(SqliteStore(state)) as before, closing(opened(dynamodb, name)) as after:
        assert seen(after, THEN_MS) == seen(before, THEN_MS)


def test_what_an_unfinished_file_holds_is_removed(state: Path, dynamodb: str) -> None:
    _, name = new_table(dynamodb)
    halting = Halting("dynamodb:Scan", 2)
    call("store", "migrate", "sqlite:state.db", f"dynamodb://{name}")
    migration = ["store", "migrate", f"dynamodb://{name}", "sqlite:new.db"]
    with Recorder(dynamodb, halting) as front:
        with Process(migration, state.parent / "log", {"AWS_ENDPOINT_URL_DYNAMODB": front.url}) as process:
            assert halting.reached.wait(60), (state.parent / "log").read_text()
            process.end(signal.SIGKILL)
        halting.released.set()
    with pytest.raises(StoreError, match="unfinished"):
        SqliteStore(state.parent / "new.db")
    assert call(*migration)[0] == 0
    with closing(SqliteStore(state)) as before, closing(SqliteStore(state.parent / "new.db")) as after:
        assert seen(after, THEN_MS) == seen(before, THEN_MS)


def permissions(who: str) -> set[str]:
    """What the documents say that somebody needs."""
    text = (Path(__file__).resolve().parents[2] / "docs" / "store.md").read_text().split("## Permissions")[1]
    [line] = [line for line in text.splitlines() if line.startswith(f"| {who}")]
    return {f"dynamodb:{name}" for name in re.findall(r"`([A-Z]\w+)`", line)}


def test_no_verb_needs_more_than_the_documents_say(state: Path, dynamodb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name = fresh_name()
    for who, arguments in (
        ("`store create`", ("create",)),
        ("`store migrate`", ("migrate", "sqlite:state.db", f"dynamodb://{name}")),
        ("`store check`", ("check",)),
    ):
        needed: Counter[str] = Counter()
        configure(state.parent, f"dynamodb://{name}")
        with Recorder(dynamodb, needed) as front:
            monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", front.url)
            assert call("store", *arguments)[0] == 0
        allowed = permissions(who) | (permissions("the daemon") if "migrate" in arguments else set())
        assert set(needed) <= allowed, arguments
        assert len(needed) > 2


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack(channels=(CHANNEL,)) as server:
        yield server


@pytest.fixture
def logs() -> Iterator[Logs]:
    with threaded_logs() as server:
        yield server


def shown(slack: FakeSlack) -> list[int]:
    """The counts that messages of the channel show."""
    found = [re.search(r"([\d,]+) events?\b", readable(message)) for message in slack.messages(CHANNEL)]
    return [int(each[1].replace(",", "")) for each in found if each]


def now_ms() -> int:
    return int(time.time() * 1000)  # noqa: TID251 - the daemon under test lives in real time


def spans(store: SqliteStore | DynamoStore) -> dict[Any, int]:
    """Where each pass began in each log group; none has a gap."""
    found = store.coverage()
    assert found
    assert {len(each.spans) for each in found.values()} == {1}
    return {key: each.begin for key, each in found.items()}


def test_a_daemon_goes_on_after_it_as_if_nothing_had_been(
    folder: Path, dynamodb: str, slack: FakeSlack, logs: Logs
) -> None:
    write_configuration(folder, slack.base_url, quiet="60s")
    with daemon(folder, logs.url) as running:
        logs.write(ERROR, now_ms(), now_ms() + 1)
        assert slack.wait_for(lambda: shown(slack) == [2], timeout=30)
        running.end(signal.SIGKILL)
    _, name = new_table(dynamodb)
    code, _, err = call("store", "migrate", "sqlite:state.db", f"dynamodb://{name}", "--force")
    assert (code, "was compared" in err) == (0, True)
    with closing(SqliteStore(folder / "state.db")) as before:
        begun = spans(before)
    text = (folder / "sigwatch.yaml").read_text()
    (folder / "sigwatch.yaml").write_text(text.replace("sqlite:state.db", f"dynamodb://{name}"))
    environ = {
        "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": logs.url,
        "AWS_ENDPOINT_URL_DYNAMODB": dynamodb,
        "SLACK_BOT_TOKEN": TOKEN,
    }
    with Daemon(["run"], folder / "after.log", environ) as running:
        written = now_ms()
        logs.write(f"{ERROR} again", written)
        assert slack.wait_for(lambda: shown(slack) == [3], timeout=30), running.log.read_text()
        assert eventually(lambda: _searched_again(dynamodb, name, written)), running.log.read_text()
        assert running.end() == 0
    assert shown(slack) == [3]
    with closing(opened(dynamodb, name)) as after:
        assert {key: begin for key, begin in spans(after).items() if key in begun} == begun
    code, found = call_json("store", "check")
    assert (code, {flaw["rule"] for flaw in found["flaws"]}) == (0, {"backups"})


def _searched_again(endpoint: str, name: str, until_ms: int) -> bool:
    """Whether the later pass, which finds every hit once more, has come so far."""
    with closing(opened(endpoint, name)) as store:
        ends = [each.frontier for key, each in store.coverage().items() if key[0] == "settled"]
    return bool(ends) and min(ends) * 1000 > until_ms


def test_a_table_whose_items_do_not_expire_is_found(folder: Path, dynamodb: str) -> None:
    made, name = new_table(dynamodb)
    made.update_time_to_live(TableName=name, TimeToLiveSpecification={"Enabled": False, "AttributeName": "expires"})
    configure(folder, f"dynamodb://{name}")
    assert [flaw["rule"] for flaw in call_json("store", "check")[1]["flaws"]] == ["expiry", "backups"]
    assert "its items expire now" in call("store", "create")[1]
    code, found = call_json("store", "check")
    assert (code, [flaw["rule"] for flaw in found["flaws"]]) == (0, ["backups"])


def test_a_newer_table_can_not_be_a_target(state: Path, dynamodb: str) -> None:
    made, name = new_table(dynamodb)
    Table(made, name).commit([Write(("NEW", "x"), Item(("NEW", "x"), 1), None)], "test")
    with pytest.raises(StoreError, match="not empty"):
        call("store", "migrate", "sqlite:state.db", f"dynamodb://{name}")
