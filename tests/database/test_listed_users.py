"""A list of people held against a database: what is made, what stays, and that only what is named is dropped."""

from __future__ import annotations

import pytest

from generator.cli.db_text import listed_users_plan_lines
from generator.errors import NotFound
from generator.model.database import FULL_WRITE_ROLE, AccessLevel, Database, DatabaseUser, Engine
from generator.operations.database.listed_users import difference

R, W, OPERATE = AccessLevel
DATABASE = Database("app", Engine.POSTGRESQL, "h", 5432, database="app")
PRESENT = (
    DatabaseUser("al_r", R.role, True, 0),
    DatabaseUser("bo_r", R.role, False, 0),
    DatabaseUser("eve_w", W.role, True, 0),
    DatabaseUser("jo_w", FULL_WRITE_ROLE, True, 0),
    DatabaseUser("old_o", OPERATE.role, True, 2),
    DatabaseUser("deepsql-support_w", W.role, True, 0),
)
WANTED = {"al_r": R, "bo_r": R, "eve_w": W, "jo_w": W, "new_r": R}


def test_locked_users_new_ones_and_those_of_another_w_are_made_and_nobody_else_is_touched() -> None:
    plan = difference(DATABASE, WANTED, {"eve_w", "jo_w"}, PRESENT, ())
    assert plan.made == {"bo_r": R, "eve_w": W, "new_r": R} and plan.full == {"eve_w"}
    assert plan.changed == ("bo_r", "eve_w") and plan.as_listed == ("al_r", "jo_w")
    assert plan.others == ("old_o",) and plan.dropped == () and plan.changes


def test_a_w_that_is_full_and_shall_not_be_is_made_again() -> None:
    assert "jo_w" in difference(DATABASE, WANTED, (), PRESENT, ()).made


def test_only_whom_drop_names_is_dropped() -> None:
    plan = difference(DATABASE, WANTED, {"eve_w", "jo_w"}, PRESENT, ("old_o",))
    assert (plan.dropped, plan.others) == (("old_o",), ())


def test_a_user_to_drop_that_is_not_there_stops_everything() -> None:
    with pytest.raises(NotFound, match="no user gone_r with an access level, so nothing was changed"):
        difference(DATABASE, WANTED, (), PRESENT, ("gone_r",))


def test_nothing_is_to_do_where_all_is_as_listed_and_in_mysql_a_w_is_made_again() -> None:
    assert not difference(DATABASE, {"al_r": R}, (), PRESENT, ()).changes
    mysql = Database("app", Engine.MYSQL, "h", 3306)
    assert set(difference(mysql, {"al_r": R, "eve_w": W}, (), PRESENT, ()).made) == {"eve_w"}


def test_the_difference_has_a_sign_for_each() -> None:
    lines = listed_users_plan_lines(difference(DATABASE, WANTED, {"eve_w", "jo_w"}, PRESENT[:-2], ()))
    signs = {line.split()[1]: line.split()[0] for line in lines}
    assert signs == {"bo_r": "~", "eve_w": "~", "new_r": "+", "al_r": "=", "jo_w": "="}
    assert "creates in the database" in next(line for line in lines if "eve_w" in line)
