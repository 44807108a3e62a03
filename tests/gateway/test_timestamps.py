"""Every timestamp of an answer is in UTC, whatever zone this computer is in and however AWS writes it."""

import time
from datetime import UTC, datetime

import pytest

from generator.gateway.aws import Gateway
from generator.gateway.service import as_utc
from generator.model.deployment import Deployment

MOMENT = datetime(2026, 9, 21, 13, 33, 20, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()


@pytest.mark.parametrize(
    "value",
    [
        1_789_997_600,
        1_789_997_600.0,
        "1789997600",
        "2026-09-21T13:33:20Z",
        "2026-09-21T13:33:20.000Z",
        "2026-09-21T15:33:20+02:00",
        "2026-09-21T13:33:20",
        "Mon, 21 Sep 2026 13:33:20 GMT",
    ],
)
def test_a_timestamp_is_read_as_utc(value: object) -> None:
    moment = as_utc(value)
    assert (moment, moment.tzinfo) == (MOMENT, UTC)


def test_parts_of_a_second_are_kept() -> None:
    assert as_utc("2026-09-21T15:33:20.25+02:00") == MOMENT.replace(microsecond=250_000)


@pytest.mark.parametrize("value", ["soon", "2026-13-21T13:33:20Z", None, {}])
def test_what_is_no_timestamp_is_refused(value: object) -> None:
    with pytest.raises((ValueError, RuntimeError)):
        as_utc(value)


def test_the_clients_of_the_gateway_read_timestamps_so() -> None:
    gateway = Gateway(Deployment(stack_name="x", region="eu-west-1"))
    parser = gateway._core.get_component("response_parser_factory").create_parser("json")
    shape = gateway._core.get_service_model("ssm").operation_model("DescribeSessions").output_shape
    answer = {"body": b'{"Sessions": [{"StartDate": 1789997600}]}', "headers": {}, "status_code": 200}
    started = parser.parse(answer, shape)["Sessions"][0]["StartDate"]
    assert (started, started.tzinfo) == (MOMENT, UTC)
