"""Support's way to the customer's database: one user, one document, one hop, until the end, where it is given."""

from __future__ import annotations

from dataclasses import replace

from tests.proof.resolve import ACCOUNT, CLUSTER
from tests.proof.tables.support import ANOTHER_INSTANCE, INSTANCE, SHELL, START, UNCHECKED, UNTAGGED
from tests.proof.world import AFTER, Row, at, may, may_not, table, tagged

SIGN_IN, TUNNEL = "rds-db:connect", "<DatabaseDocument>"
AS_INSTANCE = CLUSTER.replace("cluster", "db")
CLUSTER_ARN = f"arn:aws:rds:us-east-1:{ACCOUNT}:cluster:app"
BASTION = UNTAGGED | tagged("deepsql-selfhost", "deepsql:bastion")


def user(name: str, resource: str = CLUSTER, region: str = "us-east-1", account: str = ACCOUNT) -> str:
    return f"arn:aws:rds-db:{region}:{account}:dbuser:{resource}/{name}"


MINE = user("deepsql-support_r")


def way(who: str) -> list[Row]:
    """The same for the user and for the role."""
    rows = table(
        "support's database",
        who,
        may("sign in as support's user of that access level", SIGN_IN, MINE),
        may("use the database's tunnel on the stack's instance", START, INSTANCE, TUNNEL),
        may("still open a shell", START, INSTANCE, SHELL),
        may_not("sign in with the writers' access level", SIGN_IN, user("deepsql-support_w")),
        may_not("sign in with the operators' access level", SIGN_IN, user("deepsql-support_o")),
        may_not("sign in without an access level", SIGN_IN, user("deepsql-support")),
        may_not("sign in as a user whose name goes on", SIGN_IN, user("deepsql-support_read")),
        may_not("sign in as one of the customer's people", SIGN_IN, user("alice_r")),
        may_not("sign in as the master user", SIGN_IN, user("postgres")),
        may_not("sign in to another database", SIGN_IN, user("deepsql-support_r", "cluster-ANOTHER")),
        may_not("sign in to an instance called alike", SIGN_IN, user("deepsql-support_r", AS_INSTANCE)),
        may_not("sign in in another region", SIGN_IN, user("deepsql-support_r", region="eu-west-1")),
        may_not("sign in in another account", SIGN_IN, user("deepsql-support_r", account="777788889999")),
        may_not("sign in after the end", SIGN_IN, MINE, given=at(AFTER)),
        may_not("use the tunnel after the end", START, TUNNEL, given=at(AFTER)),
        may_not("use the tunnel while documents are not checked", START, TUNNEL, given=UNCHECKED),
        may_not("use the tunnel on another instance", START, ANOTHER_INSTANCE, TUNNEL),
        may_not("use the tunnel on the bastion", START, ANOTHER_INSTANCE, TUNNEL, given=BASTION),
        may_not("look databases up", "rds:DescribeDBClusters", CLUSTER_ARN),
        may_not("change the database", "rds:ModifyDBCluster", CLUSTER_ARN),
        may_not("read the database's master secret", "secretsmanager:GetSecretValue",
                "<secretsmanager>:secret:rds!cluster-1-AbCdEf"),
    )  # fmt: skip
    return [
        *(replace(row, stack="support's database") for row in rows),
        *table(
            "support's database",
            who,
            may_not("sign in where it was given no access level", SIGN_IN, MINE, stack="database without level"),
            may_not("sign in without a level", SIGN_IN, user("deepsql-support_none"), stack="database without level"),
            may_not("use the tunnel where it was given no access level", START, TUNNEL, stack="database without level"),
            may_not("sign in where the database is not named", SIGN_IN, MINE, stack="database without an id"),
            may_not("use the tunnel where the database is not named", START, TUNNEL, stack="database without an id"),
            may_not("sign in where the endpoint is not named", SIGN_IN, MINE, stack="database without an endpoint"),
        ),
    ]  # fmt: skip


CAPPED = [
    replace(row, stack="support's database")
    for who in ("support with administrator rights", "support role with administrator rights")
    for row in table(
        "support's database",
        who,
        may("sign in as support's user", SIGN_IN, MINE),
        may_not("sign in with another access level", SIGN_IN, user("deepsql-support_w")),
        may_not("sign in as one of the customer's people", SIGN_IN, user("alice_o")),
        may_not("sign in to another database", SIGN_IN, user("deepsql-support_r", "cluster-ANOTHER")),
        may_not("sign in after the end", SIGN_IN, MINE, given=at(AFTER)),
    )
]
ROWS: list[Row] = [*way("support"), *way("support role"), *CAPPED]
