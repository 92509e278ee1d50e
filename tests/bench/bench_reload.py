"""From changed files to queries that are ready to be sent, over a thousand log groups.

Ten thousand Knowledge Objects and a thousand RIS, read once and again. `python -m tests.bench.bench_reload`
"""

import re
import resource
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory

from sigwatch import pattern, wiring
from sigwatch.knowledge.library import Shelf
from sigwatch.model.knowledge import Signature
from sigwatch.watch import Watch
from tests.bench.corpus import signatures
from tests.fakes.made import group
from tests.fakes.source import FakeSource

OBJECTS = 10_000
SUMMARIES = 1_000
GROUPS = 1_000
LINES = 60

_WORDS = ("deploy", "rollback", "timeout", "tenant", "gateway", "queue", "index", "ledger", "pool", "retry", "cache")
_SPELLED = ((r"\d+", "1200"), (r"\w+", "orders"), (".*", " while reading "), ("(?i)", ""), ("\\", ""))
"""How a pattern of the corpus is turned into a line that it is found in, mostly."""


def prose(rng: Random, lines: int) -> str:
    return "\n".join(" ".join(rng.choices(_WORDS, k=12)) + "." for _ in range(lines))


def title(one: Signature) -> str:
    return " ".join(re.findall(r"[A-Z][a-z]+", one.pattern)) or one.id


def knowledge_object(one: Signature, rng: Random) -> str:
    quoted = one.pattern.replace("'", "''")
    return (
        f"---\nid: {one.id}\nproject: shop\ntitle: {title(one)}\nstatus: approved\ndetection_pattern: '{quoted}'\n"
        f"prevention_rule: Retry.\ntags: [{', '.join(rng.sample(_WORDS, 2))}]\n---\n## What\n{prose(rng, 4)}\n"
    )


def summary(number: int, known: list[Signature], rng: Random, remark: str = "") -> str:
    """One that quotes two errors and names one document by its file and one by its id."""
    first, second, third, fourth = rng.sample(known, 4)
    quotes = "\n".join(f"```\n[ERROR] {spelled(one.pattern)}\n  at handler\n```" for one in (first, second))
    return (
        f"# RIS-{number:04d}: {title(first)}\n**Severity:** P1\n**Date:** 2026-01-15\n\n"
        f"{prose(rng, LINES)}\nSee `knowledge/{third.id}.md` and {fourth.id}.\n{remark}\n\n"
        f"## Error Signatures\n{quotes}\n## Resolution\n1. Roll back\n2. Deploy again\n"
    )


def spelled(wanted: str) -> str:
    for old, new in _SPELLED:
        wanted = wanted.replace(old, new)
    return wanted


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the wall, and of this process."""
    began, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - began, time.process_time() - used


def again(watch: Watch, change: Callable[[int], object]) -> str:
    figures = []
    for number in range(5):
        change(number)
        figures.append(timed(watch.reload))
    wall, used = (median(each) * 1000 for each in zip(*figures, strict=True))
    return f"{wall:.0f} ms, {used:.0f} ms of them computing"


def main() -> None:
    known, rng = signatures(OBJECTS), Random(11)
    with TemporaryDirectory() as name:
        folder = Path(name)
        for one in known:
            (folder / f"{one.id}.md").write_text(knowledge_object(one, rng))
        for number in range(SUMMARIES):
            (folder / f"RIS-{number:04d}.md").write_text(summary(number, known, rng))
        # An hour ahead, for what was written a moment ago is read again as well.
        clock = partial(_ahead, 3600.0)
        shelf = Shelf([folder], folder, judge=pattern.judge, required=pattern.required, clock=clock)
        source = FakeSource([group(f"/aws/lambda/shop-{n:04d}") for n in range(GROUPS)])
        watch = Watch(shelf.read, source, lambda _: ("/aws/lambda/shop-*",), (), 15, wiring.clock, lambda _: None)
        first, _ = timed(watch.reload)
        library = watch.snapshot.library
        links = sum(len(signature.links) for signature in library.signatures)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{len(library.signatures):,} Knowledge Objects, {len(library.summaries):,} RIS, {links:,} links")
        print(f"first: {first:.1f} s, peak {peak:.0f} MiB")
        print(f"unchanged, median of 5: {again(watch, lambda _: None)}")

        def change_object(number: int) -> None:
            one = known[number * 1_999]
            changed = replace(one, ko=replace(one.ko, detection_pattern=f"Changed{number}Error: {one.pattern}"))
            (folder / f"{one.id}.md").write_text(knowledge_object(changed, rng))

        def change_summary(number: int) -> None:
            text = summary(number * 199, known, rng, f"Change {number}.")
            (folder / f"RIS-{number * 199:04d}.md").write_text(text)

        print(f"after one changed Knowledge Object, median of 5: {again(watch, change_object)}")
        print(f"after one changed RIS, median of 5: {again(watch, change_summary)}")


def _ahead(seconds: float) -> float:
    return wiring.clock() + seconds


if __name__ == "__main__":
    main()
