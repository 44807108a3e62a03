"""What a stack of ours is made of, for the answers a customer can give."""

from __future__ import annotations

import json
import re
from itertools import product

import pytest

from generator.model.contract import (
    GRANT_RESOURCES,
    NO_END,
    PROTECTED_RESOURCES,
    SUPPORT_MODIFIED_ONLY,
    SUPPORT_RESOURCES,
    Condition,
    Output,
    Parameter,
    Resource,
)
from generator.template.emit import template_dict
from generator.template.parameters import FIELDS, fits
from tests.template.rendered import CLI_CREATES, PUBLISHED_STACK, Rendered, adopted, ours

GRANT = {
    "VendorAccounts": "444455556666",
    "VendorPrincipals": "arn:aws:iam::444455556666:role/support",
    "SupportAccessUntil": "2026-12-01T00:00:00Z",
    "SupportAccessReason": "TICKET-1",
}
DATABASE = {"DatabaseEndpoint": "app.cluster-x.rds.amazonaws.com", "DatabaseResourceId": f"cluster-{'A' * 26}"}
PARTITIONS = [("aws", "us-east-1"), ("aws-us-gov", "us-gov-west-1"), ("aws-cn", "cn-north-1")]


def new(**given: str) -> Rendered:
    return ours(**CLI_CREATES | given)


def whole(stack: Rendered) -> dict[str, object]:
    return {name: stack.properties(name) for name in stack.resources}


def changed(one: Rendered, other: Rendered) -> set[str]:
    a, b = whole(one), whole(other)
    return {name for name in a.keys() | b.keys() if a.get(name) != b.get(name)}


@pytest.mark.parametrize(
    ("section", "names"),
    [("Parameters", Parameter), ("Resources", Resource), ("Outputs", Output), ("Conditions", Condition)],
)
def test_the_contract_names_everything_in_the_template(section: str, names: type) -> None:
    assert set(template_dict()[section]) == {str(name) for name in names}


def test_the_form_asks_for_every_parameter_once() -> None:
    form = template_dict()["Metadata"]["AWS::CloudFormation::Interface"]
    asked = [name for group in form["ParameterGroups"] for name in group["Parameters"]]
    assert sorted(asked) == sorted(Parameter)
    assert all(body["Description"] for body in template_dict()["Parameters"].values())


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("ImageId", ["", "ami-0123456789abcdef0"], ["ami-", "AMI-01234567", "al2023"]),
        ("AdminPassword", ["", "twelve chars", "ü'\"\\$(id)`x` 123"], ["eleven char", "x" * 129, "line\nbreak-123"]),
        ("AdminEmail", ["a@b.c"], ["", "a@b", "a b@c.d", "a@b.c\nsource=x"]),
        ("InstallerSource", ["https://mirror.example/install.sh?x=1"], ["http://x", "https://x y", "https://x'", ""]),
        ("InstallerVersion", ["", "v1.2.3", "release/1"], ["v1;id", "a b", "$(id)"]),
        ("InstallerSha256", ["", "0" * 64], ["0" * 63, "G" * 64]),
        ("SupportUserName", ["", "deepsql-support", "a.b@c"], ["a b", "a/b", "x" * 65]),
        (
            "VendorAccounts",
            ["", "444455556666", "444455556666,111122223333"],
            ["4444", "arn:aws:iam::444455556666:root"],
        ),
        (
            "VendorPrincipals",
            [
                "",
                "arn:aws:iam::444455556666:role/a",
                "arn:aws-cn:iam::444455556666:user/path/b",
                "arn:aws:iam::444455556666:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_A_b=c+d.e@f",
                "arn:aws-us-gov:iam::444455556666:*",
                "arn:aws:iam::444455556666:root",
            ],
            [
                "*",
                "?",
                "444455556666",
                "arn:aws:sts::444455556666:assumed-role/a/b",
                "arn:aws:iam::444455556666:role/*",
                "arn:aws-cn:iam::444455556666:role/a*b",
                "arn:aws-us-gov:iam::444455556666:user/*",
                "arn:aws:iam::444455556666:role/a?",
                "arn:aws:iam::444455556666:r*",
                "arn:aws:iam::444455556666:**",
                "arn:aws:iam::444455556666:group/a",
                "arn:aws:iam::*:root",
                "arn:aws:iam::44445555666?:root",
                "arn:aw?:iam::444455556666:root",
                "arn:*:iam::444455556666:root",
                "arn:aws:*::444455556666:root",
            ],
        ),
        (
            "SupportAccessUntil",
            [NO_END, "2026-12-01T00:00:00Z"],
            ["", "2026-12-01", "2026-12-01T00:00:00+01:00", "tomorrow"],
        ),
        (
            "SupportAccessReason",
            ["", "TICKET-1: slow again", "Störung 12", "障害_7"],
            ["a;b", "a?b", "x" * 257, "line\nbreak"],
        ),
        ("EksClusterName", ["", "cell-1"], ["cell 1", "-cell"]),
        ("EksAccessPolicy", ["", "AmazonEKSViewPolicy"], ["View", "arn:aws:eks::aws:x/AmazonEKSViewPolicy"]),
        ("DatabaseResourceId", ["", "cluster-ABC01", "db-ABC01"], ["app", "cluster-", "db-abc", "cluster-A/x", "db-*"]),
        ("SupportSshUser", ["ec2-user", "jump", "_svc1", "rooted", "x" * 32], ["", "root", "a b", "1a", "*", "x" * 33]),
        ("SupportPorts", ["3035", "3035,5432"], ["", "any", "3035|22", "22-80", "123456"]),
    ],
)
def test_the_form_takes_what_is_right_and_nothing_else(name: str, good: list[str], bad: list[str]) -> None:
    pattern = template_dict()["Parameters"][name]["AllowedPattern"]
    assert [value for value in good if not re.fullmatch(pattern, value)] == []
    assert [value for value in bad if re.fullmatch(pattern, value)] == []


def test_a_flip_touches_the_support_set_and_the_keys_policy() -> None:
    for start in ({}, GRANT, {"SupportUserName": "vendor"}, {"AdminPassword": "twelve-chars-long"}):
        for rendered, base in ((ours, CLI_CREATES), (adopted, PUBLISHED_STACK)):
            on, off = rendered(**base | start), rendered(**base | start | {"CreateSupportUser": "No"})
            assert changed(on, off) <= SUPPORT_RESOURCES | set(SUPPORT_MODIFIED_ONLY)
            key_on, key_off = on.properties("StackKey"), off.properties("StackKey")
            assert {name for name in key_on if key_on[name] != key_off[name]} <= SUPPORT_MODIFIED_ONLY["StackKey"]
            assert SUPPORT_RESOURCES.isdisjoint(off.resources)


def test_a_grant_touches_policies_only() -> None:
    role = {Resource.SUPPORT_ROLE, Resource.SUPPORT_ROLE_POLICY}
    assert changed(new(), new(**GRANT)) == set(GRANT_RESOURCES) - role - {Resource.CLUSTER_ACCESS}
    cluster = {"EksClusterName": "cell-1", "EksAccessPolicy": "AmazonEKSViewPolicy"}
    every, cut = {"CreateSupportRole": "Yes", **cluster}, {"SupportSessionsNotBefore": "2026-11-01T00:00:00Z"}
    assert changed(new(**every), new(**every, **GRANT, **cut)) == set(GRANT_RESOURCES)
    assert changed(new(**GRANT), new(**GRANT, CreateSupportUser="No")) <= SUPPORT_RESOURCES | {"StackKey"}


@pytest.mark.parametrize(
    ("options", "attached"),
    [
        ({}, False),
        ({"SupportDefaultShell": "Yes"}, True),
        ({"SupportSsh": "Yes"}, True),
        (DATABASE, False),
        (DATABASE | {"SupportDatabaseLevel": "r"}, True),
    ],
)
def test_what_support_may_is_also_all_it_can_ever_do(options: dict[str, str], attached: bool) -> None:
    """The policy names neither: they name it, so a flip of one leaves it and the other alone."""
    stack = new(CreateSupportRole="Yes", **options)
    user, role = stack.properties("SupportUser"), stack.properties("SupportRole")
    assert user["PermissionsBoundary"] == role["PermissionsBoundary"] == "<SupportSessionPolicy>"
    assert role["ManagedPolicyArns"] == ["<SupportSessionPolicy>"]
    assert user["ManagedPolicyArns"] == (["<SupportSessionPolicy>"] if attached else [])
    assert {"Users", "Roles", "Groups"}.isdisjoint(stack.properties("SupportSessionPolicy"))


def test_the_policy_that_people_copy_stands_in_its_block() -> None:
    """The vendor's page tells them to copy the PolicyDocument of SupportUserPolicy."""
    policy = new(**GRANT, CreateSupportRole="Yes").properties("SupportUserPolicy")["PolicyDocument"]
    assert [statement["Action"] for statement in policy["Statement"]] == [
        "ssm:StartSession",
        "ssm:StartSession",
        "ssm:ResumeSession",
        "ssm:TerminateSession",
        "ssmmessages:OpenDataChannel",
        ["ec2:DescribeInstances", "ssm:DescribeInstanceInformation", "ssm:GetConnectionStatus"],
        "sts:GetSessionToken",
    ]


def test_every_reference_holds_in_every_case() -> None:
    """Rendering fails on a reference to a resource that does not exist."""
    choices = {
        "CreateSupportUser": ["Yes", "No"],
        "AdminPassword": ["", "correct-horse-battery"],
        "SupportUserName": ["", "vendor"],
        "ImageId": ["", "ami-0123456789abcdef0"],
        "VendorAccounts": ["", "444455556666"],
        "SupportAccessUntil": [NO_END, "2026-12-01T00:00:00Z"],
    }
    for values in product(*choices.values()):
        given = dict(zip(choices, values, strict=True)) | {"VendorPrincipals": GRANT["VendorPrincipals"]}
        stack = ours(**CLI_CREATES | given)
        whole(stack)
        stack.outputs()


def test_no_resource_hangs_on_an_attribute() -> None:
    """CloudFormation would list it in the change set of everything that changes what it refers to. The one exception is
    the bastion's group: CloudFormation takes a launch template by the number of its version alone."""
    resources = template_dict()["Resources"]
    del resources["BastionGroup"]["Properties"]["LaunchTemplate"]["Version"]
    assert "Fn::GetAtt" not in json.dumps(resources)


def test_the_image_is_the_one_given_or_the_one_looked_up() -> None:
    assert new(ImageId="ami-0123456789abcdef0").properties("Instance")["ImageId"] == "ami-0123456789abcdef0"
    assert new().properties("Instance")["ImageId"] == "<InstanceImage>"


def test_a_new_instance_is_hardened() -> None:
    instance = new().properties("Instance")
    assert instance["MetadataOptions"] == {
        "HttpTokens": "required",
        "HttpEndpoint": "enabled",
        "HttpPutResponseHopLimit": 1,
    }
    assert [interface["AssociatePublicIpAddress"] for interface in instance["NetworkInterfaces"]] == [False]
    assert "SubnetId" not in instance
    assert "SecurityGroupIds" not in instance
    ebs = instance["BlockDeviceMappings"][0]["Ebs"]
    assert (ebs["Encrypted"], ebs["DeleteOnTermination"], ebs["VolumeType"]) == (True, False, "gp3")
    assert {"Key": "deepsql:managed", "Value": "true"} in instance["Tags"]


@pytest.mark.parametrize("given", [{}, {"SupportUserName": "vendor"}, {"AdminPassword": "correct-horse-battery"}])
def test_no_name_is_fixed(given: dict[str, str]) -> None:
    """Two stacks in one account, or one in two regions, never meet."""
    names = {"RoleName", "InstanceProfileName", "ManagedPolicyName", "Name", "LogGroupName"}
    stack = new(**given)
    # Named after the instance, and on a role of a made-up name: there is one of each.
    unique = {"ShellDocument", "CustomerShellDocument", "PortDocument", "SshDocument", "KeeperSupportPolicy"}
    assert {name for name in stack.resources if names & set(stack.properties(name))} == unique
    assert "FunctionName" not in stack.properties("KeeperFunction")
    assert stack.properties("SupportUser").get("UserName") == given.get("SupportUserName")


def test_a_cluster_is_entered_only_where_it_is_named_with_a_policy() -> None:
    named = {"EksClusterName": "cell-1", "EksAccessPolicy": "AmazonEKSViewPolicy"}
    assert Resource.CLUSTER_ACCESS not in new(**GRANT).resources
    assert [one for one in named if Resource.CLUSTER_ACCESS in new(**GRANT, **{one: named[one]}).resources] == []
    assert Resource.CLUSTER_ACCESS not in new(**named).resources, "only while a grant names somebody"
    entry = new(**GRANT, **named).properties("ClusterAccess")
    assert (entry["ClusterName"], entry["PrincipalArn"].rpartition("/")[2]) == ("cell-1", "<InstanceRole>")


@pytest.mark.parametrize(("partition", "region"), PARTITIONS)
def test_every_arn_is_of_the_stacks_own_partition(partition: str, region: str) -> None:
    given = {"VendorAccounts": "444455556666", "VendorPrincipals": "x", "AdminPassword": "correct-horse-battery"}
    stack = ours(partition, region, **CLI_CREATES | given)
    text = json.dumps({name: body for name, body in whole(stack).items() if name != "KeeperFunction"})
    assert f"arn:{partition}:" in text
    others = {f"arn:{other}:" for other, _ in PARTITIONS} - {f"arn:{partition}:"}
    assert [other for other in others if other in text] == []
    suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    assert f'"secretsmanager.{region}.{suffix}"' in text


def test_the_admin_secret_is_the_bare_password() -> None:
    assert new(AdminPassword="correct-horse-battery").properties("AdminSecret")["SecretString"] == (
        "correct-horse-battery"
    )
    made = new().properties("AdminSecret")
    assert "SecretString" not in made
    assert "SecretStringTemplate" not in made["GenerateSecretString"]


def test_the_support_secret_is_made_empty() -> None:
    for stack in (new(), adopted(**PUBLISHED_STACK)):
        assert {"SecretString", "GenerateSecretString"}.isdisjoint(stack.properties("SupportCredentialsSecret"))


def test_what_holds_state_outlives_mistakes() -> None:
    resources = template_dict()["Resources"]
    assert {name for name in resources if resources[name].get("DeletionPolicy") == "RetainExceptOnCreate"} == {
        "StackKey",
        "SessionLogGroup",
        "KeeperLogGroup",
    }
    assert resources["Instance"]["UpdateReplacePolicy"] == "Retain"
    assert set(resources) >= PROTECTED_RESOURCES


@pytest.mark.parametrize("days", ["30", "3653"])
def test_the_record_of_revocations_lives_as_long_as_the_session_log(days: str) -> None:
    stack = new(SessionLogRetentionDays=days)
    assert [stack.properties(name)["RetentionInDays"] for name in ("SessionLogGroup", "KeeperLogGroup")] == [days] * 2


PATTERNED = {field.name for field in FIELDS if "AllowedPattern" in dict(field.limits)} - {"AdminPassword"}


@pytest.mark.parametrize("name", sorted(PATTERNED))
@pytest.mark.parametrize("wild", ["*", "?", "a*", "arn:aws:iam::*:root", "arn:aws:iam::444455556666:role/*"])
def test_no_parameter_but_a_password_takes_a_wildcard(name: str, wild: str) -> None:
    assert not fits(name, wild)


def test_the_key_goes_before_the_user() -> None:
    """CloudFormation removes in reverse: the keeper still has its permissions when it deletes the keys."""
    stack = new()
    assert stack.properties("SupportKey")["UserName"] == "<SupportUser>"
    assert stack.template["Resources"]["SupportKey"]["DependsOn"] == ["KeeperSupportPolicy"]


def test_a_tunnel_reaches_the_listed_ports_only() -> None:
    content = new(SupportPorts="3035,5432").properties("PortDocument")["Content"]
    assert content["parameters"]["portNumber"]["allowedPattern"] == "^(3035|5432)$"
    assert "host" not in content["properties"]


@pytest.mark.parametrize("shell", ["ShellDocument", "CustomerShellDocument"])
def test_a_shell_is_always_logged_and_encrypted(shell: str) -> None:
    inputs = new().properties(shell)["Content"]["inputs"]
    assert inputs["cloudWatchLogGroupName"] == "<SessionLogGroup>"
    assert inputs["cloudWatchEncryptionEnabled"] is True
    assert inputs["cloudWatchStreamingEnabled"] is True
    assert new().properties("SessionLogGroup")["KmsKeyId"].endswith(":key/<StackKey>")


def test_only_supports_shell_has_a_limit_and_it_is_an_hour_unless_set() -> None:
    def minutes(document: str, stack: Rendered) -> object:
        return stack.properties(document)["Content"]["inputs"].get("maxSessionDuration")

    for stack, lasts in ((new(), "60"), (new(SupportSessionMinutes="90"), "90"), (adopted(**PUBLISHED_STACK), "60")):
        assert str(minutes("ShellDocument", stack)) == lasts
        assert minutes("CustomerShellDocument", stack) is None
    limits = template_dict()["Parameters"]["SupportSessionMinutes"]
    assert (limits["Type"], limits["MinValue"], limits["MaxValue"]) == ("Number", 1, 480)


def test_every_end_is_the_one_that_the_stack_has() -> None:
    """Without one it is a date far away, which spares each policy a condition."""
    for given, end in ((GRANT, GRANT["SupportAccessUntil"]), ({"VendorAccounts": "444455556666"}, NO_END)):
        text = json.dumps(whole(new(**given, CreateSupportRole="Yes", SupportSsh="Yes")))
        assert text.count('"aws:CurrentTime"') == text.count(f'{{"aws:CurrentTime": "{end}"}}') >= 10


def test_the_stack_has_no_database_resources_by_default() -> None:
    assert not {"DatabaseIngress", "DatabaseDocument"} & set(new().resources)


def test_the_ingress_rule_admits_the_stacks_own_group_at_the_databases_port() -> None:
    door = new(DatabaseSecurityGroupId="sg-0a1b2c3d", DatabasePort="3306").properties("DatabaseIngress")
    assert (door["GroupId"], door["SourceSecurityGroupId"]) == ("sg-0a1b2c3d", "<InstanceSecurityGroup>")
    assert (door["IpProtocol"], str(door["FromPort"]), str(door["ToPort"])) == ("tcp", "3306", "3306")


def test_the_databases_document_leads_to_its_endpoint_and_lets_nobody_choose_another() -> None:
    document = new(DatabaseEndpoint="db.example.com").properties("DatabaseDocument")
    assert document["Name"] == "deepsql-database-<Instance>"
    content = document["Content"]
    assert (content["properties"]["host"], str(content["properties"]["portNumber"])) == ("db.example.com", "5432")
    assert set(content["parameters"]) == {"localPortNumber"}


def test_an_access_level_of_support_changes_what_it_may_and_nothing_else() -> None:
    none, read, write = (new(**DATABASE, SupportDatabaseLevel=level) for level in ("none", "r", "w"))
    assert changed(none, read) == {"SupportSessionPolicy", "SupportUser"}
    assert changed(read, write) == {"SupportSessionPolicy"}
    assert changed(new(**DATABASE), new(**DATABASE, SupportDatabaseLevel="none")) == set()


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({}, False),
        ({"SupportDatabaseLevel": "none"}, False),
        (DATABASE | {"SupportDatabaseLevel": "o"}, False),
        ({"SupportDatabaseLevel": "o"}, True),
        (DATABASE | {"SupportDatabaseLevel": "o", "DatabaseResourceId": ""}, True),
        (DATABASE | {"SupportDatabaseLevel": "o", "DatabaseEndpoint": ""}, True),
    ],
)
def test_the_form_refuses_an_access_level_without_a_database(given: dict[str, str], refused: bool) -> None:
    rule, stack = template_dict()["Rules"]["SupportDatabaseIsKnown"], new(**given)
    [assertion] = rule["Assertions"]
    assert (stack.is_true(rule["RuleCondition"]) and not stack.is_true(assertion["Assert"])) is refused
