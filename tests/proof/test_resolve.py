"""The resolver on small templates made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.proof.attachments import Unjudged, principal, resource_policy
from tests.proof.resolve import Place, Stack, Unresolved


def stack(value: Any, **given: str) -> Stack:
    return Stack(
        {
            "Parameters": {
                "Name": {"Type": "String", "Default": ""},
                "Accounts": {"Type": "CommaDelimitedList", "Default": ""},
            },
            "Conditions": {
                "Named": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Name"}, ""]}]},
                "Open": {
                    "Fn::And": [
                        {"Condition": "Named"},
                        {"Fn::Not": [{"Fn::Equals": [{"Fn::Join": ["", {"Ref": "Accounts"}]}, ""]}]},
                    ]
                },
            },
            "Resources": {
                "User": {"Type": "AWS::IAM::User", "Properties": {"Path": value}},
                "Gone": {"Type": "AWS::IAM::User", "Condition": "Open"},
                "Key": {"Type": "AWS::KMS::Key"},
                "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/deepsql/sessions"}},
                "Secret": {"Type": "AWS::SecretsManager::Secret"},
            },
        },
        given,
    )


USER = "arn:aws:iam::111122223333:user/deepsql-selfhost-User-1A2B3C4D5E6F7"
CHOICE = {"Fn::If": ["Named", {"Ref": "Name"}, {"Ref": "AWS::NoValue"}]}


@pytest.mark.parametrize(
    ("node", "given", "expected"),
    [
        ({"Ref": "User"}, {}, "deepsql-selfhost-User-1A2B3C4D5E6F7"),
        ({"Fn::GetAtt": ["User", "Arn"]}, {}, USER),
        ({"Ref": "Secret"}, {}, "arn:aws:secretsmanager:us-east-1:111122223333:secret:Secret-1A2B3C4D5E6F7-AbCdEf"),
        ({"Fn::GetAtt": "Logs.Arn"}, {}, "arn:aws:logs:us-east-1:111122223333:log-group:/deepsql/sessions:*"),
        ({"Fn::Sub": "${AWS::Region}/${User.Arn}"}, {}, f"us-east-1/{USER}"),
        ({"Fn::Sub": ["${a}/${!aws:username}", {"a": {"Ref": "Name"}}]}, {"Name": "n"}, "n/${aws:username}"),
        ({"Fn::Join": ["-", ["${aws:username}", {"Ref": "Name"}]]}, {"Name": "n"}, "${aws:username}-n"),
        ({"a": CHOICE, "b": [CHOICE, "c"]}, {}, {"b": ["c"]}),
        ({"a": CHOICE, "b": [CHOICE, "c"]}, {"Name": "n"}, {"a": "n", "b": ["n", "c"]}),
        ({"Ref": "Accounts"}, {"Accounts": "1, 2"}, ["1", "2"]),
        ({"Fn::Select": [1, {"Fn::Split": [":", "a:b"]}]}, {}, "b"),
    ],
)  # fmt: skip
def test_an_intrinsic_is_resolved(node: Any, given: dict[str, str], expected: Any) -> None:
    assert stack(node, **given).property("User", "Path") == expected


@pytest.mark.parametrize("node", [{"Ref": "Nobody"}, {"Fn::ImportValue": "x"}, {"Fn::GetAtt": ["Key", "KeyId"]}])
def test_what_is_not_known_is_not_guessed(node: Any) -> None:
    with pytest.raises(Unresolved):
        stack(node).property("User", "Path")


def test_a_condition_takes_its_resource_away() -> None:
    assert "Gone" not in stack("").resources
    assert "Gone" not in stack("", Name="n").resources
    assert "Gone" in stack("", Name="n", Accounts="1").resources


def test_another_partition() -> None:
    china = Stack(stack("").template, place=Place("cn-north-1", "aws-cn"))
    assert china.arn("Key") == "arn:aws-cn:kms:cn-north-1:111122223333:key/1a2b3c4d-5e6f-7081-92a3-b4c5d6e7f809"
    assert china.ref("AWS::URLSuffix") == "amazonaws.com.cn"


def policy(sid: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Sid": sid}]}


RESOURCES = {
    "Resources": {
        "User": {
            "Type": "AWS::IAM::User",
            "Properties": {
                "Policies": [{"PolicyName": "p", "PolicyDocument": policy("inline")}],
                "ManagedPolicyArns": [{"Ref": "Managed"}],
                "PermissionsBoundary": {"Ref": "Boundary"},
            },
        },
        "Attached": {
            "Type": "AWS::IAM::Policy",
            "Properties": {"Users": [{"Ref": "User"}], "PolicyDocument": policy("attached")},
        },
        "Elsewhere": {
            "Type": "AWS::IAM::Policy",
            "Properties": {"Roles": [{"Ref": "User"}], "PolicyDocument": policy("elsewhere")},
        },
        "Managed": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": policy("managed")}},
        "Boundary": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": policy("boundary")}},
        "Secret": {"Type": "AWS::SecretsManager::Secret"},
        "Open": {"Type": "AWS::SecretsManager::Secret"},
        "SecretPolicy": {
            "Type": "AWS::SecretsManager::ResourcePolicy",
            "Properties": {"SecretId": {"Ref": "Secret"}, "ResourcePolicy": policy("secret")},
        },
    }
}


def sids(documents: tuple[Any, ...]) -> list[str]:
    return [statement["Sid"] for document in documents for statement in document["Statement"]]


def test_every_policy_of_a_principal_counts() -> None:
    user = principal(Stack(RESOURCES), "User")
    assert sids(user.identity) == ["inline", "attached", "managed"]
    assert sids(user.boundary) == ["boundary"]


def test_a_resource_policy_belongs_to_its_resource() -> None:
    assert resource_policy(Stack(RESOURCES), "Secret") == policy("secret")
    assert resource_policy(Stack(RESOURCES), "Open") is None


@pytest.mark.parametrize(
    "properties",
    [{"ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]}, {"PermissionsBoundary": "arn:x"}],
)
def test_a_policy_from_elsewhere_cannot_be_proven(properties: dict[str, Any]) -> None:
    with pytest.raises(Unjudged):
        principal(Stack({"Resources": {"User": {"Type": "AWS::IAM::User", "Properties": properties}}}), "User")


def test_a_kind_of_policy_nobody_judges_is_refused() -> None:
    resources = {"User": {"Type": "AWS::IAM::User"}, "More": {"Type": "AWS::IAM::UserPolicy"}}
    with pytest.raises(Unjudged, match="More"):
        principal(Stack({"Resources": resources}), "User")
