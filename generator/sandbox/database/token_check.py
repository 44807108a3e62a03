"""Who may connect to a database: decided by the keys and policies of the sandbox, as for every other call."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from ministack.core import iam_evaluator as engine
from ministack.core.responses import request_scope

from generator.sandbox import policy_evaluator
from generator.sandbox.authentication import Authenticator, NotAuthenticated
from generator.sandbox.database import token
from generator.sandbox.database.rds_front import TokenCheck

ACTION = "rds-db:connect"


def token_check(
    authenticator: Authenticator, host: str, port: int, resource_id: str, account: str, region: str
) -> TokenCheck:
    """A check of a token's signature by the sandbox's keys, and of `rds-db:connect` on the user by its policies."""

    def check_token(presented: str, user: str) -> None:
        with request_scope(account, region):
            claim = token.verify(
                presented,
                host=host,
                port=port,
                user=user,
                secret_of=_secret_in(authenticator, account),
                now=datetime.now(UTC),
            )
            if claim.region != region:
                raise token.TokenRefused(f"signed for {claim.region}, the database is in {region}")
            _require(
                authenticator, claim, f"arn:aws:rds-db:{region}:{account}:dbuser:{resource_id}/{user}", account, region
            )

    return check_token


def _secret_in(authenticator: Authenticator, account: str) -> Callable[[str], str]:
    def secret(access_key: str) -> str:
        try:
            credential = authenticator.credential(access_key)
        except NotAuthenticated:
            raise KeyError(access_key) from None  # unknown, inactive or expired
        if credential.account_id != account:
            raise KeyError(access_key)
        return str(credential.secret_access_key)

    return secret


def _require(authenticator: Authenticator, claim: token.Claim, arn: str, account: str, region: str) -> None:
    credential = authenticator.credential(claim.access_key)
    if credential.session_token and credential.session_token != claim.session_token:
        raise token.TokenRefused("the session token is missing or wrong")
    if credential.expiration and time.time() > credential.expiration:
        raise token.TokenRefused("the temporary credentials have expired")
    principal = engine.resolve_principal(credential.access_key_id, account)
    request = policy_evaluator.evaluation_context(principal, ACTION, arn, region, {})
    if not policy_evaluator.decide(principal, request, None):
        raise token.TokenRefused(policy_evaluator.refusal(principal, request, None, session_policies=False))
