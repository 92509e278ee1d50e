"""Apprise through its own JSON service, as a stand-in for all of its services."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from sigwatch.errors import NotSent
from sigwatch.publish.apprise import MISSING, ApprisePublisher, available
from tests.fakes.http_target import HttpTarget
from tests.fakes.slack_server import Fault, hang, reset, server_error
from tests.unit.publish.alerts import ALERT, RESOLVED

# Apprise reads a module of the standard library that Python 3.13 no longer has, and does without it there.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


@pytest.fixture
def servers() -> Iterator[list[HttpTarget]]:
    with ExitStack() as stack:
        yield [stack.enter_context(HttpTarget()) for _ in range(2)]


def url(server: HttpTarget) -> str:
    return server.url.replace("http://", "json://") + "/secret-of-mine"


def publisher(*servers: HttpTarget, deadline: float = 20.0) -> ApprisePublisher:
    return ApprisePublisher([url(server) for server in servers], deadline)


def test_a_card_arrives_with_its_steps(servers: list[HttpTarget]) -> None:
    target = publisher(servers[0])
    assert target.post("", ALERT, "") == ALERT.key
    (request,) = servers[0].requests
    assert request.json["title"] == "🔴 P0 · Lambda Lazy Loading Import Patterns and Pitfalls"
    assert "4. Deploy with SAM\nsam build --use-container" in request.json["message"]
    assert request.json["type"] == "failure"
    assert target.find("", ALERT.key, 0, "") is None


def test_a_change_is_a_short_message(servers: list[HttpTarget]) -> None:
    publisher(servers[0]).update("", ALERT.key, RESOLVED)
    (request,) = servers[0].requests
    assert request.json["message"].startswith("resolved after 12 min")
    assert "Deploy" not in request.json["message"]
    assert request.json["type"] == "success"


@pytest.mark.parametrize("fault", [server_error(500, accepted=True), reset(accepted=True), Fault(status=404)])
def test_only_the_services_that_failed_are_tried_again(servers: list[HttpTarget], fault: Fault) -> None:
    servers[1].script(fault)
    target = publisher(*servers)
    with pytest.raises(NotSent, match=r"^1 of 2 URLs did not accept it$"):
        target.post("", ALERT, "")
    target.plain("", ALERT, "")
    assert [len(server.requests) for server in servers] == [1, 2]
    target.post("", ALERT, "")
    assert [len(server.requests) for server in servers] == [2, 3]


def test_what_changed_meanwhile_goes_to_all(servers: list[HttpTarget]) -> None:
    servers[1].script(server_error())
    target = publisher(*servers)
    with pytest.raises(NotSent):
        target.post("", ALERT, "")
    target.post("", RESOLVED, "")
    assert [len(server.requests) for server in servers] == [2, 2]


def test_a_service_that_hangs_stops_no_other(servers: list[HttpTarget]) -> None:
    servers[0].script(hang())
    with pytest.raises(NotSent, match="1 of 2"):
        publisher(*servers, deadline=2.0).post("", ALERT, "")
    servers[0].released.set()
    assert len(servers[1].accepted) == 1


def test_an_address_never_shows(servers: list[HttpTarget], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    servers[0].script(Fault(status=404))
    target = publisher(servers[0])
    with pytest.raises(NotSent) as caught:
        target.post("", ALERT, "")
    with pytest.raises(ValueError, match=r"^Apprise does not know URL number 2$") as unknown:
        ApprisePublisher([url(servers[0]), "nonsense://secret-of-mine"])
    shown = f"{caught.value!r} {caught.value.__context__!r} {unknown.value!r} {target!r} {caplog.text}"
    assert "secret-of-mine" not in shown
    assert "Lambda" not in shown


def test_a_url_is_needed() -> None:
    with pytest.raises(ValueError, match="no URL"):
        ApprisePublisher([])


def test_without_the_package_a_sentence_says_what_to_install() -> None:
    assert available()
    code = (
        "import sys; sys.modules['apprise'] = None\n"
        "from sigwatch.publish.apprise import ApprisePublisher, available\n"
        "assert not available()\n"
        "ApprisePublisher(['json://localhost'])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.stderr.rstrip().endswith(f"ValueError: {MISSING}")
