"""Every event of some data, however it is cut."""

from collections.abc import Sequence

from sigwatch.scan.values import Event, Format, Page, Place

PLACE = Place("app.log", "/app", "one")


def every(page: Page) -> list[Event]:
    """All events of a page."""
    return list(page.events(range(1, len(page.text) + 1)))


def paged(written: Format, data: bytes, cuts: Sequence[int]) -> list[Page]:
    """Pages as they come when the data is read up to each of these offsets, one after the other."""
    pages, start = [], 0
    for stop in [*sorted(cuts), len(data)]:
        end = written.cut(data[start:stop]) if stop < len(data) else stop - start
        if end > 0:
            pages.append(written.page(data[start : start + end], PLACE))
            start += end
    return pages


def told(pages: Sequence[Page]) -> list[tuple[int, str, str, str]]:
    """Line, group, stream and message of all events; lines counted over the pages."""
    found, before = [], 0
    for page in pages:
        found += [(before + event.line, event.log_group, event.stream, event.message) for event in every(page)]
        before += page.lines
    return found
