"""RDS: clusters and instances, and the tokens that open them."""

from __future__ import annotations

from generator.errors import NotFound
from generator.gateway.service import Answer, Service
from generator.gateway.translate import translated
from generator.model.arn import Arn
from generator.model.database import Database, Engine


class RDS(Service):
    """Domain verbs over the RDS API."""

    def describe_databases(self) -> list[Database]:
        """Every Aurora cluster and every instance outside one, of the engines we speak, by name."""
        clusters = [c for page in self._pages("describe_db_clusters") for c in page["DBClusters"]]
        instances = [i for page in self._pages("describe_db_instances") for i in page["DBInstances"]]
        databases = [_cluster(raw) for raw in clusters] + [
            _instance(raw) for raw in instances if not raw.get("DBClusterIdentifier")
        ]
        return sorted((d for d in databases if d is not None), key=lambda database: database.name)

    def describe_database(self, name: str) -> Database:
        """One cluster or instance by its identifier or ARN. Raises NotFound, for an engine we do not speak too."""
        raw = self._find("describe_db_clusters", "DBClusterIdentifier", name, "DBClusters")
        database = _cluster(raw) if raw else None
        if database is None:
            raw = self._find("describe_db_instances", "DBInstanceIdentifier", name, "DBInstances")
            database = _instance(raw) if raw else None
        if database is None:
            raise NotFound(
                f"There is no PostgreSQL or MySQL database {name} in this account and region.",
                "List them with: deployer db list",
                code="database-not-found",
            )
        return database

    def generate_db_auth_token(self, endpoint: str, port: int, user: str) -> str:
        """A token for the real endpoint and port, made on this computer without a call to AWS.

        Whether it opens anything is decided when it is presented. Source: RDS user guide, "IAM authentication".
        """
        with translated("RDS", "generate_db_auth_token", {}, self._client):
            return str(self._client.generate_db_auth_token(DBHostname=endpoint, Port=port, DBUsername=user))

    def _find(self, operation: str, key: str, name: str, items: str) -> Answer | None:
        try:
            answers = self._call(operation, **{key: name})[items]
        except NotFound:
            return None
        return answers[0] if answers else None


def _cluster(raw: Answer) -> Database | None:
    return _database(
        raw, raw["DBClusterIdentifier"], raw.get("Endpoint", ""), raw.get("Port"), raw.get("DbClusterResourceId", "")
    )


def _instance(raw: Answer) -> Database | None:
    at = raw.get("Endpoint") or {}  # absent while the instance is being made
    return _database(
        raw, raw["DBInstanceIdentifier"], at.get("Address", ""), at.get("Port"), raw.get("DbiResourceId", "")
    )


def _database(raw: Answer, name: str, endpoint: str, port: int | None, resource_id: str) -> Database | None:
    engine = Engine.of(raw.get("Engine", ""))
    if engine is None:
        return None
    arn = Arn.find(raw.get("DBClusterArn") or raw.get("DBInstanceArn") or "") or Arn("aws", "rds", "", "", "")
    return Database(
        name=name,
        engine=engine,
        endpoint=endpoint,
        port=port or engine.default_port,
        resource_id=resource_id,
        database=raw.get("DatabaseName") or raw.get("DBName") or "",
        region=arn.region,
        account=arn.account,
        partition=arn.partition,
        iam_enabled=bool(raw.get("IAMDatabaseAuthenticationEnabled", False)),
        is_cluster="DBInstanceIdentifier" not in raw,
        master_user=raw.get("MasterUsername", ""),
        master_secret=(raw.get("MasterUserSecret") or {}).get("SecretArn", ""),
    )
