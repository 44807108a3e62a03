"""Quoting names for SQL, so that no name can become SQL.

PostgreSQL: identifiers in double quotes, literals as quote_literal() writes them, bodies in dollar quotes whose tag
does not occur in them (PostgreSQL manual, "Lexical Structure"). MySQL: identifiers and account names in backticks,
where a backslash means nothing in any SQL mode (MySQL manual, "Schema Object Names", "Specifying Account Names").
"""

from __future__ import annotations

from generator.errors import UsageError

IDENTIFIER_BYTES = 63  # PostgreSQL silently truncates longer names, so two of them could collide
MYSQL_IDENTIFIER_LENGTH = 64
MYSQL_USER_LENGTH = 32


def identifier(name: str) -> str:
    """A PostgreSQL identifier. Raises UsageError for a name PostgreSQL cannot hold whole."""
    _storable(name)
    if len(name.encode()) > IDENTIFIER_BYTES:
        raise UsageError(f"The name {name!r} is over {IDENTIFIER_BYTES} bytes.", "Choose a shorter name.")
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A PostgreSQL string constant, correct for either setting of standard_conforming_strings."""
    _storable(text, empty=True)
    doubled = text.replace("'", "''")
    return "E'" + doubled.replace("\\", "\\\\") + "'" if "\\" in text else f"'{doubled}'"


def dollar_quoted(body: str) -> str:
    """A body for DO or CREATE FUNCTION, between tags that do not occur in it."""
    tags = ("$deployer$", *(f"$deployer{number}$" for number in range(1, body.count("$deployer") + 1)))
    tag = next(tag for tag in tags if tag not in body)
    return f"{tag}\n{body}\n{tag}"


def mysql_identifier(name: str) -> str:
    """A MySQL identifier, or either half of an account name. Raises UsageError for a name MySQL cannot store."""
    _storable(name)
    if len(name) > MYSQL_IDENTIFIER_LENGTH or name != name.rstrip(" ") or any(ord(char) > 0xFFFF for char in name):
        raise UsageError(f"MySQL cannot store the name {name!r}.", "Choose another name.")
    return "`" + name.replace("`", "``") + "`"


def mysql_account(user: str) -> str:
    """A MySQL account of a user, from any host. Raises UsageError for a name it cannot store unchanged.

    The server strips spaces from either end of a user's name, so two of them could collide.
    """
    if user != user.strip() or len(user) > MYSQL_USER_LENGTH:
        raise UsageError(
            f"MySQL cannot store the user {user!r}: over {MYSQL_USER_LENGTH} characters, or a space at either end.",
            "Choose another name.",
        )
    return f"{mysql_identifier(user)}@`%`"


def mysql_literal(text: str) -> str:
    """A MySQL string constant, correct in every SQL mode: in hexadecimal if it contains a backslash."""
    _storable(text, empty=True)
    if "\\" in text:
        return f"_utf8mb4 X'{text.encode().hex()}'"
    return "'" + text.replace("'", "''") + "'"


def mysql_schema_pattern(name: str) -> str:
    """A database's name in GRANT … ON name.*, where an unescaped _ or % would match other databases too."""
    escaped = "".join(f"\\{char}" if char in "\\_%" else char for char in name)
    mysql_identifier(name)
    return "`" + escaped.replace("`", "``") + "`"


def script(*statements: str) -> str:
    """Statements as one text, each ended by a semicolon."""
    return "".join(f"{statement};\n" for statement in statements)


def _storable(name: str, *, empty: bool = False) -> None:
    if (not name and not empty) or "\0" in name or any(0xD800 <= ord(char) <= 0xDFFF for char in name):
        raise UsageError(f"No database can store the name {name!r}.", "Choose another name.")
