"""What lies beside a published file has to be what its name says: no signature in the place of a statement."""

from __future__ import annotations

import pytest

from generator import __version__
from generator.model.provenance import provenance
from generator.model.release import ReleaseFile
from generator.model.signature import NotVerified, Statement, sha256_of
from generator.operations.publishing.release import require_signature_of
from generator.signing.bundle import sign_content, sign_statement
from tests.signing.conftest import pair

FILE = ReleaseFile("a.yaml", b"a")
DIGEST = sha256_of(b"a")
OURS = provenance(__version__, {"a.yaml": DIGEST, "b.yaml": "b" * 64})
TRUSTED = (pair("vendor").public_key,)
BUNDLE, SIGNATURE = sign_content(b"a", pair("vendor"))


def stated(statement: Statement, signer: str = "vendor") -> bytes:
    return sign_statement(statement, pair(signer)).encode()


RIGHT = {".sigstore.json": BUNDLE.encode(), ".sig": SIGNATURE, ".provenance.sigstore.json": stated(OURS)}
PROVENANCES = {
    "a signature": BUNDLE.encode(),
    "another version": stated(provenance("9.0.0", {"a.yaml": DIGEST})),
    "another name": stated(provenance(__version__, {"b.yaml": DIGEST})),
    "another digest": stated(provenance(__version__, {"a.yaml": "b" * 64, "b.yaml": DIGEST})),
    "another type": stated(Statement("https://example.com/review/v1", OURS.subjects, OURS.predicate)),
    "another program's": stated(Statement(OURS.predicate_type, OURS.subjects, {"buildDefinition": {}})),
    "another key": stated(OURS, "another"),
}


@pytest.mark.parametrize("suffix", RIGHT)
def test_each_is_taken_for_what_it_is_alone(suffix: str) -> None:
    for other, content in RIGHT.items():
        if other == suffix:
            require_signature_of(FILE, f"a.yaml{suffix}", content, TRUSTED)
            continue
        with pytest.raises(NotVerified):
            require_signature_of(FILE, f"a.yaml{suffix}", content, TRUSTED)


@pytest.mark.parametrize("what", PROVENANCES)
def test_the_provenance_is_of_this_version_and_names_this_file(what: str) -> None:
    with pytest.raises(NotVerified):
        require_signature_of(FILE, "a.yaml.provenance.sigstore.json", PROVENANCES[what], TRUSTED)
