import pytest
import re2

from sigwatch.knowledge.patterns import PatternJudge


@pytest.fixture(scope="session")
def judge() -> PatternJudge:
    options = re2.Options()
    options.log_errors = False

    def found(pattern: str, text: str) -> bool:
        try:
            return re2.compile(pattern, options).search(text) is not None
        except re2.error as error:
            raise ValueError(f"re2 can not compile it ({error}): correct the expression") from error

    return found
