"""A report as a page of HTML."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from sigwatch.model.knowledge import Step
from sigwatch.model.past import Paid, Report
from sigwatch.report.chart import SLOTS, Axis
from sigwatch.report.page import MOST_ROWS, page
from tests.fakes.made import ris, signature
from tests.fakes.reports import (
    DAY,
    HOUR,
    MINUTE,
    START_MS,
    THROTTLED,
    a_month,
    found,
    gap,
    hostile,
    incident,
    masked,
    report,
    unmasked,
)

VOID = frozenset({"meta", "link", "br"})


class Reader(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.style = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "style":
            self.style += data
        else:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def read(made: Report, **changes: str) -> Reader:
    reader = Reader(page(made, "Backfill of prod", unmasked, START_MS + 30 * DAY, **changes))
    assert not reader.open, "every element is closed"
    return reader


def test_the_answer_comes_first() -> None:
    told = read(a_month())
    assert "45 incidents of 3 signatures in 30 days; 5 signatures never seen" in told.text.split("Incidents")[0]
    assert "Backfill of prod" in told.text
    assert "Incomplete" not in told.text


def test_every_incident_and_step_is_there() -> None:
    made = a_month()
    told = read(made)
    for each in made.incidents:
        first = re.escape(each.incident.group) if each.incident.signature == "KO-cm-004" else ""
        assert re.search(f"{each.incident.count:,} {each.peak:,} {each.incident.state} {first}", told.text)
    assert told.text.count("2026-01-05 06:02:11") == 2, "in the picture and in the table"
    for seen in made.signatures:
        assert seen.signature.id in told.text
        assert seen.signature.ko.title in told.text
        for step in seen.signature.ris.steps if seen.signature.ris and seen.hits else ():
            assert " ".join(step.code.split()) in told.text
    assert "Check CloudWatch for the exact error" in told.text
    assert "No RIS yet" in told.text
    assert "ModuleNotFoundError: No module named 'src.api.v1.providers'" in told.text
    assert "Seen again after its fix of 2026-01-10: 1 incident, and 2 until then" in told.text


def test_nothing_is_loaded_and_nothing_runs() -> None:
    told = read(a_month(), knowledge_url="https://kb.example/")
    assert not {"script", "img", "iframe", "object", "embed", "form", "base", "image", "use"} & {
        t for t, _ in told.tags
    }
    assert [each["href"] for each in told.all("link")] == ["data:,"]
    assert not [a for _, a in told.tags if any(name == "src" or name.startswith("on") or name == "style" for name in a)]
    assert "url(" not in told.style
    assert "@import" not in told.style
    outside = [each["href"] or "" for each in told.all("a") if not (each["href"] or "").startswith("#")]
    assert outside == ["https://kb.example/ris/RIS-2026-01-10-001.md", "https://kb.example/ris/RIS-2025-11-02-003.md"]


def test_the_policy_forbids_all_but_the_style_of_this_page() -> None:
    told = read(a_month())
    policy = next(each["content"] or "" for each in told.all("meta") if "http-equiv" in each)
    digest = base64.b64encode(hashlib.sha256(told.style.encode()).digest()).decode()
    assert "default-src 'none'" in policy
    assert f"style-src 'sha256-{digest}'" in policy


def test_it_suits_dark_rooms_phones_and_printers() -> None:
    told = read(a_month())
    assert {"prefers-color-scheme: dark", "max-width: 46rem"} <= set(re.findall(r"@media \((.*?)\)", told.style))
    assert "@media print" in told.style
    assert any(each.get("name") == "viewport" for each in told.all("meta"))


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", "</title><b>x", '" onload="alert(1)', "{{ 7 * 7 }}", "</style><i>", "&lt;i&gt;"],
)
def test_hostile_text_stays_text(text: str) -> None:
    told, honest = read(hostile(text)), read(hostile("honest"))
    assert [tag for tag, _ in told.tags] == [tag for tag, _ in honest.tags]
    assert text in told.text
    kinds = {(each.get("class") or "") for each in told.all("span")}
    assert "badge unrated" in kinds


def test_a_step_can_not_make_a_link_of_a_script() -> None:
    steps = (Step("see [this](javascript:alert(1)) and [that](https://docs.example/a?b=1&c=2)"),)
    one = signature(ris=ris(steps=steps))
    told = read(report((found(one, incident(one, START_MS)),)), knowledge_url="javascript:alert(1)//")
    assert [a["href"] for a in told.all("a") if not (a["href"] or "").startswith("#")] == [
        "https://docs.example/a?b=1&c=2"
    ]


def test_control_characters_are_gone() -> None:
    told = page(hostile("\x1b[31mred\x07\u202e"), "\x1b[1mtitle", unmasked, START_MS)
    assert "red" in told
    assert not {"\x1b", "\x07", "\u202e"} & set(told)


def test_documents_are_masked() -> None:
    made = ris(
        title="hunter2", steps=(Step("use hunter2", "login hunter2"),), root_cause="hunter2", verification="hunter2"
    )
    one = signature(title="hunter2", ris=made, why_it_matters="hunter2", prevention_rule="hunter2")
    told = page(report((found(one, incident(one, START_MS)), found(signature("KO-2", title="hunter2")))), "", masked, 1)
    assert "hunter2" not in told
    assert "use [shop]" in told


def test_an_empty_report_says_so() -> None:
    assert "No signature was searched for" in read(report()).text
    quiet = read(report((found(signature()),)))
    assert "No incident found in 30 days; 1 signature never seen" in quiet.text
    assert not quiet.all("rect")


def test_with_gaps_nothing_was_never_seen() -> None:
    told = read(replace(a_month(), gaps=(gap(), gap(start_ms=0, end_ms=0, places=("a", "b", "c", "d", "e")))))
    assert "never seen" not in told.text
    assert "5 signatures not seen in what could be searched" in told.text
    assert "Incomplete: 2 parts of what was asked for could not be searched" in told.text
    assert "us-east-1 2026-01-03 00:00:00 to 01:00:00 UTC: the service refused the query" in told.text
    assert "a, b, c and 2 more" in told.text
    assert [each for each in told.all("rect") if each["class"] == "gap"]


def test_problems_and_remarks_are_there() -> None:
    told = read(report(problems=("a.md:3: id: missing",), remarks=("<b>times run backwards",))).text
    assert "a.md:3: id: missing" in told
    assert "<b>times run backwards" in told


def test_a_scan_costs_nothing_and_may_have_no_times() -> None:
    undated = found(THROTTLED, incident(THROTTLED, 0, 0))
    told = read(report((undated,), start_ms=0, end_ms=0, paid=Paid(bytes_scanned=1_500_000)))
    assert "$" not in told.text
    assert "1.4 MB" in told.text
    assert "no time" in told.text
    assert "1970" not in told.text
    assert not told.all("svg")


def test_ten_thousand_incidents_stay_a_page_that_opens() -> None:
    many = [incident(THROTTLED, START_MS + number * 4 * MINUTE, MINUTE) for number in range(10_000)]
    gaps = tuple(gap(start_ms=START_MS + n * HOUR, end_ms=START_MS + (n + 1) * HOUR) for n in range(300))
    text = page(report((found(THROTTLED, *many),), gaps=gaps), "", unmasked, START_MS)
    told = Reader(text)
    assert "and 9,900 more, older; see --format csv" in told.text
    assert "and 200 more; see --format json" in told.text
    assert len(told.all("tr")) == 2 * (MOST_ROWS + 1)
    assert len(told.all("rect")) < SLOTS + 100
    assert len(text) < 300_000


def test_ticks_are_round_and_few() -> None:
    for length in (20_000, MINUTE, 7 * MINUTE, HOUR, 25 * HOUR, 9 * DAY, 30 * DAY, 400 * DAY, 9_000 * DAY):
        ticks = Axis(START_MS + 12_345, START_MS + length).ticks()
        assert 0 < len(ticks) <= 6, length
        assert [tick.x for tick in ticks] == sorted(tick.x for tick in ticks)
    assert [tick.label for tick in Axis(START_MS - 12 * HOUR, START_MS + 12 * HOUR).ticks()] == [
        "12:00",
        "18:00",
        "1 Jan",
        "06:00",
    ]


def test_bars_lie_where_their_incidents_are() -> None:
    axis = Axis(START_MS, START_MS + 10 * DAY)
    one, two = axis.lane([incident(THROTTLED, START_MS + DAY, DAY), incident(THROTTLED, START_MS + 9 * DAY, 5 * DAY)])
    assert (one.x, one.width, two.x, two.width) == (10, 10, 90, 10)
    assert one.title == "40 hits\n2026-01-02 00:00:00 to 2026-01-03 00:00:00 UTC\n/aws/lambda/api"
    (joined,) = axis.missing([gap(start_ms=START_MS + DAY, end_ms=START_MS + 2 * DAY), gap()])
    assert (joined.x, joined.width) == (10, 10.42)
    assert "and 1 more" in joined.title
    bars = axis.columns((0, 100, 1, 0, 50))
    assert [(bar.x, bar.height) for bar in bars] == [(20, 100), (40, 5), (80, 50)]
    assert bars[0].title == "100 hits in the 2 days from 2026-01-03 00:00:00 UTC"
