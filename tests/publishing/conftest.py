"""Signed files as a customer has them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from generator import __version__
from generator.model.provenance import provenance
from generator.model.release import is_version
from generator.model.signature import sha256_of
from generator.operations.publishing import keys
from generator.signing.bundle import sign_content, sign_statement
from generator.template.emit import wire
from tests.embedded import environment
from tests.signing.conftest import pair

VERSION = __version__


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path) -> Iterator[Path]:
    home = tmp_path / "home"
    home.mkdir()
    with environment({"HOME": str(home), "XDG_CONFIG_HOME": str(home), "XDG_STATE_HOME": str(home)}):
        yield home


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: the template, what is published beside it, and the vendor's public key."""
    made = tmp_path / "downloads"
    made.mkdir()
    monkeypatch.chdir(made)
    write_signed(made / "t.yaml", wire().encode())
    (made / "vendor.pub").write_text(pair("vendor").public_key.pem)
    return made


def write_signed(path: Path, content: bytes, signer: str = "vendor") -> None:
    """The file and what is published beside it, of the version of its folder, else of this program's."""
    version = path.parent.name if is_version(path.parent.name) else VERSION
    bundle, signature = sign_content(content, pair(signer))
    statement = provenance(version, {path.name: sha256_of(content)})
    path.write_bytes(content)
    path.with_name(f"{path.name}.sigstore.json").write_text(bundle)
    path.with_name(f"{path.name}.sig").write_bytes(signature)
    path.with_name(f"{path.name}.provenance.sigstore.json").write_text(sign_statement(statement, pair(signer)))


@pytest.fixture
def address(folder: Path) -> Iterator[str]:
    """The folder, served over HTTP on this computer."""
    handler = partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class Quiet(SimpleHTTPRequestHandler):
    """Logs nothing."""

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package's folder of public keys, as the vendor's build fills it."""
    made = tmp_path / "trusted"
    made.mkdir()
    monkeypatch.setattr(keys, "SHIPPED", made)
    return made
