"""Linking finds by indexes what looking at each pair would find; here each pair is looked at."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import PurePath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigwatch import pattern
from sigwatch.knowledge.knowledge_object import Learned
from sigwatch.knowledge.linking import NO_LINKS, link
from sigwatch.knowledge.patterns import RequiredTexts, nothing_certain
from sigwatch.model.knowledge import KnowledgeObject, Link, LinkKind, LinkReason, Ris, Signature

FILLERS = {"and", "are", "does", "fix", "for", "from", "has", "issue", "not", "that", "the", "was", "with"}


def plain_link(objects: Iterable[KnowledgeObject], summaries: Sequence[Ris]) -> tuple[Signature, ...]:
    joined = (plain_signature(ko, summaries) for ko in objects)
    return tuple(sorted(joined, key=lambda signature: signature.id))


def plain_signature(ko: KnowledgeObject, summaries: Sequence[Ris]) -> Signature:
    links = strongest((ris, tuple(evidence(ko, ris))) for ris in summaries)
    suggestions = () if links else strongest((ris, tuple(hints(ko, ris))) for ris in summaries)
    by_id = {ris.id: ris for ris in summaries}
    return Signature(ko, links, suggestions, by_id[links[0].ris] if links else None)


def strongest(pairs: Iterable[tuple[Ris, tuple[LinkReason, ...]]]) -> tuple[Link, ...]:
    found = [(ris, reasons) for ris, reasons in pairs if reasons]
    found.sort(key=lambda pair: pair[0].id)
    found.sort(key=lambda pair: pair[0].date if re.match(r"\d{4}-\d\d-\d\d", pair[0].date) else "", reverse=True)
    found.sort(key=lambda pair: (pair[1][0].kind is not LinkKind.EXPLICIT, -len(pair[1])))
    return tuple(Link(ris.id, reasons) for ris, reasons in found)


def evidence(ko: KnowledgeObject, ris: Ris) -> Iterator[LinkReason]:
    if ris.id in ko.ris:
        yield LinkReason(LinkKind.EXPLICIT, f"{ko.path} names {ris.id} in its key ris")
    name = PurePath(ko.path).name
    if line := line_naming(name, ris.text):
        yield LinkReason(LinkKind.NAMES_FILE, f"{ris.path}:{line} names the file {name}")
    if line := line_naming(ko.id, ris.text):
        yield LinkReason(LinkKind.NAMES_ID, f"{ris.path}:{line} names {ko.id}")
    for quote in ris.error_signatures:
        if matches(ko.detection_pattern, quote):
            first = quote.split("\n", 1)[0]
            at = ris.text.find(first)
            where = f"{ris.path}:{ris.text[:at].count(chr(10)) + 1}" if at >= 0 else ris.path
            detail = f"the pattern matches the error quoted in {where}: {first[:120]}"
            yield LinkReason(LinkKind.PATTERN, detail)
            return


def line_naming(name: str, text: str) -> int:
    found = re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-]|\.\w)", text)
    return text.count("\n", 0, found.start()) + 1 if found else 0


def matches(wanted: str, text: str) -> bool:
    try:
        return bool(wanted) and pattern.judge(wanted, text)
    except ValueError:
        return False


def hints(ko: KnowledgeObject, ris: Ris) -> Iterator[LinkReason]:
    common = {tag.casefold() for tag in ko.tags} & {tag.casefold() for tag in ris.tags}
    common -= {ko.project.casefold(), ris.project.casefold()}
    if len(common) >= 2:
        yield LinkReason(LinkKind.TAGS, f"both carry the tags {', '.join(sorted(common))}")
    ours, theirs = (set(re.findall(r"\w{3,}", one.title.casefold())) - FILLERS for one in (ko, ris))
    if ours & theirs and len(ours & theirs) / len(ours | theirs) >= 0.4:
        yield LinkReason(LinkKind.TITLE, f"both titles speak of {', '.join(sorted(ours & theirs))}")


IDS = [
    "KO-1",
    "KO-12",
    "KO-1-a",
    "KO-1.a",
    "xKO-1",
    "-KO-1",
    "KO-1.",
    "KO-1-",
    "(KO-1)",
    "ö-1",
    "§§",
    "[KO]",
    "KO",
    "1",
]
FILES = [
    "KO-1.md",
    "a.md",
    "b a.md",
    "a.md.md",
    "a (1).md",
    "-a.md",
    "a..md",
    "ä.md",
    "(a) b.md",
    "a.mdx",
    "§",
    "a-b.md",
]
PATTERNS = [
    "",
    "boom",
    "(?i)BOOM",
    r"(?i)stra\w+ klein",
    "Straße",
    r"\d+ms",
    r".+:\s",
    "(boom|bang): x",
    r"FooError: read timed out after \d+ s",
    r"BarError: read timed out after \d+ s",
    r"at com\.shop\.Foo",
    r"(?P<w>ab+)(?P=w)",
    r"x(?!y)",
    "(broken",
    r"[[:alpha:]]x",
    "a.b\nc",
    "tail end of it all",
]
QUOTES = [
    "boom",
    "BOOM: x",
    "it went bang: x 5ms",
    "STRASSE \u212alein straSSe klein \u212alein",
    "Straße klein",
    "FooError: read timed out after 3 s",
    "java: BarError: read timed out after 31 s\n at com.shop.Foo.go",
    "ababb xz",
    "xy",
    "a.b\nc tail end of it all",
    "",
    "k",
]
SEPARATORS = ["", " ", ".", ". ", ".\n", "-", "/", "\n", "(", ")", "..", ".-", "`", "ö", "_", "§", ","]
WORDS = ["payment", "gateway", "Timeout", "the", "import", "Ärger", "of", "database"]
TAGS = ["Lambda", "lambda", "shop", "imports", "db", "Straße", "STRASSE"]


def several(values: list[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), max_size=4).map(tuple)


titles = st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join)
names_and_noise = st.lists(
    st.sampled_from([*IDS, *FILES, *QUOTES[:4], "word"]) | st.sampled_from(SEPARATORS), max_size=12
)
objects = st.builds(
    KnowledgeObject,
    id=st.sampled_from(IDS),
    title=titles,
    path=st.builds("{}{}".format, st.sampled_from(["", "k/", "k/deep er/"]), st.sampled_from(FILES)),
    project=st.sampled_from(["shop", "Lambda"]),
    tags=several(TAGS),
    detection_pattern=st.sampled_from(PATTERNS),
    ris=several(["RIS-1", "RIS-2", "RIS-404"]),
)
summaries_of = st.builds(
    Ris,
    id=st.sampled_from(["RIS-1", "RIS-2", "RIS-3", "RIS-4"]),
    title=titles,
    path=st.just("r/x.md"),
    text=names_and_noise.map("".join),
    project=st.sampled_from(["", "shop"]),
    date=st.sampled_from(["", "2024-01-01", "2025-01-01 late", "once"]),
    error_signatures=several(QUOTES),
    tags=several(TAGS),
)
object_lists = st.lists(objects, max_size=len(IDS), unique_by=lambda ko: ko.id)
summary_lists = st.lists(summaries_of, max_size=4, unique_by=lambda ris: ris.id)


def learned(found: Iterable[KnowledgeObject]) -> list[Learned]:
    return [Learned(ko, {}) for ko in found]


@settings(max_examples=200)
@given(object_lists, summary_lists)
def test_what_is_found_by_index_is_what_each_pair_gives(found: list[KnowledgeObject], summaries: list[Ris]) -> None:
    expected = plain_link(found, summaries)
    assert link(learned(found), summaries, pattern.judge, pattern.required).signatures == expected
    assert link(learned(found), summaries, pattern.judge).signatures == expected


@settings(max_examples=100)
@given(
    st.lists(st.tuples(object_lists, summary_lists), min_size=2, max_size=4),
    st.sampled_from([pattern.required, nothing_certain]),
)
def test_links_that_are_kept_are_what_each_pair_gives(
    steps: list[tuple[list[KnowledgeObject], list[Ris]]], required: RequiredTexts
) -> None:
    links = NO_LINKS
    kept_objects: dict[str, KnowledgeObject] = {}
    kept_summaries: dict[str, Ris] = {}
    for number, (found, summaries) in enumerate(steps):
        # Each second step changes a few documents, the others take everything else away.
        kept_objects = {**(kept_objects if number % 2 else {}), **{ko.id: ko for ko in found[:2] or found}}
        kept_objects = kept_objects or {ko.id: ko for ko in found}
        kept_summaries = {**(kept_summaries if number % 2 else {}), **{ris.id: ris for ris in summaries}}
        current = list(kept_summaries.values())
        links = link(learned(kept_objects.values()), current, pattern.judge, required, links)
        assert links.signatures == plain_link(kept_objects.values(), current)


def exhaustive_text(name: str) -> Iterator[str]:
    for before in SEPARATORS:
        for after in SEPARATORS:
            for beyond in ("", "z"):
                yield f"first line\n{before}{name}{after}{beyond}"


@pytest.mark.parametrize("name", [*IDS, *FILES])
def test_every_name_between_every_pair_of_separators(name: str) -> None:
    others = [KnowledgeObject(one, one, f"k/{file}") for one, file in zip(IDS, FILES * 2, strict=False)]
    texts = list(exhaustive_text(name))
    summaries = [Ris(f"RIS-{n}", "", "r.md", text) for n, text in enumerate(texts)]
    assert link(learned(others), summaries, pattern.judge).signatures == plain_link(others, summaries)
    for one in others:
        assert link(learned([one]), summaries, pattern.judge).signatures == plain_link([one], summaries)


def test_every_pattern_on_every_quote() -> None:
    found = [KnowledgeObject(f"KO-{n}", "", f"{n}.md", detection_pattern=one) for n, one in enumerate(PATTERNS)]
    summaries = [Ris(f"RIS-{n}", "", "r.md", quote, error_signatures=(quote,)) for n, quote in enumerate(QUOTES)]
    expected = plain_link(found, summaries)
    assert sum(bool(signature.links) for signature in expected) > 10
    assert link(learned(found), summaries, pattern.judge, pattern.required).signatures == expected
    for one in found:
        assert link(learned([one]), summaries, pattern.judge, pattern.required).signatures == plain_link(
            [one], summaries
        )


def test_only_what_has_something_in_common_is_tried() -> None:
    tried: list[tuple[str, str]] = []

    def judge(wanted: str, text: str) -> bool:
        tried.append((wanted, text))
        return pattern.judge(wanted, text)

    found = [
        KnowledgeObject(f"KO-{n}", f"{n}", f"{n}.md", detection_pattern=f"Error{n}: at once") for n in range(50, 80)
    ]
    summaries = [Ris(f"RIS-{n}", "t", "r.md", "", error_signatures=(f"Error{n}: at once",)) for n in range(40, 60)]
    links = link(learned(found), summaries, judge, pattern.required)
    assert len(tried) == 10
    del tried[:]
    again = link(learned([one.ko for one in links.signatures]), summaries, judge, pattern.required, links)
    assert (again, tried) == (links, [])
    changed = [replace(summaries[0], error_signatures=("Error70: at once",)), *summaries[1:]]
    again = link(learned(found), changed, judge, pattern.required, links)
    assert set(tried) == {("Error70: at once", "Error70: at once")}
    assert [one.id for one in again.signatures if one.links] == [f"KO-{n}" for n in [*range(50, 60), 70]]


@given(
    st.sampled_from(PATTERNS), st.sampled_from(QUOTES) | st.text(alphabet="BOoMmabx:5 sKk\u212a\u017fßö.", max_size=12)
)
def test_whatever_a_pattern_is_found_in_holds_a_required_text(wanted: str, text: str) -> None:
    texts = pattern.required(wanted)
    if texts and matches(wanted, text):
        assert any(one.casefold() in text.casefold() for one in texts)


def test_nothing_is_required_by_a_pattern_that_can_not_be_used() -> None:
    assert pattern.required("(broken") == ()
    assert pattern.required(r"\d+") == ()
    assert pattern.required("boom") == ("boom",)
