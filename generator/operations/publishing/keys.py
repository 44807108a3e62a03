"""`publish keys`: a pair of signing keys in two files; and the keys that a command is given."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from generator import signing
from generator.errors import UsageError
from generator.host.files import write_private
from generator.model.publishing import KeyPair, PassphraseCaller
from generator.model.signature import PublicKey
from generator.model.unreadable_text import unreadable_text

SHIPPED = Path(signing.__file__).parent / "trusted"
"""The vendor's public keys (*.pub), put there by the vendor's build. The source has none."""
OTHERS_MAY_READ = 0o077
ENVIRONMENT = "env://"


def make_pair(name: Path, caller: PassphraseCaller) -> KeyPair:
    """Write NAME.key (mode 0600, encrypted) and NAME.pub. Raises UsageError where one exists; OSError."""
    from generator.signing.keys import new_private_key, read_private_key

    if name.name in ("", ".", ".."):
        raise UsageError(f"{str(name)!r} names no file.", "Give a name: deployer publish keys -o NAME", code="file")
    private, public = name.with_name(f"{name.name}.key"), name.with_name(f"{name.name}.pub")
    for path in (private, public):
        if path.exists() or path.is_symlink():
            raise UsageError(
                f"{path} exists, and a signing key is never overwritten.",
                "Give another name: deployer publish keys -o NAME",
                code="key-exists",
            )
    passphrase = caller.passphrase(str(private), new=True)
    pem = new_private_key(passphrase)
    made = read_private_key(pem, passphrase, str(private)).public_key
    write_private(private, pem)
    public.write_text(made.pem, encoding="utf-8")
    return KeyPair(str(private), str(public), made.key_id)


def trusted_keys(given: Sequence[str]) -> tuple[PublicKey, ...]:
    """The keys to verify with: those given (files, or env://NAME), else those of this package.

    Raises UsageError where there is none, and for a file that is no public key.
    """
    from generator.signing.keys import read_public_keys

    places = given or [str(path) for path in shipped_files()]
    texts = [(_text(place), place) for place in places]
    keys = tuple(dict.fromkeys(key for text, place in texts for key in read_public_keys(text, place)))
    if not keys:
        raise UsageError(
            "No key is trusted: this build of deployer has no public key of the vendor's.",
            "Give the vendor's public key, from a source you trust: --key FILE, or once for all: "
            "deployer config set trusted-keys /absolute/path/of/FILE",
            code="no-trusted-key",
        )
    return keys


def shipped_files() -> list[Path]:
    """The files of the package's own public keys."""
    return sorted(SHIPPED.glob("*.pub"))


def private_key_text(place: str) -> str:
    """The text of a private key in a file that only its owner may read, or in env://NAME. Raises UsageError.

    First it has to be one: a public key is not to be closed to others.
    """
    from generator.signing.keys import require_private_key

    text = _text(place)
    require_private_key(text, place)
    in_a_file = not place.startswith(ENVIRONMENT) and hasattr(os, "getuid")
    if in_a_file and Path(place).stat().st_mode & OTHERS_MAY_READ:
        raise UsageError(
            f"{place} may be read by other users.", f"Close it to them: chmod 600 {place}", code="key-not-private"
        )
    return text


def _text(place: str) -> str:
    """The text of a key's file, or of an environment variable (`env://NAME`, as cosign writes it)."""
    if not place or place == ENVIRONMENT or ("://" in place and not place.startswith(ENVIRONMENT)):
        raise UsageError(
            f"{place or 'An empty name'} names no key.",
            "Give the key's file, or env://NAME for a variable.",
            code="bad-key",
        )
    if place.startswith(ENVIRONMENT):
        name = place.removeprefix(ENVIRONMENT)
        if value := os.environ.get(name, ""):
            return value
        raise UsageError(f"The environment variable {name} is empty or not set.", "Set it, or give a file.")
    try:
        return Path(place).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise unreadable_text(place, error, "Check the path of the key.", "file") from None
