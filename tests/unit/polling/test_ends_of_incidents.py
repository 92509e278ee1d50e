from dataclasses import replace

from sigwatch.errors import GroupsUnavailable
from sigwatch.model.event import (
    OpenIncidentsMeasured,
)
from sigwatch.model.incident import Reason
from tests.fakes.made import API, group, row, signature
from tests.unit.polling.house import EAGER, House


def test_an_incident_is_resolved_after_a_searched_silence_and_counted_as_open_before(house: House) -> None:
    house.watch.reload()
    house.rows.append(row("ERROR", 9_990_000))
    house.run(EAGER)
    assert house.last(OpenIncidentsMeasured).counts == (("KO-1", "unrated", 1),)
    house.now += 61
    house.run(EAGER)
    assert house.last(OpenIncidentsMeasured).counts == ()


def test_an_incident_ends_when_its_pattern_for_that_is_found_in_the_same_query(house: House) -> None:
    house.signatures[:] = [signature(pattern="ERROR", resolved_pattern="healthy again", log_groups=(API,))]
    house.watch.reload()
    house.rows += [row("ERROR", 9_990_000), row("healthy again", 9_995_000)]
    house.run(EAGER)
    assert all("/ERROR|healthy again/" in search.text for search in house.source.searches)
    [incident] = house.store.incidents()
    assert (incident.resolution, incident.resolved_ms) == (Reason.RECOVERED, 9_995_000)


def test_a_silence_that_could_not_be_listened_to_resolves_nothing(house: House) -> None:
    house.watch.reload()
    house.rows.append(row("ERROR", 9_990_000))
    house.run(EAGER)
    house.source.refuse = lambda _: GroupsUnavailable("not authorized")
    house.now += 3_600
    house.run(EAGER)
    house.run(EAGER)
    assert len(house.store.unresolved()) == 1


def test_an_incident_over_two_log_groups_ends_when_one_of_them_is_deleted(house: House) -> None:
    house.groups.append(group("/b"))
    house.signatures[:] = [signature(pattern="ERROR", log_groups=("/*",))]
    house.patrol._pipeline = replace(house.patrol._pipeline, group_by=())
    house.rows += [row("ERROR", 9_990_000), row("ERROR", 9_991_000, log_group="/b")]
    house.watch.reload()
    house.run(EAGER)
    house.groups.pop()
    house.watch.rediscover()
    house.now += 3_600
    house.run(EAGER)
    assert not house.store.unresolved()


def test_an_incident_in_a_log_group_that_nobody_watches_any_more_ends(house: House) -> None:
    house.watch.reload()
    house.rows.append(row("ERROR", 9_990_000))
    house.run(EAGER)
    house.signatures[:] = [replace(s, ko=replace(s.ko, log_groups=("/other",))) for s in house.signatures]
    house.digest = "2"
    house.watch.reload()
    house.now += 3_600
    house.run(EAGER)
    assert not house.store.unresolved()
