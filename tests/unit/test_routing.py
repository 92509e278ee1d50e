from collections.abc import Mapping
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sigwatch.config import MatchSettings, RouteSettings
from sigwatch.routing import Route, route

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 2, 4, 12, tzinfo=BERLIN).timestamp()


def routes(*matches: Mapping[str, object]) -> list[RouteSettings]:
    return [RouteSettings.model_validate({"match": match}) for match in matches]


def taken(match: Mapping[str, object], when: str = "2026-02-04T12:00", fold: int = 0) -> bool:
    """Whether a route with that match takes a P1 of `shop` that is tagged `db` and `net`, by Berlin's clocks."""
    at = datetime.fromisoformat(when).replace(tzinfo=BERLIN, fold=fold).timestamp()
    return route(routes(match), "shop", "P1", ["db", "net"], at) is not None


def test_the_route_says_what_it_is_and_where_it_leads() -> None:
    known = [
        RouteSettings(match=MatchSettings(project=("mail",))),
        RouteSettings(match=MatchSettings(project=("shop",)), targets=("pagerduty", "console"), channel="C1"),
    ]
    assert route(known, "shop", "P1", [], NOON) == Route("route 2", ("pagerduty", "console"), "C1")
    assert route(known, "mail", "P1", [], NOON) == Route("route 1", (), "")
    assert route(known, "other", "P1", [], NOON) is None
    assert route([], "shop", "P1", [], NOON) is None


@pytest.mark.parametrize(
    ("match", "wanted"),
    [
        ({}, True),
        ({"project": "shop"}, True),
        ({"project": "sh*"}, True),
        ({"project": "SHOP"}, False),
        ({"project": ["mail", "sh?p"]}, True),
        ({"severity": ["P0", "P2"]}, False),
        ({"severity": "P[01]"}, True),
        ({"tag": "net"}, True),
        ({"tag": ["cache", "d*"]}, True),
        ({"tag": "cache"}, False),
        ({"project": "shop", "severity": "P1", "tag": "db"}, True),
        ({"project": "shop", "severity": "P1", "tag": "cache"}, False),
        ({"project": "shop", "severity": "P0", "tag": "db"}, False),
        ({"project": "mail", "severity": "P1", "tag": "db"}, False),
    ],
)
def test_all_that_is_asked_for_must_match(match: dict[str, object], wanted: bool) -> None:
    assert taken(match) is wanted


def test_an_incident_without_tags_matches_no_tag() -> None:
    assert route(routes({"tag": "*"}), "shop", "P1", [], NOON) is None


@pytest.mark.parametrize(
    ("when", "wanted"),
    [
        ("2026-02-04T08:59", False),
        ("2026-02-04T09:00", True),
        ("2026-02-04T16:59", True),
        ("2026-02-04T17:00", False),
    ],
)
def test_hours_are_half_open(when: str, wanted: bool) -> None:
    assert taken({"hours": "9:00-17:00", "zone": "Europe/Berlin"}, when) is wanted


def test_hours_may_last_until_midnight() -> None:
    assert taken({"hours": "22:00-24:00", "days": "wed", "zone": "Europe/Berlin"}, "2026-02-04T23:59")
    assert not taken({"hours": "22:00-24:00", "zone": "Europe/Berlin"}, "2026-02-05T00:00")


@pytest.mark.parametrize(
    ("when", "wanted"),
    [
        ("2026-02-06T21:59", False),
        ("2026-02-06T22:00", True),  # Friday
        ("2026-02-07T05:59", True),  # began on Friday
        ("2026-02-07T06:00", False),
        ("2026-02-07T22:00", False),  # Saturday
        ("2026-02-08T05:59", False),  # began on Saturday
        ("2026-02-08T23:00", True),  # Sunday
        ("2026-02-09T03:00", True),  # began on Sunday
        ("2026-02-10T03:00", True),  # began on Monday
    ],
)
def test_hours_across_midnight_belong_to_the_day_on_which_they_began(when: str, wanted: bool) -> None:
    assert taken({"hours": "22:00-06:00", "days": ["mon-fri", "sun"], "zone": "Europe/Berlin"}, when) is wanted


@pytest.mark.parametrize(("when", "wanted"), [("2026-02-07T10:00", True), ("2026-02-10T10:00", False)])
def test_ranges_of_days_may_go_past_sunday(when: str, wanted: bool) -> None:
    assert taken({"days": "fri-mon", "zone": "Europe/Berlin"}, when) is wanted


def test_without_a_zone_the_clock_is_utc() -> None:
    assert taken({"hours": "11:00-12:00"})
    assert not taken({"hours": "12:00-13:00"})
    assert taken({"days": "tue"}, "2026-02-04T00:30")


def test_hours_that_the_clocks_skip_do_not_come() -> None:
    """In the night to 29 March 2026, 01:59 is followed by 03:00."""
    skipped = {"hours": "02:00-03:00", "zone": "Europe/Berlin"}
    start = datetime(2026, 3, 29, tzinfo=BERLIN).timestamp()
    assert not [m for m in range(24 * 60) if route(routes(skipped), "p", "P1", [], start + m * 60)]


def test_hours_that_the_clocks_repeat_count_twice() -> None:
    """In the night to 25 October 2026, 02:59 is followed by 02:00."""
    repeated = {"hours": "02:00-03:00", "zone": "Europe/Berlin"}
    start = datetime(2026, 10, 25, tzinfo=BERLIN).timestamp()
    assert sum(route(routes(repeated), "p", "P1", [], start + m * 60) is not None for m in range(24 * 60)) == 120


@pytest.mark.parametrize(("night", "minutes"), [("2026-03-28", 420), ("2026-10-24", 540), ("2026-02-04", 480)])
def test_a_night_on_which_the_clocks_change_ends_when_they_say_so(night: str, minutes: int) -> None:
    match = {"hours": "22:00-06:00", "zone": "Europe/Berlin"}
    noon = datetime.fromisoformat(night).replace(hour=12, tzinfo=BERLIN).timestamp()
    on = [m for m in range(24 * 60) if route(routes(match), "p", "P1", [], noon + m * 60)]
    assert (len(on), on[0], on[-1]) == (minutes, 600, 600 + minutes - 1)


NAMES = st.sampled_from(["shop", "mail", "ship"])
LEVELS = st.sampled_from(["P0", "P1", "unrated"])
TAGS = st.lists(st.sampled_from(["db", "net", "disk"]), unique=True)
MATCHES = st.fixed_dictionaries(
    {},
    optional={
        "project": st.sampled_from(["shop", "sh*", "*", "mail"]),
        "severity": st.sampled_from(["P0", "P?", "unrated"]),
        "tag": st.sampled_from(["d*", "net"]),
        "hours": st.sampled_from(["22:00-06:00", "08:00-20:00", "23:59-00:01"]),
        "days": st.sampled_from(["mon-fri", "sat", "sun-tue"]),
        "zone": st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/New_York"]),
    },
)
MOMENTS = st.floats(1.7e9, 1.9e9)


@given(st.lists(MATCHES, max_size=5), NAMES, LEVELS, TAGS, MOMENTS)
@example([{}, {}], "shop", "P0", [], NOON)
def test_the_first_match_decides(
    matches: list[dict[str, object]], project: str, severity: str, tags: list[str], at: float
) -> None:
    alone = [n for n, match in enumerate(matches, 1) if route(routes(match), project, severity, tags, at)]
    found = route(routes(*matches), project, severity, tags, at)
    assert (found.name if found else None) == (f"route {alone[0]}" if alone else None)


@given(MATCHES, NAMES, LEVELS, TAGS, MOMENTS)
def test_a_route_matches_as_a_plain_reading_of_it_says(
    match: dict[str, str], project: str, severity: str, tags: list[str], at: float
) -> None:
    local = datetime.fromtimestamp(at, ZoneInfo(match.get("zone", "UTC")))
    begun = [local.date() - timedelta(days=back) for back in (0, 1)]
    hours = match.get("hours", "00:00-24:00").split("-")
    spans = []
    for day in begun:
        start = f"{day} {hours[0]}"
        end = f"{day + timedelta(days=1) if hours[1] < hours[0] else day} {hours[1]}"
        spans.append(start <= local.strftime("%Y-%m-%d %H:%M") < end)
    days = {"mon-fri": range(5), "sat": [5], "sun-tue": [6, 0, 1]}.get(match.get("days", ""), range(7))
    wanted = (
        fnmatchcase(project, match.get("project", "*"))
        and fnmatchcase(severity, match.get("severity", "*"))
        and ("tag" not in match or any(fnmatchcase(tag, match["tag"]) for tag in tags))
        and any(within and day.weekday() in days for within, day in zip(spans, begun, strict=True))
    )
    assert (route(routes(match), project, severity, tags, at) is not None) is wanted
