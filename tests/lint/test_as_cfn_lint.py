"""Whatever cfn-lint finds in a file, `lint` finds too: compared with the installed cfn-lint on the same files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from cfnlint.api import ManualArgs, lint_file

from generator.operations import templates

INNER = """
Parameters: {Size: {Type: String}}
Resources: {Topic: {Type: AWS::SNS::Topic, Properties: {DisplayName: !Ref Size}}}
"""
TOO_LONG = "Resources: {Topic: {Type: AWS::SNS::Topic}}\n" + ("#" * 100 + "\n") * 10_000
FILES = {
    "a nested stack with a wrong parameter": (
        """
Resources:
  Inner: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: inner.yaml, Parameters: {Siez: large}}}
""",
        {"E3043": 2},
    ),
    "more bytes than cfn-lint lets pass": (TOO_LONG, {"E1002": 1}),
    "SAM": (
        """
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Nonsense: 1}}
Resources:
  Function: {Type: AWS::Serverless::Function, Properties: {Handler: a.b, Runtime: python2.7, CodeUri: .}}
  Inner: {Type: AWS::Serverless::Application, Properties: {Location: inner.yaml, Parameters: {Siez: large}}}
""",
        {"E3043": 2},
    ),
    "a loop of LanguageExtensions": (
        """
Transform: AWS::LanguageExtensions
Resources:
  Fn::ForEach::Topics:
  - Name
  - [First, Second]
  - "Topic${Name}": {Type: AWS::SNS::Topic, Properties: {Nonsense: !Ref Name}}
""",
        {"E3002": 1},
    ),
    "checks that the template ignores": (
        """
Metadata: {cfn-lint: {config: {ignore_checks: [E3002]}}}
Resources: {Topic: {Type: AWS::SNS::Topic, Properties: {Nonsense: 1}}, Other: {Type: AWS::SNS::Nonsense}}
""",
        {"E3006": 1},
    ),
    "JSON": ('{"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"Nonsense": 1}}}}', {"E3002": 1}),
    "a bucket": ("Resources: {B: {Type: AWS::S3::Bucket, Properties: {AccessControl: Everyone}}}", {"E3030": 1}),
    "a function": (
        "Resources: {F: {Type: AWS::Lambda::Function, Properties: {Runtime: python2.7, Code: {ZipFile: a}}}}",
        {"E3003": 1},
    ),
    "a database": (
        "Resources: {D: {Type: AWS::RDS::DBInstance, Properties: {Engine: nonsense, DBInstanceClass: db.nonsense}}}",
        {"E3691": 1},
    ),
    "a resource of one's own": ("Resources: {C: {Type: Custom::Thing, Properties: {Free: 1}}}", {"E3003": 1}),
}


@pytest.mark.parametrize("kind", FILES)
def test_no_finding_of_cfn_lint_is_missing(kind: str, tmp_path: Path) -> None:
    text, expected = FILES[kind]
    (tmp_path / "inner.yaml").write_text(INNER)
    file = tmp_path / "a.yaml"
    file.write_text(text)
    theirs = Counter(match.rule.id for match in lint_file(file, ManualArgs(regions=["us-east-1"])))
    [report] = templates.lint([file]).reports
    ours = Counter(finding.rule for finding in report.findings)
    assert Counter(expected) <= theirs, "the file is not what its name says"
    assert theirs <= ours
