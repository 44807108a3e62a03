"""The database drivers: statements in, rows out. They come with the extra `database` and are loaded when needed."""

from __future__ import annotations

import importlib
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from generator.errors import NotFound
from generator.installation import install_command

Row = tuple[Any, ...]  # a column may be of any type the database has
Query = Callable[[str], list[Row]]
"""query(statements) runs one or more statements and returns the rows of the last one that has any."""

SECONDS_TO_CONNECT = 20


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
            ssl=authorities(ca_bundle),
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


def authorities(ca_bundle: str) -> ssl.SSLContext:
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
            f"Install it with: {install_command('database')}",
            code="driver-missing",
        ) from None
