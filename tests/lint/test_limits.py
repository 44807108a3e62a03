"""What a condition limits, where a policy is written as JSON text, and who is let in without a policy."""

from __future__ import annotations

import json

import pytest

from tests.lint.test_spellings import found_in, places

ANY_ARN = ["'*'", "['*']", "[a, '*']", "'**'", "'arn:aws:*'", "!Ref Star", "!FindInMap [M, x, star]", "!Sub '*'",
           "!If [C, a, '*']"]  # fmt: skip
ANY_CALLER = [
    *(f"{{{operator}: {{aws:PrincipalArn: {value}}}}}" for operator in ("StringLike", "ArnLike") for value in ANY_ARN),
    "{ArnEquals: {aws:PrincipalArn: 'arn:aws:iam::*:role/*'}}",
    "{ArnLike: {aws:PrincipalArn: 'arn:aws:iam::*:role/support'}}",
    "{StringLike: {aws:PrincipalArn: 'arn:aws-cn:iam:*'}}",
    "{StringLike: {aws:PrincipalOrgID: 'o-*'}}",
    "{'ForAnyValue:StringLike': {aws:PrincipalOrgPaths: 'o-*'}}",
    "{StringLike: {aws:PrincipalAccount: '????????????'}}",
    "{StringLike: {'aws:userid': '*'}}",
    "{StringLike: {'aws:PrincipalTag/team': '*'}}",
    "{StringLike: {'sns:Endpoint': '*'}}",
    "{stringlike: {AWS:PRINCIPALARN: '*'}}",
    "{StringLike: {aws:PrincipalArn: '*', aws:PrincipalOrgID: '*'}}",
    "{StringLike: {aws:PrincipalArn: '*'}, Bool: {}}",
    "{StringLike: {aws:PrincipalArn: '*'}, ArnLike: {aws:SourceArn: '*'}}",
    "{'Null': {aws:PrincipalArn: false}}",
    "{'Null': {aws:PrincipalOrgID: 'true'}}",
    "{StringEqualsIfExists: {aws:PrincipalOrgID: o-1}}",
    "{ArnLikeIfExists: {aws:SourceArn: 'arn:aws:s3:::a'}}",
    "{'ForAllValues:StringEquals': {aws:PrincipalOrgPaths: 'o-1/r-1/'}}",
    "{'ForAnyValue:StringEqualsIfExists': {aws:SourceVpce: vpce-1}}",
    "{StringNotEquals: {aws:PrincipalAccount: '111122223333'}}",
    "{ArnNotLike: {aws:PrincipalArn: 'arn:aws:iam::111122223333:*'}}",
    "{NotIpAddress: {aws:SourceIp: 10.0.0.0/8}}",
    "{StringEquals: {aws:PrincipalAccount: '${aws:PrincipalAccount}'}}",
    "{StringEquals: {aws:PrincipalAccount: !Sub '${!AWS:PrincipalAccount}'}}",
    "{IpAddress: {aws:SourceIp: 0.0.0.0/0}}",
    "{IpAddress: {aws:SourceIp: [10.0.0.0/8, '::/0']}}",
    "{IpAddress: {aws:SourceIp: [0.0.0.0/1, 128.0.0.0/1]}}",
    "{Bool: {aws:SecureTransport: true}}",
    "{Bool: {aws:MultiFactorAuthPresent: true}}",
    "{Bool: {aws:PrincipalIsAWSService: false}}",
    "{DateGreaterThan: {aws:CurrentTime: '2020-01-01T00:00:00Z'}}",
    "{DateLessThan: {aws:TokenIssueTime: '2099-01-01T00:00:00Z'}}",
    "{NumericLessThan: {s3:max-keys: 5}, StringEquals: {s3:prefix: x}}",
    "!If [C, {ArnLike: {aws:PrincipalArn: '*'}}, {Bool: {a: b}}]",
    "{StringLike: !If [C, {aws:PrincipalArn: '*'}, {a: b}]}",
]  # fmt: skip
SOME_CALLERS = [
    "{StringEquals: {aws:PrincipalArn: '*'}}",  # no pattern: nobody is called that
    "{ArnLike: {aws:PrincipalArn: 'arn:aws:iam::111122223333:*'}}",
    "{ArnLike: {aws:PrincipalArn: !Sub 'arn:*:iam::${AWS::AccountId}:role/*'}}",
    "{ArnLike: {aws:SourceArn: 'arn:aws:s3:::a*'}}",
    "{StringLike: {aws:PrincipalOrgID: 'o-a*'}}",
    "{StringLike: {aws:PrincipalAccount: '1*'}}",
    "{StringLike: {aws:PrincipalArn: '*', aws:PrincipalOrgID: o-1}}",
    "{StringLike: {aws:PrincipalArn: '*'}, StringEquals: {aws:PrincipalAccount: '111122223333'}}",
    "{Bool: {aws:SecureTransport: true}, StringEquals: {aws:SourceVpce: vpce-1}}",
    "{'Null': {aws:PrincipalOrgID: false}, StringEqualsIfExists: {aws:PrincipalOrgID: o-1}}",
    "{'ForAllValues:StringEquals': {aws:PrincipalOrgPaths: p}, 'Null': {aws:PrincipalOrgPaths: 'false'}}",
    "{'ForAllValues:StringEquals': {a: b}, 'ForAnyValue:StringLike': {a: '*'}}",
    "{'ForAnyValue:StringEquals': {aws:PrincipalOrgPaths: p}}",
    "{StringEqualsIfExists: {aws:PrincipalAccount: '111122223333'}}",
    "{StringEqualsIfExists: {kms:CallerAccount: '111122223333'}}",
    "{StringEquals: {aws:ResourceAccount: '${aws:PrincipalAccount}'}}",
    "{IpAddress: {aws:SourceIp: 10.0.0.0/8}}",
    "{IpAddress: {aws:SourceIp: [0.0.0.0/1, 10.0.0.0/8]}}",
    "{IpAddress: {aws:SourceIp: !Ref Asked}}",
    "{Bool: {aws:PrincipalIsAWSService: true}}",
    "{StringLike: {aws:PrincipalArn: !Ref Name}}",
    "{StringLike: {aws:PrincipalArn: !If [IsStar, a, !Ref Chosen]}}",
    "{NumericLessThan: {a: 1}}",
    "{DateLessThan: {aws:CurrentTime: '2099-01-01T00:00:00Z'}, StringEquals: {aws:PrincipalOrgID: o-1}}",
    "{StringEquals: {s3:DataAccessPointAccount: '111122223333'}}",
]
NO_LIMIT_OF_WHAT = ["{StringLike: {aws:PrincipalArn: '*'}}",
                    "{'Null': {aws:PrincipalArn: false}}",
                    "{Bool: {aws:SecureTransport: true}}",
                    "{IpAddress: {aws:SourceIp: [0.0.0.0/0]}}", "{ArnLike: {aws:PrincipalArn: !Ref Star}}",
                    "{StringEquals: {aws:PrincipalAccount: '${aws:PrincipalAccount}'}}"]  # fmt: skip
LIMITS_OF_WHAT = ["{'Null': {'aws:ResourceTag/a': false}}", "{StringLike: {'aws:ResourceTag/a': '*'}}",
                  "{StringLike: {'ec2:InstanceType': '*'}}", "{StringNotEquals: {aws:RequestedRegion: us-east-1}}",
                  "{StringEqualsIfExists: {aws:RequestedRegion: us-east-1}}",
                  "{Bool: {aws:MultiFactorAuthPresent: true}}",
                  "{'ForAllValues:StringEquals': {aws:TagKeys: a}}", "{'Null': {aws:TagKeys: true}}"]  # fmt: skip


@pytest.mark.parametrize(("conditions", "seen"), [(ANY_CALLER, True), (SOME_CALLERS, False)])
def test_what_every_caller_meets_is_no_excuse_for_an_open_principal(conditions: list[str], seen: bool) -> None:
    for condition in conditions:
        assert found_in(f"Action: a, Principal: '*', Condition: {condition}", "D0002") == seen, condition
        assert not found_in(f"Action: a, Principal: {{AWS: b}}, Condition: {condition}", "D0002"), condition


@pytest.mark.parametrize(("conditions", "seen"), [(NO_LIMIT_OF_WHAT, True), (LIMITS_OF_WHAT, False)])
def test_what_every_request_meets_is_no_limit_of_what_may_be_done(conditions: list[str], seen: bool) -> None:
    for condition in conditions:
        assert found_in(f"Action: a, Resource: '*', Condition: {condition}", "D0001") == seen, condition


def allowing(**more: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "a", **more}]})


OPEN = {"Principal": {"AWS": "*"}}
PLACES = [("S3::BucketPolicy", "PolicyDocument"), ("Logs::ResourcePolicy", "PolicyDocument"), ("KMS::Key", "KeyPolicy"),
          ("Organizations::Policy", "Content"), ("ECR::Repository", "RepositoryPolicyText"),
          ("Logs::Destination", "DestinationPolicy"), ("OpenSearchService::Domain", "AccessPolicies")]  # fmt: skip


def said(kind: str, properties: str, rule: str) -> bool:
    """Whether the rule speaks about a resource of these properties, written in flow YAML."""
    text = f"""
Parameters: {{Text: {{Type: String, Default: '{allowing(**OPEN)}'}}, Star: {{Type: String, Default: "*"}}}}
Mappings: {{M: {{a: {{star: "*", b: b}}}}}}
Resources: {{R: {{Type: "AWS::{kind}", Properties: {{{properties}}}}}}}
"""
    return bool(places(text, rule))


@pytest.mark.parametrize(("kind", "key"), PLACES)
def test_a_policy_in_json_text_is_judged_as_a_mapping_is(kind: str, key: str) -> None:
    assert said(kind, f"{key}: '{allowing(**OPEN)}'", "D0002")
    assert said(kind, f"{key}: !Sub '{allowing(Principal='${Star}')}'", "D0002")
    assert said(kind, f"{key}: !If [C, b, !Join ['', ['{allowing(**OPEN)}']]]", "D0002")
    assert said(kind, f"{key}: !Ref Text", "D0002")
    assert said(kind, f"{key}: '{allowing(Resource=['*'])}'", "D0001")
    assert said(kind, f"{key}: !Sub '{allowing(Resource='*', Sid='${P}')}'", "D0001")
    assert said(kind, f"{key}: {{Statement: '{json.dumps({'Effect': 'Allow', **OPEN})}'}}", "D0002")
    limited = allowing(**OPEN, Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}})
    for silent in (limited, allowing(Principal={"AWS": "b"}), allowing(**OPEN).replace("Allow", "Deny"), "no { JSON"):
        assert not said(kind, f"{key}: '{silent}'", "D0002"), silent


def test_a_statement_in_text_has_its_sid_once() -> None:
    once = json.dumps({"Sid": "A", "Effect": "Allow"})
    text = '{"Statement": [%s]}'
    assert said("S3::BucketPolicy", f"PolicyDocument: '{text % f'{once}, {once}'}'", "D0006")
    assert not said("S3::BucketPolicy", f"PolicyDocument: '{text % once}'", "D0006")


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("SSM::Parameter", "Value: '{}'"),
        ("Lambda::Function", "Code: {{ZipFile: '{}'}}"),
        ("EC2::Instance", "UserData: {{Fn::Base64: '{}'}}"),
        ("Lambda::Function", "Environment: {{Variables: {{A: '{}'}}}}"),
    ],
)
def test_a_text_that_no_policy_is_made_of_is_left_alone(kind: str, properties: str) -> None:
    assert not said(kind, properties.format(allowing(**OPEN)), "D0002")


STARS = ["'*'", "!Ref Star", "!FindInMap [M, a, star]", "!If [C, '*', b]", "!Sub '*'"]


@pytest.mark.parametrize(
    ("kind", "limits", "none"),
    [
        (
            "Lambda::Permission",
            ["SourceAccount: '111122223333'", "SourceArn: 'arn:aws:s3:::a'", "PrincipalOrgID: o-1",
             "SourceAccount: !Ref AWS::AccountId", "EventSourceToken: t", "SourceArn: !GetAtt T.Arn",
             "SourceArn: '*', SourceAccount: !If [C, '111122223333', '444455556666']"],
            ["SourceArn: '*'", "SourceArn: !Ref Star", "SourceAccount: !Ref AWS::NoValue", "SourceArn: 'arn:aws:*'",
             "PrincipalOrgID: !If [C, o-1, !Ref AWS::NoValue]", "FunctionUrlAuthType: NONE",
             "SourceArn: !If [C, a, '*']"],
        ),
        ("Lambda::LayerVersionPermission", ["OrganizationId: o-1"], ["OrganizationId: !Ref AWS::NoValue"]),
        (
            "Events::EventBusPolicy",
            ["Condition: {Type: StringEquals, Key: aws:PrincipalOrgID, Value: o-1}"],
            ["Condition: {Type: StringLike, Key: aws:PrincipalOrgID, Value: '*'}", "Condition: !Ref AWS::NoValue"],
        ),
    ],
)  # fmt: skip
def test_a_permission_for_everyone_needs_a_limit(kind: str, limits: list[str], none: list[str]) -> None:
    for star in STARS:
        assert said(kind, f"Action: a, Principal: {star}", "D0002"), star
    for more in none:
        assert said(kind, f"Action: a, Principal: '*', {more}", "D0002"), more
        assert not said(kind, f"Action: a, Principal: s3.amazonaws.com, {more}", "D0002"), more
    for more in limits:
        assert not said(kind, f"Action: a, Principal: '*', {more}", "D0002"), more


def test_a_permission_under_a_condition_of_the_template_is_judged_by_what_it_leaves() -> None:
    text = """
Parameters: {Who: {Type: String, Default: "", AllowedValues: ["", "*", "111122223333"]}}
Conditions: {Anyone: !Equals [!Ref Who, "*"], Somebody: !Equals [!Ref Who, "111122223333"]}
Resources: {R: {Type: AWS::Lambda::Permission, Condition: %s, Properties: {Action: a, Principal: !Ref Who}}}
"""
    assert places(text % "Anyone", "D0002") == [("Resources", "R", "Properties", "Principal")]
    assert not places(text % "Somebody", "D0002")


@pytest.mark.parametrize(("condition", "seen"), [("Anyone", True), ("Somebody", False)])
def test_a_statement_is_judged_by_what_the_branch_that_it_is_in_leaves(condition: str, seen: bool) -> None:
    text = f"""
Parameters: {{Who: {{Type: String, AllowedValues: ["*", "111122223333"]}}}}
Conditions: {{Anyone: !Equals [!Ref Who, "*"], Somebody: !Not [!Condition Anyone]}}
Resources:
  R:
    Type: AWS::S3::BucketPolicy
    Properties:
      PolicyDocument:
        Statement:
        - !If [{condition}, {{Effect: Allow, Principal: {{AWS: !Ref Who}}, Action: a}}, !Ref AWS::NoValue]
"""
    assert bool(places(text, "D0002")) == seen
