from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigwatch.incident.silence import AHEAD_MS, LONGEST_DAYS, expiring, faults, hush, matches, reconciled, scope
from sigwatch.model.incident import Incident, Matchers, Silence, State
from tests.fakes.made import signature

NOW = 1_770_184_800_000
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
SILENCE = Silence("s1", Matchers(), "deploy", "ada", NOW - HOUR, NOW + HOUR)
FILED = replace(SILENCE, source="ops/silences.yaml:3")


def incident(name: str = "KO-1", *log_groups: str, severity: str = "P1", group: str = "/a") -> Incident:
    return Incident(
        id=f"{name}-{group}",
        signature=name,
        project="shop",
        severity=severity,
        group=group,
        account="1",
        region="us-east-1",
        log_groups=log_groups or ("/aws/lambda/api",),
        state=State.OPEN,
        count=1,
        first_seen_ms=NOW,
        last_seen_ms=NOW,
        active_ms=NOW,
    )


@pytest.mark.parametrize(
    ("matchers", "wanted"),
    [
        (Matchers(), True),
        (Matchers(signature="KO-1"), True),
        (Matchers(signature="KO-*"), True),
        (Matchers(signature="ko-1"), False),
        (Matchers(signature="KO"), False),
        (Matchers(project="sh?p"), True),
        (Matchers(project="mail"), False),
        (Matchers(severity="P[12]"), True),
        (Matchers(severity="P0"), False),
        (Matchers(log_group="/aws/lambda/*"), True),
        (Matchers(log_group="/ecs/*"), False),
        (Matchers("KO-1", "shop", "P1", "/aws/lambda/api"), True),
        (Matchers("KO-1", "shop", "P1", "/aws/lambda/ap"), False),
    ],
)
def test_all_globs_must_match(matchers: Matchers, wanted: bool) -> None:
    assert matches(matchers, incident()) is wanted


def test_every_log_group_of_the_incident_must_match() -> None:
    spread = incident("KO-1", "/aws/lambda/api", "/ecs/web")
    assert not matches(Matchers(log_group="/aws/lambda/*"), spread)
    assert not matches(Matchers(log_group="/ecs/*"), spread)
    assert matches(Matchers(log_group="/*"), spread)


def test_of_several_the_one_that_ends_last_hushes() -> None:
    long = replace(SILENCE, id="s2", ends_ms=NOW + 2 * HOUR)
    cut_short = replace(SILENCE, id="s3", ends_ms=NOW + 9 * HOUR, cancelled_ms=NOW + MINUTE)
    other = replace(SILENCE, id="s4", ends_ms=NOW + 9 * HOUR, matchers=Matchers(project="mail"))
    coming = replace(SILENCE, id="s5", starts_ms=NOW + 1, ends_ms=NOW + 9 * HOUR)
    for known in ([SILENCE, long, cut_short, other, coming], [coming, other, cut_short, long, SILENCE]):
        assert hush(known, incident(), NOW) is long
    assert hush([other, coming], incident(), NOW) is None


def test_which_one_hushes_does_not_depend_on_the_order() -> None:
    twin = replace(SILENCE, id="s2")
    assert hush([SILENCE, twin], incident(), NOW) == hush([twin, SILENCE], incident(), NOW)


@pytest.mark.parametrize(
    ("silence", "now_ms", "wanted"),
    [
        (SILENCE, SILENCE.starts_ms - 1, False),
        (SILENCE, SILENCE.starts_ms, True),
        (SILENCE, SILENCE.ends_ms - 1, True),
        (SILENCE, SILENCE.ends_ms, False),
        (replace(SILENCE, cancelled_ms=NOW), NOW - 1, True),
        (replace(SILENCE, cancelled_ms=NOW), NOW, False),
    ],
)
def test_it_hushes_from_its_beginning_up_to_its_end(silence: Silence, now_ms: int, wanted: bool) -> None:
    assert (hush([silence], incident(), now_ms) is not None) is wanted


MATCHERS = st.builds(
    Matchers,
    signature=st.sampled_from(["*", "KO-1", "KO-2", "KO-?"]),
    severity=st.sampled_from(["*", "P1", "P0"]),
    log_group=st.sampled_from(["*", "/aws/*", "/ecs/*"]),
)
SILENCES = st.lists(
    st.builds(
        Silence,
        id=st.uuids().map(str),
        matchers=MATCHERS,
        reason=st.just("r"),
        author=st.just("a"),
        starts_ms=st.integers(0, 50),
        ends_ms=st.integers(0, 100),
        cancelled_ms=st.none() | st.integers(0, 100),
    ),
    max_size=6,
)


@given(SILENCES, st.sampled_from(["KO-1", "KO-2"]), st.integers(0, 100))
def test_nothing_that_holds_longer_is_passed_over(silences: list[Silence], name: str, now_ms: int) -> None:
    found = hush(silences, incident(name), now_ms)
    holding = [s for s in silences if matches(s.matchers, incident(name)) and s.active(now_ms)]
    assert (found is None) == (not holding)
    if found:
        lasting = next(ms for ms in range(now_ms, 102) if not found.active(ms))
        assert not [s for s in holding if s.active(lasting)]


def test_silences_are_warned_of_shortly_before_their_end() -> None:
    soon = replace(SILENCE, id="soon", ends_ms=NOW + AHEAD_MS)
    sooner = replace(SILENCE, id="sooner", ends_ms=NOW + MINUTE)
    quiet = [
        replace(SILENCE, id="later", ends_ms=NOW + AHEAD_MS + 1),
        replace(SILENCE, id="over", ends_ms=NOW),
        replace(SILENCE, id="cancelled", ends_ms=NOW + MINUTE, cancelled_ms=NOW + 1),
        replace(SILENCE, id="coming", starts_ms=NOW + 1, ends_ms=NOW + AHEAD_MS),
        replace(SILENCE, id="brief", starts_ms=NOW + MINUTE - 2 * AHEAD_MS + 1, ends_ms=NOW + MINUTE),
    ]
    assert expiring([soon, *quiet, sooner], NOW) == (sooner, soon)
    assert expiring([soon, sooner], NOW, MINUTE) == (sooner,)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"reason": " "}, "needs a reason"),
        ({"author": ""}, "needs an author"),
        ({"ends_ms": NOW}, "would never hold"),
        ({"starts_ms": NOW + HOUR}, "would never hold"),
        ({"ends_ms": NOW + LONGEST_DAYS * DAY + 1}, "longer than 30 days: end it earlier, or write it into a sil"),
    ],
)
def test_what_must_not_be_silenced_by_hand(changes: dict[str, object], words: str) -> None:
    [fault] = faults(replace(SILENCE, **changes), NOW)  # type: ignore[arg-type]  # one field of a known type each
    assert words in fault


def test_every_fault_of_a_silence_is_named_and_a_good_one_has_none() -> None:
    assert len(faults(replace(SILENCE, reason="", author="", ends_ms=0), NOW)) == 3
    assert faults(replace(SILENCE, ends_ms=NOW + LONGEST_DAYS * DAY), NOW) == ()


SIGNATURES = [signature(f"KO-{number}", severity="P1") for number in range(1, 4)]


def test_a_narrow_scope_names_what_it_covers() -> None:
    found = scope(Matchers("KO-[12]", log_group="/aws/*"), SIGNATURES, [incident("KO-1"), incident("KO-1", "/ecs/x")])
    assert (found.signatures, [one.log_groups for one in found.incidents]) == (("KO-1", "KO-2"), [("/aws/lambda/api",)])
    assert (found.every_signature, found.every_log_group) == (False, False)
    assert found.sentences == (
        "It covers 2 signatures: KO-1, KO-2.",
        "It holds for incidents all of whose log groups match /aws/*.",
        "It covers 1 incident that is open: KO-1 in /a.",
    )


@pytest.mark.parametrize("matchers", [Matchers(), Matchers("**", log_group="***"), Matchers("KO-*", "shop", "P1")])
def test_a_broad_scope_says_so_loudly(matchers: Matchers) -> None:
    found = scope(matchers, SIGNATURES, [])
    assert (found.every_signature, found.every_log_group) == (True, True)
    assert "EVERY SIGNATURE: 3 now" in found.sentences[0]
    assert found.sentences[1:] == ("It holds in EVERY LOG GROUP.", "It covers none of the incidents that are open now.")


def test_naming_the_only_signature_is_not_broad() -> None:
    found = scope(Matchers("KO-1"), SIGNATURES[:1], [])
    assert (found.every_signature, found.every_log_group) == (False, True)
    assert found.sentences[0] == "It covers 1 signature: KO-1."


def test_a_slip_covers_nothing_and_says_so() -> None:
    found = scope(Matchers("KO-1", severity="P9"), SIGNATURES, [incident()])
    assert (found.signatures, found.incidents) == ((), ())
    assert "NO SIGNATURE" in found.sentences[0]


def test_a_long_list_is_cut() -> None:
    many = [incident(f"KO-{number}", group="") for number in range(9)]
    assert scope(Matchers("KO-*"), [], many).sentences[2] == (
        "It covers 9 incidents that are open: KO-0, KO-1, KO-2, KO-3, KO-4 and 4 more."
    )


def written(
    recorded: list[Silence], declared: list[Silence], unread: Callable[[str], bool] = lambda _: False
) -> list[Silence]:
    return list(reconciled(recorded, declared, unread, NOW))


def test_what_the_files_declare_is_recorded_once() -> None:
    assert written([], [FILED]) == [FILED]
    assert written([FILED], [FILED]) == []


def test_one_that_has_moved_in_its_file_is_the_same() -> None:
    moved = replace(FILED, source="ops/silences.yaml:9")
    assert written([FILED], [moved]) == [moved]


def test_one_that_has_gone_from_its_file_ends_and_may_come_back() -> None:
    [ended] = written([FILED], [])
    assert (ended.cancelled_ms, ended.cancelled_by) == (NOW, FILED.source)
    assert not ended.active(NOW)
    assert written([ended], []) == []
    assert written([ended], [FILED]) == [FILED]


def test_one_that_is_over_is_left_as_it_was() -> None:
    assert written([replace(FILED, ends_ms=NOW)], []) == []


def test_one_that_was_ended_by_hand_stays_ended() -> None:
    by_hand = replace(FILED, cancelled_ms=NOW - 1, cancelled_by="cli:ada")
    assert written([by_hand], [FILED]) == []
    assert written([by_hand], [replace(FILED, source="b.yaml:1")]) == [replace(by_hand, source="b.yaml:1")]


def test_those_of_an_unreadable_file_hold_on() -> None:
    assert written([FILED], [], lambda path: path == "ops/silences.yaml") == []


@pytest.mark.parametrize("source", ["cli", "slack", ""])
def test_those_of_other_sources_are_left_alone(source: str) -> None:
    assert written([replace(SILENCE, source=source)], []) == []
