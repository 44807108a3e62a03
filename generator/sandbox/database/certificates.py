"""A certificate authority for each database, and a certificate for the endpoint's name. No CA of AWS is involved."""

from __future__ import annotations

import datetime as dt
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LIFE = dt.timedelta(days=7)


@dataclass(frozen=True)
class Certified:
    """The authority's certificate, and the TLS context of a server with that name."""

    ca_bundle: Path
    context: ssl.SSLContext


def certify(name: str, directory: Path) -> Certified:
    """Create an authority and a server certificate for `name` in `directory` (PEM files; the key is mode 0600)."""
    now = dt.datetime.now(dt.UTC)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = _name(f"Sandbox authority: {name}"[:64])
    # A bundle may hold several authorities of the one name: the key's identifier tells which is meant.
    identifier = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
    ca = _builder(issuer, issuer, ca_key, now).add_extension(x509.BasicConstraints(True, 0), critical=True)
    ca = ca.add_extension(identifier, critical=False)
    ca = ca.add_extension(_usage(signs_certificates=True), critical=True)
    server = _builder(_name(name[:64]), issuer, key, now)
    server = server.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    server = server.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False
    )
    server = server.add_extension(_usage(signs_certificates=False), critical=True)
    bundle, chain, private = (directory / file for file in ("ca.pem", "server.pem", "server.key"))
    bundle.write_bytes(ca.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    chain.write_bytes(server.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    private.touch(0o600)
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, private)
    return Certified(bundle, context)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: dt.datetime
) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - dt.timedelta(minutes=5),
        not_valid_after=now + LIFE,
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
