"""Settings for clients: verified TLS under the endpoint's own name, through the local end of the tunnel.

libpq and psycopg take `host` as the name to verify and `hostaddr` as the address to dial (PostgreSQL manual,
"Parameter Key Words"), so verify-full works through localhost. JDBC has no such pair: it verifies only the CA, or the
name too if the hosts file maps the endpoint's name to 127.0.0.1. MySQL's clients have none either: they verify the
tunnel's local end, which verifies the database. Only settings that need a token contain one.
"""

from __future__ import annotations

import shlex
from urllib.parse import quote, urlencode

from generator.errors import UsageError
from generator.model.database import ClientProgram, Database, Engine, Login, PrintFormat, Route

WITH_TOKEN = frozenset({PrintFormat.ENV, PrintFormat.PGPASS_ENTRY})
"""The forms that hold the token."""


def libpq(login: Login, route: Route) -> dict[str, str]:
    """The connection parameters of libpq, psql and psycopg, without the password."""
    return {
        "host": login.database.endpoint,
        "hostaddr": route.host,
        "port": str(route.port),
        "dbname": route.database,
        "user": login.user,
        "sslmode": "verify-full",
        "sslrootcert": route.ca_bundle,
        "gssencmode": "disable",
        "connect_timeout": "20",
        "application_name": "deployer",
    }


def conninfo(parameters: dict[str, str]) -> str:
    """The parameters as one libpq string (PostgreSQL manual, "Connection Strings")."""
    return " ".join(f"{key}={_conninfo_value(value)}" for key, value in parameters.items())


def _conninfo_value(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'" if not value or any(char in value for char in " '\\\t\n") else value


def client_argv(login: Login, route: Route) -> list[str]:
    """The command line of psql or mysql, without the password."""
    if login.database.engine is Engine.POSTGRESQL:
        return ["psql", conninfo(libpq(login, route))]
    options = [f"--host={route.host}", f"--port={route.port}", f"--user={login.user}"]
    options += [f"--ssl-ca={route.local_certificate}", "--ssl-mode=VERIFY_IDENTITY"]
    options += ["--enable-cleartext-plugin", "--protocol=TCP"]
    # Not as a positional argument: a project's file may name the database, and --execute can run programs.
    return ["mysql", *options, f"--database={route.database}"]


def client_environment(login: Login) -> dict[str, str]:
    """The variable from which the client reads the token; for the child process only.

    MySQL 8 no longer documents MYSQL_PWD but still reads it; an option file would write the token to disk.
    """
    return {"PGPASSWORD" if login.database.engine is Engine.POSTGRESQL else "MYSQL_PWD": login.token}


def printed(form: PrintFormat, login: Login, route: Route, again: str) -> list[str]:
    """The settings in that form; `again` is the command that prints another token. Raises UsageError.

    Only `pgpass-entry` and `env` contain the token.
    """
    require_printable(form, login.database.engine)
    if form is PrintFormat.DBEAVER:
        return _dbeaver(login, route, again)
    postgresql = login.database.engine is Engine.POSTGRESQL
    if form is PrintFormat.PGPASS_ENTRY:
        return [pgpass_entry(login, route)]
    return {
        PrintFormat.ENV: _env_postgresql if postgresql else _env_mysql,
        PrintFormat.URI: _uri,
        PrintFormat.JDBC: _jdbc,
    }[form](login, route)


def require_printable(form: PrintFormat | None, engine: Engine) -> None:
    """Raises UsageError for a form that the engine's clients do not have."""
    if form is PrintFormat.PGPASS_ENTRY and engine is Engine.MYSQL:
        raise UsageError("mysql has no pgpass file.", "Use --print env.")


def tls_of(form: PrintFormat, engine: Engine, route: Route) -> str:
    """What a client with the settings of `form` does not verify, by its documentation; "" if it verifies everything."""
    if form is PrintFormat.JDBC and engine is Engine.MYSQL:
        # Connector/J reference, "Connecting Securely Using SSL": trust stores are JKS or PKCS12, never PEM.
        return (
            "TLS of Connector/J: it cannot read PEM, so import the certificate of the tunnel's local end once "
            f"(keytool -importcert -file {shlex.quote(route.local_certificate)} -keystore STORE) and add "
            "&trustCertificateKeyStoreUrl=file:STORE&trustCertificateKeyStorePassword=…"
        )
    if form is PrintFormat.PGPASS_ENTRY:
        return "This line contains no TLS setting: give the client sslmode=verify-full and sslrootcert too."
    if engine is Engine.POSTGRESQL and form in (PrintFormat.JDBC, PrintFormat.DBEAVER):
        return "TLS of a client with these settings: it verifies the CA but not the endpoint's name."
    return ""


def tls_note(program: ClientProgram, form: PrintFormat | None, database: Database, route: Route) -> str:
    """What the client that is started, or configured by `form`, does not verify itself; "" if it verifies all."""
    if form:
        return tls_of(form, database.engine, route)
    if program is not ClientProgram.none:
        return ""
    if database.engine is Engine.POSTGRESQL:
        return f"Have your client verify the server's name: {database.endpoint}."
    return (
        f"TLS is verified for {database.endpoint} on each connection. Have your client verify {route.host}, with the "
        f"certificate {route.local_certificate}."
    )


def pgpass_entry(login: Login, route: Route) -> str:
    """A line of ~/.pgpass. libpq looks it up by `host`, the endpoint's name, even when it dials hostaddr."""
    fields = (login.database.endpoint, str(route.port), route.database, login.user, login.token)
    return ":".join(field.replace("\\", "\\\\").replace(":", "\\:") for field in fields)


def _env_postgresql(login: Login, route: Route) -> list[str]:
    parameters = libpq(login, route)
    names = {"host": "PGHOST", "hostaddr": "PGHOSTADDR", "port": "PGPORT", "dbname": "PGDATABASE", "user": "PGUSER"}
    names |= {"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT"}
    return [_export(name, parameters[key]) for key, name in names.items()] + [_export("PGPASSWORD", login.token)]


def _env_mysql(login: Login, route: Route) -> list[str]:
    """The token, and a function: mysql reads no user, database, CA or TLS mode from its environment."""
    command = shlex.join(client_argv(login, route))
    return [_export("MYSQL_PWD", login.token), f'deployer_mysql() {{ command {command} "$@"; }}']


def _export(name: str, value: str) -> str:
    quoted = value.replace("'", "'\\''")
    return f"export {name}='{quoted}'"


def _uri(login: Login, route: Route) -> list[str]:
    user, database = quote(login.user, safe=""), quote(route.database, safe="")
    if login.database.engine is Engine.MYSQL:
        query = urlencode({"ssl-mode": "VERIFY_IDENTITY", "ssl-ca": route.local_certificate})
        return [f"mysql://{user}@{route.host}:{route.port}/{database}?{query}"]
    chosen = {k: v for k, v in libpq(login, route).items() if k in ("hostaddr", "sslmode", "sslrootcert")}
    return [f"postgresql://{user}@{login.database.endpoint}:{route.port}/{database}?{urlencode(chosen)}"]


def _jdbc(login: Login, route: Route) -> list[str]:
    database = quote(route.database, safe="")
    if login.database.engine is Engine.MYSQL:
        tls = {"sslMode": "VERIFY_IDENTITY", "defaultAuthenticationPlugin": _CLEAR_PASSWORD}
        query = urlencode({"user": login.user, **tls})
        return [f"jdbc:mysql://{route.host}:{route.port}/{database}?{query}"]
    query = urlencode({"user": login.user, "sslmode": "verify-ca", "sslrootcert": route.ca_bundle})
    return [f"jdbc:postgresql://{route.host}:{route.port}/{database}?{query}"]


_CLEAR_PASSWORD = "com.mysql.cj.protocol.a.authentication.MysqlClearPasswordPlugin"  # noqa: S105 - a class name


def _dbeaver(login: Login, route: Route, again: str) -> list[str]:
    """The fields of DBeaver's dialog, as it labels them."""
    engine, tls = "PostgreSQL", [f"CA certificate:  {route.ca_bundle}", "SSL mode:        verify-ca"]
    if login.database.engine is Engine.MYSQL:
        engine, tls = "MySQL", [f"CA certificate:  {route.local_certificate}", "Verify server:   on"]
    return [
        f"Driver name:     {engine}",
        "Connect by:      Host",
        f"Host:            {route.host}",
        f"Port:            {route.port}",
        f"Database:        {route.database}",
        "Authentication:  Database Native",
        f"Username:        {login.user}",
        f"Password:        the token of {again} (15 minutes; do not save it)",
        "SSL:             on",
        *tls,
    ]
