"""The whole way of both: polled second by second, and searched for at once in parts of any order."""

import random

import pytest

from sigwatch.findings import Finder
from sigwatch.incident.fingerprint import hit
from sigwatch.incident.lifecycle import Rules
from sigwatch.match.engine import Engine
from sigwatch.model.incident import Incident
from sigwatch.model.knowledge import Signature
from sigwatch.model.logs import Pass, Row, Scope, Window
from sigwatch.pipeline import Pipeline, covering, prepare
from sigwatch.plan.scopes import Batch
from sigwatch.report.fold import incidents
from sigwatch.search import Reader
from sigwatch.store.sqlite import SqliteStore
from tests.fakes.made import group, row, signature
from tests.fakes.source import FakeSource

BEGIN, SECONDS = 1_000, 150
RULES = Rules(8_000, mask=lambda project, text: text.replace("hunter2", f"[{project}]"))
GROUP_BY = ("log_group",)
DOWN = signature(
    "KO-1", r"down (?P<host>\w+)", resolved_pattern=r"(?P<host>\w+) is up", group_by=("host",), project="bank"
)
PLAIN = signature("KO-2", "ERROR (one|two)")
SIGNATURES = tuple(each for of in (DOWN, PLAIN) for each in (of, of.recovery) if each is not None)


def logged(chance: random.Random) -> list[Row]:
    """Some of everything, with pauses; samples stay few, so that none has to be left out."""
    words = ("down db1", "down db2 hunter2", "ERROR one down db1", "ERROR two hunter2", "db1 is up", "db2 is up", "ok")
    made = []
    for second in range(BEGIN, BEGIN + SECONDS):
        if second // 20 % 2 and chance.random() < 0.9:
            continue
        # At whole seconds: what happens within one second is one window to the daemon.
        made += [
            row(word, second * 1000, stream=f"s{n}")
            for n, word in enumerate(chance.choices(words, k=chance.randrange(3)))
        ]
    return made


def polled(rows: list[Row]) -> list[Incident]:
    now = float(BEGIN)
    store = SqliteStore(":memory:")
    reader = Reader(FakeSource([group()], rows), lambda _: None, 0.005)
    live = Pipeline(reader, store, RULES, GROUP_BY, lambda *_: (), lambda *_: (), lambda: now, lambda _: None)
    scope, prepared = Scope("us-east-1/shop", (group(),), SIGNATURES), prepare(SIGNATURES)
    for second in range(BEGIN, BEGIN + SECONDS):
        now = second + 1.0
        batch = Batch(scope, Pass("eager", 0), Window(second, second + 1), (group(),))
        live.sweep(batch, prepared, covering(batch))
        live.review({}, lambda _: 10**15)
    found = store.incidents()
    store.close()
    return found


def searched(rows: list[Row], chance: random.Random) -> list[Incident]:
    store, finder, engine = SqliteStore(""), Finder(GROUP_BY, RULES.mask), Engine(SIGNATURES)
    known: dict[str, Signature] = {each.id: each for each in SIGNATURES}
    found = [
        finder.finding(hit(name, event), known[name]) for event in rows for name in engine.match(event.message).found
    ]
    chance.shuffle(found)
    for at in range(0, len(found), 7):
        store.findings.add(found[at : at + 9])
    told = [each.incident for each in incidents(store.findings.in_time(), known, RULES, (BEGIN + SECONDS) * 1000)]
    store.close()
    return sorted(told, key=lambda each: (each.first_seen_ms, each.id))


def essence(incident: Incident) -> tuple[object, ...]:
    named = incident.id, incident.signature, incident.group, incident.severity, incident.project
    seen = incident.count, incident.first_seen_ms, incident.last_seen_ms, incident.occurrence, incident.previous_ms
    return *named, *seen, incident.log_groups, incident.histogram, incident.samples


@pytest.mark.parametrize("seed", range(8))
def test_the_past_is_told_as_the_daemon_would_have_told_it(seed: int) -> None:
    chance = random.Random(seed)
    rows = logged(chance)
    live = polled(rows)
    assert list(map(essence, searched(rows, chance))) == list(map(essence, live))
    assert {each.group for each in live} == {"host=db1", "host=db2", "/aws/lambda/api"}
    assert any(each.occurrence > 2 for each in live)
    assert any("[bank]" in sample for each in live for sample in each.samples)
