"""From an error text of a database, its client or libpq to one sentence and the next step.

Of a refused token RDS says only "PAM authentication failed", so the reason is read from the token itself. Texts:
sources of PostgreSQL and libpq (fe-secure-openssl.c, auth.c), MySQL's error reference.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from datetime import datetime

from generator.errors import DeployerError
from generator.model.database import AccessLevel, Engine, Login, Route
from generator.operations.database.token import read_token
from generator.operations.database.user_names import level_of

Builder = Callable[[str, Login, Route], DeployerError]


def diagnose(text: str, login: Login, route: Route, now: datetime, sql: str = "") -> DeployerError:
    """The error for a failed connection, or for `sql`. `text` never contains the token: no server repeats it."""
    of_statement = bool(_STATEMENT.search(text))
    refused = r"PAM authentication failed|Access denied for user(?!.*(?:to database|is locked))"
    if not of_statement and re.search(refused, text):
        return _token_refused(login, now)
    if re.search(_NOT_ALLOWED_A_STATEMENT if of_statement else _NOT_ALLOWED, text):
        return _wrong_level(text, login, sql)
    for pattern, build in _ROWS_OF_STATEMENTS if of_statement else _ROWS:
        if re.search(pattern, text):
            return build(text, login, route)
    return DeployerError(
        f"The database {login.database.name} refused: {_first_line(text)}.",
        "See its log in the RDS console.",
        code="database-refused",
    )


def _token_refused(login: Login, now: datetime) -> DeployerError:
    database, facts = login.database, read_token(login.token)
    wanted = f"{database.endpoint}:{database.port}"
    if facts is None:
        message, hint = "The password that was sent is not an IAM token.", "Create one with: deployer db token"
    elif facts.expires < now:
        late = int((now - facts.expires).total_seconds() // 60) + 1
        message = f"The token expired {late} min ago: a token opens connections for 15 minutes."
        hint = "Create a new one with: deployer db token"
    elif facts.host != wanted:
        message = f"The token was signed for {facts.host}, but the database is {wanted}."
        hint = "Sign for the database's own endpoint and port, not for the tunnel's: deployer db token"
    elif facts.user != login.user:
        message = f"The token was signed for the user {facts.user}, but {login.user} signs in."
        hint = f"Create one with: deployer db token --user {login.user}"
    else:
        message = (
            f"{database.name} refuses {login.user}: the credentials lack rds-db:connect on "
            f"{_user_arn(login)}, or the key that signed the token is inactive or has expired."
        )
        if database.engine is Engine.MYSQL:  # its answer is the same for a user that does not exist
            message = f"{message[:-1]}, or there is no such user."
        hint = "Ask for the policy that deployer db policy prints; deployer db whoami shows your database users."
        return DeployerError(message, hint, code="iam-refused")
    return DeployerError(message, hint, code="token-refused")


def _user_arn(login: Login) -> str:
    """The user's ARN if all of it is known, else its name."""
    known = login.database.resource_id and login.database.account
    return login.database.user_arn(login.user) if known else f"the database user {login.user}"


def _wrong_host(text: str, login: Login, route: Route) -> DeployerError:
    named = re.search(r'certificate for "?([^"]+?)"? (?:\(and|does)', text)
    whose = f"is for {named[1]}" if named else "has another name"
    return DeployerError(
        f"The server's certificate {whose}, not for {login.database.endpoint}: this may be another database.",
        "Check that the tunnel leads to that endpoint; deployer never connects without this check.",
        code="wrong-host-name",
    )


def _wrong_authority(text: str, login: Login, route: Route) -> DeployerError:
    return DeployerError(
        f"No CA in {route.ca_bundle} has signed the certificate of {login.database.endpoint}.",
        "Give RDS's own bundle with --ca-bundle FILE (deployer db ca-bundle downloads it).",
        code="wrong-ca",
    )


def _no_bundle(text: str, login: Login, route: Route) -> DeployerError:
    return DeployerError(
        f"The CA bundle {route.ca_bundle} does not exist or cannot be read.",
        "Download it with: deployer db ca-bundle",
        code="ca-bundle-missing",
    )


def _no_tls(text: str, login: Login, route: Route) -> DeployerError:
    return DeployerError(
        f"{login.database.name} accepts {login.user} over TLS only, or not in this database.",
        "Keep sslmode=verify-full, and check the database's name with --dbname.",
        code="no-entry",
    )


def _password(text: str, login: Login, route: Route) -> DeployerError:
    level, database = level_of(login.user), login.database
    identity = login.user.rpartition("_")[0] if level else "NAME"
    which = [database.name] if database.name != database.endpoint else ["--endpoint", database.endpoint]
    return DeployerError(
        f"{database.name} asks for a password for {login.user}: the user does not exist, or lacks rds_iam.",
        "The master user creates it: deployer db bootstrap "
        + shlex.join([*which, "--for", f"{identity}={level.value if level else 'r'}"]),
        code="no-such-user",
    )


def _mariadb_client(text: str, login: Login, route: Route) -> DeployerError:
    return DeployerError(
        "The mysql on this computer is MariaDB's, which does not verify the server as Oracle's does.",
        "Install Oracle's (Ubuntu: apt install mysql-client; macOS: brew install mysql-client), or use --client none.",
        code="client-not-oracles",
    )


def _locked(text: str, login: Login, route: Route) -> DeployerError:
    """MySQL's answer for a locked user."""
    level = level_of(login.user)
    again = [login.database.name, "--for", f"{login.user.rpartition('_')[0]}={level.value}" if level else "NAME=r"]
    return DeployerError(
        f"{login.user} has no access to {login.database.name}: its account is locked.",
        f"The master user unlocks it: deployer db bootstrap {shlex.join(again)}",
        code="user-locked",
    )


def _unmanaged(text: str, login: Login, route: Route) -> DeployerError:
    """MySQL's answer for a user that our scripts refuse to change (mysql.py)."""
    named = re.search(r"the user (.*) exists and has no access level", text)
    return DeployerError(
        f"{login.database.name} has a user {named[1] if named else 'of that name'} without an access level, "
        "which was not changed.",
        "Choose another name.",
        code="no-access-level",
    )


def _no_database(text: str, login: Login, route: Route) -> DeployerError:
    return DeployerError(
        f"The server has no database {route.database}.", "Name another one with --dbname.", code="no-such-database"
    )


def _unreachable(text: str, login: Login, route: Route) -> DeployerError:
    return DeployerError(
        f"Nothing answers on {route.host}:{route.port}, the local end of the tunnel to {login.database.endpoint}.",
        "Check that the tunnel is open and the database is running.",
        code="tunnel-down",
    )


def _connection_closed(text: str, login: Login, route: Route) -> DeployerError:
    return DeployerError(
        f"The connection to {login.database.endpoint}:{login.database.port} was closed before the database answered.",
        "Check that it is running, and that its security group allows the instance or the bastion: "
        "deployer up --database-security-group-id sg-…",
        code="connection-cut",
    )


def _wrong_level(text: str, login: Login, sql: str) -> DeployerError:
    level = level_of(login.user)
    what = re.search(r"(?:permission denied|command denied|Access denied|must be )[^\n]*", text)
    meaning = f"the access level {level.value}, which {level.meaning}" if level else "no access level"
    wanted = _level_for(text, sql, level)
    return DeployerError(
        f"{login.user} may not do this ({what[0] if what else 'refused'}): it has {meaning}.",
        f"If your role allows it, use another access level: --permission {wanted}"
        if wanted
        else "No access level allows it (none creates, alters or truncates tables): only the owner or master user can.",
        code="wrong-access-level",
    )


def _level_for(text: str, sql: str, level: AccessLevel | None) -> AccessLevel | None:
    """The access level that may do what was refused; None if none may. PostgreSQL's text alone does not show
    TRUNCATE."""
    if re.search(_OPERATORS_REFUSAL, text):
        return None if level is AccessLevel.OPERATE else AccessLevel.OPERATE
    if _OWNERS.match(sql) or re.search(_OWNERS_REFUSAL, text):
        return None
    if not re.search(
        r"denied for (?:table|schema|sequence|view|relation)|(?:SELECT|INSERT|UPDATE|DELETE) command", text
    ):
        return None
    if level is AccessLevel.READ and (re.match(r"\s*SELECT\b", sql, re.IGNORECASE) or "SELECT command denied" in text):
        return None  # it can read everything already
    changes = re.match(r"\s*(?:INSERT|UPDATE|DELETE|MERGE|REPLACE)\b", sql, re.IGNORECASE)
    if changes or re.search(r"(?:INSERT|UPDATE|DELETE) command denied", text) or level is AccessLevel.READ:
        wanted = AccessLevel.WRITE
    else:
        wanted = AccessLevel.READ
    return None if wanted is level or level is AccessLevel.WRITE else wanted


def _interrupted(text: str, login: Login, route: Route) -> DeployerError:
    return DeployerError("The statement was canceled.", code="interrupted", exit_code=130)


def _ended(text: str, login: Login, route: Route) -> DeployerError:
    return DeployerError(
        f"Somebody ended this session in {login.database.name}.",
        "Connect again: deployer db connect",
        code="session-ended",
    )


def _lost(text: str, login: Login, route: Route) -> DeployerError:
    """MySQL does not tell a client that its session was killed: the connection is just closed."""
    return DeployerError(
        f"Somebody ended this session in {login.database.name}, or the connection was lost.",
        "Connect again: deployer db connect",
        code="session-ended",
    )


def _no_answer(text: str, login: Login, route: Route) -> DeployerError:
    return DeployerError(
        f"Port {login.database.port} of {login.database.endpoint} does not answer.",
        "Check the port, that the database is running, and that its security group allows the instance or the bastion: "
        "deployer up --database-security-group-id sg-…",
        code="connection-cut",
    )


def _no_table(text: str, login: Login, route: Route) -> DeployerError:
    return DeployerError(
        f"The statement failed in the database {route.database}: {_first_line(text)}.",
        "Check the name, or name another database with --dbname NAME.",
        code="statement-failed",
    )


def _statement(text: str, login: Login, route: Route) -> DeployerError:
    """The statement given with -c failed."""
    return DeployerError(
        f"The statement failed in {route.database}: {_first_line(text)}.",
        "Fix the statement. To explore the database: deployer db connect without -c",
        code="statement-failed",
    )


def _first_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()] or ["no reason was given"]
    line = next((line for line in lines if re.search(r"\b(ERROR|FATAL)\b", line)), lines[0])
    known = (
        r"^(psql: error: )?(connection (to server )?.*?failed: )*((FATAL|ERROR):\s+)?(ERROR \d+ \(\w+\) at line \d+: )?"
    )
    return re.sub(known, "", line.strip()).rstrip(".")


_NOT_ALLOWED = r"permission denied|command denied|must be (?:owner|a member|superuser)|Access denied; you need"
_NOT_ALLOWED_A_STATEMENT = rf"{_NOT_ALLOWED}|Access denied for user"
_OWNERS = re.compile(
    r"\s*(?:CREATE|ALTER|DROP|TRUNCATE|RENAME|GRANT|REVOKE|COMMENT|REINDEX|VACUUM|ANALYZE|REFRESH|SET\s+PASSWORD)\b",
    re.IGNORECASE,
)
_OPERATORS_REFUSAL = r"PROCESS privilege|rds_kill|pg_kill_connection|(?:terminate|cancel)(?: process| query|_backend)"
_OWNERS_REFUSAL = r"must be owner|(?:CREATE|ALTER|DROP|INDEX|GRANT|REFERENCES|TRIGGER)(?: \w+)? command denied"
_ROWS: tuple[tuple[str, Builder], ...] = (
    (r"terminating connection due to administrator command|Connection was killed", _ended),
    (r"unknown variable 'ssl-mode=", _mariadb_client),
    (r"does not match host name|Hostname mismatch|IP address mismatch", _wrong_host),
    (r"root certificate file|could not read root certificate|SSL error: no certificate|No such file", _no_bundle),
    (
        r"certificate verify failed|CERTIFICATE_VERIFY_FAILED|self-signed certificate|SSL error:",
        _wrong_authority,
    ),
    (r"no pg_hba.conf entry|pg_hba.conf rejects|Connections using insecure transport", _no_tls),
    (r"Account is locked", _locked),
    (r"the user .* exists and has no access level", _unmanaged),
    (r"password authentication failed|role \".*\" does not exist", _password),
    (r"database \".*\" does not exist|Unknown database|to database", _no_database),
    (r"Connection refused|Can't connect to MySQL", _unreachable),
    (r"timeout expired|timed out", _no_answer),
    (r"closed the connection unexpectedly|Lost connection|SSL SYSCALL error|Connection reset", _connection_closed),
)


# psql begins a statement's error with ERROR, and a connection's with its own name; mysql names the statement's line.
_STATEMENT = re.compile(r"^ERROR:\s|^ERROR \d+ \(\w+\) at line", re.MULTILINE)
_ROWS_OF_STATEMENTS: tuple[tuple[str, Builder], ...] = (
    (r"canceling statement due to user request|Query execution was interrupted", _interrupted),
    (r"terminating connection due to administrator command|Connection was killed", _ended),
    (r"Lost connection to MySQL server", _lost),
    (r"relation \".*\" does not exist|Table '.*' doesn't exist", _no_table),
    (r"", _statement),
)
