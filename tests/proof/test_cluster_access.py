"""What the cluster's template gives the instance: it finds one cluster, and reaches its port. It opens nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.lint.engine import lint_text
from generator.model.template_name import TemplateName
from generator.template.cluster_access import build_cluster_access
from generator.template.emit import emit_named
from tests.proof.evaluator import Answer, text
from tests.proof.judge import judge
from tests.proof.people import Actor, role_session
from tests.proof.resolve import ACCOUNT, Stack
from tests.proof.world import World, may, may_not, table

GIVEN = {
    "ClusterName": "cell-1",
    "ClusterSecurityGroupId": "sg-0a1b2c3d",
    "InstanceRoleName": "deepsql-InstanceRole-1",
    "InstanceSecurityGroupId": "sg-0badcafe",
}
CLUSTER, FIND = "<eks>:cluster/cell-1", "eks:DescribeCluster"
ROWS = table(
    "cluster",
    "instance",
    may("find its cluster", "eks:DescribeCluster", CLUSTER),
    may_not("find another cluster", "eks:DescribeCluster", "<eks>:cluster/cell-2"),
    may_not("find one whose name goes on", "eks:DescribeCluster", "<eks>:cluster/cell-12"),
    may_not("find its name in another region", FIND, f"arn:aws:eks:eu-west-1:{ACCOUNT}:cluster/cell-1"),
    may_not("find its name in another account", FIND, "arn:aws:eks:us-east-1:777788889999:cluster/cell-1"),
    may_not("list what runs its nodes", "eks:ListNodegroups", CLUSTER),
    may_not("read what is in it by the console", "eks:AccessKubernetesApi", CLUSTER),
    may_not("give itself an access entry", "eks:CreateAccessEntry", CLUSTER),
    may_not("give itself more in its entry", "eks:AssociateAccessPolicy",
            f"<eks>:access-entry/cell-1/role/{ACCOUNT}/x/y"),
    may_not("open the cluster to the internet", "eks:UpdateClusterConfig", CLUSTER),
    may_not("change a security group", "ec2:AuthorizeSecurityGroupIngress", "<ec2>:security-group/sg-0a1b2c3d"),
)  # fmt: skip


class Beside(World):
    """The template alone; its policy is all that the instance has."""

    def __init__(self) -> None:
        super().__init__({})
        self._only = Stack(build_cluster_access().to_dict(), GIVEN)

    def stack(self, name: str) -> Stack:
        return self._only

    def actor(self, who: str, stack: str) -> Actor:
        policy = self._only.property("FindTheCluster", "PolicyDocument")
        return role_session(f"arn:aws:iam::{ACCOUNT}:role/deepsql-InstanceRole-1", "i-0a1b2c3d4e5f60718", text(policy))


@pytest.fixture(scope="module")
def answers() -> dict[str, Answer]:
    return judge(Beside(), ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_row(row: object, answers: dict[str, Answer]) -> None:
    assert answers[row.id].decision == row.expect, answers[row.id].why  # type: ignore[attr-defined]


def test_the_committed_file_is_what_is_emitted_and_clean_in_every_partition() -> None:
    emitted = emit_named(TemplateName.CLUSTER_ACCESS)
    assert (Path(__file__).parents[2] / TemplateName.CLUSTER_ACCESS.path).read_text() == emitted, "run: make generate"
    assert lint_text(emitted, "cluster", ("us-east-1", "us-gov-west-1", "cn-north-1")) == []


def test_only_https_from_the_instances_group_comes_into_the_clusters() -> None:
    stack = Stack(build_cluster_access().to_dict(), GIVEN)
    assert set(stack.resources) == {"FindTheCluster", "ApiServerIngress"}
    names = ("GroupId", "IpProtocol", "FromPort", "ToPort", "SourceSecurityGroupId", "CidrIp")
    rule = tuple(stack.property("ApiServerIngress", name) for name in names)
    assert rule == ("sg-0a1b2c3d", "tcp", 443, 443, "sg-0badcafe", None)
    assert stack.property("FindTheCluster", "RoleName") == "deepsql-InstanceRole-1"
