"""A published template for `up` and `upgrade`: the bytes that were verified are the bytes that are sent.

The address is read once. CloudFormation is never given it, because it would read it a second time.
"""

from __future__ import annotations

from generator.errors import UsageError
from generator.model.publishing import without_query
from generator.model.release import POINTER, WIRE_FILE, is_pointer
from generator.model.signature import NotVerified
from generator.model.up import PublishedTemplate
from generator.operations.clock import SYSTEM, Clock
from generator.operations.publishing.followed import follow
from generator.operations.publishing.keys import trusted_keys
from generator.operations.publishing.verify import VerifyRequest, read, verified_content


def published_template(
    url: str, keys: tuple[str, ...], clock: Clock = SYSTEM, ca_bundle: str = ""
) -> PublishedTemplate:
    """The template at an address, or the latest one where the address is that of a pointer; verified.

    Raises NotVerified, UsageError for what is no template of this product, NotFound and DeployerError.
    """
    if not is_pointer(url):
        return _read(url, keys, ca_bundle)
    latest = follow(url, read(url, ca_bundle), trusted_keys(keys), clock.now()).latest
    name = f"{latest.version}/{WIRE_FILE}"
    template = _read(f"{without_query(url).removesuffix(POINTER)}{name}", keys, ca_bundle)
    if latest.files.get(name) != template.sha256:
        raise NotVerified(
            f"Not verified: the pointer names another digest for {name} than the template has.",
            "Ask the vendor. The version itself verifies at its own address.",
        )
    return template


def _read(url: str, keys: tuple[str, ...], ca_bundle: str) -> PublishedTemplate:
    from generator.template.adoption import version_of

    done, content = verified_content(VerifyRequest(url, keys, ca_bundle=ca_bundle))
    text = content.decode("utf-8", "replace")
    if done.kind != "template" or not version_of(text):  # the stack's own names its version, the others do not
        raise UsageError(
            f"{url} is no template of this product's stack.", f"Give the address of {WIRE_FILE}, or of {POINTER}."
        )
    return PublishedTemplate(url, text, done.sha256, done.version, done.key_id)
