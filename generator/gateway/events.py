"""EventBridge: the rule that ends support's sessions."""

from __future__ import annotations

from generator.gateway.service import Service
from generator.model.access import RuleTarget, ScheduledRule


class Events(Service):
    """Domain verbs over the EventBridge API."""

    def read_rule(self, rule: str) -> ScheduledRule:
        """A rule of the default bus and its targets (two calls). Raises NotFound."""
        answer = self._call("describe_rule", Name=rule)
        targets = (t for page in self._pages("list_targets_by_rule", Rule=rule) for t in page["Targets"])
        return ScheduledRule(
            # there are two states in which it matches something
            enabled=str(answer["State"]).startswith("ENABLED"),
            schedule=str(answer.get("ScheduleExpression", "")),
            targets=tuple(
                RuleTarget(str(t["Arn"]), str(t.get("InputTransformer", {}).get("InputTemplate", ""))) for t in targets
            ),
        )
