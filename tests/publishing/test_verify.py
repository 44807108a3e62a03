"""verify: what a trusted key signed is described, and everything else is refused in one sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Event, Thread
from time import monotonic

import pytest

from generator import __version__
from generator.host import download
from generator.operations.publishing.known_keys import trusted
from generator.signing.bundle import sha256_of, sign_content, sign_statement
from generator.signing.keys import new_private_key
from tests.channel.proxy import certificate
from tests.docs.pages import ROOT
from tests.embedded import run
from tests.publishing.conftest import VERSION, Quiet, write_signed
from tests.signing.conftest import pair

KEY = ("--key", "vendor.pub")


@pytest.fixture(params=["file", "address"])
def source(request: pytest.FixtureRequest, folder: Path) -> str:
    if request.param == "file":
        return "t.yaml"
    return f"{request.getfixturevalue('address')}/t.yaml"


def test_a_verified_template_is_described(source: str, folder: Path) -> None:
    done = run("verify", source, *KEY)
    assert done.code == 0, done.err
    digest, key_id = sha256_of((folder / "t.yaml").read_bytes()), pair("vendor").public_key.key_id
    for text in (digest, key_id, __version__, f"deployer {VERSION} published it"):
        assert text in done.out, done.out
    assert run("verify", source, *KEY, "--output", "json").result == {
        "file": source,
        "sha256": digest,
        "key_id": key_id,
        "kind": "template",
        "version": __version__,
        "says": f"deployer {VERSION} published it",
        "name": "t.yaml",
        "source": "commit not known, requirements.lock not known",
    }


def change(name: str, changing: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        path = folder / name
        path.write_bytes(changing(path.read_bytes()))

    return apply


SIGNATURE, PROVENANCE = "t.yaml.sigstore.json", "t.yaml.provenance.sigstore.json"
CHANGES: dict[str, Callable[[Path], None]] = {
    "one byte of the template": change("t.yaml", lambda content: content.replace(b"Allow", b"Alloy", 1)),
    "a byte more": change("t.yaml", lambda content: content + b"\n"),
    "the signature truncated": change(SIGNATURE, lambda content: content[:-40]),
    "the signature empty": change(SIGNATURE, lambda content: b""),
    "the signature junk": change(SIGNATURE, lambda content: b"\xff\x00junk"),
    "the signature of another key": lambda folder: write_signed(folder / "t.yaml", b"x", "another"),
    "no signature": lambda folder: (folder / SIGNATURE).unlink(),
    "the provenance truncated": change(PROVENANCE, lambda content: content[:-40]),
    "the provenance of another file": lambda folder: (
        write_signed(folder / "o.yaml", b"x"),
        (folder / "o.yaml.provenance.sigstore.json").replace(folder / PROVENANCE),
    )[0],
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_was_changed_is_refused(name: str, source: str, folder: Path) -> None:
    CHANGES[name](folder)
    done = run("verify", source, *KEY)
    assert (done.code, done.out) == (3, ""), done.err
    assert done.err.startswith("error: Not verified: ") and "next: " in done.err
    assert done.err.count(". ") <= 2, "one sentence, and the next step"


def test_a_file_may_be_verified_with_a_bundle_that_is_named(folder: Path) -> None:
    (folder / "elsewhere").mkdir()
    for name in (SIGNATURE, PROVENANCE):
        (folder / name).replace(folder / "elsewhere" / name)
        done = run("verify", "t.yaml", *KEY, "--bundle", f"elsewhere/{name}")
        assert done.code == 0 and ("signer says" in done.out) == (name == PROVENANCE)
    assert run("verify", "t.yaml", *KEY, "--bundle", "vendor.pub").code == 3
    assert run("verify", "t.yaml", *KEY, "--bundle", "nothing").code == 4


def test_no_key_is_trusted_unless_somebody_says_so(folder: Path, shipped: Path) -> None:
    nobody = run("verify", "t.yaml")
    assert (nobody.code, nobody.err.splitlines()[0]) == (
        2,
        "error: No key is trusted: this build of deployer has no public key of the vendor's.",
    )
    (shipped / "another.pub").write_text(pair("another").public_key.pem)
    assert run("verify", "t.yaml").code == 3
    (shipped / "vendor.pub").write_text(pair("vendor").public_key.pem)
    assert run("verify", "t.yaml").code == 0, "two keys are trusted at once"


def test_what_the_source_ships_is_public_and_stands_in_the_reference() -> None:
    page = (ROOT / "docs/reference/keys.md").read_text()
    shipped = trusted(())
    assert all("PRIVATE" not in Path(key.place).read_text() and f"`{key.key_id}`" in page for key in shipped)
    assert bool(shipped) != ("has no key of the vendor's yet" in page)


def test_pinned_keys_take_the_place_of_the_shipped_ones_and_named_keys_that_of_both(
    folder: Path, shipped: Path
) -> None:
    (shipped / "vendor.pub").write_text(pair("vendor").public_key.pem)
    (folder / "another.pub").write_text(pair("another").public_key.pem)
    assert run("config", "set", "trusted-keys", str(folder / "another.pub")).code == 0
    assert run("verify", "t.yaml").code == 3
    assert run("verify", "t.yaml", *KEY).code == 0
    pinned = f"{folder / 'another.pub'}, {folder / 'vendor.pub'}"
    assert run("config", "set", "trusted-keys", pinned).code == 0 and run("verify", "t.yaml").code == 0


def test_a_project_cannot_say_whom_to_trust(folder: Path) -> None:
    (folder / ".deployer.toml").write_text('trusted-keys = "vendor.pub"\n')
    done = run("verify", "t.yaml")
    assert done.code == 1 and "trusted-keys" in done.err and "vendor.pub" not in done.out


@pytest.mark.parametrize("content", [None, "", "junk", "private"])
def test_what_is_no_public_key_is_not_pinned(folder: Path, content: str | None) -> None:
    assert run("config", "set", "trusted-keys", str(folder / "vendor.pub")).code == 0
    wrong = folder / "wrong.pub"
    if content is not None:
        wrong.write_text(new_private_key("a few words more") if content == "private" else content)
    done = run("config", "set", "trusted-keys", f"{folder / 'vendor.pub'},{wrong}")
    assert (done.code, str(wrong) in done.err) == (2, True), done.err
    assert run("verify", "t.yaml").code == 0, "the pin before it stays"


def test_a_pin_names_its_files_wherever_it_is_used(folder: Path) -> None:
    done = run("config", "set", "trusted-keys", "vendor.pub")
    assert done.code == 2 and "absolute paths" in done.err


def test_a_key_in_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENDOR", pair("vendor").public_key.pem)
    assert run("verify", "t.yaml", "--key", "env://VENDOR").code == 0
    assert run("verify", "t.yaml", "--key", "env://NOBODY").code == 2


REPORT = {
    "stack_name": "s",
    "account": "111122223333",
    "region": "eu-west-1",
    "ended": "2026-11-30T12:00:00Z",
    "evidence": [],
    "verdict": "proven",
}
SAYS = "the revocation on the stack s, account 111122223333, region eu-west-1, ended 2026-11-30T12:00:00Z: proven"


@pytest.mark.parametrize(
    ("content", "kind", "says"),
    [
        (json.dumps(REPORT), "report", SAYS),
        ("Resources: {T: {Type: AWS::SNS::Topic}}", "template", ""),
        (json.dumps({"Resources": {}}), "template", ""),
        ("# Changelog\n\n* a: b: c\n", "file", ""),
        ("{", "file", ""),
        ("\0", "file", ""),
        ("", "file", ""),
        ("[" * 100_000, "file", ""),
        ("a: " + "{a: " * 100_000, "file", ""),
    ],
    ids=lambda text: text[:30],
)
def test_what_is_no_template_is_verified_as_what_it_is(folder: Path, content: str, kind: str, says: str) -> None:
    (folder / "f").write_text(content)
    (folder / "f.sigstore.json").write_text(sign_content(content.encode(), pair("vendor"))[0])
    done = run("verify", "f", *KEY, "--output", "json")
    assert done.code == 0 and (done.result["kind"], done.result["says"]) == (kind, says)


def test_a_statement_of_another_type_says_nothing_of_a_template(folder: Path) -> None:
    from generator.model.signature import Statement

    digest = sha256_of((folder / "t.yaml").read_bytes())
    other = Statement("https://example.com/review/v1", {"t.yaml": digest})
    (folder / "b").write_text(sign_statement(other, pair("vendor")))
    done = run("verify", "t.yaml", *KEY, "--bundle", "b")
    assert done.code == 3 and "https://example.com/review/v1" in done.err


@pytest.mark.parametrize(
    ("source", "code", "says"),
    [
        ("nothing", 4, "There is no file nothing."),
        (".", 2, ". is no file."),
        ("", 2, "An empty name is no file."),
        ("file:///etc/hosts", 2, "is not an https address"),
        ("t.yaml.sigstore.json", 3, "t.yaml.sigstore.json is a signature itself"),
        ("ftp://example.com/t.yaml", 2, "is not an https address"),
        ("http://example.com/t.yaml", 2, "is not an https address"),
        ("https://127.0.0.1:1/t.yaml", 1, "could not be fetched"),
        ("https://127.0.0.1:x/t.yaml", 2, "is not an https address"),
        ("https://127.0.0.1/a b", 1, "could not be fetched"),
        ("https://[/t.yaml", 2, "is not an https address"),
    ],
)
def test_what_cannot_be_read_is_named(folder: Path, source: str, code: int, says: str) -> None:
    done = run("verify", source, *KEY)
    assert (done.code, says in done.err) == (code, True), done.err


@pytest.mark.parametrize("verb", [("verify",), ("up", "--template-url"), ("upgrade", "--template-url")])
def test_an_address_with_a_password_is_neither_fetched_nor_shown(folder: Path, verb: tuple[str, ...]) -> None:
    for address in (
        "https://jo:canary@127.0.0.1:1/t.yaml",
        "http://canary@localhost/",
        "https://canary@/latest.sigstore.json",
    ):
        done = run(*verb, address, *KEY)
        assert (done.code, "canary" in done.out + done.err) == (2, False), done.err
        assert "a user name or a password" in done.err


def test_the_query_and_the_fragment_of_an_address_are_the_file_s_own(folder: Path, address: str) -> None:
    for more in ("?versionId=3", "#Resources", "?a=b#c"):
        assert run("verify", f"{address}/t.yaml{more}", *KEY).code == 0


def test_an_address_leads_on_to_no_other_scheme(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From this computer's own http to https or to itself, from https to https alone: nothing else is asked."""
    import urllib.request

    from generator.errors import Refused
    from generator.host.download import _Redirects

    def leads(start: str, end: str) -> bool:
        try:
            asked = _Redirects().redirect_request(urllib.request.Request(start), None, 302, "", {}, end)
        except Refused as refused:
            assert refused.exit_code == 3 and start in refused.message and end in refused.message
            return False
        return asked is not None and asked.full_url == end

    for end in ("https://example.com/b", "HTTPS://example.com/b"):
        assert leads("https://example.com/a", end) and leads("http://localhost/a", end)
    assert leads("http://localhost/a", "http://127.0.0.1/b")
    for end in ("http://example.com/b", "http://localhost/b", "http://127.0.0.1:8080/b", "ftp://example.com/b"):
        assert not leads("https://example.com/a", end)
    for end in ("http://example.com/b", "ftp://localhost/b", "file:///etc/hosts"):
        assert not leads("http://localhost/a", end)


def test_a_redirect_is_followed_to_what_is_verified_and_refused_to_elsewhere(folder: Path, address: str) -> None:
    """A folder without a slash leads to itself with one; another place in the answer is not asked."""
    from tests.publishing.conftest import Quiet

    def moved(self: Quiet) -> None:
        if self.path.startswith("/old/"):
            self.send_response(302)
            self.send_header("Location", f"{ELSEWHERE[0]}/{self.path.removeprefix('/old/')}")
            self.end_headers()
        else:
            super(Quiet, self).do_GET()

    ELSEWHERE = [address]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Quiet, "do_GET", moved, raising=False)
        assert run("verify", f"{address}/old/t.yaml", *KEY).code == 0
        ELSEWHERE[0] = "http://192.0.2.1"
        done = run("verify", f"{address}/old/t.yaml", *KEY)
    assert done.code == 3 and "leads on to http://192.0.2.1/t.yaml, which is not an https address" in done.err


def test_a_file_that_is_too_long_is_not_read_whole(folder: Path, address: str) -> None:
    content = bytes(1024 * 1024 + 1)
    write_signed(folder / "big", content)
    done = run("verify", f"{address}/big", *KEY)
    assert done.code == 2 and "has more than 1,048,576 bytes" in done.err
    assert run("verify", "big", *KEY).code == 0, "a report on this computer may be long"
    with (folder / "big").open("wb") as file:
        file.truncate(64 * 1024 * 1024 + 1)
    done = run("verify", "big", *KEY)
    assert done.code == 2 and "has more than 67,108,864 bytes" in done.err
    assert run("verify", f"{address}/nothing", *KEY).code == 4


def test_an_address_is_read_through_a_proxy_whose_authority_the_environment_names(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls, authority = certificate(tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        Thread(target=server.serve_forever).start()
        url = f"https://127.0.0.1:{server.server_port}/t.yaml"
        for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
            monkeypatch.delenv(name, raising=False)
        unknown = run("verify", url, *KEY)
        assert unknown.code == 1 and "could not be fetched" in unknown.err
        monkeypatch.setenv("AWS_CA_BUNDLE", authority)
        assert run("verify", url, *KEY).code == 0
        monkeypatch.setenv("AWS_CA_BUNDLE", str(folder / "vendor.pub"))
        broken = run("verify", url, *KEY)
        (tmp_path / "config").write_text(f"[profile behind]\nca_bundle = {authority}\n[profile other]\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        monkeypatch.delenv("AWS_CA_BUNDLE")
        assert run("verify", url, *KEY, "--profile", "behind").code == 0, "the profile's"
        assert run("verify", url, *KEY, "--profile", "other").code == 1
        assert broken.code == 1 and f"The CA bundle {folder / 'vendor.pub'} cannot be used" in broken.err
        server.shutdown()


@pytest.mark.parametrize("beginning", ["", "HTTP/1.0 200 OK\r\n", "HTTP/1.0 200 OK\r\nContent-Length: 9999\r\n\r\n"])
def test_a_server_that_sends_a_byte_now_and_then_does_not_hold_it(
    beginning: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before its answer, within the headers, and in the content: each byte comes before the socket's own limit."""
    monkeypatch.setattr(download, "SECONDS_IN_ALL", 0.5)
    ended = Event()

    class Dripping(StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(beginning.encode())
            with suppress(OSError):
                while not ended.wait(0.05):
                    self.wfile.write(b"x")

    with ThreadingTCPServer(("127.0.0.1", 0), Dripping) as server:
        Thread(target=server.serve_forever).start()
        began = monotonic()
        done = run("verify", f"http://127.0.0.1:{server.server_address[1]}/t.yaml", *KEY)
        ended.set()
        server.shutdown()
    assert done.code == 1 and "could not be fetched: it took longer than 0 seconds." in done.err, done.err
    assert monotonic() - began < 10
