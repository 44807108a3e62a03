import json
from uuid import UUID

import pytest

from generator.channel import payloads, wire
from generator.errors import DeployerError

ID = UUID("00112233-4455-6677-8899-aabbccddeeff")


def test_the_opening_carries_the_token_and_hides_it():
    opening = payloads.Opening("SECRET", str(ID), "request", "1.2.677.0")
    assert json.loads(opening.text()) == {
        "MessageSchemaVersion": "1.0",
        "RequestId": "request",
        "TokenValue": "SECRET",
        "ClientId": str(ID),
        "ClientVersion": "1.2.677.0",
    }
    assert payloads.Opening.parse(opening.text()) == opening
    assert "SECRET" not in repr(opening)


def test_an_acknowledgement_names_its_message_by_the_unswapped_uuid():
    message = wire.Message(wire.OUTPUT, ID, 1, b"x", wire.PayloadType.OUTPUT, 7)
    ack = payloads.acknowledgement(message, UUID(int=1), 2)
    assert (ack.type, ack.sequence, ack.flags, ack.payload_type) == ("acknowledge", 0, 3, 0)
    assert json.loads(ack.payload) == {
        "AcknowledgedMessageType": "output_stream_data",
        "AcknowledgedMessageId": "00112233-4455-6677-8899-aabbccddeeff",
        "AcknowledgedMessageSequenceNumber": 7,
        "IsSequentialMessage": True,
    }
    assert payloads.Acknowledged.parse(ack.payload) == payloads.Acknowledged(wire.OUTPUT, str(ID), 7)


def test_a_handshake_as_the_agent_writes_it():
    request = payloads.HandshakeRequest.parse(
        b'{"AgentVersion":"3.3.1","RequestedClientActions":[{"ActionType":"SessionType","ActionParameters":'
        b'{"SessionType":"Port","Properties":{"portNumber":"3035","type":"LocalPortForwarding"}}}]}'
    )
    assert request.agent_version == "3.3.1"
    assert request.actions[0].parameters["SessionType"] == payloads.PORT
    assert payloads.HandshakeRequest.parse(request.payload()) == request


def test_a_handshake_answer_lists_its_errors_twice_as_the_plugin_does():
    answer = payloads.HandshakeResponse(
        "1.2.677.0",
        (
            payloads.Processed(payloads.SESSION_TYPE, payloads.ActionStatus.SUCCESS),
            payloads.Processed("Dance", payloads.ActionStatus.UNSUPPORTED, error="Unsupported action Dance"),
        ),
    )
    content = json.loads(answer.payload())
    assert content["ProcessedClientActions"][0] == {
        "ActionType": "SessionType",
        "ActionStatus": 1,
        "ActionResult": None,
        "Error": "",
    }
    assert content["Errors"] == ["Unsupported action Dance"]
    assert payloads.HandshakeResponse.parse(answer.payload()) == answer


def test_the_smaller_payloads_survive_the_way():
    complete = payloads.HandshakeComplete(5, "welcome")
    assert payloads.HandshakeComplete.parse(complete.payload()) == complete
    closed = payloads.ChannelClosed("s-1", "ended by an administrator")
    assert payloads.ChannelClosed.parse(closed.payload()) == closed
    assert payloads.read_size(payloads.size_payload(120, 40)) == (120, 40)
    assert payloads.read_challenge(payloads.challenge_payload(b"\0\xff")) == b"\0\xff"


def test_an_unreadable_end_is_an_end_without_a_reason():
    assert payloads.ChannelClosed.parse(b"\xff") == payloads.ChannelClosed("")


@pytest.mark.parametrize(
    "read",
    [
        payloads.Opening.parse,
        payloads.Acknowledged.parse,
        payloads.HandshakeRequest.parse,
        payloads.HandshakeResponse.parse,
        payloads.HandshakeComplete.parse,
        payloads.read_size,
    ],
)
@pytest.mark.parametrize("content", [b"[]", b"{", b"\xff\xfe"])
def test_nonsense_is_refused_in_words(read, content):
    with pytest.raises(DeployerError, match="unreadable"):
        read(content)


def test_a_challenge_that_is_no_base64_is_refused():
    with pytest.raises(DeployerError, match="challenge"):
        payloads.read_challenge(b'{"Challenge":"***"}')
