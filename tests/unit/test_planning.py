from dataclasses import replace
from fnmatch import fnmatchcase

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigwatch.model.logs import Pass, Window
from sigwatch.plan.console_link import console_link
from sigwatch.plan.cost import bytes_per_day, dollars
from sigwatch.plan.insights import LONGEST_QUERY, filter_of, pack, query_text
from sigwatch.plan.scopes import SEARCHABLE, batches, literal_prefix, resolve, selectors
from sigwatch.plan.windows import DAY, Pace
from tests.fakes.made import API, group, ris, signature

PACE = Pace(interval=15, first_lookback=900, catch_up_window=3600)
EAGER = Pass("eager", 0)
LATE = Pass("late", 3600)
NOW = 1_800_000_000.7


def test_a_window_is_half_open_and_never_empty() -> None:
    window = Window(10, 12)
    assert [window.holds(ts) for ts in (9_999, 10_000, 11_999, 12_000)] == [False, True, True, False]
    assert window.halves() == (Window(10, 11), Window(11, 12))
    with pytest.raises(ValueError, match="an empty window"):
        Window(5, 5)


def test_log_groups_come_from_the_document_then_the_project_then_the_ris() -> None:
    linked = signature(ris=ris())
    assert selectors(signature(log_groups=("/own",)), ["/project"]) == ("/own",)
    assert selectors(linked, ["/project"]) == ("/project",)
    assert selectors(linked, []) == (API,)
    assert selectors(signature(), []) == ()


def test_groups_with_the_same_signatures_form_one_scope() -> None:
    one, two = signature("KO-1"), signature("KO-2", project="mail")
    existing = [group("/a"), group("/b"), group("/c"), group("/x", log_class="DELIVERY")]
    scopes, problems = resolve([(two, ["/c"]), (one, ["/*"])], existing)
    assert {(s.name, tuple(g.name for g in s.groups), tuple(k.id for k in s.signatures)) for s in scopes} == {
        ("us-east-1/shop", ("/a", "/b"), ("KO-1",)),
        ("us-east-1/mail+shop", ("/c",), ("KO-1", "KO-2")),
    }
    assert not problems


_NAMES = st.text("ab/-", min_size=1, max_size=5)
_GLOBS = st.text("ab/-*?", min_size=1, max_size=5) | st.sampled_from(["*", "[ab]*", "*[!a]", "a*[b", "/*-*"])
_PLACES = st.tuples(st.sampled_from(["1", "2"]), st.sampled_from(["", "lane"]), st.sampled_from(list(SEARCHABLE)))


@given(st.lists(st.lists(_NAMES | _GLOBS, max_size=3), max_size=8), st.dictionaries(_NAMES, _PLACES, max_size=12))
def test_every_signature_is_searched_in_the_groups_that_it_asks_for_once(
    asked: list[list[str]], places: dict[str, tuple[str, str, str]]
) -> None:
    existing = [
        group(name, account=account, lane=lane, log_class=log_class)
        for name, (account, lane, log_class) in places.items()
    ]
    wanted = [(signature(f"KO-{number}"), selectors) for number, selectors in enumerate(asked)]
    scopes, _ = resolve(wanted, existing)
    searched = [(s.id, g.name) for scope in scopes for s in scope.signatures for g in scope.groups]
    assert sorted(searched) == sorted(
        (s.id, g.name) for s, globs in wanted for g in existing if any(fnmatchcase(g.name, glob) for glob in globs)
    )
    for scope in scopes:
        assert len({(g.lane or g.account, g.log_class) for g in scope.groups}) == 1
    kinds = [(s.signatures, s.groups[0].lane or s.groups[0].account, s.groups[0].log_class) for s in scopes]
    assert len(kinds) == len(set(kinds))


def test_accounts_share_a_scope_only_in_one_lane() -> None:
    apart = [group("/a"), group("/b", account="222222222222"), group("/c", region="eu-west-1")]
    assert len(resolve([(signature(), ["/*"])], apart)[0]) == 3
    [scope] = resolve([(signature(), ["/*"])], [replace(each, lane="watch") for each in apart[:2]])[0]
    assert [each.account for each in scope.groups] == ["111122223333", "222222222222"]


def test_a_scope_of_many_projects_has_a_short_name() -> None:
    wanted = [(signature(f"KO-{n}", project=f"project-{n}"), ["/a"]) for n in range(4)]
    assert [scope.name for scope in resolve(wanted[:3], [group("/a")])[0]] == [
        "us-east-1/project-0+project-1+project-2"
    ]
    assert [scope.name for scope in resolve(wanted, [group("/a")])[0]] == ["us-east-1/4 projects"]


def test_infrequent_access_groups_are_searched_in_queries_of_their_own() -> None:
    existing = [group("/a"), group("/b", log_class="INFREQUENT_ACCESS")]
    scopes, _ = resolve([(signature(), ["/*"])], existing)
    assert sorted(len(scope.groups) for scope in scopes) == [1, 1]


def test_an_arn_is_no_selector() -> None:
    _, [problem] = resolve([(signature(log_groups=("arn:aws:logs:x",)), ["arn:aws:logs:x"])], [group()])
    assert (problem.path, problem.level) == ("knowledge/KO-1.md", "error")
    assert "write a name or a glob such as /aws/lambda/shop-*, not an ARN" in problem.message


def test_a_selector_that_finds_nothing_is_named_with_its_document() -> None:
    _, problems = resolve([(signature(), ["/typo"]), (signature("KO-2"), [])], [group()])
    assert [(p.path, p.level) for p in problems] == [("", "warning"), ("knowledge/KO-2.md", "error")]
    assert str(problems[0]).startswith("projects.shop.log_groups (or default's): /typo matches no log group")
    own = signature(log_groups=("/mine",), ris=ris(log_groups=("/theirs",)))
    _, problems = resolve([(own, ["/mine"]), (own, ["/theirs"])], [])
    assert [p.path for p in problems] == ["knowledge/KO-1.md", "ris/RIS-1.md"]


@pytest.mark.parametrize(("selector", "prefix"), [("/a/b", "/a/b"), ("/a/b-*", "/a/b-"), ("/a?[x]*", "/a"), ("*", "")])
def test_a_glob_is_looked_up_by_its_literal_prefix(selector: str, prefix: str) -> None:
    assert literal_prefix(selector) == prefix


def test_batches_hold_at_most_fifty_groups_of_one_window_oldest_first() -> None:
    groups = [group(f"/g{number:03}") for number in range(120)]
    scopes, _ = resolve([(signature(), ["/g*"])], groups)
    old, new = Window(0, 10), Window(10, 20)
    made = batches(EAGER, scopes, lambda g: old if g.name == "/g007" else None if g.name == "/g008" else new)
    assert [(batch.window, len(batch.groups)) for batch in made] == [(old, 1), (new, 50), (new, 50), (new, 18)]


def test_one_query_carries_many_signatures_sensitive_and_insensitive() -> None:
    [(text, served)] = pack([signature("KO-1", "b/b"), signature("KO-2", "(?i)low"), signature("KO-3", "aa")])
    assert text == (
        "fields @timestamp, @ingestionTime, @log, @logStream, @message\n"
        r"| filter @message like /aa|b\/b/ or @message like /(?i)low/"
        "\n| sort @timestamp asc\n| limit 10000"
    )
    assert [s.id for s in served] == ["KO-1", "KO-2", "KO-3"]


@settings(max_examples=20)
@given(st.lists(st.integers(1, 8_900), min_size=1, max_size=6))
def test_queries_stay_within_the_limit_and_serve_every_signature_once(lengths: list[int]) -> None:
    made = [signature(f"KO-{n}", chr(97 + n) * length) for n, length in enumerate(lengths)]
    packed = pack(made)
    assert [s.id for _, served in packed for s in served] == [s.id for s in made]
    assert all(len(text) <= LONGEST_QUERY for text, _ in packed)


def test_a_filter_that_no_query_could_hold_is_refused() -> None:
    with pytest.raises(ValueError, match=r"is 9,001 characters long as a query filter; at most 9,000 fit"):
        filter_of("x" * 9_001)


def test_cost_follows_the_bytes() -> None:
    assert dollars(1024**3, 0.005) == pytest.approx(0.005)
    now_ms = 100 * DAY * 1000
    kept = group(stored_bytes=7_000, retention_days=7, created_ms=0)
    young = group(stored_bytes=500, created_ms=now_ms - 1000)
    assert bytes_per_day([kept, young], now_ms) == 1_500


def test_the_console_link_opens_exactly_this_query_and_range() -> None:
    link = console_link([group()], query_text([filter_of("ab|é")]), Window(1_770_184_800, 1_770_184_860))
    assert link.startswith("https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#logsV2:")
    assert "~start~'2026-02-04T06*3a00*3a00.000Z~" in link
    assert "~(end~'2026-02-04T06*3a01*3a00.000Z~" in link
    assert "like*20*2fab*7c*e9*2f" in link
    assert f"~source~(~'{group().arn.replace(':', '*3a').replace('/', '*2f')})" in link
    assert not set(link) & set(' |<>"\n')
