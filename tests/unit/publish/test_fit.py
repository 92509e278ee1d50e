"""What gives way when a message is too long."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from sigwatch.model.knowledge import Step
from sigwatch.publish.words.fit import STEP_OVERHEAD, fit, weight
from sigwatch.publish.words.message import message
from tests.unit.publish.alerts import ALERT

WORDS = st.text(st.characters(codec="utf-8"), max_size=300)
STEPS = st.lists(st.builds(Step, WORDS, WORDS), max_size=30).map(tuple)


@given(STEPS, WORDS, st.lists(WORDS).map(tuple), st.integers(-100, 4_000))
def test_fitting_drops_no_step(steps: tuple[Step, ...], prose: str, samples: tuple[str, ...], limit: int) -> None:
    told = replace(message(ALERT), steps=steps, why=prose, cause=prose, verification=prose, samples=samples)
    fitted = fit(told, limit)
    assert len(fitted.steps) == len(steps)
    assert weight(fitted) <= max(limit, len(steps) * (STEP_OVERHEAD + 1))


def test_things_give_way_in_order() -> None:
    steps = tuple(Step(f"{number} " + "t" * 200, "c" * 200) for number in range(10))
    told = replace(message(ALERT), steps=steps, why="w" * 500, cause="k" * 300, samples=("s" * 100,) * 10)
    full = weight(told)

    def gave_way(limit: int) -> list[str]:
        fitted = fit(told, limit)
        names = [
            name for name in ("samples", "why", "cause", "verification") if getattr(fitted, name) != getattr(told, name)
        ]
        codes = ["code"] if any(step.code != "c" * 200 for step in fitted.steps) else []
        texts = ["text"] if [step.text for step in fitted.steps] != [step.text for step in steps] else []
        return names + codes + texts

    assert gave_way(full) == []
    assert gave_way(full - 1) == ["samples"]
    assert gave_way(full - 1_100) == ["samples", "why"]
    assert gave_way(full - 1_600) == ["samples", "why", "cause"]
    assert gave_way(full - 1_900) == ["samples", "why", "cause", "code"]
    assert gave_way(1_000) == ["samples", "why", "cause", "verification", "code", "text"]
