import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.channel.smux import Command, Frame, Parser, encode
from generator.errors import DeployerError

frames = st.lists(
    st.builds(Frame, st.sampled_from(list(Command)), st.integers(0, 2**32 - 1), st.binary(max_size=200)), max_size=12
)


def test_a_frame_is_little_endian():
    assert encode(Frame(Command.PSH, 0x01020304, b"abc")) == b"\x01\x02\x03\x00\x04\x03\x02\x01abc"
    assert encode(Frame(Command.SYN, 3)) == b"\x01\x00\x00\x00\x03\x00\x00\x00"


@given(frames, st.lists(st.integers(1, 40), min_size=1))
def test_frames_survive_any_cutting_of_the_stream(sent, cuts):
    stream, parser, read = b"".join(map(encode, sent)), Parser(), []
    while stream:
        for cut in cuts:
            read += parser.feed(stream[:cut])
            stream = stream[cut:]
    assert read == sent


@pytest.mark.parametrize("head", [b"\x02\x02", b"\x01\x04"])
def test_version_2_is_refused(head):
    with pytest.raises(DeployerError, match="version"):
        Parser().feed(head + bytes(6))
