from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.channel import wire
from generator.errors import DeployerError

ID = UUID("00112233-4455-6677-8899-aabbccddeeff")
# Put together by hand from the documented layout, field after field.
GOLDEN_INPUT = (
    bytes.fromhex("00000074")
    + b"input_stream_data               "
    + bytes.fromhex("00000001")
    + bytes.fromhex("0000018bcfe56800")  # 2023-11-14T22:13:20Z in milliseconds
    + bytes.fromhex("0000000000000102")
    + bytes.fromhex("0000000000000000")
    + bytes.fromhex("8899aabbccddeeff0011223344556677")  # the low half of the UUID first
    + bytes.fromhex("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")
    + bytes.fromhex("00000001")
    + bytes.fromhex("00000005")
    + b"hello"
)
HELLO = wire.Message(wire.INPUT, ID, 1_700_000_000_000, b"hello", wire.PayloadType.OUTPUT, 0x102)

messages = st.builds(
    wire.Message,
    type=st.sampled_from([wire.INPUT, wire.OUTPUT, wire.ACKNOWLEDGE, wire.CHANNEL_CLOSED, "agent_session_state"]),
    id=st.uuids(),
    created=st.integers(0, 2**63),
    payload=st.binary(max_size=1500),
    payload_type=st.integers(0, 2**32 - 1),
    sequence=st.integers(0, 2**63 - 1),
    flags=st.integers(0, 3),
    schema=st.integers(0, 9),
)


def test_a_frame_has_the_documented_layout():
    assert wire.encode(HELLO) == GOLDEN_INPUT
    assert wire.decode(GOLDEN_INPUT) == HELLO


@given(messages)
def test_every_message_survives_the_way(message):
    assert wire.decode(wire.encode(message)) == message


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_in_words(frame):
    try:
        wire.decode(frame)
    except DeployerError as error:
        assert error.code == "bad-frame"


@given(messages.filter(lambda m: m.payload), st.data())
def test_a_flipped_bit_in_the_payload_is_noticed(message, data):
    frame = bytearray(wire.encode(message))
    frame[data.draw(st.integers(120, len(frame) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(DeployerError, match="digest"):
        wire.decode(bytes(frame))


def test_a_longer_header_is_skipped_as_its_length_says():
    frame = bytearray(GOLDEN_INPUT)
    frame[0:4] = (120).to_bytes(4, "big")
    frame[116:116] = b"new!"
    assert wire.decode(bytes(frame)) == HELLO


def test_the_payload_is_the_rest_of_the_frame_whatever_the_length_field_says():
    frame = bytearray(GOLDEN_INPUT)
    frame[116:120] = (999).to_bytes(4, "big")
    assert wire.decode(bytes(frame)).payload == b"hello"


@pytest.mark.parametrize("kind", [wire.START_PUBLICATION, wire.PAUSE_PUBLICATION])
@pytest.mark.parametrize("padding", [b" ", b"\0"])
def test_publication_messages_are_read_by_their_type_alone(kind, padding):
    frame = bytes(4) + kind.encode().ljust(32, padding) + b"short"
    assert wire.decode(frame).type == kind


def test_a_digest_over_nothing_is_not_checked():
    frame = GOLDEN_INPUT[:80] + bytes(32) + GOLDEN_INPUT[112:116] + bytes(4)
    assert wire.decode(frame).payload == b""
    assert sha256(b"").digest() not in frame


def test_a_message_does_not_show_its_payload():
    assert "hello" not in repr(HELLO)


def test_a_flag_is_four_bytes_big_endian():
    assert wire.flag_payload(wire.Flag.TERMINATE_SESSION) == b"\0\0\0\2"
    assert wire.read_flag(b"\0\0\0\3") == wire.Flag.CONNECT_TO_PORT_ERROR
    with pytest.raises(DeployerError):
        wire.read_flag(b"\0\2")
