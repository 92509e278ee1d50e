from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.fakes.dynamo import running_server

# How fast a machine is today is no property of the code.
settings.register_profile("sigwatch", deadline=None)
settings.load_profile("sigwatch")


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is compiled in tests, in processes of theirs too, is not kept with the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def dynamodb() -> Iterator[str]:
    """The address of a real DynamoDB server; each test makes its own tables."""
    with running_server() as address:
        yield address
