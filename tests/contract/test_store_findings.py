"""What every store must do with what a search of the past found."""

import random
from dataclasses import replace
from itertools import pairwise

import pytest

from sigwatch.incident.fingerprint import hit
from sigwatch.model.past import Finding
from sigwatch.store import sqlite_findings
from sigwatch.store.sqlite import SqliteStore
from tests.contract.stores import KEY
from tests.fakes.made import API, row


def finding(ts_ms: int = 1_000, signature: str = "KO-1", group: str = API, message: str = "ERROR one") -> Finding:
    return Finding(hit(signature, row(message, ts_ms)), group)


def end(ts_ms: int, signature: str = "KO-1", group: str = API) -> Finding:
    return Finding(hit(f"{signature}/resolved", row("", ts_ms)), group, recovers=signature)


def test_a_finding_comes_back_as_it_was_added(sqlite: SqliteStore) -> None:
    event = row("ERROR \0 \U0001f525 ü\n", -5, account="9", region="eu", ingested_ms=7)
    whole = Finding(hit("KO-1", event), "host=a b")
    ends = replace(end(20), group="")
    assert sqlite.findings.add([whole, ends]) == 1
    assert list(sqlite.findings.in_time()) == [ends, whole]


def test_a_finding_is_new_once_and_an_end_is_no_hit(sqlite: SqliteStore) -> None:
    found = [finding(ts) for ts in (1, 2, 3)]
    assert sqlite.findings.add([found[0], end(2), found[1], found[0]]) == 2
    assert sqlite.findings.add([*found, end(2), end(3)]) == 1
    assert sqlite.findings.add(found) == 0
    assert sqlite.findings.hit_counts() == {"KO-1": 3}
    assert len(list(sqlite.findings.in_time())) == 5


def test_findings_are_told_group_by_group_in_the_order_of_time(sqlite: SqliteStore) -> None:
    hits = [finding(ts, name, group) for ts in range(9) for name in ("KO-1", "KO-2") for group in ("/a", "/b")]
    random.Random(1).shuffle(hits)
    for at in range(0, len(hits), 7):
        sqlite.findings.add(hits[at : at + 7])
    told = [(each.signature, each.group, each.hit.row.ts_ms) for each in sqlite.findings.in_time()]
    assert told == sorted(told)
    assert len(told) == len(hits)


def test_of_events_at_one_time_hits_are_told_before_ends(sqlite: SqliteStore) -> None:
    sqlite.findings.add([end(5), *(finding(5, message=f"ERROR {n}") for n in range(20)), finding(6)])
    assert [each.recovers for each in sqlite.findings.in_time()] == [""] * 20 + ["KO-1"] + [""]


def test_more_findings_than_are_read_at_once_are_all_told(sqlite: SqliteStore) -> None:
    many = 2 * sqlite_findings.PAGE + 1
    sqlite.findings.add([finding(n // 3, message=f"ERROR {n}") for n in range(many)])
    told = [(each.hit.row.ts_ms, each.hit.identity) for each in sqlite.findings.in_time()]
    assert len(told) == many
    assert all(one < other for one, other in pairwise(told))


def test_what_is_added_while_findings_are_told_does_not_disturb(sqlite: SqliteStore) -> None:
    sqlite.findings.add([finding(n) for n in range(5)])
    told = sqlite.findings.in_time()
    first = next(told)
    sqlite.findings.add([finding(-1), finding(9)])
    assert [each.hit.row.ts_ms for each in (first, *told)][:5] == [0, 1, 2, 3, 4]


def test_hits_are_counted_by_signature_and_place_and_in_time(sqlite: SqliteStore) -> None:
    other = Finding(hit("KO-2", row(ts_ms=90, log_group="/b")), "/b")
    sqlite.findings.add([finding(10), finding(19), finding(20), finding(29), other, end(5), end(95, "KO-3")])
    assert sqlite.findings.hit_counts() == {"KO-1": 4, "KO-2": 1}
    assert sqlite.findings.place_counts() == {API: 4, "/b": 1}
    assert sqlite.findings.span() == (10, 90)
    assert sqlite.findings.bars(0, 100, 10) == {"KO-1": [0, 2, 2, 0, 0, 0, 0, 0, 0, 0], "KO-2": [0] * 9 + [1]}


def test_a_bar_holds_what_lies_in_its_part_of_the_range_and_nothing_outside(sqlite: SqliteStore) -> None:
    sqlite.findings.add([finding(ts) for ts in (9, 10, 12, 13, 14, 16, 17, 19, 20)])
    assert sqlite.findings.bars(10, 20, 3) == {"KO-1": [3, 2, 2]}
    assert sqlite.findings.bars(10, 12, 4) == {"KO-1": [1, 0, 0, 0]}


def test_nothing_found_is_nothing_told(sqlite: SqliteStore) -> None:
    assert sqlite.findings.add([]) == 0
    assert not list(sqlite.findings.in_time())
    assert sqlite.findings.span() is None
    assert not sqlite.findings.hit_counts()
    assert not sqlite.findings.place_counts()
    assert not sqlite.findings.bars(0, 10, 5)
    sqlite.findings.add([end(5)])
    assert sqlite.findings.span() is None


def find_cover_and_fail(sqlite: SqliteStore) -> None:
    with sqlite.unit() as unit:
        assert unit.add_findings([finding(), end(2_000)]) == 1
        unit.cover(KEY, 5, 10)
        raise ZeroDivisionError


def test_findings_are_durable_together_with_what_was_searched_or_not_at_all(sqlite: SqliteStore) -> None:
    with pytest.raises(ZeroDivisionError):
        find_cover_and_fail(sqlite)
    assert not sqlite.coverage()
    assert not list(sqlite.findings.in_time())
    with sqlite.unit() as unit:
        assert unit.add_findings([finding(), end(2_000)]) == 1
        unit.cover(KEY, 5, 10)
    assert sqlite.findings.hit_counts() == {"KO-1": 1}


def test_a_failed_addition_adds_nothing(sqlite: SqliteStore) -> None:
    unwritable = replace(finding(2), group="\ud800")
    with pytest.raises(UnicodeEncodeError):
        sqlite.findings.add([finding(1), unwritable])
    assert not sqlite.findings.hit_counts()
