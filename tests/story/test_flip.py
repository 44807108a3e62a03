"""From every reachable set of parameters, a flip names support resources only, in both directions."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.model.contract import NO_END
from generator.model.up import UpRequest
from generator.operations.stack import change_set, plan
from generator.operations.stack.guard import objections
from generator.operations.stack.support_toggle import FLIP_RESOURCES, scoped
from tests.embedded import VENDOR_ROLE, Deployer

OTHER = st.fixed_dictionaries(
    {},
    optional={
        "SupportUserName": st.sampled_from(["support-a", "support-b"]),
        "SupportPorts": st.sampled_from(["3035", "3035,5432"]),
        "SessionLogRetentionDays": st.sampled_from(["30", "365"]),
    },
)
GRANT = {
    "VendorAccounts": "444455556666",
    "VendorPrincipals": VENDOR_ROLE,
    "SupportAccessUntil": "2030-01-01T00:00:00Z",
}


@pytest.fixture
def live(deployer: Deployer) -> Deployer:
    deployer.create()
    return deployer


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    other=OTHER,
    grant=st.sampled_from([GRANT, dict.fromkeys(GRANT, "") | {"SupportAccessUntil": NO_END}]),
    wanted=st.sampled_from(["Yes", "No"]),
)
def test_a_flip_names_support_resources_only(
    live: Deployer, other: dict[str, str], grant: dict[str, str], wanted: str
) -> None:
    gateway, opposite = live.gateway, {"Yes": "No", "No": "Yes"}[wanted]
    live.update_outside(**other, **grant, CreateSupportUser=opposite)
    request = scoped(UpRequest(given={"CreateSupportUser": wanted}))
    planned = plan.plan_up(gateway, request)
    try:
        assert planned.change_set is not None and not planned.objections
        touching = [c for c in planned.changes if not c.echo_of]
        assert {c.logical_id for c in touching} <= FLIP_RESOURCES | {"StackKey"}
        assert not [c for c in planned.changes if c.logical_id == "Instance"]
        assert not objections(planned.changes, request)
    finally:
        change_set.discard(gateway, planned)
