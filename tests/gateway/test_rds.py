"""RDS: what is found by which name, and what a token is signed for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from botocore.session import Session
from botocore.stub import Stubber

from generator.errors import NotFound
from generator.gateway.rds import RDS
from generator.model.database import Engine
from generator.operations.database.token import read_token
from generator.sandbox.database.token import TokenRefused, verify

HOST = "app.cluster-c1.eu-west-1.rds.amazonaws.com"
CLUSTER = {
    "DBClusterIdentifier": "app",
    "DBClusterArn": "arn:aws:rds:eu-west-1:111122223333:cluster:app",
    "DbClusterResourceId": "cluster-ABC",
    "Engine": "aurora-postgresql",
    "Endpoint": HOST,
    "Port": 5432,
    "DatabaseName": "shop",
    "IAMDatabaseAuthenticationEnabled": True,
    "MasterUsername": "master",
    "MasterUserSecret": {"SecretArn": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:rds!cluster-1"},
}
INSTANCE = {
    "DBInstanceIdentifier": "old",
    "DBInstanceArn": "arn:aws:rds:eu-west-1:111122223333:db:old",
    "DbiResourceId": "db-XYZ",
    "Engine": "mysql",
    "Endpoint": {"Address": "old.c1.eu-west-1.rds.amazonaws.com", "Port": 3307},
}
MEMBER = {**INSTANCE, "DBInstanceIdentifier": "app-1", "DBClusterIdentifier": "app", "Engine": "aurora-postgresql"}
ORACLE = {**INSTANCE, "DBInstanceIdentifier": "erp", "Engine": "oracle-ee"}


def client() -> object:
    session = Session()
    session.set_credentials("AKIDEXAMPLE", "secret", "a-session-token")
    return session.create_client("rds", region_name="eu-west-1")


@pytest.fixture
def stubbed() -> Iterator[tuple[RDS, Stubber]]:
    made = client()
    with Stubber(made) as stub:
        yield RDS(made), stub
        stub.assert_no_pending_responses()


def test_clusters_and_lone_instances_of_the_engines_we_speak(stubbed: tuple[RDS, Stubber]) -> None:
    rds, stub = stubbed
    stub.add_response("describe_db_clusters", {"DBClusters": [CLUSTER]})
    stub.add_response("describe_db_instances", {"DBInstances": [INSTANCE, MEMBER, ORACLE]})
    app, old = rds.describe_databases()
    assert (app.name, app.engine, app.endpoint, app.port, app.database) == (
        "app",
        Engine.POSTGRESQL,
        HOST,
        5432,
        "shop",
    )
    assert app.user_arn("alice_r") == "arn:aws:rds-db:eu-west-1:111122223333:dbuser:cluster-ABC/alice_r"
    assert app.master_secret.endswith("rds!cluster-1")
    assert (old.engine, old.port, old.iam_enabled, old.is_cluster) == (Engine.MYSQL, 3307, False, False)


def test_a_name_that_is_no_cluster_is_an_instance(stubbed: tuple[RDS, Stubber]) -> None:
    rds, stub = stubbed
    stub.add_client_error("describe_db_clusters", "DBClusterNotFoundFault", "DBCluster old not found.", 404)
    stub.add_response("describe_db_instances", {"DBInstances": [INSTANCE]}, {"DBInstanceIdentifier": "old"})
    assert rds.describe_database("old").resource_id == "db-XYZ"


def test_a_name_nobody_has_is_not_found(stubbed: tuple[RDS, Stubber]) -> None:
    rds, stub = stubbed
    stub.add_client_error("describe_db_clusters", "DBClusterNotFoundFault", "no", 404)
    stub.add_client_error("describe_db_instances", "DBInstanceNotFound", "no", 404)
    with pytest.raises(NotFound, match="no PostgreSQL or MySQL database gone"):
        rds.describe_database("gone")


def test_a_token_is_for_the_endpoint_port_and_user_and_its_signature_holds() -> None:
    token = RDS(client()).generate_db_auth_token(HOST, 5432, "alice+a@b_r")
    facts = read_token(token)
    assert facts is not None
    assert (facts.host, facts.user, facts.region, facts.access_key) == (
        f"{HOST}:5432",
        "alice+a@b_r",
        "eu-west-1",
        "AKIDEXAMPLE",
    )
    secrets = {"AKIDEXAMPLE": "secret"}
    now = datetime.now(UTC)
    claim = verify(token, host=HOST, port=5432, user="alice+a@b_r", secret_of=secrets.__getitem__, now=now)
    assert claim.session_token == "a-session-token"
    for broken in (
        token.replace("X-Amz-Signature=", "X-Amz-Signature=0"),
        token.replace("eu-west-1%2F", "eu-west-2%2F"),
    ):
        with pytest.raises(TokenRefused, match="signature"):
            verify(broken, host=HOST, port=5432, user="alice+a@b_r", secret_of=secrets.__getitem__, now=now)
