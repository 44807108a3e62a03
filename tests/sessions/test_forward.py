"""Reading -L."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import UsageError
from generator.model.forward import ForwardSpec, parse_forward

BOTH = ("127.0.0.1", "::1")


@pytest.mark.parametrize(
    ("text", "spec", "addresses"),
    [
        ("3035", ForwardSpec(3035, 3035), BOTH),
        ("8080:3035", ForwardSpec(8080, 3035), BOTH),
        ("8080:localhost:3035", ForwardSpec(8080, 3035), BOTH),
        ("0:127.0.0.1:3035", ForwardSpec(0, 3035), BOTH),
        ("5432:db.example.com:5433", ForwardSpec(5432, 5433, "db.example.com"), BOTH),
        ("127.0.0.2:8080:localhost:80", ForwardSpec(8080, 80, bind="127.0.0.2"), ("127.0.0.2",)),
        ("127.0.0.2:8080", ForwardSpec(8080, 8080, bind="127.0.0.2"), ("127.0.0.2",)),
        ("[::1]:8080:[::1]:80", ForwardSpec(8080, 80, bind="::1"), ("::1",)),
        ("*:80:localhost:80", ForwardSpec(80, 80, bind="*"), ("0.0.0.0", "::")),
    ],
)
def test_a_forward_reads_as_ssh_reads_it(text: str, spec: ForwardSpec, addresses: tuple[str, ...]) -> None:
    assert parse_forward(text) == spec and spec.addresses == addresses


@pytest.mark.parametrize(
    "text",
    ["", ":", "0", "x", "80:", ":80", "70000", "80:host:0", "a:b:c:d", "1:2:3:4:5", "80:h/x:80", "[::1", "\u0661"],
)
def test_what_is_no_forward_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        parse_forward(text)


@given(st.text(alphabet="0123456789:[]*ab.é", max_size=20))
def test_any_text_is_a_forward_or_a_usage_error(text: str) -> None:
    with suppress(UsageError):
        assert 0 < parse_forward(text).remote_port <= 65_535
