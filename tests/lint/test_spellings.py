"""The product's own rules judge what a value says, however it is spelled."""

from __future__ import annotations

import pytest
from cfnlint.decode.decode import decode_str

from generator.lint.rules import OWN_RULES
from generator.lint.traverse import Path
from generator.lint.values import MOST_TEXTS, OPEN, Known, texts

STARS = ["'*'", "['*']", "[a, '*']", "!Sub '*'", "!Sub ['*', {}]", "!Sub ['${A}', {A: '*'}]", "!Join ['', ['*']]",
         "'**'", "!If [C, '*', a]", "!If [C, [a, !Sub '*'], b]", "'arn:*'", "'arn:*:*:*:*:*'", "'?*'", "'*:*'",
         "!Ref Star", "!Ref Many", "!Sub '${Star}'", "!Join [',', !Ref Star]", "'arn:aws:*'", "'arn:aws:*:*:*:*'",
         "'arn:aws-cn:*'", "!Sub 'arn:${AWS::Partition}:*'", "!Join [':', [arn, !Ref 'AWS::Partition', '*']]",
         "!Select [1, [a, '*']]", "!Select [1, !Ref Many]", "!Select [0, !Split [',', '*,a']]",
         "!Select ['0', !If [C, [a], ['*']]]", "!Sub ['${A}', {A: !If [C, a, '*']}]", "!If [C, a, !If [D, b, '*']]",
         "!Join ['', [!If [C, '*', !Ref 'AWS::NoValue']]]", "!Join ['', !If [C, ['*'], [a]]]",
         "!Join ['', ['*', !Ref 'AWS::NoValue']]",
         "!FindInMap [M, x, star]", "!FindInMap [M, x, listed]", "!FindInMap [M, !Ref Free, one]",
         "!FindInMap [M, !Ref Choice, one]", "!FindInMap [M, !Ref 'AWS::Region', one]", "!FindInMap [M, y, !Ref Free]",
         "!If [C, a, !FindInMap [M, x, star]]", "!FindInMap [M, !If [C, x, y], one]", "!FindInMap [!Ref Map, y, one]",
         "!Sub ['${A}', {A: !FindInMap [M, y, one]}]", "!Join ['', [!FindInMap [M, y, one]]]",
         "!Join ['', !FindInMap [M, y, alone]]", "!Select [1, !FindInMap [M, x, listed]]",
         "!FindInMap [M, !Sub '${Choice}', one]", "!FindInMap [M, none, none, {DefaultValue: '*'}]",
         "!Ref Chosen", "!Ref Asked", "!Ref Some", "!Sub '${Asked}'", "!Sub '${Prefix}*'", "!Sub '${Asked}${Prefix}'",
         "!If [IsStar, !Ref Chosen, a]", "!If [IsOther, a, !Ref Chosen]", "!If [HasPrefix, a, !Sub '${Prefix}*']",
         "!If [C, !If [IsStar, !Ref Chosen, b], a]"]  # fmt: skip
NO_STARS = ["a", "[a, b]", "!Sub 'arn:${AWS::Partition}:s3:::a*'", "!Join ['', [b, '*']]", "!Ref P", "!If [C, a, b]",
            "!Sub '${P}*'", "!Join ['', [!Ref P, '*']]", "'arn:aws:s3:::*'", "!Ref Name", "!Sub '${Name}*'",
            "'arn:aws:iam::111122223333:*'", "!Sub 'arn:aws:*:*:${AWS::AccountId}:*'", "!Sub '${!Star}'",
            "!Select [0, [a, '*']]", "!Select [0, !Ref Many]", "!Select [1, !Split [',', !Ref P]]", "'[a]*'", "'?'",
            "!Select [2, [a, '*']]", "!Ref 'AWS::NoValue'", "!FindInMap [a, b, c]", "!If [C, a]",
            "!FindInMap [M, y, star]", "!FindInMap [M, x, one]", "!FindInMap [M, !Ref Closed, one]",
            "!FindInMap [M, x]",
            "!FindInMap [M, !Ref Free, plain]", "!Select [0, !FindInMap [M, x, listed]]", "!FindInMap [M, !Ref X, [x]]",
            "!Join ['', [b, !FindInMap [M, x, star]]]", "!FindInMap [M, x, plain, {DefaultValue: a}]",
            "!FindInMap [M, x, loop]", "!FindInMap M", "!FindInMap [M, {Ref: [x]}, loop]", "!Ref Closed", "!Ref Stored",
            "!Sub '${Prefix}'", "!If [IsStar, a, !Ref Chosen]", "!If [IsOther, !Ref Chosen, a]",
            "!If [HasPrefix, !Sub '${Prefix}*', a]", "!If [IsStar, a, !If [C, !Ref Chosen, b]]",
            "!If [IsStar, a, !FindInMap [M, !Ref Chosen, plain]]"]  # fmt: skip
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
  Chosen: {{Type: String, Default: b, AllowedValues: [b, "*", c]}}
  Asked: {{Type: String, AllowedValues: ["*", c]}}
  Some: {{Type: CommaDelimitedList, AllowedValues: ["*", c]}}
  Choice: {{Type: String, Default: x, AllowedValues: [x, y]}}
  Closed: {{Type: String, AllowedValues: [x]}}
  Free: {{Type: String, Default: x}}
  Map: {{Type: String, Default: M}}
  Prefix: {{Type: String, Default: ""}}
  Stored: {{Type: "AWS::SSM::Parameter::Value<String>", Default: "*"}}
Mappings:
  M:
    x: {{star: "*", listed: [a, "*"], one: a, plain: a, loop: !FindInMap [M, x, loop]}}
    y: {{star: a, one: "*", plain: a, alone: ["*"]}}
Conditions:
  IsStar: !Equals [!Ref Chosen, "*"]
  IsOther: !Not [!Condition IsStar]
  HasPrefix: !Not [!Equals [!Ref Prefix, ""]]
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
    assert texts(doubled, Known()) == [OPEN]
    either = {"Fn::If": ["C", "a", "*"]}
    assert len(texts({"Fn::Join": ["", [either] * 40]}, Known())) == MOST_TEXTS


FIXED_NAMES = ["x", "!Sub x", "!Sub ['${A}', {A: x}]", "!Join ['-', [a, b]]", "!If [C, x, y]", "!Ref Given",
               "!Sub '${Given}-x'", "!If [C, x, !Ref 'AWS::StackName']", "!Sub '${Given}-${AWS::Region}'",
               "!Join ['-', [!Ref 'AWS::AccountId', x]]", "!Select [0, [a, b]]", "!Sub '${!x}-y'", "12",
               "!FindInMap [M, a, b]", "!FindInMap [M, !Ref 'AWS::Region', b]",
               "!Sub ['${A}-x', {A: !FindInMap [M, a, b]}]",
               "!FindInMap [M, !Ref Here, b]", "!Ref Only", "!Sub '${Prefix}x'", "!If [C, !Ref Named, a]"]  # fmt: skip
NAMES_OF_THE_STACK = ["!Sub '${AWS::StackName}-x'", "!Ref Asked", "!Ref Empty", "!Sub '${Given}-${Asked}'",
                      "!Join ['-', [!Ref 'AWS::StackName', b]]", "!If [C, !Ref Asked, !Ref 'AWS::NoValue']",
                      "!Sub ['${A}', {A: !Ref 'AWS::StackId'}]", "!GetAtt Other.Arn", "!ImportValue x",
                      "!Select [2, !Split ['/', !Ref 'AWS::StackId']]", "!Ref 'AWS::NoValue'",
                      "!FindInMap [M, a, none]", "!FindInMap [M, !Ref Asked, b]", "!Sub ['${A}-x', {A: !Ref Asked}]",
                      "!Join ['-', [!FindInMap [M, a, b], !Ref 'AWS::StackName']]", "!Ref OneOfTwo", "!Ref Stored",
                      "!If [HasName, !Ref Empty, !Ref 'AWS::StackName']"]  # fmt: skip


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
Parameters:
  Given: {{Type: String, Default: x}}
  Asked: {{Type: String}}
  Empty: {{Type: String, Default: ""}}
  Prefix: {{Type: String, Default: ""}}
  Here: {{Type: String, Default: a}}
  Only: {{Type: String, AllowedValues: [x]}}
  OneOfTwo: {{Type: String, AllowedValues: [x, y]}}
  Named: {{Type: String, Default: x}}
  Stored: {{Type: "AWS::SSM::Parameter::Value<String>", Default: x}}
Mappings: {{M: {{a: {{b: x}}}}}}
Conditions: {{HasName: !Not [!Equals [!Ref Empty, ""]]}}
Resources: {{R: {{Type: AWS::IAM::{kind}, Properties: {{{key}: {name}}}}}}}
"""
        assert places(text, "D0008") == [("Resources", "R", "Properties", key)] * seen, name


def test_whoever_names_a_user_of_another_resource_gives_it_no_name() -> None:
    kinds = {"AWS::IAM::AccessKey": "UserName", "AWS::IAM::UserToGroupAddition": "GroupName"}
    for kind, key in kinds.items():
        text = f"Resources: {{R: {{Type: {kind}, Properties: {{{key}: x}}}}}}"
        assert not places(text, "D0008"), kind
