import io
import json
from dataclasses import replace

from sigwatch.model.event import IncidentChanged
from sigwatch.model.incident import Decision, Reason
from sigwatch.telemetry.logs import LogObserver, logger
from tests.unit.publish.alerts import INCIDENT


def test_a_change_is_logged_by_its_reason_without_any_text_of_the_log() -> None:
    stream = io.StringIO()
    told = replace(INCIDENT, group="user=from-the-log", samples=("from-the-log",))
    LogObserver(logger(stream, verbose=True))(IncidentChanged(Decision(Reason.ACKNOWLEDGED, told, "cli:ann")))
    line = json.loads(stream.getvalue())
    assert (line["reason"], line["actor"], line["incident"]) == ("acknowledged", "cli:ann", "inc-1")
    assert line["log_groups"] == list(INCIDENT.log_groups)
    assert "from-the-log" not in stream.getvalue()
