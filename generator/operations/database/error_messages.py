"""From an error text of a database, its client or libpq to one sentence and the next step.

Of a refused token RDS says only "PAM authentication failed", so the reason is read from the token itself. Texts:
sources of PostgreSQL and libpq (fe-secure-openssl.c, auth.c), MySQL's error reference.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from datetime import datetime

from generator.errors import DeployerError
from generator.model.database import AccessLevel, Engine, Login, Route
from generator.operations.database.token import read_token
from generator.operations.database.user_names import level_of

LOST = frozenset({"connection-lost", "connection-cut", "session-ended", "tunnel-down"})
"""The codes of a connection that ended, or was never there: it says nothing about what was asked."""


@dataclass(frozen=True)
class Row:
    """A text that `pattern` matches, and the error it means. Message and hint take the fields of `_fields`."""

    pattern: str
    message: str
    hint: str
    code: str
    exit_code: int | None = None


def diagnose(
    text: str, login: Login, route: Route, now: datetime, sql: str = "", *, signed_in: bool = False
) -> DeployerError:
    """The error for a failed connection, or for `sql`. `text` never contains the token: no server repeats it.

    `signed_in`: the connection was there, so that one which is cut has begun with what it was given to do.
    """
    if signed_in and re.search(_CUT, text):
        return DeployerError(
            f"The connection to {login.database.name} was lost before it answered: whether it has done what it was "
            "given to do is not known.",
            "Run the same command again: it does what is missing.",
            code="connection-lost",
        )
    of_statement = bool(_STATEMENT.search(text))
    refused = r"PAM authentication failed|Access denied for user(?!.*(?:to database|is locked))"
    if not of_statement and re.search(refused, text):
        return _token_refused(login, now)
    if re.search(_NOT_ALLOWED_A_STATEMENT if of_statement else _NOT_ALLOWED, text):
        return _wrong_level(text, login, sql)
    row = next(row for row in (_STATEMENT_ROWS if of_statement else _CONNECTION_ROWS) if re.search(row.pattern, text))
    fields = _fields(text, login, route)
    return DeployerError(
        row.message.format(**fields), row.hint.format(**fields), code=row.code, exit_code=row.exit_code
    )


def _fields(text: str, login: Login, route: Route) -> dict[str, object]:
    """What messages and hints may name."""
    certificate = re.search(r'certificate for "?([^"]+?)"? (?:\(and|does)', text)
    unmanaged = re.search(r"the user (.*) exists and has no access level", text)
    return {
        "name": login.database.name,
        "endpoint": login.database.endpoint,
        "port": login.database.port,
        "user": login.user,
        "ca_bundle": route.ca_bundle,
        "local": f"{route.host}:{route.port}",
        "dbname": route.database,
        "reason": _first_line(text),
        "certificate": f"is for {certificate[1]}" if certificate else "has another name",
        "unmanaged": unmanaged[1] if unmanaged else "of that name",
        "bootstrap": _bootstrap_command(login),
    }


def _bootstrap_command(login: Login) -> str:
    """The command with which the master user creates or unlocks the user of this login."""
    level, database = level_of(login.user), login.database
    which = [database.name] if database.name != database.endpoint else ["--endpoint", database.endpoint]
    levels = f"{login.user.rpartition('_')[0]}={level.value}" if level else "NAME=r"
    return f"deployer db bootstrap {shlex.join([*which, '--for', levels])}"


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


def _wrong_level(text: str, login: Login, sql: str) -> DeployerError:
    level = level_of(login.user)
    what = re.search(r"(?:permission denied|command denied|Access denied|must be )[^\n]*", text)
    meaning = f"the access level {level.value}, which {level.meaning}" if level else "no access level"
    wanted = _level_for(text, sql, level)
    return DeployerError(
        f"{login.user} may not do this ({what[0] if what else 'refused'}): it has {meaning}.",
        f"If your role allows it, use another access level: --permission {wanted}"
        if wanted
        else _only_the_owner(login.database.engine),
        code="wrong-access-level",
    )


def _only_the_owner(engine: Engine) -> str:
    if engine is Engine.MYSQL:
        return "Only the master user can; tables also a w that is not limited to data: db bootstrap --for NAME=w"
    return "Only the owner or master user can: no access level changes what others own, and w creates in own schemas."


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
_CUT = r"closed the connection unexpectedly|has been closed unexpectedly|server has gone away|"
_CUT += r"Lost connection|SSL SYSCALL error|Connection reset|unexpected eof"
_ENDED = Row(
    r"terminating connection due to administrator command|Connection was killed",
    "Somebody ended this session in {name}.",
    "Connect again: deployer db connect",
    "session-ended",
)
_CONNECTION_ROWS = (
    _ENDED,
    Row(
        r"unknown variable 'ssl-mode=",
        "The mysql on this computer is MariaDB's, which does not verify the server as Oracle's does.",
        "Install Oracle's (Ubuntu: apt install mysql-client; macOS: brew install mysql-client), or use --client none.",
        "client-not-oracles",
    ),
    Row(
        r"does not match host name|Hostname mismatch|IP address mismatch",
        "The server's certificate {certificate}, not for {endpoint}: this may be another database.",
        "Check that the tunnel leads to that endpoint; deployer never connects without this check.",
        "wrong-host-name",
    ),
    Row(
        r"root certificate file|could not read root certificate|SSL error: no certificate|No such file",
        "The CA bundle {ca_bundle} does not exist or cannot be read.",
        "Download it with: deployer db ca-bundle",
        "ca-bundle-missing",
    ),
    Row(
        r"certificate has expired|certificate is not yet valid",
        "The certificate of {endpoint} is not valid at this computer's time.",
        "Check this computer's clock; if it is right, have the database's certificate renewed in the RDS console.",
        "certificate-expired",
    ),
    Row(
        r"offers no TLS",
        "What answers for {endpoint} offers no TLS, so no login was sent to it.",
        "Check that the tunnel leads to that endpoint; deployer never connects without TLS.",
        "no-tls",
    ),
    Row(
        r"certificate verify failed|CERTIFICATE_VERIFY_FAILED|self-signed certificate|SSL error:(?! unexpected eof)",
        "No CA in {ca_bundle} has signed the certificate of {endpoint}.",
        "Give RDS's own bundle with --ca-bundle FILE (deployer db ca-bundle downloads it).",
        "wrong-ca",
    ),
    Row(
        r"no pg_hba.conf entry|pg_hba.conf rejects|Connections using insecure transport",
        "{name} accepts {user} over TLS only, or not in this database.",
        "Keep sslmode=verify-full, and check the database's name with --dbname.",
        "no-entry",
    ),
    Row(  # MySQL's answer for a locked user
        r"Account is locked",
        "{user} has no access to {name}: its account is locked.",
        "The master user unlocks it: {bootstrap}",
        "user-locked",
    ),
    Row(  # MySQL's own error 4006, and that of our script
        r"referenced as a definer account",
        "{name} did not drop the user, which is the definer of something: {reason}.",
        "See what it is, and the statements for it, with: deployer db shut-out --only USER",
        "runs-as-owner",
    ),
    Row(  # MySQL's answer for a user that our scripts refuse to change (mysql.py)
        r"the user .* exists and has no access level",
        "{name} has a user {unmanaged} without an access level, which was not changed.",
        "Choose another name.",
        "no-access-level",
    ),
    Row(
        r"password authentication failed|role \".*\" does not exist",
        "{name} asks for a password for {user}: the user does not exist, is locked, or lacks rds_iam.",
        "The master user creates or unlocks it: {bootstrap}",
        "no-such-user",
    ),
    Row(
        r"database \".*\" does not exist|Unknown database|to database",
        "The server has no database {dbname}.",
        "Name another one with --dbname.",
        "no-such-database",
    ),
    Row(
        r"Connection refused|Can't connect to MySQL",
        "Nothing answers on {local}, the local end of the tunnel to {endpoint}.",
        "Check that the tunnel is open and the database is running.",
        "tunnel-down",
    ),
    Row(
        r"timeout expired|timed out",
        "Port {port} of {endpoint} does not answer.",
        "Check the port, that the database is running, and that its security group allows the instance or the bastion: "
        "deployer up --database-security-group-id sg-…",
        "connection-cut",
    ),
    Row(
        _CUT,
        "The connection to {endpoint}:{port} was closed before the database answered.",
        "Check that it is running, and that its security group allows the instance or the bastion: "
        "deployer up --database-security-group-id sg-…",
        "connection-cut",
    ),
    Row(r"", "The database {name} refused: {reason}.", "See its log in the RDS console.", "database-refused"),
)

# psql begins a statement's error with ERROR, and a connection's with its own name; mysql names the statement's line.
_STATEMENT = re.compile(r"^ERROR:\s|^ERROR \d+ \(\w+\) at line", re.MULTILINE)
_STATEMENT_ROWS = (
    Row(
        r"canceling statement due to user request|Query execution was interrupted",
        "The statement was canceled.",
        "",
        "interrupted",
        exit_code=130,
    ),
    _ENDED,
    Row(  # MySQL does not tell a client that its session was killed: it just closes the connection
        r"Lost connection to MySQL server",
        "Somebody ended this session in {name}, or the connection was lost.",
        "Connect again: deployer db connect",
        "session-ended",
    ),
    Row(
        r"relation \".*\" does not exist|Table '.*' doesn't exist",
        "The statement failed in the database {dbname}: {reason}.",
        "Check the name, or name another database with --dbname NAME.",
        "statement-failed",
    ),
    Row(
        r"",
        "The statement failed in {dbname}: {reason}.",
        "Fix the statement. To explore the database: deployer db connect without -c",
        "statement-failed",
    ),
)
