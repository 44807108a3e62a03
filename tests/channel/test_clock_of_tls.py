"""A certificate that this computer's clock refuses: told as the clock's fault, as for every other call."""

from __future__ import annotations

import asyncio
import ssl

import pytest

from generator.channel import transport
from generator.channel.session import ChannelOptions
from generator.errors import DeployerError


@pytest.mark.parametrize(
    ("code", "message", "hint"),
    [
        (9, "certificate is not yet valid", "Look at this computer's clock"),
        (10, "certificate has expired", "Look at this computer's clock"),
        (20, "unable to get local issuer certificate", "name its CA bundle: AWS_CA_BUNDLE"),
        (62, "Hostname mismatch", "name its CA bundle: AWS_CA_BUNDLE"),
    ],
)
def test_a_certificate_of_another_time_is_the_clocks_and_no_other_is(
    code: int, message: str, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object) -> None:
        error = ssl.SSLCertVerificationError(1, f"certificate verify failed: {message}")
        error.verify_code, error.verify_message = code, message
        raise error

    monkeypatch.setattr(transport, "_connect", refuse)
    with pytest.raises(DeployerError, match=message) as refused:
        asyncio.run(transport.connect_websocket("wss://ssmmessages.example", {}, ChannelOptions()))
    assert hint in refused.value.hint and refused.value.code == "channel-untrusted"
    assert ("clock" in refused.value.hint) == (code in (9, 10))
