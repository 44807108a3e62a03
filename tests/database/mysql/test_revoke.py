"""What a user does to its own account does not outlast being shut out."""

from __future__ import annotations

from contextlib import suppress

import pytest

from generator.errors import DeployerError
from generator.host import drivers
from generator.model.database import AccessLevel, Engine
from generator.operations.database import mysql, users
from generator.operations.database.connection import connected

from .conftest import World, login


@pytest.mark.parametrize("way", ["IDENTIFIED BY 'her own'", "IDENTIFIED WITH caching_sha2_password BY 'her own'"])
def test_a_password_that_a_user_gave_itself_opens_nothing_once_it_is_shut_out(world: World, way: str) -> None:
    with world.open() as master:
        master(mysql.bootstrap("app", {"mal_r": AccessLevel.READ}))
        with world.open("mal_r") as hers, suppress(drivers.SqlRefused):
            hers(f"ALTER USER USER() {way}")
        users.shut_out_users(master, Engine.MYSQL, ["mal_r"])
        assert "mal_r" in {user.user for user in users.query_users(master, Engine.MYSQL)}
        assert "mal_r" not in {user.user for user in users.still_in(master, Engine.MYSQL)}
        with pytest.raises(DeployerError) as refused, connected(login("mal_r", "her own"), world.route()):
            pass
        assert refused.value.code == "user-locked"
        users.drop_user(master, Engine.MYSQL, "mal_r")
