"""What an upgrade changes about the policies, statement by statement."""

from __future__ import annotations

import pytest

from generator.errors import DeployerError
from generator.model.policy_change import PolicyChange, sentence_of
from generator.template.adoption import adopt
from generator.template.emit import emit
from generator.template.policy_changes import policy_changes
from generator.template.resolved_values import StackPlace
from tests.template.rendered import PUBLISHED_FILE

ROLE = """\
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      Policies:
      - PolicyDocument: {Statement: [{Sid: ReadIt, Effect: Allow, Action: "s3:GetObject", Resource: "*"}]}
      - !If
        - Wanted
        - PolicyDocument: {Statement: {Sid: WriteIt, Effect: Allow, Action: a, Resource: b}}
        - !Ref AWS::NoValue
"""


@pytest.mark.parametrize(
    ("new", "change"),
    [
        (ROLE, None),
        (ROLE.replace('"*"', "'*'").replace("[{Sid: ReadIt", "[{'Sid': ReadIt"), None),
        (ROLE.replace("ReadIt", "ListIt"), PolicyChange("Role", gained=("ListIt",), lost=("ReadIt",))),
        (ROLE.replace("s3:GetObject", "s3:*"), PolicyChange("Role", altered=("ReadIt",))),
        (ROLE.replace("Resource: b", "Resource: c"), PolicyChange("Role", altered=("WriteIt",))),
        (ROLE.replace("Sid: ReadIt, ", ""), PolicyChange("Role", ("a statement without a Sid",), ("ReadIt",))),
        (ROLE.replace("- Wanted", "- Other"), PolicyChange("Role", altered=("WriteIt",))),
        ("Resources: {}", PolicyChange("Role", lost=("ReadIt", "WriteIt"))),
    ],
)
def test_a_change_of_a_policy_is_named(new: str, change: PolicyChange | None) -> None:
    assert policy_changes(ROLE, new) == ((change,) if change else ())


def test_an_adoption_says_what_support_loses() -> None:
    published = PUBLISHED_FILE.read_text()
    changes = {change.logical_id: change for change in policy_changes(published, adopt(emit(), published).text)}
    assert changes["SupportUserPolicy"].lost == (
        "DescribeInstancesForLookup",
        "StartSessionOnDeepSQLInstances",
        "StartSessionDocuments",
        "ManageOwnSessions",
    )
    assert "StartSessionsOnThisInstance" in changes["SupportSessionPolicy"].gained
    assert policy_changes(emit(), emit()) == ()


def test_what_no_option_of_this_stack_asks_for_is_neither_gained_nor_lost() -> None:
    published, place = PUBLISHED_FILE.read_text(), StackPlace("s", "us-east-1")
    merged = adopt(emit(), published).text

    def gained(**values: str) -> dict[str, tuple[str, ...]]:
        return {each.logical_id: each.gained for each in policy_changes(published, merged, values, place)}

    plain, with_ssh = gained(), gained(SupportSsh="Yes", CreateSupportRole="Yes")
    assert not {"SupportRole", "BastionRole", "AccessEndPolicy", "SupportSecretPolicy"} & set(plain)
    assert plain["StackKey"] == ("AccountAdministersTheKey", "LogsEncryptTheSessionLog")
    assert "PushSshKeysForOneLogin" not in plain["SupportSessionPolicy"]
    assert "PushSshKeysForOneLogin" in with_ssh["SupportSessionPolicy"] and with_ssh["SupportRole"] == (
        "NobodyAssumes",
    )
    assert "SupportUserPolicy" not in gained(CreateSupportUser="No")


@pytest.mark.parametrize(("wanted", "lost"), [("Yes", ("ReadIt", "WriteIt")), ("No", ("ReadIt",)), (None, None)])
def test_a_condition_that_is_decided_says_which_branch_counts(wanted: str | None, lost: tuple[str, ...] | None) -> None:
    decided = "Parameters: {Want: {Type: String}}\nConditions: {Wanted: !Equals [!Ref Want, 'Yes']}\n" + ROLE
    values = {} if wanted is None else {"Want": wanted}
    (change,) = policy_changes(decided, "Resources: {}", values, StackPlace("s", "us-east-1"))
    assert change.lost == (lost or ("ReadIt", "WriteIt"))  # a parameter without a value leaves it open


def test_what_is_no_template_is_said() -> None:
    with pytest.raises(DeployerError, match="cannot be read"):
        policy_changes(ROLE, "- a")


def test_a_sid_reads_as_a_sentence() -> None:
    assert sentence_of("StartSessionsOnThisInstance") == "Start sessions on this instance"
    assert sentence_of("StartSessionOnDeepSQLInstances") == "Start session on DeepSQL instances"
    assert sentence_of("BeManagedBySystemsManager") == "Be managed by Systems Manager"
    assert [sentence_of(sid) for sid in ("Ec2Assumes", "ReadAwsDocuments")] == ["EC2 assumes", "Read AWS documents"]
    assert sentence_of("a statement without a Sid") == "a statement without a Sid"
