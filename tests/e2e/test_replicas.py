"""Replicas as processes on one state in DynamoDB: killed, paused, stopped, and what is left of their work."""

import signal
from pathlib import Path

from tests.bench.chaos_of_replicas import Plan, house, run, spread
from tests.fakes.processes import eventually


def test_killed_and_paused_at_will_they_lose_nothing_and_say_nothing_twice(tmp_path: Path) -> None:
    outcome = run(tmp_path, Plan(replicas=3, groups=60, seconds=8, hits=40, kills=1, pauses=1, paused_seconds=14))
    assert outcome.counted == outcome.planted == 40
    assert outcome.messages == outcome.incidents
    assert (outcome.doubled_messages, outcome.holes, outcome.behind) == (0, 0, 0)
    assert all(seconds < 30 for seconds in outcome.takeovers)
    assert outcome.exit_codes == [0, 0, 0]


def test_one_that_is_asked_to_stop_hands_its_work_over_before_it_ends(tmp_path: Path) -> None:
    with house(tmp_path, Plan(groups=60)) as here:
        first, second = here.start(), here.start()
        assert eventually(lambda: spread(here, 2, 3), 60), here.owners()
        leaving, staying = here.replica_of(first), here.replica_of(second)
        assert first.end(signal.SIGTERM) == 0
        # Nobody had to wait until the leases ran out: they were nobody's when it ended.
        assert leaving not in here.shares()
        assert leaving not in here.store.leases.read().beats
        assert eventually(lambda: here.shares() == {staying: 3}, 20), here.owners()
        assert second.metric("sigwatch_leases_held") == 3
        assert eventually(lambda: second.metric("sigwatch_replicas") == 1)
        assert "3 of 3 leases are held here; replicas: 1" in second.get("/")[1]
