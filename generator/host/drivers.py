"""The database drivers: statements in, rows out. They come with the extra `database` and are loaded when needed."""

from __future__ import annotations

import importlib
import socket
import ssl
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from generator.errors import NotFound

Row = tuple[Any, ...]  # a column may be of any type the database has
Query = Callable[[str], list[Row]]
"""query(statements) runs one or more statements and returns the rows of the last one that has any."""

SECONDS_TO_CONNECT = 20

# Of MySQL's handshake: a greeting of protocol 10, and a client's first packet that asks for TLS (41, secure, TLS).
_GREETING, _TLS_REQUEST_LENGTH, _UTF8MB4, LONGEST = b"\x0a", 32, 45, 1 << 24
_TLS_FLAGS = struct.pack("<I", 1 << 9 | 1 << 15 | 1 << 11)


class SqlRefused(Exception):
    """The database refused, or could not be reached; the text is the server's or the operating system's."""


@contextmanager
def postgresql(parameters: Mapping[str, str], password: str) -> Iterator[Query]:
    """One connection with libpq's parameters, each statement its own transaction. Raises SqlRefused."""
    psycopg = _driver("psycopg")
    try:
        connection = psycopg.connect(**parameters, password=password, autocommit=True)
    except (psycopg.Error, OSError) as error:
        raise SqlRefused(str(error)) from None

    def query(statements: str) -> list[Row]:
        try:
            cursor = connection.execute(statements)
            rows: list[Row] = []
            more = True
            while more:
                rows = cursor.fetchall() if cursor.description else rows
                more = cursor.nextset()
            return rows
        except psycopg.Error as error:
            raise SqlRefused(str(error)) from None

    try:
        yield query
    finally:
        connection.close()


@contextmanager
def mysql(
    *, host: str, address: tuple[str, int], user: str, password: str, database: str, ca_bundle: str
) -> Iterator[Query]:
    """One connection, TLS verified for `host` although `address` is dialed. Raises SqlRefused.

    PyMySQL verifies the name it is given as host, and takes a socket that is connected already.
    """
    pymysql = _driver("pymysql")
    try:
        connection = pymysql.connections.Connection(
            host=host,
            user=user,
            password=password,
            database=database or None,
            ssl=_authorities(ca_bundle),
            client_flag=pymysql.constants.CLIENT.MULTI_STATEMENTS,
            autocommit=True,
            defer_connect=True,
        )
        connection.connect(socket.create_connection(address, timeout=SECONDS_TO_CONNECT))
    except (pymysql.MySQLError, OSError) as error:
        raise SqlRefused(_text_of(error)) from None

    def query(statements: str) -> list[Row]:
        try:
            with connection.cursor() as cursor:
                cursor.execute(statements)
                rows = list(cursor.fetchall()) if cursor.description else []
                while cursor.nextset():
                    rows = list(cursor.fetchall()) if cursor.description else rows
                return rows
        except (pymysql.MySQLError, OSError) as error:
            raise SqlRefused(_text_of(error)) from None

    try:
        yield query
    finally:
        connection.close()


def check_mysql_name(host: str, address: tuple[str, int], ca_bundle: str) -> None:
    """Check that the server at `address` has a certificate for `host`, without signing in. Raises SqlRefused.

    For Oracle's client, which verifies the name it dials or none. TLS begins after the server's greeting and a request
    for it (MySQL source documentation, "Connection Phase").
    """
    try:
        with socket.create_connection(address, timeout=SECONDS_TO_CONNECT) as connection:
            length = int.from_bytes(_exactly(connection, 4)[:3], "little")
            if _exactly(connection, length)[:1] != _GREETING:
                return  # the server refuses everybody: the client is told why
            connection.sendall(struct.pack("<I4sIB23x", _TLS_REQUEST_LENGTH | 1 << 24, _TLS_FLAGS, LONGEST, _UTF8MB4))
            with _authorities(ca_bundle).wrap_socket(connection, server_hostname=host):
                return
    except OSError as error:  # of which TLS's errors are
        raise SqlRefused(str(error)) from None


def _exactly(connection: socket.socket, count: int) -> bytes:
    got = b""
    while len(got) < count:
        more = connection.recv(count - len(got))
        if not more:
            raise ConnectionResetError("Lost connection before the server's greeting")
        got += more
    return got


def _authorities(ca_bundle: str) -> ssl.SSLContext:
    """The certificate authorities to trust: those of the file, or this computer's own for "system"."""
    return ssl.create_default_context(cafile=None if ca_bundle == "system" else ca_bundle)


def _text_of(error: Exception) -> str:
    """The text of a server's or a network error; PyMySQL's errors have a number and a text."""
    return str(error.args[-1]) if error.args and not isinstance(error, OSError) else str(error)


def _driver(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise NotFound(
            f"The driver {name} is not installed, and this command runs SQL itself.",
            "Install it with: pip install 'deepsql-deployer[database]'",
            code="driver-missing",
        ) from None
