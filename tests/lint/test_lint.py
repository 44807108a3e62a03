"""cfn-lint and the product's own rules, over our template, broken copies of it, and files of others."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode.decode import decode_str

from generator.errors import DeployerError, NotFound, UsageError
from generator.lint import engine
from generator.lint.batches import batches, statement_texts
from generator.lint.engine import lint_text, read_template
from generator.lint.rules import OF_FAILURE, OWN_RULES, rules
from generator.lint.sarif import to_json, to_sarif
from generator.lint.variants import Variants, decide, yes_no_combinations
from generator.model.lint import Finding, Level
from generator.template.emit import emit, template_dict
from tests.template.rendered import PUBLISHED_FILE

Change = Callable[[Any], object]
YES_NO = ["Yes", "No"]
FOREIGN = """
Parameters:
  Secret: {Type: String, NoEcho: true}
Resources:
  Topic: {Type: "AWS::SNS::Topic"}
"""


def broken_rules(change: Change) -> set[str]:
    """The product's own rules that speak when our template is changed like this."""
    template = copy.deepcopy(template_dict())
    change(template)
    text = json.dumps(template, separators=(",", ":"))
    return {info.id for info, check in OWN_RULES for _ in check(template, text)}


def test_our_template_is_clean_in_every_partition() -> None:
    assert lint_text(emit(), "ours", ("us-east-1", "us-gov-west-1", "cn-north-1")) == []


def test_every_combination_of_answers_is_linted() -> None:
    questions = [name for name, body in template_dict()["Parameters"].items() if body.get("AllowedValues") == YES_NO]
    combinations = yes_no_combinations(template_dict())
    assert {"CreateSupportUser", "CreateSupportRole", "SupportSsh"} <= set(questions)
    assert [list(answers) for answers in combinations] == [questions] * 2 ** len(questions)
    assert len({tuple(answers.values()) for answers in combinations}) == 2 ** len(questions)
    without = decide(template_dict(), {"CreateSupportUser": "No"})
    assert "SupportUser" not in without["Resources"]
    assert "WantVendorRead" not in json.dumps(without["Resources"])
    assert "Condition" not in decide(template_dict(), {"CreateSupportUser": "Yes"})["Resources"]["SupportUser"]


def test_what_is_wrong_with_one_answer_is_reported_once() -> None:
    text = """
Parameters: {DeployIt: {Type: String, AllowedValues: ["Yes", "No"]}}
Conditions:
  Wanted: !Equals [!Ref DeployIt, "Yes"]
  Unwanted: !Not [!Condition Wanted]
Resources:
  Topic: {Type: "AWS::SNS::Topic"}
  Queue:
    Type: AWS::SQS::Queue
    Properties: {DelaySeconds: !If [Unwanted, 1000000, 1]}
"""
    findings = lint_text(text, "a.yaml")
    assert [(finding.rule, finding.line) for finding in findings] == [("E3034", 10)]


def test_a_finding_of_the_whole_is_not_repeated_for_a_variant() -> None:
    template = copy.deepcopy(template_dict())
    template["Resources"]["SupportUser"]["Properties"]["Nonsense"] = "x"
    findings = lint_text(json.dumps(template, separators=(",", ":")), "a.json")
    assert [(finding.rule, finding.line is None) for finding in findings] == [("E3002", False)]


def test_an_answer_that_only_takes_statements_away_or_gives_other_texts_is_not_linted_again() -> None:
    text = (
        TWO_QUESTIONS
        + """
  Policy:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      Description: !Sub ["${Word} policy", {Word: !If [One, first, second]}]
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
        - {Sid: A, Effect: Allow, Action: "s3:GetObject", Resource: "*"}
        - !If [One, {Sid: B, Effect: Allow, Action: "s3:PutObject", Resource: "*"}, !Ref "AWS::NoValue"]
        - !If [Two, {Sid: C, Effect: Allow, Action: "s3:ListBucket", Resource: "*"}, !Ref "AWS::NoValue"]
        - {Sid: D, Effect: Allow, Action: "s3:*", Resource: [x, *one, *open]}
""".replace("*one", '!If [One, y, !Ref "AWS::NoValue"]').replace("*open", '!If [Open, z, !Ref "AWS::NoValue"]')
    )
    template, _ = decode_str(text)
    variants = Variants(template)
    changed = [(entry, answers) for answers in yes_no_combinations(template) for entry in variants.entries(answers)]
    made = batches(changed, statement_texts(template))
    assert [name for batch in made for _, name in batch.entries].count("Policy") == 1


TWO_QUESTIONS = """
Parameters:
  First: {Type: String, AllowedValues: ["Yes", "No"]}
  Second: {Type: String, AllowedValues: ["Yes", "No"]}
Conditions:
  One: !Equals [!Ref First, "Yes"]
  Two: !Equals [!Ref Second, "Yes"]
  Both: !And [!Condition One, !Condition Two]
  Open: !Equals [!Ref AWS::Region, us-east-1]
Outputs:
  Asked: {Value: !If [Both, a, !If [One, b, !If [Two, c, !If [Open, d, e]]]]}
Resources:
"""
ONLY_IN_COMBINATION = {
    "one key in two items": (
        """
  Topic:
    Type: AWS::SNS::Topic
    Properties:
      Tags: [{Key: a, Value: b}, !If [Two, {Key: a, Value: c}, !Ref "AWS::NoValue"]]
""",
        [("E3024", "Resources/Topic/Properties/Tags", "First=Yes, Second=Yes")],
    ),
    "a Sid of a statement that always stands and of one that does not": (
        """
  Policy:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
        - {Sid: Same, Effect: Allow, Action: ["s3:GetObject"], Resource: [!GetAtt Bucket.Arn]}
        - !If
          - One
          - {Sid: Same, Effect: Allow, Action: ["s3:PutObject"], Resource: [!GetAtt Bucket.Arn]}
          - !Ref AWS::NoValue
  Bucket: {Type: "AWS::S3::Bucket"}
""",
        [("E3510", "Resources/Policy/Properties/PolicyDocument/Statement", "First=Yes, Second=Yes")],
    ),
    "a Sid twice in an answer after one that has more statements": (
        """
  Policy:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
        - {Sid: Same, Effect: Allow, Action: ["s3:GetObject"], Resource: [!GetAtt Bucket.Arn]}
        - !If
          - One
          - {Sid: More, Effect: Allow, Action: ["s3:PutObject"], Resource: [!GetAtt Bucket.Arn]}
          - {Sid: Same, Effect: Allow, Action: ["s3:DeleteObject"], Resource: [!GetAtt Bucket.Arn]}
        - !If
          - Two
          - {Sid: Most, Effect: Allow, Action: ["s3:ListBucket"], Resource: [!GetAtt Bucket.Arn]}
          - !Ref AWS::NoValue
  Bucket: {Type: "AWS::S3::Bucket"}
""",
        [("E3510", "Resources/Policy/Properties/PolicyDocument/Statement", "First=No, Second=Yes")],
    ),
    "a value that the value beside it forbids": (
        """
  Database:
    Type: AWS::RDS::DBInstance
    DeletionPolicy: Delete
    UpdateReplacePolicy: Delete
    Properties:
      DBInstanceClass: !If [One, db.m1.small, db.r6g.large]
      Engine: !If [Two, aurora-mysql, postgres]
      ManageMasterUserPassword: true
      MasterUsername: someone
      AllocatedStorage: !If [Two, !Ref "AWS::NoValue", "20"]
""",
        [("E3025", "Resources/Database/Properties/DBInstanceClass", "First=Yes, Second=Yes")],
    ),
}


@pytest.mark.parametrize("kind", ONLY_IN_COMBINATION)
def test_what_only_a_combination_shows_is_reported_with_its_answers(kind: str) -> None:
    resources, expected = ONLY_IN_COMBINATION[kind]
    findings = lint_text(TWO_QUESTIONS + resources, "a.yaml")
    of_cfn_lint = [found for found in findings if found.rule.startswith("E")]
    assert [(found.rule, found.path, found.message.split(": ")[0]) for found in of_cfn_lint] == [
        (rule, path, f"With {case}") for rule, path, case in expected
    ]


def test_names_of_two_combinations_do_not_meet() -> None:
    """With Yes and No the topics are left and other, with No left and right: never one name for both."""
    resources = """
  First1: {Type: "AWS::S3::Bucket", Properties: {BucketName: !If [One, left, right]}}
  Second2:
    Type: AWS::S3::Bucket
    Properties: {BucketName: !If [Both, other, !If [One, right, more]]}
"""
    assert lint_text(TWO_QUESTIONS + resources, "a.yaml") == []


def test_a_fault_in_a_statement_is_reported_once_with_its_line_wherever_the_answers_move_it() -> None:
    resources = """
  Policy:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
        - {Sid: Always, Effect: Perhaps, Action: ["s3:GetObject"], Resource: ["*"]}
        - !If [One, {Sid: Sometimes, Effect: Deny, Action: ["s3:PutObject"], Resource: ["*"]}, !Ref "AWS::NoValue"]
        - !If [Two, {Sid: Moving, Effect: Never, Action: ["s3:PutObject"], Resource: ["*"]}, !Ref "AWS::NoValue"]
"""
    findings = lint_text(TWO_QUESTIONS + resources, "a.yaml")
    assert [(found.rule, found.line) for found in findings] == [("E3510", 20), ("E3510", 22)]


def test_a_reference_that_one_answer_breaks_is_reported() -> None:
    template = copy.deepcopy(template_dict())
    template["Outputs"]["SupportUserName"].pop("Condition")
    findings = [finding for finding in lint_text(json.dumps(template), "a.json") if finding.rule == "D0013"]
    without = [answers for answers in yes_no_combinations(template) if answers["CreateSupportUser"] == "No"]
    cases = [", ".join(f"{name}={answer}" for name, answer in answers.items()) for answers in without]
    assert [(finding.path, finding.message) for finding in findings] == [
        ("Outputs/SupportUserName/Value", f"With {case}: SupportUser does not exist.") for case in cases
    ]


PLANTED: dict[str, Change] = {
    "D0001": lambda t: t["Resources"]["KeeperSupportPolicy"]["Properties"]["PolicyDocument"]["Statement"].append(
        {"Sid": "Wide", "Effect": "Allow", "Action": ["iam:CreateUser"], "Resource": ["*"]}
    ),
    "D0002": lambda t: t["Resources"]["SupportSecretPolicy"]["Properties"]["ResourcePolicy"]["Statement"].append(
        {"Sid": "Open", "Effect": "Allow", "Principal": "*", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
    ),
    "D0003": lambda t: t["Outputs"].update(Told={"Value": {"Ref": "AdminPassword"}}),
    "D0004": lambda t: t["Resources"]["Instance"]["Properties"].update(
        UserData={"Fn::Base64": {"Fn::Sub": "echo ${AdminPassword}"}}
    ),
    "D0005": lambda t: t["Resources"].update(
        Key={"Type": "AWS::IAM::AccessKey", "Properties": {"UserName": {"Ref": "SupportUser"}}}
    ),
    "D0006": lambda t: t["Resources"]["KeeperSupportPolicy"]["Properties"]["PolicyDocument"]["Statement"].append(
        t["Resources"]["KeeperSupportPolicy"]["Properties"]["PolicyDocument"]["Statement"][0]
    ),
    "D0007": lambda t: t.update(Metadata={"Long": {"Text": "x" * 60_000}}),
    "D0008": lambda t: t["Resources"]["KeeperRole"]["Properties"].update(RoleName="keeper"),
    "D0009": lambda t: t["Resources"]["KeeperRole"]["Properties"].update(
        ManagedPolicyArns=["arn:aws:iam::aws:policy/ReadOnlyAccess"]
    ),
    "D0010": lambda t: t["Resources"]["Instance"]["Properties"].update(ImageId="{{resolve:ssm:/some/image}}"),
    "D0011": lambda t: t["Resources"]["StackKey"].pop("DeletionPolicy"),
    "D0012": lambda t: t["Parameters"]["SupportPorts"].pop("Default"),
}


@pytest.mark.parametrize("rule", PLANTED)
def test_each_rule_finds_what_it_is_for(rule: str) -> None:
    assert broken_rules(PLANTED[rule]) == {rule}


def test_one_sid_means_one_thing_in_our_template() -> None:
    """The statements of support are in two policies, word for word; a difference between them is a fault."""
    template = copy.deepcopy(template_dict())
    user: Any = template["Resources"]["SupportUserPolicy"]  # type: ignore[index]
    user["Properties"]["PolicyDocument"]["Statement"][3]["Action"] = "ssm:ResumeSession"
    findings = [f for f in lint_text(json.dumps(template), "ours") if f.rule == "D0006"]
    assert [f.message for f in findings] == ["The Sid EndOwnSessions stands for two different statements."]


def test_every_rule_has_a_planted_fault_a_title_and_a_source() -> None:
    assert [rule.id for rule in rules()] == ["D0000", *PLANTED, "D0013"]
    assert all(rule.title and rule.source for rule in rules())


def test_the_published_template_is_judged_by_the_same_rules() -> None:
    findings = lint_text(PUBLISHED_FILE.read_text(), "published-stack.yaml")
    assert {"D0001", "D0004", "D0005", "D0008", "D0009", "D0010"} <= {finding.rule for finding in findings}
    assert "D0012" not in {finding.rule for finding in findings}
    assert [finding.line for finding in findings] == sorted(finding.line or 0 for finding in findings)


def test_faults_of_a_foreign_template_are_reported_with_lines() -> None:
    findings = lint_text(FOREIGN, "foreign.yaml")
    assert [(finding.rule, finding.line) for finding in findings] == [("W2001", 3)]


@pytest.mark.parametrize(
    ("text", "lines", "says"),
    [
        ("", [None], "empty"),
        ("   \n", [None], "empty"),
        ("Resources: [", [2], "expected"),
        ("Resources:\n  A: 1\n  A: 2\n", [2, 3], "Duplicate"),
        ('{"Resources": ', [2], ""),
        ("just words", [1], ""),
        ("- a\n- b\n", [1], ""),
    ],
    ids=["empty", "blank", "open bracket", "key twice", "half json", "words", "list"],
)
def test_what_cannot_be_parsed_is_a_finding_at_each_place(text: str, lines: list[int | None], says: str) -> None:
    findings = lint_text(text, "a.yaml")
    assert [(finding.rule, finding.level, finding.line) for finding in findings] == [
        ("E0000", Level.ERROR, line) for line in lines
    ]
    assert all(says in finding.message and "\n" not in finding.message for finding in findings)


def test_what_is_too_large_for_cloudformation_is_refused_in_one_sentence() -> None:
    with pytest.raises(UsageError, match=r"^a\.yaml has 9\.5 MiB; CloudFormation takes no template above 1 MiB\.$"):
        lint_text("x" * 10_000_000, "a.yaml")


@pytest.mark.parametrize("kind", ["!Rain::Module x", "[a]", "{a: 1}", "12", "!Ref X", "~"])
def test_a_type_that_is_no_text_is_cfn_lints_to_report(kind: str) -> None:
    findings = lint_text(f"Resources:\n  A:\n    Type: {kind}\n", "a.yaml")
    assert findings and not {finding.rule for finding in findings} & {OF_FAILURE.id}


@pytest.mark.parametrize("conditions", ["{1: 2}", "{1: !Equals [a, b]}", "{true: x}", "{2001-01-01: x}", "{1.5: 1}"])
def test_a_name_that_is_no_text_is_named_and_stops_no_rule_of_ours(conditions: str) -> None:
    text = f"Conditions: {conditions}\n" + "Resources: {U: {Type: AWS::IAM::User, Properties: {UserName: me}}}\n"
    findings = lint_text(text, "a.yaml")
    assert [(each.rule, each.line) for each in findings if each.rule == "E0002"] == [("E0002", 1)], findings
    assert "D0008" in {each.rule for each in findings}


def test_what_stops_cfn_lint_is_a_finding_beside_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def stops(*_: object) -> Iterator[object]:
        yield from ()
        raise KeyError("nobody foresaw this")

    monkeypatch.setattr("cfnlint.runner.template.runner._run_template", stops)
    text = "Resources: {U: {Type: AWS::IAM::User, Properties: {UserName: me}}}\n"
    assert {finding.rule for finding in lint_text(text, "a.yaml")} == {"E0002", "D0008"}


def test_a_rule_that_fails_is_a_finding_and_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(template: Any, text: str) -> Any:
        raise KeyError("canary")

    (info, _), *others = OWN_RULES
    monkeypatch.setattr(engine, "OWN_RULES", ((info, fails), *others))
    findings = lint_text("Resources: {K: {Type: AWS::IAM::AccessKey, Properties: {NoSuch: 1}}}", "a.yaml")
    assert {"D0000", "D0005", "E3002"} <= {finding.rule for finding in findings}
    assert [finding.message for finding in findings if finding.rule == "D0000"] == [
        f"{info.id} failed with KeyError. This is a bug in deployer: report it with the template."
    ]


def test_a_name_that_is_no_iam_name_may_be_fixed() -> None:
    group = "Resources: {{G: {{Type: '{}', Properties: {{GroupName: fixed, GroupDescription: d}}}}}}"
    kinds = ("AWS::EC2::SecurityGroup", "AWS::IAM::Group")
    rules_of = [{f.rule for f in lint_text(group.format(kind), "a.yaml")} for kind in kinds]
    assert ["D0008" in rules for rules in rules_of] == [False, True]


def test_the_region_asked_for_is_the_region_that_is_judged() -> None:
    text = "Resources: {A: {Type: AWS::AppStream::User, Properties: {UserName: a, AuthenticationType: USERPOOL}}}"
    judged = {region: {f.rule for f in lint_text(text, "a.yaml", (region,))} for region in ("us-east-1", "af-south-1")}
    assert "E3006" not in judged["us-east-1"] and "E3006" in judged["af-south-1"]


def test_a_file_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    large, binary = tmp_path / "large.yaml", tmp_path / "binary.yaml"
    large.write_bytes(b"x" * 10_000_000)
    binary.write_bytes(b"\xff\xfe\x00")
    cases: list[tuple[Path, type[DeployerError], int]] = [
        (tmp_path / "missing.yaml", NotFound, 4),
        (tmp_path, UsageError, 2),
        (large, UsageError, 2),
        (binary, UsageError, 2),
    ]
    for path, kind, code in cases:
        with pytest.raises(kind, match=path.name) as caught:
            read_template(path)
        assert caught.value.exit_code == code
    good = tmp_path / "good.yaml"
    good.write_text(FOREIGN)
    assert read_template(good) == FOREIGN


def test_findings_in_other_tools_formats() -> None:
    findings = [
        Finding("D0001", Level.ERROR, "Wide.", "Resources/A", 7, "IAM"),
        Finding("W2001", Level.WARNING, "Unused.", "", None),
    ]
    found = [("templates/a.yaml", findings), ("templates/b.yaml", findings[:1])]
    sarif = to_sarif(found, "1.0")
    run = sarif["runs"][0]
    assert [result["level"] for result in run["results"]] == ["error", "warning", "error"]
    assert run["results"][0]["locations"][0]["physicalLocation"]["region"] == {"startLine": 7}
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["D0001", "W2001"]
    uris = [result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in run["results"]]
    assert uris == ["templates/a.yaml", "templates/a.yaml", "templates/b.yaml"]
    assert [(each["file"], each["level"]) for each in json.loads(json.dumps(to_json(found)))] == [
        ("templates/a.yaml", "error"),
        ("templates/a.yaml", "warning"),
        ("templates/b.yaml", "error"),
    ]
