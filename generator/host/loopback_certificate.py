"""A certificate for 127.0.0.1, with which a client knows this user's own program from whatever else listens there.

It signs nothing but itself, so whoever trusts it trusts this one address. It is kept, so that what a client has saved
stays right from run to run.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import shutil
import ssl
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from generator.host.files import write_private

LIFE = dt.timedelta(days=365)
REST = dt.timedelta(days=2)  # less than this, and another is made
_CERTIFICATE, _KEY = "certificate.pem", "key.pem"


@dataclass(frozen=True)
class LoopbackCertificate:
    """The file for the client to trust (PEM, without the key), and the TLS context of a server with it."""

    path: Path
    context: ssl.SSLContext = field(repr=False)


def loopback_certificate(directory: Path, now: dt.datetime) -> LoopbackCertificate:
    """The certificate in `directory`, made where there is none, or none that is valid for two more days.

    `directory` holds nothing else, and only this user may enter it. Raises OSError.
    """
    with suppress(OSError, ValueError):  # none, one that was damaged, or one that is about to expire
        return _read(directory, now)
    shutil.rmtree(directory, ignore_errors=True)
    _make(directory, now)
    return _read(directory, now)


def _read(directory: Path, now: dt.datetime) -> LoopbackCertificate:
    """Raises OSError, of which TLS's errors are, and ValueError."""
    path = directory / _CERTIFICATE
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc - REST:
        raise ValueError("the certificate is not valid for long enough")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, directory / _KEY)
    return LoopbackCertificate(path, context)


def _make(directory: Path, now: dt.datetime) -> None:
    """Certificate and key appear together. Of two programs that make them at once, one does, and both use these."""
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    directory.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = Path(tempfile.mkdtemp(dir=directory.parent, prefix=f".{directory.name}."))  # mode 0700
    write_private(draft / _KEY, private.decode())
    write_private(draft / _CERTIFICATE, _signed(key, now).public_bytes(serialization.Encoding.PEM).decode())
    try:
        draft.rename(directory)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        if not directory.is_dir():
            raise


def _signed(key: ec.EllipticCurvePrivateKey, now: dt.datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "deployer on this computer")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    made = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - dt.timedelta(minutes=5),
        not_valid_after=now + LIFE,
    )
    made = made.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    made = made.add_extension(address, critical=False).add_extension(identifier, critical=False)
    return made.sign(key, hashes.SHA256())
