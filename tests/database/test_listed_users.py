"""A list of people held against a database: what is made, what stays, and that only what is named is dropped."""

from __future__ import annotations

from dataclasses import replace

import pytest

from generator.cli.db_text import listed_users_plan_lines, shut_out_lines
from generator.errors import NotFound, UsageError
from generator.gateway.aws import Gateway
from generator.model.database import FULL_WRITE_ROLE, AccessLevel, Database, DatabaseUser, Engine
from generator.model.database_changes import OwnedObject, ShutOut, SqlScript
from generator.model.deployment import Deployment
from generator.operations.database.listed_users import bootstrap_listed, difference
from generator.operations.database.request import DatabaseRequest, MasterRequest
from tests.embedded import Deployer

R, W, OPERATE = AccessLevel
NOWHERE = Gateway(Deployment())  # nothing is asked of it
DATABASE = Database("app", Engine.POSTGRESQL, "h", 5432, database="app")
THERE = DatabaseRequest(endpoint="h.example", port=1, dbname="app", engine=Engine.POSTGRESQL)
PRESENT = (
    DatabaseUser("al_r", R.role, True, 0),
    DatabaseUser("bo_r", R.role, False, 0),
    DatabaseUser("eve_w", W.role, True, 0),
    DatabaseUser("jo_w", FULL_WRITE_ROLE, True, 0),
    DatabaseUser("old_o", OPERATE.role, True, 2),
    DatabaseUser("deepsql-support_w", W.role, True, 0),
)
WANTED = {"al_r": R, "bo_r": R, "eve_w": W, "jo_w": W, "new_r": R}


def test_new_ones_and_those_of_another_w_are_made_and_nobody_else_is_touched() -> None:
    plan = difference(DATABASE, WANTED, {"eve_w", "jo_w"}, PRESENT, ())
    assert plan.made == {"eve_w": W, "new_r": R} and plan.full == {"eve_w"}
    assert plan.changed == ("eve_w",) and plan.locked == ("bo_r",) and plan.as_listed == ("al_r", "jo_w")
    assert plan.others == ("old_o",) and plan.dropped == () and plan.changes


def test_a_w_that_is_full_and_shall_not_be_is_made_again() -> None:
    assert "jo_w" in difference(DATABASE, WANTED, (), PRESENT, ()).made


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("full", [True, False])
def test_a_user_in_two_of_our_roles_is_mended_and_shown(order: int, full: bool) -> None:
    both = [DatabaseUser("jo_w", role, True, 0) for role in (W.role, FULL_WRITE_ROLE)][::order]
    plan = difference(DATABASE, {"jo_w": W}, {"jo_w"} if full else set(), both, ())
    assert plan.made == {"jo_w": W} and plan.changed == ("jo_w",)
    assert listed_users_plan_lines(plan)[0].split()[:2] == ["~", "jo_w"]


@pytest.mark.parametrize(
    ("listed", "drop", "said"),
    [
        ("jo=w, jo=w:data", (), "jo is given both w and w:data"),
        ("jo=rw:data, al=r, jo=ow", (), "jo is given both"),
        ("al=r, deepsql-support=r", (), "deepsql-support_r is the vendor's"),
        ("deepsql-support=wo", (), "deepsql-support_o is the vendor's"),
        ("al=r", ("al_r",), "al_r is to be dropped, and is in your list"),
    ],
)
@pytest.mark.parametrize("print_only", [True, False])
def test_a_list_that_contradicts_itself_or_names_the_vendor_is_refused_before_anything_is_opened(
    listed: str, drop: tuple[str, ...], said: str, print_only: bool
) -> None:
    with pytest.raises(UsageError, match=said):
        bootstrap_listed(NOWHERE, MasterRequest(THERE, print_only=print_only), listed, drop, None)  # type: ignore[arg-type]


@pytest.mark.parametrize("engine", Engine)
def test_the_printed_script_of_a_list_drops_whom_drop_names(engine: Engine) -> None:
    there = replace(THERE, engine=engine)
    printed = bootstrap_listed(NOWHERE, MasterRequest(there, print_only=True), "al=r", ("old_o",), None)  # type: ignore[arg-type]
    assert isinstance(printed, SqlScript)
    made, drop = printed.sql.find("al_r"), {"postgresql": 'DROP ROLE "old_o"', "mysql": "DROP USER IF EXISTS `old_o`"}
    assert 0 < made < printed.sql.find(drop[engine])
    assert ("pg_shdepend" in printed.sql) is (engine is Engine.POSTGRESQL)


def test_a_list_that_is_typed_goes_with_no_names() -> None:
    for words in (("--for", "al=r"), ("--support",)):
        ran = Deployer("a-stack")("db", "bootstrap", "--endpoint", "h", "--users", "bo=r", *words, "--print")
        assert ran.code == 2 and "--users is all people" in ran.err


def test_the_plan_says_what_the_master_user_gets() -> None:
    owned = (OwnedObject("old_o", "schema mine"), OwnedObject("old_o", "table t", database="beside"))
    plan = replace(difference(DATABASE, {}, (), PRESENT, ("old_o",)), owned=owned)
    assert "its sessions end; the master user gets schema mine, table t in beside" in listed_users_plan_lines(plan)[0]


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
    assert signs == {"bo_r": "!", "eve_w": "~", "new_r": "+", "al_r": "=", "jo_w": "="}
    assert lines[-1].endswith("is locked, and stays; to unlock it: deployer db bootstrap app --for bo=r")
    assert "creates in the database" in next(line for line in lines if "eve_w" in line)


def test_what_is_not_known_after_a_lock_is_said_last() -> None:
    told = shut_out_lines(ShutOut("app", ("ada_r",), unsure=("the catalog is closed",)))
    assert "Not all is known" in told[-1] and "the catalog is closed" in told[-1]
    assert "Not all is known" not in "".join(shut_out_lines(ShutOut("app", ("ada_r",))))
