"""Logins, tunnels, users and activity as text: pure functions from values to lines."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence

from generator.cli.render import table
from generator.model.database import (
    FULL_WRITE_ROLE,
    LOCKED_ROLE,
    AccessLevel,
    Activity,
    BlockedSession,
    Database,
    DatabaseUser,
    Engine,
    Permission,
)
from generator.model.database_changes import (
    SUPPORT_USERS,
    BootstrapPlan,
    BootstrapResult,
    DropUserPlan,
    DropUserResult,
    EndSessionPlan,
    ListedUsersPlan,
    ListedUsersResult,
    OwnedObject,
    ShutOut,
    ShutOutPlan,
    SqlScript,
)
from generator.model.database_client import ClientExit, Connected, OpenTunnel, StatementOutput, UnnamedDatabase

QUERY_WIDTH = 60
FULL_WRITE = "reads and changes all data, and creates in the database"


def connected_lines(connected: Connected) -> list[str]:
    """Who is connected to what, for standard error."""
    login, route, database = connected.login, connected.route, connected.login.database
    level = f" (access level {login.level.value}: {login.level.meaning})" if login.level else ""
    where = f"{route.database} on {database.endpoint}:{database.port}"
    return [
        f"{login.user}{level} in {where}, through {route.host}:{route.port}.",
        *([] if database.database else unnamed_database_lines(UnnamedDatabase(route.database))),
        connected.tls or f"TLS is verified for {database.endpoint}.",
        "The token opens connections for 15 minutes.",
    ]


def unnamed_database_lines(database: UnnamedDatabase) -> list[str]:
    """That no database was named, and which one this is."""
    return [f"No database was named, so this is {database.name}: choose with --dbname NAME"]


def tunnel_lines(tunnel: OpenTunnel) -> list[str]:
    """What stays on standard error while the tunnel is open."""
    return [
        f"The tunnel listens on {tunnel.route.host}:{tunnel.route.port} until you press Ctrl-C.",
        f"  a new token for each connection: {tunnel.token_command}",
    ]


def client_outcome(result: StatementOutput | ClientExit) -> tuple[list[str], int]:
    """What a client leaves on standard output, and the exit code."""
    if isinstance(result, StatementOutput):
        return result.output.splitlines(), 0
    return [], 1 if result.exit_code else 0


def bootstrap_plan_lines(plan: BootstrapPlan) -> list[str]:
    """The users that would be created."""
    rows = [(f"  {user}", _meaning(user, level, plan.full)) for user, level in plan.users.items()]
    return table(rows) if rows else ["  without users; to create one, add --for NAME=r"]


def bootstrap_question(plan: BootstrapPlan) -> str:
    """What bootstrap does, as an imperative."""
    users = {0: "the roles of the access levels", 1: "1 user"}.get(len(plan.users), f"{len(plan.users)} users")
    return f"Create {users} in the database {plan.database.name}"


def bootstrap_lines(result: BootstrapResult | ListedUsersResult | SqlScript) -> list[str]:
    """The script, or the users that were created, or what became of the list."""
    if isinstance(result, SqlScript):
        return result.sql.splitlines()
    if isinstance(result, ListedUsersResult):
        return _listed_users_lines(result)
    lines = [f"{user}  {_meaning(user, level, result.full)}" for user, level in result.users.items()]
    created = f"The roles of the access levels were created in {result.database}, but no user"
    return lines or [f"{created}: to create one, add --for NAME=r"]


def listed_users_plan_lines(plan: ListedUsersPlan) -> list[str]:
    """The difference between the list and the database."""
    signs = [("~" if user in plan.changed else "+", user, level) for user, level in plan.made.items()]
    rows = [(f"  {sign}", user, _meaning(user, level, plan.full)) for sign, user, level in signs]
    rows += [("  -", user, _dropped(user, plan)) for user in plan.dropped]
    rows += [("  =", user, "as listed") for user in plan.as_listed]
    rows += [("  !", user, f"is locked, and stays; to unlock it: {_unlock(user, plan)}") for user in plan.locked]
    rows += [("  ?", user, f"not in your list, stays; to drop it, add: --drop {user}") for user in plan.others]
    return table(rows) if rows else ["  the list is empty"]


def _unlock(user: str, plan: ListedUsersPlan) -> str:
    name, _, level = user.rpartition("_")
    return shlex.join(["deployer", "db", "bootstrap", plan.database.name, "--for", f"{name}={level}"])


def _dropped(user: str, plan: ListedUsersPlan) -> str:
    what = [
        f"{each.what} in {each.database}" if each.database else each.what for each in plan.owned if each.user == user
    ]
    return f"is dropped: its sessions end{'; the master user gets ' if what else ''}{', '.join(what)}"


def listed_users_question(plan: ListedUsersPlan) -> str:
    """What bootstrap does by a list, as an imperative."""
    return f"Bring the users of the database {plan.database.name} to your list"


def _listed_users_lines(result: ListedUsersResult) -> list[str]:
    lines = [*(f"{user} can sign in." for user in result.made), *(f"{user} was dropped." for user in result.dropped)]
    lines += [f"{user} stays locked." for user in result.locked]
    return lines or [f"The users of {result.database} are as your list has them: nothing was changed."]


def _meaning(user: str, level: AccessLevel, full: Collection[str]) -> str:
    return FULL_WRITE if user in full else level.meaning


def drop_user_plan_lines(plan: DropUserPlan) -> list[str]:
    """What becomes of the user's sessions and objects."""
    if plan.database.engine is Engine.MYSQL:
        return ["  its sessions end; refused while it is the definer of anything"]
    return [
        "  its sessions end, and what it owned goes to the master user",
        "  refused while it owns anything that runs with its owner's rights",
    ]


def drop_user_question(plan: DropUserPlan) -> str:
    """What drop-user does, as an imperative."""
    return f"Drop {plan.user} in the database {plan.database.name}"


def drop_user_lines(result: DropUserResult | SqlScript) -> list[str]:
    """The script, or who was dropped."""
    return result.sql.splitlines() if isinstance(result, SqlScript) else [f"{result.user} was dropped."]


def shut_out_plan_lines(plan: ShutOutPlan) -> list[str]:
    """What becomes of the users."""
    again = "--support --permission LEVEL" if plan.users == SUPPORT_USERS else "--for NAME=LEVELS"
    return [
        "  open sessions end, and neither a token nor a password opens another",
        f"  to undo it: deployer db bootstrap {plan.database.name} {again}",
    ]


def shut_out_question(plan: ShutOutPlan) -> str:
    """What shut-out does, as an imperative."""
    users = "the vendor's support" if plan.users == SUPPORT_USERS else ", ".join(plan.users)
    return (
        f"Revoke access of {users or 'every user with an access level'} to the database {plan.database.name} "
        f"({plan.database.endpoint})"
    )


def shut_out_lines(result: ShutOut) -> list[str]:
    """Who is locked, and who can still connect."""
    lines = [f"{user} is locked." for user in result.ended] or ["There is no user to lock."]
    lines += [f"FAIL: {u.user} (tokens {u.tokens}, {u.sessions} sessions)" for u in result.left]
    lines += owned_lines(result)
    if _runs(result.owned) and not result.unsure:
        lines += ["  Until then it has their own rights alone: those of their access levels were taken."]
    return lines + [f"Not all is known: {each}" for each in result.unsure]


def owned_lines(result: ShutOut) -> list[str]:
    """What the users own, which of it still works with their rights, and how somebody else gets it."""
    if not result.owned:
        return []
    return ["They still own:", *map(_owned_line, result.owned), *_reassign_lines(result)]


def _owned_line(each: OwnedObject) -> str:
    where = f" in the database {each.database}" if each.database else ""
    runs = "  (runs with its owner's rights)" if each.runs_as_owner else ""
    unnamed = "" if each.named else ", which does not let the master user in"
    return f"  {each.user}: {each.what}{where}{unnamed}{runs}"


def _reassign_lines(result: ShutOut) -> list[str]:
    if result.engine is Engine.MYSQL:
        return _redefine_lines(result)
    users = list(dict.fromkeys(each.user for each in result.owned))
    drop = (shlex.join(["deployer", "db", "drop-user", user, result.database]) for user in users)
    return [
        *(_naming_line(each, result.database) for each in result.owned if not each.named),
        *_remedy_lines(result.owned),
        *(f"  To give the rest to the master user, and drop the user: {command}" for command in drop),
        '  To give it to somebody else, as the master user in each database: REASSIGN OWNED BY "USER" TO "OTHER"',
        *(["  What runs with its owner's rights then runs with OTHER's."] if _runs(result.owned) else []),
    ]


def _runs(owned: Sequence[OwnedObject]) -> bool:
    return any(each.runs_as_owner for each in owned)


def _remedy_lines(owned: Sequence[OwnedObject]) -> list[str]:
    """The statements that stop what would go on with the rights of the next owner; without them nobody is dropped."""
    lines = []
    for user, database in dict.fromkeys((each.user, each.database) for each in owned if each.remedy):
        where = f"in the database {database}" if database else "there"
        lines += [f"  What runs with {user}'s rights would run with the master user's. As that one, {where}:"]
        lines += [f'    GRANT "{user}" TO CURRENT_USER;']
        of_it = (each.remedy for each in owned if (each.user, each.database) == (user, database) and each.remedy)
        lines += [f"    {remedy};" for remedy in dict.fromkeys(of_it)]
    return lines


def _naming_line(each: OwnedObject, server: str) -> str:
    words = ("deployer", "db", "connect", server, "--dbname", each.database, "-c", each.sql)
    return f"  To name the {each.what}, as a user that may connect there: {shlex.join(words)}"


def _redefine_lines(result: ShutOut) -> list[str]:
    """MySQL has no statement that gives a stored object another definer; made anew, it has the one named."""
    kinds = ((each, each.what.split()[0].upper()) for each in result.owned)
    return [
        "  MySQL gives none of it to another user, and the user is not dropped before it is gone. As the master user,",
        "  keep the text of each and drop it. To have it again, never make it the master user's, whose rights it would",
        "  run with: create it without its DEFINER as a user made for it, which is granted only what it needs and is",
        "  locked afterwards (ALTER USER … ACCOUNT LOCK), and with SQL SECURITY INVOKER if it is no trigger or event.",
        *(f"    SHOW CREATE {kind} {each.sql}; DROP {kind} {each.sql};" for each, kind in kinds),
    ]


def end_session_lines(plan: EndSessionPlan) -> list[str]:
    """The session that would be ended."""
    return activity_lines(Activity((plan.session,)), idle=True)


def end_session_question(plan: EndSessionPlan) -> str:
    """What kill does, as an imperative."""
    return f"End the session {plan.session.pid} of {plan.session.user} in the database {plan.database}"


def database_lines(databases: Sequence[Database]) -> list[str]:
    """The databases of the region."""
    rows = [
        (d.name, str(d.engine), "cluster" if d.is_cluster else "instance", _iam(d), f"{d.endpoint}:{d.port}")
        for d in databases
    ]
    return (
        table(rows, ("NAME", "ENGINE", "KIND", "IAM", "ENDPOINT"))
        if rows
        else ["There is no PostgreSQL or MySQL database here."]
    )


def _iam(database: Database) -> str:
    return "on" if database.iam_enabled else "off"


def permission_lines(permissions: Sequence[Permission]) -> list[str]:
    """The caller's user for each access level, and whether IAM allows it."""
    return table([(f.user, f.permission, f.meaning) for f in permissions], ("USER", "IAM", "ACCESS LEVEL"))


def activity_lines(activity: Activity, *, idle: bool) -> list[str]:
    """Sessions that run or wait, then the blocking trees."""
    shown = [session for session in activity.sessions if idle or session.state != "idle" or session.blocked_by]
    rows = [
        (str(s.pid), s.user, s.state, _age(s.seconds), s.wait or "-", shortened(s.query, QUERY_WIDTH)) for s in shown
    ]
    nothing = "None of your own sessions is running." if activity.only_own else "Nothing is running."
    lines = table(rows, ("PID", "USER", "STATE", "AGE", "WAITS FOR", "QUERY")) if rows else [nothing]
    if activity.blocking:
        lines += ["", "Who blocks whom:"]
        for root in activity.blocking:
            lines += _tree(root, "", "")
    return lines


def shortened(query: str, width: int) -> str:
    """A statement on one line of at most `width` characters."""
    line = " ".join(query.split())
    return line if len(line) <= width else f"{line[: max(width - 3, 0)]}..."


def _tree(node: BlockedSession, lead: str, below: str) -> list[str]:
    session = node.session
    line = f"{lead}{session.pid} {session.user} {session.state} {_age(session.seconds)}"
    lines = [f"{line}  {shortened(session.query, QUERY_WIDTH)}".rstrip()]
    for number, waiting in enumerate(node.waiting, 1):
        last = number == len(node.waiting)
        lines += _tree(waiting, below + ("`- " if last else "|- "), below + ("   " if last else "|  "))
    return lines


def _age(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f}s"
    minutes, hours = int(seconds // 60), int(seconds // 3600)
    return f"{minutes}m{int(seconds % 60):02}s" if hours == 0 else f"{hours}h{minutes % 60:02}m"


def user_lines(users: Sequence[DatabaseUser]) -> list[str]:
    """The users with an access level."""
    meaning = {level.role: f"{level.value}: {level.meaning}" for level in AccessLevel}
    meaning[LOCKED_ROLE] = "locked: no rights"
    meaning[FULL_WRITE_ROLE] = f"w: {FULL_WRITE}"
    rows = [(u.user, meaning.get(u.role, u.role), "yes" if u.tokens else "no", str(u.sessions)) for u in users]
    if not rows:
        return ["There is no user with an access level."]
    return table(rows, ("USER", "ACCESS LEVEL", "TOKENS", "SESSIONS"))
