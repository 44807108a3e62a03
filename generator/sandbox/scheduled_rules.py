"""EventBridge rules with a rate: they call their functions, if those permit it, by a clock that can be moved.

AWS starts counting when a rule is created, and a function refuses an event whose rule its policy does not admit
(`events.amazonaws.com`, from the rule's ARN). MiniStack calls the function whatever its policy says, by the clock of
this computer. Here POST /_sandbox/clock puts the clock of these rules ahead, and of how long sessions last: what is due
then is called at once. The time of policies (`aws:CurrentTime`) is not moved.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from ministack.core.responses import new_uuid, request_scope
from ministack.services import cloudformation, eventbridge, lambda_svc

from generator.model.arn import Arn
from generator.model.duration import END_FORMAT
from generator.sandbox.asgi import Sandbox
from generator.sandbox.http_messages import Request, Response
from generator.sandbox.movable_clock import CLOCK
from generator.sandbox.service_api import call, call_rest, rest_answer

PATH = "/_sandbox/clock"
RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
SECONDS = {"minute": 60, "hour": 3_600, "day": 86_400}
logger = logging.getLogger("sandbox.rules")


class Clock:
    """When each rule was due last, by the sandbox's movable clock."""

    def __init__(self) -> None:
        self.last: dict[str, float] = {}

    def now(self) -> float:
        """Seconds since 1970."""
        return CLOCK.now()

    def set(self, ahead: float) -> None:
        """Let the clock be that many seconds ahead of this computer's. Set back, it counts anew."""
        if ahead < CLOCK.ahead:
            self.last.clear()
        CLOCK.ahead = ahead

    def due(self, rule: dict[str, Any]) -> bool:
        """Whether the rule's interval has passed since it was seen first, or was due last."""
        rate = RATE.fullmatch(rule.get("ScheduleExpression", ""))
        if rate is None or rule.get("State") != "ENABLED":
            return False
        if self.now() - self.last.setdefault(rule["Arn"], self.now()) < int(rate[1]) * SECONDS[rate[2]]:
            return False
        self.last[rule["Arn"]] = self.now()
        return True


def install(sandbox: Sandbox) -> None:
    """Run the rules in the place of MiniStack's scheduler, and add the endpoint that moves their clock."""
    clock = Clock()

    def start() -> None:
        threading.Thread(target=_run, args=(clock,), daemon=True, name="sandbox-rules").start()

    async def answer(request: Request) -> Response | None:
        if (request.method, request.path) != ("POST", PATH):
            return None
        try:
            clock.set(float(json.loads(request.body)["ahead"]))
        except (ValueError, KeyError, TypeError):
            return Response.error("ValidationError", 'Send {"ahead": …}, the seconds by which the clock is ahead.')
        return Response.json({"ahead": CLOCK.ahead})

    eventbridge.start_scheduler = start
    sandbox.layers.insert(0, answer)


def _run(clock: Clock) -> None:
    while True:
        time.sleep(1)
        for account, region in _places():
            try:
                with request_scope(account, region):
                    tick(clock)
            except Exception:
                logger.exception("The rules of %s in %s could not be run.", account, region)


def _places() -> set[tuple[str, str]]:
    """The accounts and regions that have stacks: rules are made by those."""
    arns = [Arn.parse(str(stack["StackId"])) for stack in cloudformation._stacks.all_values()]
    return {(arn.account, arn.region) for arn in arns}


def tick(clock: Clock) -> None:
    """Call the targets of every rule of this account and region that is due."""
    for rule in call(eventbridge, "ListRules")["Rules"]:
        if clock.due(rule):
            for target in call(eventbridge, "ListTargetsByRule", {"Rule": rule["Name"]})["Targets"]:
                _call(rule, target, clock.now())


def _call(rule: dict[str, Any], target: dict[str, Any], now: float) -> None:
    event = _message(target, _event(rule["Arn"], now))
    path = f"/2015-03-31/functions/{target['Arn']}"
    if not any(_admits(statement, rule["Arn"]) for statement in _statements(path)):
        logger.warning("%s may not call %s: the function's policy does not admit it.", rule["Name"], target["Arn"])
        return
    status, headers, body = rest_answer(lambda_svc, "POST", f"{path}/invocations", event)
    if status != 200 or "X-Amz-Function-Error" in headers:
        logger.warning("%s: %s failed: %s", rule["Name"], target["Arn"], body[:500])


def _event(rule: str, now: float) -> dict[str, Any]:
    """A scheduled event as EventBridge sends it."""
    arn = Arn.parse(rule)
    moment = datetime.fromtimestamp(now, UTC).strftime(END_FORMAT)
    who = {"source": "aws.events", "detail-type": "Scheduled Event", "account": arn.account, "region": arn.region}
    return {"version": "0", "id": new_uuid(), **who, "time": moment, "resources": [rule], "detail": {}}


def _message(target: dict[str, Any], event: dict[str, Any]) -> Any:
    """What the target is sent: its constant, its template with the fields of the event, or the event."""
    if "Input" in target:
        return json.loads(target["Input"])
    if transformer := target.get("InputTransformer"):
        text = str(transformer["InputTemplate"])
        for name, path in transformer.get("InputPathsMap", {}).items():
            text = text.replace(f"<{name}>", str(event.get(path.removeprefix("$."), "")))
        return json.loads(text)
    return event


def _statements(path: str) -> Iterator[dict[str, Any]]:
    try:
        policy = json.loads(call_rest(lambda_svc, "GET", f"{path}/policy")["Policy"])
    except ValueError:  # no such function, or nobody may call it
        return
    yield from policy.get("Statement", [])


def _admits(statement: dict[str, Any], rule: str) -> bool:
    conditions = statement.get("Condition", {})
    sources = [value for test in conditions.values() for key, value in test.items() if key.lower() == "aws:sourcearn"]
    service = dict(statement.get("Principal") or {}).get("Service")
    return (statement.get("Effect"), service) == ("Allow", "events.amazonaws.com") and sources in ([], [rule])
