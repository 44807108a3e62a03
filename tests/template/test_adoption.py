"""Another template's instance is carried over letter for letter, and what cannot be is refused by its name."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from generator.errors import DeployerError
from generator.lint.engine import lint_text
from generator.model.contract import FIXED_PROPERTIES, TEMPLATE_LIMIT_BYTES
from generator.template.adoption import Adopted, adopt, same_document
from generator.template.emit import emit, template_dict
from generator.template.yaml_document import entries, parse, same
from tests.template.rendered import PUBLISHED_FILE
from tests.template.values import values_of

PUBLISHED = PUBLISHED_FILE.read_text()
INVENTED = PUBLISHED.replace("#!/bin/bash", "#!/bin/bash -x").replace(
    "      MetadataOptions: {HttpTokens: required, HttpEndpoint: enabled}\n",
    """\
      MetadataOptions: {HttpTokens: required, HttpEndpoint: enabled}
      Monitoring: !FindInMap [Sizes, !Ref InstanceType, Monitored]
      CpuOptions: !If [Careful, {CoreCount: 0777, ThreadsPerCore: 1_000}, !Ref "AWS::NoValue"]
      DisableApiTermination: Yes
      PrivateIpAddress: 12:30:45
""",
)
INVENTED = INVENTED.replace("Conditions:\n", "Conditions:\n  Careful: !Equals [!Ref Mood, careful]\n")
INVENTED = INVENTED.replace("Resources:\n", "Mappings:\n  Sizes: {t4g.large: {Monitored: true}}\nResources:\n", 1)
INVENTED = INVENTED.replace("Parameters:\n", "Parameters:\n  Mood: {Type: String, Default: careful}\n", 1)
ADDED = """\
  Backup:
    Type: AWS::EC2::Volume
    Properties: {AvailabilityZone: !GetAtt Instance.AvailabilityZone, Size: !Ref BackupSize}
"""


def with_added(text: str, resource: str = ADDED) -> str:
    """The template with a resource that somebody added by hand, its parameter, its output and its export."""
    text = text.replace("Parameters:\n", "Parameters:\n  BackupSize: {Type: Number, Default: 8}\n", 1)
    text = text.replace("Outputs:\n", f"{resource}Outputs:\n  Backup: {{Value: !Ref Backup, Export: {{Name: b}}}}\n", 1)
    return text.replace("{Value: !Ref Instance}", "{Value: !Ref Instance, Export: {Name: machine}}")


@cache
def adopted(live: str) -> Adopted:
    return adopt(emit(), live)


def resource(text: str, name: str) -> Any:
    return entries(parse(text)["Resources"])[name]


def tree(text: str) -> Any:
    return values_of(text)


LIVE = {
    "published in flow style": "{" + ", ".join(f"{k}: {json.dumps(v)}" for k, v in tree(PUBLISHED).items()) + "}",
    "published with folded text": PUBLISHED.replace("!Sub |\n          #!", "!Sub >\n          #!"),
    "published": PUBLISHED,
    "published as JSON": json.dumps(tree(PUBLISHED)),
    "another version": INVENTED,
    "with something added": with_added(INVENTED),
    "ours": emit(),
}


@pytest.mark.parametrize("live", LIVE.values(), ids=LIVE)
def test_the_instance_stays_as_it_is_and_the_rest_is_ours(live: str) -> None:
    result = adopted(live)
    assert same(resource(result.text, "Instance"), resource(live, "Instance"))
    for name in ("KeeperFunction", "SupportSessionPolicy", "ShellDocument", "SupportUserPolicy"):
        assert same(resource(result.text, name), resource(emit(), name))
    assert "SupportAccessKey" not in tree(result.text)["Resources"]
    assert len(result.text.encode()) < TEMPLATE_LIMIT_BYTES
    assert same_document(adopt(emit(), result.text).text, result.text), "a second upgrade changes nothing"


@pytest.mark.parametrize("live", LIVE.values(), ids=LIVE)
def test_lint_knows_a_carried_template(live: str) -> None:
    assert [finding for finding in lint_text(adopted(live).text, "adopted") if finding.rule != "D0005"] == []


@pytest.mark.parametrize("spelling", ["0777", "1_000", "12:30:45", "DisableApiTermination: Yes", "#!/bin/bash -x"])
def test_what_a_parser_would_read_as_a_number_is_copied_as_it_is_written(spelling: str) -> None:
    assert spelling in INVENTED and spelling in adopted(INVENTED).text


def test_what_the_instance_uses_comes_with_it_and_what_it_does_not_use_goes() -> None:
    result = tree(adopted(INVENTED).text)
    assert result["Mappings"] == {"Sizes": {"t4g.large": {"Monitored": True}}}
    assert result["Conditions"]["Careful"] and result["Parameters"]["Mood"]["Default"] == "careful"
    assert {"ImageId", "InstallerVersion"}.isdisjoint(result["Parameters"])
    assert {"InstanceImage", "AdminSecret", "InstallSettings"}.isdisjoint(result["Resources"])
    assert "AdminSecretArn" not in result["Outputs"]
    assert "Default" not in result["Parameters"]["AdminPassword"], "a carried parameter keeps its live definition"


def test_what_somebody_added_stays_with_its_output_and_its_export() -> None:
    result = adopted(with_added(PUBLISHED))
    after = tree(result.text)
    assert result.added == ("Backup", "Backup")
    assert after["Resources"]["Backup"]["Properties"]["Size"] == {"Ref": "BackupSize"}
    assert after["Parameters"]["BackupSize"] == {"Type": "Number", "Default": 8}
    assert after["Outputs"]["Backup"]["Export"] == {"Name": "b"}
    assert after["Outputs"]["InstanceId"]["Export"] == {"Name": "machine"}, "another stack may import it"


@pytest.mark.parametrize(
    ("live", "why"),
    [
        (f"Transform: AWS::Serverless-2016-10-31\n{PUBLISHED}", "section Transform"),
        (PUBLISHED.replace("!Ref InstanceName}, {Key:", "{'Fn::Transform': {Name: x}}}, {Key:"), "Fn::Transform"),
        (f"{PUBLISHED}Fn::Transform: {{Name: x}}\n", "section Fn::Transform"),
        (PUBLISHED.replace("      MetadataO", "      Fn::Transform: {Name: x}\n      MetadataO"), "uses Fn::Transform"),
        (
            with_added(PUBLISHED).replace("Backup:", "DatabaseEndpoint:"),
            "resource DatabaseEndpoint has the name of a p",
        ),
        (PUBLISHED.replace("InstanceName", "StackKey"), "parameter StackKey has the name of a resource"),
        (
            with_added(PUBLISHED).replace("!Ref BackupSize", "!Sub '${SupportAccessKey.a_b}'"),
            "resource SupportAccessKey, which this version removes",
        ),
        (PUBLISHED.replace("AWS::EC2::SecurityGroup\n", "AWS::EC2::VPC\n"), "InstanceSecurityGroup is of type"),
        (PUBLISHED.replace("VolumeSizeGiB: {Type: Number", "VolumeSizeGiB: {Type: String"), "VolumeSizeGiB is of type"),
        (
            PUBLISHED.replace("  Instance:\n", "  Machine:\n").replace("Ref Instance}", "Ref Machine}"),
            "no DeepSQL stack",
        ),
        (
            INVENTED.replace("Careful", "WantSupportRole").replace("[!Ref Mood, careful]", "[!Ref Mood, 'Yes']"),
            "condition WantSupportRole says something else",
        ),
        (with_added(PUBLISHED, ADDED.replace("!Ref BackupSize", "!Ref SupportAccessKey")), "resource SupportAccessKey"),
        (
            with_added(PUBLISHED, ADDED + "  StackKey: {Type: 'AWS::KMS::Key'}\n"),
            "StackKey has the name of one that this version",
        ),
        (
            PUBLISHED.replace("Resources:\n", "Rules: {SubnetIsInTheVpc: {Assertions: []}}\nResources:\n", 1),
            "rule SubnetIsInTheVpc says something else",
        ),
        (PUBLISHED.replace("deepsql/support/${SupportUserName}", "deepsql/${Instance}"), "would wait for each other"),
        (
            PUBLISHED.replace('"{{resolve:ssm', "!Ref Image #").replace(
                "Parameters:\n", "Parameters:\n  Image: {Type: 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>'}\n", 1
            ),
            "AWS reads its parameter Image again",
        ),
        (
            with_added(PUBLISHED).replace("Value: !Ref Backup,", "Value: !GetAtt SupportAccessKey.SecretAccessKey,"),
            "resource SupportAccessKey, which this version removes",
        ),
    ],
)
def test_what_cannot_be_carried_over_is_refused_by_its_name(live: str, why: str) -> None:
    assert live != PUBLISHED
    with pytest.raises(DeployerError) as refused:
        adopt(emit(), live)
    assert refused.value.code == "not-adoptable" and why in refused.value.message
    assert ("another stack may be meant" in refused.value.hint) == (why == "no DeepSQL stack")


@pytest.mark.parametrize(
    "text", ["", "- a", "Resources: [", "{", "A: &x 1\nB: *x", "A: {B: 1, B: 2}", '{"A": null}', '{"A": "\\ud83d"}']
)
def test_a_text_that_is_no_template_is_one_sentence(text: str) -> None:
    with pytest.raises(DeployerError, match=r"The template cannot be read: .*\."):
        adopt(emit(), text)


def test_the_keys_policy_follows_the_name_of_the_secret() -> None:
    policy = json.dumps(tree(adopted(PUBLISHED).text)["Resources"]["StackKey"])
    assert "deepsql/support/${SupportUserName}" in policy and "*SupportCredentialsSecret-*" not in policy
    assert "*SupportCredentialsSecret-*" in json.dumps(tree(adopted(emit()).text)["Resources"]["StackKey"])


def test_the_parameters_that_reach_the_instance_are_known() -> None:
    published, ours = adopted(PUBLISHED), adopted(emit())
    assert published.rereads_image and not ours.rereads_image
    reach = {"VpcId", "SubnetId", "InstanceType", "VolumeSizeGiB", "InstanceName"}
    assert published.fixed == reach | {"AdminEmail", "AdminPassword"}
    assert ours.fixed == reach | {"ImageId"}
    assert adopted(INVENTED).fixed == published.fixed | {"Mood"}, "by the condition of a property"


IMAGE = '"{{resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64}}"'
PUBLISHED_TEMPLATE = """\
  Shape:
    Type: AWS::EC2::LaunchTemplate
    Properties: {LaunchTemplateData: {ImageId: "{{resolve:ssm:/image}}", KeyName: !Ref SubnetId}}
"""


@pytest.mark.parametrize(
    "live",
    [
        PUBLISHED.replace(IMAGE, "!FindInMap [Images, arm, id]").replace(
            "Conditions:\n", "Mappings: {Images: {arm: {id: '{{resolve:ssm:/image}}'}}}\nConditions:\n", 1
        ),
        PUBLISHED.replace(IMAGE, "!Ref Image").replace(
            "Parameters:\n", "Parameters:\n  Image: {Type: String, Default: '{{resolve:ssm:/image}}'}\n", 1
        ),
        PUBLISHED.replace(f"ImageId: {IMAGE}", "LaunchTemplate: {LaunchTemplateId: !Ref Shape, Version: '1'}").replace(
            "Outputs:\n", f"{PUBLISHED_TEMPLATE}Outputs:\n", 1
        ),
    ],
    ids=["mapping", "default", "launch template"],
)
def test_a_dynamic_reference_is_found_wherever_the_instance_has_it_from(live: str) -> None:
    assert IMAGE not in live and adopted(live).rereads_image


@pytest.mark.parametrize("block", [">-2\n          two\n        x", "|1-\n         two\n        x"])
def test_a_block_of_written_out_indentation_is_copied(block: str) -> None:
    live = PUBLISHED.replace("      MetadataOptions:", f"      KeyName: {block}\n      MetadataOptions:")
    assert same(resource(adopted(live).text, "Instance"), resource(live, "Instance"))


def test_the_numbers_of_a_json_template_are_copied() -> None:
    live = json.dumps(tree(with_added(PUBLISHED))).replace('"Size": {"Ref": "BackupSize"}', '"Size": 0.50')
    assert "Size: 0.50" in adopted(live).text


def test_a_condition_in_metadata_is_text() -> None:
    live = PUBLISHED.replace("AWS::EC2::Instance\n", "AWS::EC2::Instance\n    Metadata: {Note: {Condition: good}}\n")
    assert same(resource(adopted(live).text, "Instance"), resource(live, "Instance"))


def test_an_output_of_theirs_stays_where_ours_would_name_what_is_not_there() -> None:
    live = PUBLISHED.replace("Outputs:\n", "Outputs:\n  AdminSecretArn: {Value: theirs}\n")
    assert tree(adopted(live).text)["Outputs"]["AdminSecretArn"] == {"Value": "theirs"}


def test_resources_of_some_stacks_are_named_in_those_only() -> None:
    """A template of ours that made the installation's parts conditional: what names them comes under the condition."""
    live = tree(emit())
    live["Conditions"]["Installs"] = {"Fn::Equals": [{"Ref": "InstanceName"}, "x"]}
    for name in ("InstanceImage", "AdminSecret", "InstallSettings"):
        live["Resources"][name]["Condition"] = "Installs"
    after = tree(adopt(emit(), json.dumps(live)).text)
    policy = after["Resources"]["InstanceRole"]["Properties"]["Policies"][1]
    assert policy["Fn::If"][0] == "Installs" and policy["Fn::If"][1]["PolicyName"] == "deepsql-installation"
    assert after["Outputs"]["AdminSecretArn"]["Condition"] == "Installs"
    assert "DependsOn" not in after["Resources"]["InstanceProfile"], "CloudFormation takes none on a conditional one"


def test_the_fixed_properties_are_those_of_the_schemas() -> None:
    resources: Any = template_dict()["Resources"]
    for name, properties in FIXED_PROPERTIES.items():
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resources[name]["Type"]).schema
        assert {f"/properties/{key}" for key in properties} == set(schema["createOnlyProperties"])


def test_documents_are_compared_and_not_their_layout() -> None:
    assert same_document(PUBLISHED, json.dumps(tree(PUBLISHED)))
    assert same_document("A: [!GetAtt B.C, Yes]", '{"A": [{"Fn::GetAtt": ["B", "C"]}, true]}')
    assert not same_document(PUBLISHED, INVENTED)
    assert not same_document("A: 0777", "A: 511")
