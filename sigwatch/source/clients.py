"""Clients of one account and region each, with credentials that renew themselves."""

from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, CredentialProvider, DeferredRefreshableCredentials
from botocore.exceptions import BotoCoreError

from sigwatch.errors import ConfigurationError
from sigwatch.model.knowledge import Problem

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient


def logs_client(region: str | None, pool: int, role_arn: str | None = None) -> "CloudWatchLogsClient":
    """A client that never retries by itself; with `role_arn` it acts in that role.

    StartQuery has no idempotency token: a retry after a lost answer would pay for a second query. What fails is looked
    for, or done again by the next run of its pass, where it is counted.

    Raises:
        ConfigurationError: region, profile or endpoint can not be used.
    """
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 1},
        connect_timeout=3,
        read_timeout=20,
        max_pool_connections=pool,
    )
    try:
        session = boto3.session.Session(region_name=region, botocore_session=_session(role_arn, region))
        return session.client("logs", config=config)
    except (BotoCoreError, ValueError) as error:
        cure = f"{error} Set aws.region, or check AWS_DEFAULT_REGION, AWS_PROFILE and AWS_ENDPOINT_URL_CLOUDWATCH_LOGS."
        raise ConfigurationError([Problem("", 0, "aws", cure)]) from error


def metrics_client(region: str | None, role_arn: str | None = None) -> Any:
    """A client for CloudWatch metrics in the same account and region."""
    session = boto3.session.Session(region_name=region, botocore_session=_session(role_arn, region))
    # It is only asked where a better source does not answer: whoever waits for a price is not to wait for minutes.
    config = Config(retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=3, read_timeout=20)
    return session.client("cloudwatch", config=config)


def _session(role_arn: str | None, region: str | None) -> botocore.session.Session:
    session = botocore.session.get_session()
    if role_arn:
        chain = session.get_component("credential_provider")
        own = botocore.session.get_session()
        # Roles are assumed in the Region itself; the default credentials may come without any.
        own.set_config_variable("region", region)
        chain.insert_before(chain.providers[0].METHOD, _InRole(own, role_arn))
    return session


class _InRole(CredentialProvider):
    """Credentials of a role, assumed with the default ones and renewed before they expire."""

    METHOD = "sigwatch-role"

    def __init__(self, session: botocore.session.Session, role_arn: str) -> None:
        super().__init__()
        self._session = session
        self._role_arn = role_arn

    def load(self) -> DeferredRefreshableCredentials | None:
        source = self._session.get_credentials()
        if source is None:
            return None
        fetcher = AssumeRoleCredentialFetcher(
            client_creator=self._session.create_client,
            source_credentials=source,
            role_arn=self._role_arn,
            extra_args={"RoleSessionName": "sigwatch"},
        )
        return DeferredRefreshableCredentials(refresh_using=fetcher.fetch_credentials, method="assume-role")
