"""The signature of a revocation's report, where a key is configured: never in the way of the revocation.

A key in a file or in the environment is opened before anything is closed, while somebody is there to type its
passphrase; KMS is asked after everything is closed, because its answer may take a minute.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from generator.gateway.aws import Gateway
from generator.model.caller import Caller
from generator.model.evidence import Report, ReportSignature
from generator.model.publishing import PassphraseCaller
from generator.model.signature import Signer
from generator.operations.access.readings import fault_of

Opened = Callable[[], Signer]


class SigningCaller(Caller, PassphraseCaller, Protocol):
    """A caller that is told what cannot be signed, and knows a passphrase."""


@dataclass(frozen=True)
class Signed:
    """The bundle of a report's signature, and what is said of it; no bundle where it was not signed."""

    signature: ReportSignature
    bundle: str = ""


def opened(gateway: Gateway, reference: str, caller: SigningCaller) -> Opened:
    """What gives the signer of FILE, env://NAME or awskms:///KEY. A key that cannot be used is said, and not raised."""
    from generator.operations.publishing.signer import is_in_kms, signer_of

    if is_in_kms(reference):
        return lambda: signer_of(gateway, reference, caller)
    try:
        signer = signer_of(gateway, reference, caller)
    except (
        Exception
    ) as error:  # a link that leads to itself, a passphrase that ends with Ctrl-D: access is closed first
        caller.say(f"Access will be revoked all the same, but the report will not be signed: {_why(error)}")
        return _raising(error)
    return lambda: signer


def sign(report: Report, name: str, opened: Opened) -> Signed:
    """Sign the report's JSON file. `name` is that of the file of the signature. Never raises, not for Ctrl-C either."""
    from generator.signing.bundle import sign_content

    try:
        signer = opened()
        bundle, _ = sign_content(report.text.encode(), signer)
    except KeyboardInterrupt:  # the evidence of what was done has still to be written
        return Signed(ReportSignature(why="interrupted"))
    except Exception as error:  # whatever it is, the evidence comes first
        return Signed(ReportSignature(why=_why(error)))
    return Signed(ReportSignature(name, signer.public_key.key_id), bundle)


def _why(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"the key could not be read: {error.strerror}."
    if isinstance(error, EOFError):
        return "no passphrase was given."
    fault = fault_of(error)
    return f"{fault.detail} {fault.hint}".strip()


def _raising(error: Exception) -> Opened:
    def refuse() -> Signer:
        raise error

    return refuse
