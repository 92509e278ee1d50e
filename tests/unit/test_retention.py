from sigwatch.config import RetentionSettings
from sigwatch.wiring.daemon import cutoffs

DAY = 86_400
NOW = 10_000 * DAY


def test_each_kind_is_kept_for_as_long_as_the_configuration_says() -> None:
    kept = RetentionSettings.model_validate({"hits": "20d", "audit": "7y", "notifications": "60d", "spending": "1y"})
    before = cutoffs(kept, NOW, searched_to=NOW)
    days = {kind: NOW // DAY - ms // 1000 // DAY for kind, ms in before.items()}
    assert days == {
        "hits": 20, "notifications": 60, "incidents": 7 * 365, "silences": 7 * 365, "audit": 7 * 365, "spending": 365,
    }  # fmt: skip


def test_hits_that_a_pass_may_find_again_are_kept_however_old() -> None:
    assert cutoffs(RetentionSettings(), NOW, searched_to=5 * DAY)["hits"] == 5 * DAY * 1000
