"""From what a database, its client or libpq says to one sentence and the next step.

RDS tells a client nothing about a token but "PAM authentication failed"; what can be told apart is told apart from the
token itself. Texts: PostgreSQL's sources and libpq's (fe-secure-openssl.c, auth.c), MySQL's error reference.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from datetime import datetime

from generator.errors import DeployerError
from generator.model.database import Engine, Grade, Login, Route
from generator.operations.database.token import read_token
from generator.operations.database.user_names import grade_of

Builder = Callable[[str, Login, Route], DeployerError]


def diagnose(text: str, login: Login, route: Route, now: datetime, sql: str = "") -> DeployerError:
    """The error for a failed connection, or for `sql`. `text` never holds the token: no server repeats it."""
    of_statement = bool(_STATEMENT.search(text))
    refused = r"PAM authentication failed|Access denied for user(?!.*(?:to database|is locked))"
    if not of_statement and re.search(refused, text):
        return _token_refused(login, now)
    if re.search(_NOT_ALLOWED_A_STATEMENT if of_statement else _NOT_ALLOWED, text):
        return _wrong_grade(text, login, sql)
    for pattern, build in _ROWS_OF_STATEMENTS if of_statement else _ROWS:
        if re.search(pattern, text):
            return build(text, login, route)
    return DeployerError(
        f"The database {login.database.name} refused: {_first_line(text)}.",
        "Look at its log in the RDS console.",
        code="database-refused",
    )


def _token_refused(login: Login, now: datetime) -> DeployerError:
    database, facts = login.database, read_token(login.token)
    wanted = f"{database.endpoint}:{database.port}"
    if facts is None:
        message, hint = "What was sent as the password is no IAM token.", "Make one with: deployer db token"
    elif facts.expires < now:
        late = int((now - facts.expires).total_seconds() // 60) + 1
        message = f"The token expired {late} min ago: a token opens connections for 15 minutes."
        hint = "Make a new one with: deployer db token"
    elif facts.host != wanted:
        message = f"The token was signed for {facts.host}, but the database is {wanted}."
        hint = "Sign for the database's own endpoint and port, not for the tunnel's: deployer db token"
    elif facts.user != login.user:
        message = f"The token was signed for the user {facts.user}, but {login.user} signs in."
        hint = f"Make one with: deployer db token --user {login.user}"
    else:
        message = (
            f"{database.name} does not let {login.user} in by IAM: the credentials lack rds-db:connect on "
            f"{_right(login)}, or the key that signed is revoked or has expired."
        )
        if database.engine is Engine.MYSQL:  # it says no more of a user that is not there
            message = f"{message[:-1]}, or there is no such user."
        hint = "Ask for the permission: deployer db policy prints it, and deployer db whoami tells who you are there."
        return DeployerError(message, hint, code="iam-refused")
    return DeployerError(message, hint, code="token-refused")


def _right(login: Login) -> str:
    """The ARN where it is known whole, else the user alone."""
    known = login.database.resource_id and login.database.account
    return login.database.user_arn(login.user) if known else f"the database user {login.user}"


def _wrong_host(text: str, login: Login, route: Route) -> DeployerError:
    named = re.search(r'certificate for "?([^"]+?)"? (?:\(and|does)', text)
    whose = f"is for {named[1]}" if named else "has another name"
    return DeployerError(
        f"The server's certificate {whose}, not for {login.database.endpoint}: this may be another database.",
        "Check that the tunnel leads to the endpoint named; deployer never connects without this check.",
        code="wrong-host-name",
    )


def _wrong_authority(text: str, login: Login, route: Route) -> DeployerError:
    return DeployerError(
        f"No authority in {route.ca_bundle} vouches for the certificate of {login.database.endpoint}.",
        "Give RDS's own bundle with --ca-bundle FILE (deployer db ca-bundle fetches it).",
        code="wrong-ca",
    )


def _no_bundle(text: str, login: Login, route: Route) -> DeployerError:
    return DeployerError(
        f"The CA bundle {route.ca_bundle} is not there or cannot be read.",
        "Fetch it with: deployer db ca-bundle",
        code="ca-bundle-missing",
    )


def _no_tls(text: str, login: Login, route: Route) -> DeployerError:
    return DeployerError(
        f"{login.database.name} takes {login.user} over TLS only, or not into this database at all.",
        "Leave sslmode at verify-full, and check the database's name with --dbname.",
        code="no-entry",
    )


def _password(text: str, login: Login, route: Route) -> DeployerError:
    grade, database = grade_of(login.user), login.database
    person = login.user.rpartition("_")[0] if grade else "NAME"
    there = [database.name] if database.name != database.endpoint else ["--endpoint", database.endpoint]
    return DeployerError(
        f"{database.name} asks a password of {login.user}: there is no such user, or it lacks rds_iam.",
        "The master user makes it: deployer db bootstrap "
        + shlex.join([*there, "--for", f"{person}={grade.value if grade else 'r'}"]),
        code="no-such-user",
    )


def _not_oracles(text: str, login: Login, route: Route) -> DeployerError:
    return DeployerError(
        "The mysql on this computer is MariaDB's, which does not verify the server as Oracle's does.",
        "Install Oracle's (Ubuntu: apt install mysql-client; macOS: brew install mysql-client), or use --client none.",
        code="client-not-oracles",
    )


def _locked(text: str, login: Login, route: Route) -> DeployerError:
    """MySQL, of a user that was shut out."""
    grade = grade_of(login.user)
    again = [login.database.name, "--for", f"{login.user.rpartition('_')[0]}={grade.value}" if grade else "NAME=r"]
    return DeployerError(
        f"{login.user} is shut out of {login.database.name}: its account is locked.",
        f"The master user lets it in again: deployer db bootstrap {shlex.join(again)}",
        code="user-locked",
    )


def _stranger(text: str, login: Login, route: Route) -> DeployerError:
    """MySQL, of a user that our scripts refuse to touch (mysql.py)."""
    named = re.search(r"the user (.*) exists and is no user of a grade", text)
    return DeployerError(
        f"{login.database.name} has a user {named[1] if named else 'of that name'} that is none of a grade: "
        "it was left as it is.",
        "Choose another name.",
        code="not-of-a-grade",
    )


def _no_database(text: str, login: Login, route: Route) -> DeployerError:
    return DeployerError(
        f"The server has no database {route.database}.", "Name another one with --dbname.", code="no-such-database"
    )


def _unreachable(text: str, login: Login, route: Route) -> DeployerError:
    return DeployerError(
        f"Nothing answers on {route.host}:{route.port}, the local end of the tunnel to {login.database.endpoint}.",
        "Check that the tunnel is up and the database running.",
        code="tunnel-down",
    )


def _cut(text: str, login: Login, route: Route) -> DeployerError:
    return DeployerError(
        f"The connection to {login.database.endpoint}:{login.database.port} was cut before the database answered.",
        "Check that it runs, and that its security group lets the instance or the bastion in: "
        "deployer up --database-security-group-id sg-…",
        code="connection-cut",
    )


def _wrong_grade(text: str, login: Login, sql: str) -> DeployerError:
    grade = grade_of(login.user)
    what = re.search(r"(?:permission denied|command denied|Access denied|must be )[^\n]*", text)
    meaning = f"grade {grade.value}, which {grade.meaning}" if grade else "no grade"
    wanted = _grade_for(text, sql, grade)
    return DeployerError(
        f"{login.user} may not do this ({what[0] if what else 'refused'}): it has {meaning}.",
        f"Where your role permits it, use another grade: --permission {wanted}"
        if wanted
        else "No grade permits it (none makes, changes or empties tables): the owner or the master user does it.",
        code="wrong-grade",
    )


def _grade_for(text: str, sql: str, grade: Grade | None) -> Grade | None:
    """The grade that may do what was refused; None where none may. PostgreSQL's text alone does not tell TRUNCATE."""
    if re.search(_OPERATORS_REFUSAL, text):
        return None if grade is Grade.OPERATE else Grade.OPERATE
    if _OWNERS.match(sql) or re.search(_OWNERS_REFUSAL, text):
        return None
    if not re.search(
        r"denied for (?:table|schema|sequence|view|relation)|(?:SELECT|INSERT|UPDATE|DELETE) command", text
    ):
        return None
    if grade is Grade.READ and (re.match(r"\s*SELECT\b", sql, re.IGNORECASE) or "SELECT command denied" in text):
        return None  # it reads all there is to read
    changes = re.match(r"\s*(?:INSERT|UPDATE|DELETE|MERGE|REPLACE)\b", sql, re.IGNORECASE)
    if changes or re.search(r"(?:INSERT|UPDATE|DELETE) command denied", text) or grade is Grade.READ:
        wanted = Grade.WRITE
    else:
        wanted = Grade.READ
    return None if wanted is grade or grade is Grade.WRITE else wanted


def _interrupted(text: str, login: Login, route: Route) -> DeployerError:
    return DeployerError("The statement was canceled, as you asked.", code="interrupted", exit_code=130)


def _ended(text: str, login: Login, route: Route) -> DeployerError:
    return DeployerError(
        f"Somebody ended this session in {login.database.name}.",
        "Ask who, or connect again: deployer db connect",
        code="session-ended",
    )


def _lost(text: str, login: Login, route: Route) -> DeployerError:
    """MySQL does not tell a client that it was killed: the connection is gone."""
    return DeployerError(
        f"Somebody ended this session in {login.database.name}, or the way to it broke.",
        "Connect again: deployer db connect",
        code="session-ended",
    )


def _silent(text: str, login: Login, route: Route) -> DeployerError:
    return DeployerError(
        f"There is no answer at port {login.database.port} of {login.database.endpoint}.",
        "Check that this is its port, that it runs, and that its security group lets the instance or the bastion in: "
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
    """What a person typed after -c, and the database could not do."""
    return DeployerError(
        f"The statement failed in {route.database}: {_first_line(text)}.",
        "Mend it. To look round first: deployer db connect without -c",
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
    (r"unknown variable 'ssl-mode=", _not_oracles),
    (r"does not match host name|Hostname mismatch|IP address mismatch", _wrong_host),
    (r"root certificate file|could not read root certificate|SSL error: no certificate|No such file", _no_bundle),
    (
        r"certificate verify failed|CERTIFICATE_VERIFY_FAILED|self-signed certificate|SSL error:",
        _wrong_authority,
    ),
    (r"no pg_hba.conf entry|pg_hba.conf rejects|Connections using insecure transport", _no_tls),
    (r"Account is locked", _locked),
    (r"exists and is no user of a grade", _stranger),
    (r"password authentication failed|role \".*\" does not exist", _password),
    (r"database \".*\" does not exist|Unknown database|to database", _no_database),
    (r"Connection refused|Can't connect to MySQL", _unreachable),
    (r"timeout expired|timed out", _silent),
    (r"closed the connection unexpectedly|Lost connection|SSL SYSCALL error|Connection reset", _cut),
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
