"""How every data channel of ours behaves: the one place that makes its options."""

from __future__ import annotations

from datetime import datetime

from generator.channel.session import ChannelOptions
from generator.gateway.aws import Gateway


def channel_options(gateway: Gateway, until: datetime | None = None) -> ChannelOptions:
    """Options of a channel that ends at `until`. It trusts whom the calls to AWS trust."""
    return ChannelOptions(until=until, ca_bundle=gateway.ca_bundle)
