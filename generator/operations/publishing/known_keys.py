"""`publish trusted` and `publish public-key`: whose signatures count, and what verifies those of a signing key."""

from __future__ import annotations

from generator.gateway.aws import Gateway
from generator.model.publishing import KnownKey, PassphraseCaller


def trusted(given: tuple[str, ...]) -> list[KnownKey]:
    """Every key that `verify` trusts where these are given or stored, and where each comes from; none: nobody's."""
    from generator.operations.publishing import keys

    places = given or tuple(map(str, keys.shipped_files()))
    known = [(key, place) for place in places for key in keys.trusted_keys((place,))]
    return [KnownKey(key.key_id, key.pem, place) for key, place in known]


def public_half(gateway: Gateway, reference: str, caller: PassphraseCaller) -> KnownKey:
    """The public half of FILE, env://NAME or awskms:///KEY. Raises UsageError and AwsError."""
    from generator.operations.publishing.signer import signer_of

    key = signer_of(gateway, reference, caller).public_key
    return KnownKey(key.key_id, key.pem, reference)
