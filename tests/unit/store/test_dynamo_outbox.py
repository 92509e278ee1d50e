"""What the outbox in DynamoDB must do beyond what every store must: races, a late index, more than fits at once."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

import pytest

from sigwatch.model.audit import Entry
from sigwatch.model.incident import Incident, Reason
from sigwatch.model.message import Delivery, Digest, Kind, Notice, Progress
from sigwatch.store.dynamo.enqueue import enqueue, gathered, prune_notifications
from sigwatch.store.dynamo.outbox import DynamoOutbox
from sigwatch.store.dynamo.rows import AGES, DIGESTS, Row, find, keep, key_of, place
from sigwatch.store.dynamo.session import Session, session
from sigwatch.store.dynamo.table import Item, Table
from tests.contract.stores import LATER, SETTLE, card, entry, escalation, ids, incident, page, remark
from tests.fakes.dynamo import new_table

ONE, TWO, THREE = (incident(ts_ms) for ts_ms in (1_000, 2_000, 3_000))
LINE = Entry(1_000, "sigwatch", "notified", "inc-1")


class LaggingTable(Table):
    """A table whose index can be made to give what it gave before."""

    lags = False
    queries = 0

    def waiting(self, wait: str) -> list[Item]:
        self.queries += 1
        if not self.lags:
            self._before = super().waiting(wait)
        return self._before


class Bench:
    """An outbox, with something to be done by others just before a commit of it."""

    def __init__(self, table: LaggingTable, fresh_for: float = 0.0) -> None:
        self.table = table
        self.now = 0.0
        self.meanwhile: Callable[[], object] | None = None
        self.after_commits = 0
        self.outbox = DynamoOutbox(table, self.nonce, lambda: self.now, record, fresh_for)

    def nonce(self) -> str:
        act = self.meanwhile
        if act is not None and self.after_commits == 0:
            self.meanwhile = None
            act()
        self.after_commits -= 1
        return other_nonce()

    def before_commit(self, number: int, act: Callable[[], object]) -> None:
        """Have somebody else act before the commit of that number from now on, 0 for the next."""
        self.after_commits, self.meanwhile = number, act

    def put(self, *notices: Notice) -> None:
        """As another process does."""
        for notice in notices:
            with session(self.table, other_nonce) as begun:
                enqueue(begun, notice)

    def due(self) -> list[Delivery]:
        return self.outbox.due(LATER, SETTLE)

    def take(self, row: Delivery, now_ms: int = LATER) -> Delivery:
        taken = self.outbox.claim(row, "mine", now_ms, now_ms + 3_000, 0)
        assert taken is not None
        return taken

    def accept(self, row: Delivery, ref: str = "") -> None:
        assert self.outbox.settle(accepted(self.take(row), ref))

    def row(self, notice: Notice) -> Row:
        found = find(Session(self.table), key_of(notice))
        assert found is not None
        return found

    def rows(self, pk: str) -> list[Item]:
        return list(self.table.query(pk))


_count = itertools.count()


def other_nonce() -> str:
    return f"commit-{next(_count)}"


def record(begun: Session, line: Entry) -> None:
    begun.put_blindly(("AUDIT", f"{next(_count):09d}"), asdict(line))


def accepted(taken: Delivery, ref: str = "") -> Delivery:
    name = ref or f"ts-{taken.id}"
    return replace(taken, delivered=taken.revision, progress=Progress.SENT, ref=name, attempts=0, posted_ms=LATER)


@pytest.fixture
def bench(dynamodb: str) -> Bench:
    return Bench(LaggingTable(*new_table(dynamodb)))


def edited(bench: Bench, notice: Notice, **changes: Any) -> None:
    with session(bench.table, other_nonce) as begun:
        keep(begun, replace(bench.row(notice), **changes))


def test_rows_that_another_version_wrote_are_left_alone_and_leave_their_lane_to_the_others(bench: Bench) -> None:
    told = [incident(1_000 * number) for number in range(1, 26)]
    bench.put(*map(card, told))
    for each in told[:22]:
        edited(bench, card(each), content="{}")
    seen = bench.row(card(told[0]))
    assert ids(bench.due()) == ids(bench.outbox.unposted()) == [each.id for each in told[22:]]
    assert bench.outbox.claim(replace(bench.due()[0], id=told[0].id), "mine", LATER, LATER + 1, 0) is None
    assert bench.row(card(told[0])) == seen


def test_an_index_that_lags_makes_nobody_send_twice(bench: Bench) -> None:
    bench.put(card(ONE), card(TWO), card(THREE))
    seen, late = bench.due(), bench.outbox.overdue(LATER)
    bench.accept(seen[0])
    bench.table.lags = True
    assert ids(bench.due()) == ids(seen)
    assert bench.outbox.claim(seen[0], "late", LATER, LATER + 1, 0) is None
    assert bench.outbox.gather(seen, [(page(), ids(seen))]) == 0
    assert not bench.outbox.fall_back(late[0], card(ONE, target="console"))
    assert bench.outbox.fall_back(late[1], card(TWO, target="console"))


def test_no_other_target_is_told_of_a_card_whose_page_was_posted_meanwhile(bench: Bench) -> None:
    bench.put(card(ONE), card(TWO))
    waiting = bench.outbox.unposted()
    bench.outbox.gather(waiting, [(page(), ids(waiting))])
    late = bench.outbox.overdue(LATER)
    everything(bench)
    assert [bench.outbox.fall_back(row, replace(card(ONE, target="console"), id=row.id)) for row in late] == [False] * 2


def test_a_card_that_was_dropped_and_made_anew_is_not_on_its_old_page(bench: Bench) -> None:
    bench.put(card(ONE), card(TWO))
    waiting = bench.outbox.unposted()
    bench.outbox.gather(waiting, [(page(), ids(waiting))])
    everything(bench)
    assert pruned(bench, TWO) == 1
    bench.put(card(ONE), card(TWO, Kind.RESOLVED))
    rows = {row.id: row for row in bench.due()}
    assert rows.keys() == {ONE.id, "d/1"}
    assert shown(bench.take(rows["d/1"])) == [TWO]


def test_gathering_in_one_target_leaves_the_threads_of_others(bench: Bench) -> None:
    elsewhere = replace(entry(ONE), target="console")
    bench.put(card(ONE), card(ONE, target="console"), entry(ONE), elsewhere)
    waiting = [row for row in bench.outbox.unposted() if row.target == "slack"]
    assert bench.outbox.gather(waiting, [(page(), ids(waiting))]) == 1
    kept = [item.body["id"] for item in bench.rows(place("slack", ONE.id)[0]) if item.body["thread"]]
    assert kept == [elsewhere.id]
    assert bench.row(elsewhere).target == "console"


def test_what_waits_is_asked_for_again_after_a_while_and_after_changes_of_ones_own(bench: Bench) -> None:
    frugal = Bench(bench.table, fresh_for=2.0)
    frugal.put(card(ONE))
    for _ in range(2):
        assert (ids(frugal.due()), frugal.outbox.outbox(LATER)[0]) == ([ONE.id], 1)
    assert bench.table.queries == 1
    frugal.put(card(TWO))
    frugal.now = 1.9
    assert ids(frugal.due()) == [ONE.id]
    frugal.now = 2.0
    assert ids(frugal.due()) == [ONE.id, TWO.id]
    frugal.put(card(THREE))
    frugal.outbox.changed()
    assert ids(frugal.due()) == [ONE.id, TWO.id, THREE.id]
    frugal.accept(frugal.due()[0])
    assert ids(frugal.due()) == [TWO.id, THREE.id]


def test_a_change_in_the_moment_of_an_outcome_survives_it(bench: Bench) -> None:
    bench.put(card(ONE))
    mine = bench.take(bench.due()[0])
    bench.before_commit(0, lambda: bench.put(card(replace(ONE, count=2), Kind.COUNTED)))
    assert bench.outbox.settle(accepted(mine, "ts-1"), [LINE])
    row = bench.row(card(ONE))
    assert (row.revision, row.delivered, row.ref, row.claim, row.kind) == (2, 1, "ts-1", "", Kind.OPENED)
    assert len(bench.rows("AUDIT")) == 1


def test_whoever_is_slower_by_a_moment_gets_neither_row_nor_lane(bench: Bench) -> None:
    bench.put(card(ONE), card(TWO))
    first, second = bench.due()
    other = Bench(bench.table)
    bench.before_commit(0, lambda: other.outbox.claim(second, "theirs", LATER, LATER + 1, 1_000))
    assert bench.outbox.claim(first, "mine", LATER, LATER + 1, 1_000) is None
    assert (bench.row(card(ONE)).claim, bench.row(card(TWO)).claim) == ("", "theirs")


def test_cards_that_change_in_the_moment_of_gathering_are_gathered_as_they_are_then(bench: Bench) -> None:
    bench.put(card(ONE), card(TWO))
    waiting = bench.outbox.unposted()
    bench.before_commit(0, lambda: bench.put(card(replace(TWO, count=9), Kind.COUNTED)))
    assert bench.outbox.gather(waiting, [(page(), ids(waiting))]) == 2
    [row] = bench.due()
    assert shown(bench.take(row)) == [ONE, replace(TWO, count=9)]


def shown(taken: Delivery) -> list[Incident]:
    assert isinstance(taken.content, Digest)
    return [each.incident for each in taken.content.alerts]


def crowd(bench: Bench, size: int) -> list[Delivery]:
    bench.put(*(card(incident(1_000 * number)) for number in range(1, size + 1)))
    return bench.outbox.unposted()


def two_pages(cards: Sequence[Delivery], first: int) -> list[tuple[Notice, Sequence[str]]]:
    total = len(cards)
    return [(page(1, 2, total), ids(cards[:first])), (page(2, 2, total), ids(cards[first:]))]


def test_more_cards_than_one_transaction_takes_are_gathered_with_their_threads(bench: Bench) -> None:
    cards = crowd(bench, 150)
    bench.put(entry(incident(1_000)), escalation(incident(150_000)))
    assert bench.outbox.gather(cards, two_pages(cards, 120)) == 150
    [row] = bench.due()
    first = bench.take(row)
    assert (first.id, len(shown(first))) == ("d/1", 120)
    assert bench.outbox.settle(accepted(first))
    assert ids(bench.due()) == ["d/2", escalation(incident(150_000)).id]
    with session(bench.table, other_nonce) as begun:
        named = gathered(begun, "key-d-1", lambda name: replace(ONE, id=name))
    assert {each.id for each in named} == set(ids(cards))
    assert set(ids(bench.outbox.overdue(LATER))) == set(ids(cards[120:]))


def test_a_card_that_is_posted_while_many_are_gathered_keeps_its_own_message(bench: Bench) -> None:
    cards = crowd(bench, 150)
    other = Bench(bench.table)
    bench.before_commit(1, lambda: other.take(cards[149]))
    assert bench.outbox.gather(cards, two_pages(cards, 80)) == 149
    assert bench.row(page(2)).members == tuple(ids(cards[80:149]))
    lonely = bench.row(card(incident(150_000)))
    assert (lonely.claim, lonely.digest) == ("mine", "")


def test_of_many_cards_none_is_gathered_when_one_is_taken(bench: Bench) -> None:
    cards = crowd(bench, 101)
    bench.take(cards[7])
    assert bench.outbox.gather(cards, [(page(), ids(cards))]) == 0
    assert bench.rows("OUTBOX#d/1") == []


def test_no_further_page_is_made_under_a_first_one_that_is_not_there(bench: Bench) -> None:
    cards = crowd(bench, 101)
    other = Bench(bench.table)
    bench.before_commit(0, lambda: other.take(cards[0]))
    assert bench.outbox.gather(cards, two_pages(cards, 1)) == 0
    assert bench.rows("OUTBOX#d/1") == []


def test_an_outcome_has_more_entries_than_one_transaction_takes(bench: Bench) -> None:
    bench.put(card(ONE))
    mine = bench.take(bench.due()[0])
    assert not bench.outbox.settle(replace(accepted(mine), claim="theirs"), [LINE] * 250)
    assert bench.rows("AUDIT") == []
    assert bench.outbox.settle(accepted(mine), [LINE] * 250)
    assert len(bench.rows("AUDIT")) == 250
    assert bench.row(card(ONE)).delivered == 1


def test_what_was_found_but_not_edited_goes_on_with_another_message_as_well(bench: Bench) -> None:
    bench.put(card(ONE))
    mine = bench.take(bench.due()[0])
    assert bench.outbox.settle(replace(mine, progress=Progress.WAITING, ref="ts-1"))
    bench.outbox.rename("slack", "ts-1", "ts-2")
    assert bench.row(card(ONE)).ref == "ts-2"


def test_a_message_is_renamed_more_than_once(bench: Bench) -> None:
    bench.put(card(ONE))
    bench.accept(bench.due()[0], "ts-1")
    bench.outbox.rename("slack", "ts-1", "ts-2")
    bench.accept(bench.due()[0], "ts-2")
    bench.outbox.rename("slack", "ts-1", "ts-8")
    bench.outbox.rename("slack", "ts-2", "ts-3")
    assert bench.row(card(ONE)).ref == "ts-3"
    assert bench.outbox.posted_since("slack", "C1", LATER) == 1


def everything(bench: Bench) -> None:
    while rows := bench.due():
        for each in rows:
            bench.accept(each)


def pruned(bench: Bench, *going_on: Incident, before_ms: int = LATER) -> int:
    names = {each.id for each in going_on}
    return prune_notifications(bench.table, bench.nonce, before_ms, lambda name: name not in names)


def test_of_what_is_over_nothing_is_left_behind(bench: Bench) -> None:
    bench.put(card(ONE), card(TWO), card(THREE), remark(), entry(THREE), escalation(TWO))
    cards = bench.outbox.unposted()[:2]
    bench.outbox.gather(cards, [(page(1, 2), [ONE.id]), (page(2, 2), [TWO.id])])
    everything(bench)
    assert pruned(bench, before_ms=ONE.active_ms) == 0
    assert pruned(bench) + pruned(bench) + pruned(bench) == 8
    assert [bench.rows(pk) for pk in (AGES, DIGESTS, place("slack", THREE.id)[0], place("slack", "d/1")[0])] == [[]] * 4


def test_a_list_stays_while_one_of_its_cards_does(bench: Bench) -> None:
    bench.put(card(ONE), card(TWO))
    cards = bench.outbox.unposted()
    bench.outbox.gather(cards, [(page(1, 2), [ONE.id]), (page(2, 2), [TWO.id])])
    everything(bench)
    assert pruned(bench, TWO) + pruned(bench, TWO) == 1
    assert bench.row(page(1)).ref
    assert len(bench.rows(DIGESTS)) == 1


def test_a_long_thread_is_dropped_over_several_times(bench: Bench) -> None:
    bench.put(card(ONE), *(replace(entry(ONE), id=f"{ONE.id}/{number:03d}") for number in range(100)))
    for item in bench.rows(place("slack", ONE.id)[0]):
        with session(bench.table, other_nonce) as begun:
            begun.put(item.key, item.body | {"delivered": 1})
    assert [pruned(bench), pruned(bench), pruned(bench)] == [90, 11, 0]


def test_what_changes_in_the_moment_of_its_end_stays(bench: Bench) -> None:
    bench.put(card(ONE))
    everything(bench)
    bench.before_commit(0, lambda: bench.put(card(ONE, Kind.OPENED)))
    assert pruned(bench) == 0
    assert bench.row(card(ONE)).revision == 2


def test_a_thread_of_another_target_keeps_nothing(bench: Bench) -> None:
    bench.put(card(ONE), card(ONE, target="console"), replace(entry(ONE, Reason.CLOSED), target="console"))
    bench.accept(next(row for row in bench.due() if row.target == "slack"))
    assert pruned(bench) == 1
    assert {item.body["target"] for item in bench.rows(place("slack", ONE.id)[0])} == {"console"}
    assert {item.body["target"] for item in bench.rows(AGES)} == {"console"}
