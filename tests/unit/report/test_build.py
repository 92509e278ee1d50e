from collections.abc import Iterable, Iterator

import pytest

from sigwatch.incident.fingerprint import hit
from sigwatch.incident.lifecycle import Rules
from sigwatch.incident.own import OVERFLOW
from sigwatch.model.incident import State
from sigwatch.model.knowledge import Signature
from sigwatch.model.past import Finding, Gap, Paid, Report
from sigwatch.ports import Findings
from sigwatch.report.build import BARS, build
from sigwatch.store.sqlite import SqliteStore
from tests.fakes.made import API, row, signature

RULES = Rules(1_000, mask=lambda _, text: text)
ONE, TWO = signature("KO-1", resolved_pattern="fine"), signature("KO-2")


@pytest.fixture
def findings() -> Iterator[Findings]:
    store = SqliteStore("")
    yield store.findings
    store.close()


def at(*times: int, name: str = "KO-1", group: str = API) -> list[Finding]:
    return [Finding(hit(name, row(f"ERROR {n}", ts, log_group=group)), group) for n, ts in enumerate(times)]


def report(
    findings: Findings,
    signatures: Iterable[Signature] = (ONE, TWO),
    span: tuple[int, int] | None = (0, 60_000),
    places: Iterable[str] = (API,),
) -> Report:
    return build(findings, list(signatures), span, RULES, Paid(1, 2, 3.0, 4), [], [], places)


def test_a_signature_that_was_never_seen_is_in_the_report_with_no_hits(findings: Findings) -> None:
    findings.add(at(5, 1_006))
    companion = ONE.recovery
    assert companion is not None
    one, two = report(findings, (TWO, ONE, companion)).signatures
    assert (one.signature, one.hits, len(one.incidents), sum(one.bars)) == (ONE, 2, 2, 2)
    assert (two.signature, two.hits, two.incidents, two.bars) == (TWO, 0, (), (0,) * BARS)


def test_incidents_of_all_groups_of_a_signature_are_in_the_order_of_time(findings: Findings) -> None:
    findings.add([*at(5_000, 9_000, group="/a"), *at(1_000, 7_000, group="/b"), *at(3_000, name="KO-2")])
    found = report(findings)
    assert [each.incident.first_seen_ms for each in found.signatures[0].incidents] == [1_000, 5_000, 7_000, 9_000]
    assert [each.incident.first_seen_ms for each in found.incidents] == [1_000, 3_000, 5_000, 7_000, 9_000]


def test_bars_lie_over_the_range_that_was_searched(findings: Findings) -> None:
    findings.add(at(0, 999, 59_999))
    [one, _] = report(findings).signatures
    assert one.bars == (2, *[0] * (BARS - 2), 1)


def test_a_range_without_a_name_is_that_of_the_hits(findings: Findings) -> None:
    findings.add([*at(5_000, 9_000), Finding(hit("KO-1/resolved", row("", 99_000)), API, recovers="KO-1")])
    found = report(findings, span=None)
    assert (found.start_ms, found.end_ms) == (5_000, 9_001)
    assert sum(found.signatures[0].bars) == 2
    [first, _] = found.signatures[0].incidents
    assert first.incident.state is State.RESOLVED


def test_what_goes_on_at_the_end_of_the_range_is_open(findings: Findings) -> None:
    findings.add(at(59_500))
    assert report(findings).incidents[0].incident.state is State.OPEN
    later = report(findings, span=(-5, 60_500))
    assert later.incidents[0].incident.state is State.RESOLVED
    assert (later.start_ms, later.end_ms) == (-5, 60_500)


def test_nothing_found_without_a_range_has_no_bars(findings: Findings) -> None:
    found = report(findings, span=None)
    assert (found.start_ms, found.end_ms, found.hits) == (0, 0, 0)
    assert [each.bars for each in found.signatures] == [(), ()]


def test_events_of_one_moment_are_a_range(findings: Findings) -> None:
    findings.add(at(7_000, 7_000))
    assert report(findings, span=None).signatures[0].bars[0] == 2


def test_what_was_found_of_a_document_that_is_gone_is_told_by_its_id(findings: Findings) -> None:
    findings.add([*at(1, name="GONE"), *at(2, name=OVERFLOW.id)])
    gone, one, _, own = report(findings).signatures
    assert (gone.signature.id, gone.signature.ko.title, gone.hits, len(gone.incidents)) == ("GONE", "GONE", 1, 1)
    assert one.signature == ONE
    assert (own.signature, own.hits) == (OVERFLOW, 1)


def test_places_are_told_with_their_hits_even_those_without_any(findings: Findings) -> None:
    findings.add([*at(1, 2), *at(3, group="/unasked")])
    assert report(findings, places=("/b", API)).places == {"/b": 0, API: 2, "/unasked": 1}


def test_what_it_took_and_what_could_not_be_done_is_passed_on(findings: Findings) -> None:
    gap = Gap("s", (API,), 1, 2, "why")
    found = build(findings, [], (0, 9), RULES, Paid(1), [gap], ["problem"], [])
    assert (found.paid, found.gaps, found.problems, found.signatures) == (Paid(1), (gap,), ("problem",), ())
