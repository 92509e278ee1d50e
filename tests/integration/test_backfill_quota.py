"""A backfill beside a daemon: both together stay below the quotas of the account and region."""

import threading
from collections.abc import Iterator

import pytest

from sigwatch.local.faults import Faults
from sigwatch.local.server import LocalServer
from sigwatch.local.settings import Settings
from sigwatch.model.coverage import Coverage
from sigwatch.model.logs import Search, Window
from sigwatch.past.quota import Share, Signs, left_by
from sigwatch.plan.insights import pack
from sigwatch.ports import cursor_key
from sigwatch.source.cloudwatch import Account, CloudWatchSource
from sigwatch.source.limits import Limiter, Limits
from sigwatch.store.sqlite import SqliteStore
from tests.fakes.made import group, signature
from tests.fakes.past_house import PastHouse, client_of, clock

NOW = int(clock())
NAMES = [f"/app/{number}" for number in range(6)]
SIGNATURES = (signature("KO-1", "ERROR one"),)


@pytest.fixture
def server() -> Iterator[LocalServer]:
    settings = Settings(account="111122223333", scheduled_seconds=0.0, running_seconds=0.1)
    with LocalServer(clock=clock, settings=settings, faults=Faults(requests_per_second=10.0)) as made:
        for name in NAMES:
            made.store.create_group(name, created_ms=(NOW - 86_400) * 1000)
        yield made


def poll(server: LocalServer, stopping: threading.Event, first: threading.Event) -> None:
    """Search again and again, as a daemon with more to do than its limits allow."""
    client, queries = client_of(server.url), SqliteStore(":memory:")
    limiter = Limiter(Limits, clock, stopping.wait)
    account = Account("", linked=False, installation="daemon")
    source = CloudWatchSource(client, account, limiter, queries, clock, stopping.wait, lambda: 0.5, lambda: None)
    groups = tuple(source.log_groups("/"))
    [(text, served)] = pack(SIGNATURES)

    def search(number: int) -> None:
        for turn in range(1_000):
            window = Window(NOW - 100 * (turn + 1) - 10 * number, NOW - 100 * turn - 10 * number)
            try:
                source.search(Search("s", "eager", groups, served, text, window, 10_000))
            except Exception:  # noqa: BLE001 - it is stopped in the middle; what was refused shows in the server's count
                return
            first.set()

    threads = [threading.Thread(target=search, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client.close()
    queries.close()


def test_a_daemon_and_a_backfill_together_are_not_throttled(server: LocalServer) -> None:
    stopping, first = threading.Event(), threading.Event()
    daemon = threading.Thread(target=poll, args=(server, stopping, first))
    daemon.start()
    assert first.wait(30)
    seen = {cursor_key("eager", group()): Coverage(((0, NOW + 3_600),))}
    share = Share(Limits(), Signs(15, {"eager": 0}), lambda: seen, clock)
    house = PastHouse(server.url, ":memory:", SIGNATURES, places=4, limits=share, longest_wait=10.0)
    house.on_report = lambda progress: house.stopping.set() if progress.slices >= 8 else None
    ended = house.run(Window(NOW - 40_000, NOW - 1_000))
    stopping.set()
    daemon.join()
    house.close()
    requests = server.stats()["requests"]
    assert share() == left_by(Limits())
    assert ended.progress.slices >= 8
    assert "ThrottlingException" not in str(requests)
    assert "StartQuery" in str(requests)
