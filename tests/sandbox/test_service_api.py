"""Calling a service of MiniStack by its public entry, and answering operations in its place."""

from __future__ import annotations

import asyncio
import json
import sys
from types import ModuleType
from typing import Any

import pytest

from generator.sandbox import service_api
from generator.sandbox.service_api import Answer, Params, Proceed, call, members, replace, run_now, serve


def service(name: str = "secretsmanager", waits: bool = False) -> ModuleType:
    """A service that answers every operation with its parameters, and refuses Refused."""
    module = ModuleType(f"ministack.services.{name}")

    async def handle_request(method: str, path: str, headers: dict[str, str], body: bytes, query: Params) -> Answer:
        if waits:
            await asyncio.sleep(0)
        params = service_api.parameters(headers, body, query)
        operation = service_api.operation_name(headers, params)
        if operation == "Refused":
            return 400, {}, json.dumps({"message": "This is refused."}).encode()
        if name in service_api.NAMESPACES:
            return service_api.xml_answer(name, operation, f"<Name>{params.get('Name')}</Name>")
        return 200, {}, json.dumps({"operation": operation, **params}).encode()

    module.handle_request = handle_request  # type: ignore[attr-defined]
    return module


def test_json_and_query_protocols_are_called_alike() -> None:
    assert call(service(), "GetSecretValue", {"SecretId": "a"}) == {"operation": "GetSecretValue", "SecretId": "a"}
    assert call(service("iam"), "GetUser", {"Name": "ada"}).findtext("Name") == "ada"


def test_a_refusal_is_the_services_message() -> None:
    with pytest.raises(ValueError, match=r"^This is refused\.$"):
        call(service(), "Refused")


def test_an_operation_that_waits_cannot_be_called_in_place() -> None:
    with pytest.raises(RuntimeError, match="waits"):
        call(service(waits=True), "GetSecretValue")
    assert service_api.call_rest(service(waits=True), "GET", "/")["operation"] == ""


def test_served_operations_come_before_the_services_own() -> None:
    module = service()

    def doubled(params: Params, proceed: Proceed) -> Answer:
        status, headers, body = proceed()
        return status, headers, json.dumps({**json.loads(body), "doubled": params["n"] * 2}).encode()

    serve(module, {"Doubled": doubled})
    assert call(module, "Doubled", {"n": 2}) == {"operation": "Doubled", "n": 2, "doubled": 4}
    assert call(module, "Other", {"n": 2}) == {"operation": "Other", "n": 2}


def test_a_function_is_replaced_wherever_it_was_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    def original() -> str:
        return "original"

    def own() -> str:
        return "own"

    one, two, other = ModuleType("ministack.one"), ModuleType("ministack.two"), ModuleType("elsewhere")
    for module, name in ((one, "_f"), (two, "_taken"), (other, "_f")):
        setattr(module, name, original)
        monkeypatch.setitem(sys.modules, module.__name__, module)
    replace(original, own)
    assert [vars(one)["_f"](), vars(two)["_taken"](), vars(other)["_f"]()] == ["own", "own", "original"]


@pytest.mark.parametrize(
    ("params", "values"), [({}, []), ({"Id.1": "a", "Id.2": "b"}, ["a", "b"]), ({"Id.2": "b", "Id": "c"}, [])]
)
def test_a_list_of_the_query_protocol_ends_at_its_first_gap(params: dict[str, Any], values: list[str]) -> None:
    assert members(params, "Id") == values


def test_a_coroutine_that_never_waits_has_its_result_at_once() -> None:
    async def answer() -> Answer:
        return 200, {}, b"{}"

    assert run_now(answer()) == (200, {}, b"{}")
