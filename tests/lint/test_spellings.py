"""The product's own rules judge what a value says, however it is spelled."""

from __future__ import annotations

import pytest
from cfnlint.decode.decode import decode_str

from generator.lint.rules import OWN_RULES
from generator.lint.traverse import Path
from generator.lint.values import MOST_TEXTS, OPEN, texts

STARS = ["'*'", "['*']", "[a, '*']", "!Sub '*'", "!Sub ['*', {}]", "!Sub ['${A}', {A: '*'}]", "!Join ['', ['*']]",
         "'**'", "!If [C, '*', a]", "!If [C, [a, !Sub '*'], b]", "'arn:*'", "'arn:*:*:*:*:*'", "'?*'", "'*:*'",
         "!Ref Star", "!Ref Many", "!Sub '${Star}'", "!Join [',', !Ref Star]", "'arn:aws:*'", "'arn:aws:*:*:*:*'",
         "'arn:aws-cn:*'", "!Sub 'arn:${AWS::Partition}:*'", "!Join [':', [arn, !Ref 'AWS::Partition', '*']]",
         "!Select [1, [a, '*']]", "!Select [1, !Ref Many]", "!Select [0, !Split [',', '*,a']]",
         "!Select ['0', !If [C, [a], ['*']]]", "!Sub ['${A}', {A: !If [C, a, '*']}]", "!If [C, a, !If [D, b, '*']]",
         "!Join ['', [!If [C, '*', !Ref 'AWS::NoValue']]]", "!Join ['', !If [C, ['*'], [a]]]",
         "!Join ['', ['*', !Ref 'AWS::NoValue']]"]  # fmt: skip
NO_STARS = ["a", "[a, b]", "!Sub 'arn:${AWS::Partition}:s3:::a*'", "!Join ['', [b, '*']]", "!Ref P", "!If [C, a, b]",
            "!Sub '${P}*'", "!Join ['', [!Ref P, '*']]", "'arn:aws:s3:::*'", "!Ref Name", "!Sub '${Name}*'",
            "'arn:aws:iam::111122223333:*'", "!Sub 'arn:aws:*:*:${AWS::AccountId}:*'", "!Sub '${!Star}'",
            "!Select [0, [a, '*']]", "!Select [0, !Ref Many]", "!Select [1, !Split [',', !Ref P]]", "'[a]*'", "'?'",
            "!Select [2, [a, '*']]", "!Ref 'AWS::NoValue'", "!FindInMap [a, b, c]", "!If [C, a]"]  # fmt: skip
NO_CONDITION = ["{}", "", "~", "!Ref AWS::NoValue", "!If [C, {Bool: {a: b}}, !Ref AWS::NoValue]", "{Bool: {}}",
                "!If [C, {}, {Bool: {a: b}}]", "{Bool: {a: !Ref AWS::NoValue}}", "{Bool: !Ref AWS::NoValue}",
                "{Bool: {a: !If [C, b, !Ref AWS::NoValue]}}"]  # fmt: skip
CONDITIONS = ["{Bool: {a: b}}", "!If [C, {Bool: {a: b}}, {Bool: {c: d}}]", "{Bool: {a: !Ref P}}",
              "{Bool: {}, Arn: {a: b}}", "{Bool: {a: false}}", "{StringEquals: {a: !If [C, b, c]}}"]  # fmt: skip


def places(text: str, rule: str) -> list[Path]:
    """Where the rule speaks about a template."""
    [check] = [check for info, check in OWN_RULES if info.id == rule]
    return [place for place, _ in check(decode_str(text)[0], text)]


def found_in(statement: str, rule: str) -> bool:
    """Whether the rule speaks about a policy of this statement, written in flow YAML."""
    effect = "" if "Effect: " in statement else "Effect: Allow, "
    text = f"""
Parameters:
  Star: {{Type: String, Default: "*"}}
  Many: {{Type: CommaDelimitedList, Default: "a, *"}}
  Name: {{Type: String, Default: b}}
Resources:
  P:
    Type: AWS::IAM::ManagedPolicy
    Properties: {{PolicyDocument: {{Version: "2012-10-17", Statement: [{{{effect}{statement}}}]}}}}
"""
    return bool(places(text, rule))


@pytest.mark.parametrize(("values", "seen"), [(STARS, True), (NO_STARS, False)])
@pytest.mark.parametrize("kind", ["Resource", "AWS", "Federated", "Principal"])
def test_a_star_is_seen_in_each_spelling(values: list[str], seen: bool, kind: str) -> None:
    for value in values:
        principal = f"Principal: {value}" if kind == "Principal" else f"Principal: {{{kind}: {value}}}"
        statement = f"Action: a, Resource: {value}" if kind == "Resource" else f"Action: a, {principal}"
        rule = "D0001" if kind == "Resource" else "D0002"
        assert found_in(statement, rule) == seen, value
        assert not found_in(f"{statement}, Condition: {{Bool: {{a: b}}}}", rule), value


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("NotAction: a, NotResource: b", "D0001"),
        ("Action: a, NotResource: [b]", "D0001"),
        ("NotAction: a, Resource: '*'", "D0001"),
        ("Action: a, NotPrincipal: {AWS: b}", "D0002"),
        ("Action: a, Principal: {AWS: ['*', b], Service: c}", "D0002"),
    ],
)
def test_everything_but_something_is_everything(statement: str, rule: str) -> None:
    assert found_in(statement, rule)
    assert not found_in(statement + ", Condition: {Bool: {a: b}}", rule)


@pytest.mark.parametrize(("conditions", "seen"), [(NO_CONDITION, True), (CONDITIONS, False)])
@pytest.mark.parametrize(("grant", "rule"), [("Resource: '*'", "D0001"), ("Principal: '*'", "D0002")])
def test_a_condition_counts_where_it_always_limits(conditions: list[str], seen: bool, grant: str, rule: str) -> None:
    for condition in conditions:
        assert found_in(f"Action: a, {grant}, Condition: {condition}", rule) == seen, condition


@pytest.mark.parametrize(
    ("effect", "seen"),
    [
        ("!If [C, Allow, Deny]", True),
        ("!If [C, Deny, Allow]", True),
        ("!Sub Allow", True),
        ("!Ref P", True),
        ("Deny", False),
        ("!If [C, Deny, Deny]", False),
    ],
)
def test_what_may_allow_is_judged_as_what_allows(effect: str, seen: bool) -> None:
    assert found_in(f"Effect: {effect}, Action: a, Resource: '*'", "D0001") == seen
    assert found_in(f"Effect: {effect}, Action: a, Principal: '*'", "D0002") == seen


@pytest.mark.parametrize("principal", ["!If [C, {AWS: '*'}, {AWS: a}]", "!If [C, a, {AWS: [a, !Ref Star]}]"])
def test_a_principal_is_open_in_a_branch_too(principal: str) -> None:
    assert found_in(f"Action: a, Principal: {principal}", "D0002")
    assert not found_in(f"Action: a, Principal: {principal.replace('*', 'b').replace('Star', 'Name')}", "D0002")


def test_a_text_that_grows_with_each_function_in_it_ends_somewhere() -> None:
    doubled: object = "*"
    for _ in range(14):
        doubled = {"Fn::Sub": ["${A}${A}", {"A": doubled}]}
    assert texts(doubled, {}) == [OPEN]
    either = {"Fn::If": ["C", "a", "*"]}
    assert len(texts({"Fn::Join": ["", [either] * 40]}, {})) == MOST_TEXTS


FIXED_NAMES = ["x", "!Sub x", "!Sub ['${A}', {A: x}]", "!Join ['-', [a, b]]", "!If [C, x, y]", "!Ref Given",
               "!Sub '${Given}-x'", "!If [C, x, !Ref 'AWS::StackName']", "!Sub '${Given}-${AWS::Region}'",
               "!Join ['-', [!Ref 'AWS::AccountId', x]]", "!Select [0, [a, b]]", "!Sub '${!x}-y'", "12"]  # fmt: skip
NAMES_OF_THE_STACK = ["!Sub '${AWS::StackName}-x'", "!Ref Asked", "!Ref Empty", "!Sub '${Given}-${Asked}'",
                      "!Join ['-', [!Ref 'AWS::StackName', b]]", "!If [C, !Ref Asked, !Ref 'AWS::NoValue']",
                      "!Sub ['${A}', {A: !Ref 'AWS::StackId'}]", "!GetAtt Other.Arn", "!ImportValue x",
                      "!Select [2, !Split ['/', !Ref 'AWS::StackId']]", "!Ref 'AWS::NoValue'"]  # fmt: skip


@pytest.mark.parametrize(("names", "seen"), [(FIXED_NAMES, True), (NAMES_OF_THE_STACK, False)])
@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("Group", "GroupName"),
        ("InstanceProfile", "InstanceProfileName"),
        ("ManagedPolicy", "ManagedPolicyName"),
        ("Role", "RoleName"),
        ("SAMLProvider", "Name"),
        ("ServerCertificate", "ServerCertificateName"),
        ("User", "UserName"),
        ("VirtualMFADevice", "VirtualMfaDeviceName"),
    ],
)
def test_a_name_without_anything_of_the_stack_is_fixed(names: list[str], seen: bool, kind: str, key: str) -> None:
    for name in names:
        text = f"""
Parameters: {{Given: {{Type: String, Default: x}}, Asked: {{Type: String}}, Empty: {{Type: String, Default: ""}}}}
Resources: {{R: {{Type: AWS::IAM::{kind}, Properties: {{{key}: {name}}}}}}}
"""
        assert places(text, "D0008") == [("Resources", "R", "Properties", key)] * seen, name


def test_whoever_names_a_user_of_another_resource_gives_it_no_name() -> None:
    kinds = {"AWS::IAM::AccessKey": "UserName", "AWS::IAM::UserToGroupAddition": "GroupName"}
    for kind, key in kinds.items():
        text = f"Resources: {{R: {{Type: {kind}, Properties: {{{key}: x}}}}}}"
        assert not places(text, "D0008"), kind
