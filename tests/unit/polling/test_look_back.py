from sigwatch.errors import GroupsUnavailable, SourceError, SourceUnavailable
from sigwatch.model.coverage import Lookback
from sigwatch.model.logs import Search, Window
from tests.fakes.made import API, group, row, signature
from tests.unit.polling.house import EAGER, LATE, House


def test_a_new_signature_is_searched_for_in_the_recent_past_without_the_others(house: House) -> None:
    house.watch.reload()
    house.run(EAGER)
    house.rows += [row("FATAL before it was known", 9_750_000), row("ERROR late", 9_750_000)]
    before = house.spans(EAGER), house.spans(LATE)
    house.signatures.append(signature("KO-2", "FATAL", log_groups=(API,)))
    house.digest = "2"
    house.watch.reload()
    house.source.searches.clear()
    house.run(EAGER)
    [search] = house.source.searches
    assert (search.window, [s.id for s in search.signatures]) == (Window(9_700, 10_000), ["KO-2"])
    assert search.pass_name == "look-back"
    assert house.store.hit_counts() == {"KO-2": 1}
    assert (house.spans(EAGER), house.spans(LATE)) == before
    assert house.store.lookbacks() == []
    house.run(EAGER)
    assert len(house.source.searches) == 1


def test_a_look_back_that_is_finished_while_another_run_looks_for_work_is_not_paid_for_again(house: House) -> None:
    house.watch.reload()
    house.run(EAGER)
    house.signatures.append(signature("KO-2", "FATAL", log_groups=(API,)))
    house.digest = "2"
    house.watch.reload()

    def meanwhile() -> None:
        house.store.on_lookbacks = lambda: None
        house.run(EAGER)

    house.store.on_lookbacks = meanwhile
    house.run(EAGER)
    assert [search.pass_name for search in house.source.searches].count("look-back") == 1


def test_a_changed_pattern_is_a_new_signature(house: House) -> None:
    house.watch.reload()
    house.run(EAGER)
    house.rows.append(row("FATAL", 9_750_000))
    house.signatures[:] = [signature(pattern="FATAL", log_groups=(API,))]
    house.digest = "2"
    house.watch.reload()
    house.run(EAGER)
    assert house.store.hit_counts() == {"KO-1": 1}


def test_a_new_log_group_begins_at_its_look_back_and_leaves_the_others_alone(house: House) -> None:
    house.signatures[:] = [signature(pattern="ERROR", log_groups=("/*",))]
    house.watch.reload()
    house.run(EAGER)
    house.groups.append(group("/new", created_ms=9_000_000))
    house.now += 15
    house.watch.rediscover()
    house.source.searches.clear()
    house.run(EAGER)
    assert house.spans(EAGER) == ((9_700, 10_015),)
    assert house.spans(EAGER, "/new") == ((9_715, 10_015),)
    assert house.store.lookbacks() == []
    assert {search.pass_name for search in house.source.searches} == {"eager"}


def test_what_is_owed_survives_a_failure_and_a_lost_log_group(house: House) -> None:
    house.groups.append(group("/b"))
    house.signatures[:] = [signature(pattern="ERROR", log_groups=("/*",))]
    house.watch.reload()
    house.run(EAGER)
    house.signatures.append(signature("KO-2", "FATAL", log_groups=("/*",)))
    house.digest = "2"
    house.watch.reload()
    house.source.refuse = lambda _: SourceUnavailable("down")
    assert not house.run(EAGER)
    [owed] = house.store.lookbacks()
    assert len(owed.groups) == 2

    def refuse(search: Search) -> SourceError | None:
        gone = any(g.name == "/b" for g in search.groups)
        return GroupsUnavailable("Log group '/b' does not exist", ("/b",)) if gone else None

    house.source.refuse = refuse
    house.now += 60
    house.run(EAGER)
    [owed] = house.store.lookbacks()
    assert owed.groups == (group("/b").arn,)
    house.now += 60
    house.run(EAGER)
    assert len(house.store.lookbacks()) == 1
    house.source.refuse = lambda _: None
    house.watch.rediscover()
    house.run(EAGER)
    assert house.store.lookbacks() == []


def test_what_nobody_watches_any_more_is_owed_nothing(house: House) -> None:
    house.watch.reload()
    house.run(EAGER)
    with house.store.unit() as unit:
        unit.owe(Lookback("x", Window(1, 2), (group().arn,), ("GONE",)))
    house.run(EAGER)
    assert house.store.lookbacks() == []


def test_a_pass_that_a_wrong_clock_moved_ahead_goes_on_from_now(house: House) -> None:
    house.now += 7_200
    house.watch.reload()
    house.run(EAGER)
    house.now -= 7_200
    house.watch.rediscover()
    house.run(EAGER)
    house.now += 15
    house.rows.append(row("ERROR", int(house.now - 5) * 1000))
    house.run(EAGER)
    assert house.store.hit_counts() == {"KO-1": 1}
