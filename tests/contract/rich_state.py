"""A state with something of everything, and what all of its ports say of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sigwatch.incident.fingerprint import hit
from sigwatch.model.audit import Entry
from sigwatch.model.coverage import Lookback, Spending
from sigwatch.model.incident import Incident, Matchers, Silence, State
from sigwatch.model.logs import Hit, Search, Window
from sigwatch.ports import cursor_key
from tests.contract.stores import (
    AnyStore,
    accept,
    card,
    due,
    enqueue,
    entry,
    escalation,
    incident,
    known,
    page,
    remark,
    take,
)
from tests.fakes.made import group, row

REGIONS = ("us-east-1", "eu-central-1")
GROUPS = [group(f"/aws/{number:02d}", region=region) for region in REGIONS for number in range(30)]


def day_of(base_ms: int) -> str:
    """The day on which something was spent."""
    return datetime.fromtimestamp(base_ms / 1000, UTC).date().isoformat()


def hits(base_ms: int, count: int = 50) -> list[Hit]:
    """Some of one minute, some of others, of two signatures."""
    return [hit(f"KO-{number % 2}", row(f"ERROR {number}", base_ms - number * 7_001)) for number in range(count)]


def incidents(base_ms: int) -> list[Incident]:
    """One for each thing that can become of a message, the last two of one kind."""
    return [incident(base_ms - 1_000 * number, f"KO-{min(number, 7)}") for number in range(9)]


def fill(store: AnyStore, base_ms: int) -> None:
    """Write something of everything, at about that epoch millisecond."""
    _watch(store, base_ms // 1000)
    told = incidents(base_ms)
    told[8] = replace(told[8], state=State.RESOLVED, resolved_ms=base_ms)
    enqueue(store, *(card(each) for each in told[:2]))
    enqueue(store, escalation(told[0]))
    _gather(store, told[:2])
    enqueue(store, *(card(each) for each in told[2:7]), card(told[7], target="pagerduty"), entry(told[3]), remark())
    waiting = {each.id: each for each in due(store, base_ms)}
    accept(store, waiting[told[2].id], base_ms, refresh_ms=base_ms + 60_000)
    accept(store, waiting[told[3].id], base_ms)
    take(store, waiting[told[4].id], base_ms, nonce="theirs", gap_ms=1_000)
    store.deliveries.rest(waiting[told[5].id], base_ms + 5_000)
    overdue = next(each for each in store.deliveries.overdue(base_ms + 60_000) if each.id == told[6].id)
    assert store.deliveries.fall_back(overdue, card(told[6], target="webhook"))
    enqueue(store, card(told[3]))
    with store.unit() as unit:
        unit.put_incident(told[8])
        unit.know("KO-1", "approved", "abc")
        for number, (subject, after_ms) in enumerate((("b", 0), ("a", 0), ("c", 0), ("a", 5))):
            unit.record(Entry(base_ms + after_ms, "cli:jo", "noted", subject, "KO", "shop", (("n", str(number)),)))
        ends = base_ms + 60_000
        unit.put_silence(Silence("s-1", Matchers("KO-9"), "because", "jo", base_ms - 1, ends, "cli"))
    for part in (hits(base_ms)[:20], hits(base_ms)[20:]):
        with store.unit() as unit:
            unit.add_hits(part)


def _gather(store: AnyStore, told: Sequence[Incident]) -> None:
    """Put two pages in place of two cards, the second in the thread of the first."""
    cards = [row for row in store.deliveries.unposted() if row.id in {each.id for each in told}]
    pages = [(page(number, 2), [row.id]) for number, row in enumerate(cards, 1)]
    assert store.deliveries.gather(cards, pages) == 2


def search(now: int) -> Search:
    """The search whose query runs."""
    return Search("scope", "eager", tuple(GROUPS[:2]), (), "fields @message", Window(now - 60, now), 100)


def _watch(store: AnyStore, now: int) -> None:
    with store.unit() as unit:
        for number, each in enumerate(GROUPS):
            key = cursor_key("eager", each)
            unit.cover(key, now - 1_000, now - 900 + number % 3)
            if number % 7 == 0:
                unit.cover(key, now - 800, now - 700)
                unit.cover(cursor_key("settled", each), now - 1_000, now - 1_000)
    with store.unit() as unit:
        unit.watch_set(GROUPS[0], "d1", ["KO-1", "KO-2"])
        unit.watch_set(GROUPS[31], "d2", ["KO-1"])
        unit.owe(Lookback("look", Window(now - 500, now - 400), (GROUPS[0].arn,), ("KO-2", "KO-1")))
    store.remember(search(now), "query-1")
    day = day_of(now * 1000)
    store.spend([Spending(day, "scope", "eager", 2**40, 0.1, 3), Spending(day, "scope", "settled", 5, 0.2, 1)])


def seen(store: AnyStore, base_ms: int) -> dict[str, Any]:
    """What the ports say."""
    out = store.deliveries
    return {
        "installation": store.installation,
        "coverage": dict(store.coverage()),
        "watch": (dict(store.watch_sets()), store.watch_entries("d1"), store.watch_entries("d2")),
        "owed": store.lookbacks(),
        "queries": (store.started_queries(), store.recall(search(base_ms // 1000).marker)),
        "spent": sorted(store.spent(day_of(base_ms)), key=repr),
        "incidents": (store.incidents(), store.unresolved()),
        "silences": store.all_silences(),
        "known": dict(store.known()),
        "audit": list(store.audit(0, base_ms + 10_000)),
        "audit of a": list(store.audit(0, base_ms + 10_000, subject="a")),
        "due": [due(store, base_ms + after_ms) for after_ms in (0, 2_000, 5_000, 61_000)],
        "unposted": out.unposted(),
        "overdue": out.overdue(base_ms + 60_000),
        "outbox": store.outbox(base_ms),
        "cards": [store.cards(each.id) for each in incidents(base_ms)],
        "posted": (out.posted_since("slack", "C1", base_ms), out.destinations("slack", base_ms)),
        "hits": known(store, hits(base_ms)),
        "page": _gathered(store),
    }


def _gathered(store: AnyStore) -> list[Incident]:
    with store.unit() as unit:
        return unit.gathered("key-d-1")
