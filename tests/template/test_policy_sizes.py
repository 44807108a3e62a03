"""How long a template's policies would be: as long as the documents that another resolver makes, and never guessed."""

from __future__ import annotations

import json

import pytest
import yaml

from generator.model import policy_size
from generator.model.contract import POLICY_PARAMETERS
from generator.model.policy_size import INLINE, TRUST_OF_A_ROLE, PolicySize
from generator.template.emit import template_dict, wire
from generator.template.policy_sizes import policy_sizes
from generator.template.references import references_of, references_of_entry
from generator.template.resolved_values import SUFFIX, StackPlace
from generator.template.yaml_document import entries, parse, plain
from tests.policies.test_sizes import EVERYTHING
from tests.proof import resolve
from tests.proof.resolve import ACCOUNT, STACK, Place, Stack

PRINCIPAL = (
    "arn:aws:iam::444455556666:role/aws-reserved/sso.amazonaws.com/eu-west-1/"
    "AWSReservedSSO_Support{:02}_0123456789abcdef"
)
GRANTED = EVERYTHING | {
    "VendorAccounts": "444455556666",
    "VendorPrincipals": ",".join(PRINCIPAL.format(number) for number in range(3)),
    "SupportSessionsNotBefore": "2026-11-01T00:00:00Z",
    "DeployBastionHost": "Yes",
}
POLICY_OF = {
    "AWS::IAM::Role": "AssumeRolePolicyDocument",
    "AWS::IAM::Policy": "PolicyDocument",
    "AWS::IAM::RolePolicy": "PolicyDocument",
    "AWS::IAM::ManagedPolicy": "PolicyDocument",
    "AWS::SecretsManager::ResourcePolicy": "ResourcePolicy",
    "AWS::KMS::Key": "KeyPolicy",
}


def sizes(template: object, values: dict[str, str], **place: str) -> dict[str, list[PolicySize]]:
    """By logical ID."""
    text = template if isinstance(template, str) else json.dumps(template)
    found = policy_sizes(text, values, StackPlace(**{"stack_name": STACK, "region": "us-east-1", **place}))
    return {name: [size for size in found if name in size.resources] for size in found for name in size.resources}


@pytest.mark.parametrize(
    ("region", "partition"), [("us-east-1", "aws"), ("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn")]
)
def test_each_policy_of_the_template_is_counted_and_as_another_resolver_has_it(
    region: str, partition: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolve, "SUFFIX", SUFFIX)
    stack = Stack(template_dict(), GRANTED, Place(region, partition))
    found = sizes(wire(), GRANTED, region=region, partition=partition, account=ACCOUNT)
    expected: dict[tuple[str, ...], int] = {}
    for kind, name in POLICY_OF.items():
        for logical_id in stack.of_type(kind):
            length = policy_size.characters(stack.property(logical_id, name))
            assert logical_id in found, logical_id
            for size in found[logical_id]:
                if kind not in ("AWS::IAM::Policy", "AWS::IAM::RolePolicy") and size.quota not in INLINE.values():
                    assert size.characters == length, logical_id
                elif kind != "AWS::IAM::Role":
                    expected[size.resources] = expected.get(size.resources, 0) + length
    for resources, length in expected.items():
        own = [
            policy_size.characters(p["PolicyDocument"]) for r in resources for p in stack.property(r, "Policies", [])
        ]
        assert found[resources[0]][0].characters == length + sum(own), resources


def test_known_ids_count_in_place_of_made_up_names() -> None:
    place, policy = StackPlace(STACK, "us-east-1", account=ACCOUNT), ("SupportUserPolicy",)
    before = {s.resources: s.characters for s in policy_sizes(wire(), GRANTED, place)}
    after = {s.resources: s.characters for s in policy_sizes(wire(), GRANTED, place, {"Instance": "i-0a"})}
    assert (before[policy] - after[policy]) == 3 * (len("i-00000000000000000") - len("i-0a"))


ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": [{"Sid": "A"}]}}}


def template(**resources: object) -> dict[str, object]:
    return {"Parameters": {"P": {"Type": "String", "Default": "p"}}, "Resources": resources}


@pytest.mark.parametrize("unknown", [{"Fn::ImportValue": "x"}, {"Fn::GetAtt": ["R", "RoleId"]}, {"Ref": "Nothing"}])
def test_what_only_cloudformation_knows_is_left_out(unknown: object) -> None:
    policy = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": {"Statement": [{"Sid": unknown}]}}}
    assert set(sizes(template(R=ROLE, M=policy), {})) == {"R"}


def test_inline_policies_count_together_by_who_has_them() -> None:
    document = {"Statement": [{"Sid": {"Ref": "P"}}]}
    own = {"Policies": [{"PolicyName": "a", "PolicyDocument": document}]}
    role = {**ROLE, "Properties": {**ROLE["Properties"], **own}}  # type: ignore[dict-item]
    beside = {"Type": "AWS::IAM::Policy", "Properties": {"Roles": [{"Ref": "R"}], "PolicyDocument": document}}
    alone = {"Type": "AWS::IAM::Policy", "Properties": {"Users": ["u"], "PolicyDocument": document}}
    found = policy_sizes(json.dumps(template(R=role, B=beside, A=alone)), {"P": "xyz"}, StackPlace(STACK, "us-east-1"))
    length = policy_size.characters({"Statement": [{"Sid": "xyz"}]})
    assert PolicySize(("R", "B"), INLINE["Roles"], 2 * length) in found
    assert PolicySize(("A",), INLINE["Users"], length) in found
    assert [size.quota for size in found].count(TRUST_OF_A_ROLE) == 1


def test_an_accounts_own_quota_counts() -> None:
    size = PolicySize(("R",), TRUST_OF_A_ROLE, 3_000)
    assert size.exceeds({}) and not size.exceeds({"AssumeRolePolicySizeQuota": 4_096})


def test_the_parameters_that_reach_a_policy_are_listed() -> None:
    """Only those are looked at when values change on a stack's own template."""
    sections = parse(wire())
    conditions = entries(sections["Conditions"])

    def names(node: yaml.Node, *, entry: bool) -> set[str]:
        found = references_of_entry(node) if entry else references_of(node)
        behind = [names(conditions[name], entry=False) for name in found.conditions]
        return set(found.names).union(*behind)

    reached = {
        name
        for node in entries(sections["Resources"]).values()
        if plain(entries(node)["Type"]) in {*POLICY_OF, "AWS::IAM::User"}
        for name in names(node, entry=True)
    }
    assert reached & set(entries(sections["Parameters"])) == set(map(str, POLICY_PARAMETERS))
