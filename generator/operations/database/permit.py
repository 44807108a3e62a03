"""The IAM policy with which a person may be one user of a database, through the stack's instance."""

from __future__ import annotations

from generator.errors import NotFound
from generator.gateway.aws import Gateway
from generator.operations.database.grades import person_of, user_name
from generator.operations.database.reach import Wish, find_database
from generator.operations.database.tunnel import way_of
from generator.policies.database import database_policy
from generator.policies.document import Document, plain


def permit(gateway: Gateway, wish: Wish) -> Document:
    """The policy for the user named, or the caller's own user of the grade: sign in, and the way there.

    Raises NotFound without the database's resource id: a policy without it would hold for every database.
    """
    database = find_database(gateway, wish)
    if not (database.resource_id and database.account):
        raise NotFound(
            f"The resource id of {database.name} is not known, and a policy without it would open every database.",
            "Ask somebody who may do rds:DescribeDBClusters, and name the database: deployer db policy NAME",
            code="resource-id-unknown",
        )
    user = wish.user or user_name(person_of(gateway.sts.get_caller_arn()), wish.grade, database.engine)
    instance, document = way_of(gateway, wish, database)
    at = f"{database.region}:{database.account}"
    begin = f"arn:{database.partition}"
    name = (
        f"{begin}:ssm:{database.region}:{'' if document.startswith('AWS-') else database.account}:document/{document}"
    )
    hop, sessions = f"{begin}:ec2:{at}:instance/{instance}", f"{begin}:ssm:{at}:session/*"
    made = database_policy([database.user_arn(user)], hop, name, sessions, database.region)
    return {key: plain(value) for key, value in made.items()}
