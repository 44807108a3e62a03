"""The commands by name: the file of commands that has each, and the first sentence of its help.

Held equal to the commands themselves by tests/cli/test_index.py. A file that is not named here works as well; it only
makes every `--help` pay for it.
"""

from __future__ import annotations

COMMANDS: dict[str, tuple[str, str]] = {
    "generate": ("template", "Write a CloudFormation template, the same bytes every time."),
    "lint": (
        "template",
        "Check templates: cfn-lint for every combination of its conditions, and the product's own rules.",
    ),
    "init": ("stack", "Create your first stack from answers, and store where it is as your defaults."),
    "up": (
        "stack",
        "Create the stack or change its values through a change set. Parameters not given keep their values.",
    ),
    "upgrade": (
        "stack",
        "Bring the stack to this version's template, or adopt a published stack. Its instance and values stay.",
    ),
    "down": ("stack", "Delete the stack. Shows what is lost and what is retained, and asks for the stack's name."),
    "status": ("stack", "Show the stack: its state, its instance, who has access."),
    "outputs": ("stack", "Print the stack's outputs."),
    "events": ("stack", "Show what happened to the stack, newest last."),
    "diff": ("stack", "Compare the stack's template with this version's."),
    "sandbox": ("sandbox", "An imitation of AWS on this computer, to try everything without an account."),
    "demo": ("demo", "Show the whole story on a sandbox: create, be refused, grant, read, revoke with proof, delete."),
    "access": ("access", "Grant the vendor's support access until a set time; show it, pause it, revoke it."),
    "connect": ("connect", "Open a shell on an instance, or tunnels to it. Nothing needs to be installed."),
    "sessions": ("sessions", "List the sessions on instances, and end them."),
    "ssh": ("ssh", "Run OpenSSH through a session, with a key made for this connection."),
    "ssh-config": ("ssh", "Print a block for ~/.ssh/config, for ssh, scp, sftp, rsync and editors."),
    "ssh-proxy": ("ssh", "Carry an SSH connection over standard input and output, as ssh's ProxyCommand."),
    "cp": ("copy", "Copy files to or from an instance: over SSH, or through sessions if SSH is not available."),
    "run": ("run", "Run a command on the stack's instance, or on instances by tag, and show what each printed."),
    "session-preferences": ("preferences", "The account's Session Manager preferences in a region."),
    "recovery": ("recovery", "A small host of your own, for when the instance accepts no session."),
    "engineers": (
        "engineers",
        "Documents and policies for your own people: tunnels, commands, instances that share their tag.",
    ),
    "cluster": ("cluster", "What the privileged instance needs for the EKS cluster beside it."),
    "doctor": (
        "doctor",
        "Check what sessions need, here and in the account, and show the command that fixes each problem.",
    ),
    "vendor": ("vendor", "For the vendor's engineers: use the access that a customer granted."),
    "connect-bastion": (
        "db",
        "Open a tunnel to a database, and psql or mysql through it. IAM signs you in; the server is verified.",
    ),
    "db": ("db", "Connect to a private Aurora or RDS database: tunnel, token, verified TLS, users by access level."),
    "permissions": (
        "permissions",
        "Print the IAM policies with which a person may run these commands, and what each statement is for.",
    ),
    "verify": (
        "publish",
        "Check who signed a template or a report. Exit code 3 if no trusted key did, or if anything was changed.",
    ),
    "publish": ("publish", "Publish the template, signed, and make its keys."),
    "config": ("config", "Stored defaults: profile, region, stack, database, and more."),
}

TOPICS: dict[str, list[str]] = {
    "To try it": ["demo", "sandbox"],
    "The stack": ["init", "up", "status", "outputs", "events", "diff", "upgrade", "down"],
    "Support's access": ["access"],
    "Sessions": ["connect", "sessions", "ssh", "cp", "run", "doctor", "recovery", "engineers", "cluster"],
    "The database": ["db", "connect-bastion"],
    "For the vendor": ["vendor", "generate", "lint", "publish"],
    "Less often": ["permissions", "config", "verify", "ssh-config", "ssh-proxy", "session-preferences"],
}
"""The commands as help lists them."""

SYNONYMS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("deploy", "create", "apply", "launch", "update"), ("up",)),
    **dict.fromkeys(("destroy", "delete", "remove", "teardown"), ("down",)),
    "adopt": ("upgrade",),
    "plan": ("up --plan", "upgrade --plan"),
    "rollback": ("up --continue-rollback",),
    **dict.fromkeys(("info", "describe", "show"), ("status", "access show")),
    **dict.fromkeys(("logs", "log", "history"), ("events", "sessions list --past")),
    **dict.fromkeys(("shell", "start-session", "login"), ("connect",)),
    **dict.fromkeys(("tunnel", "forward", "port-forward"), ("connect -L 3035",)),
    **dict.fromkeys(("scp", "copy"), ("cp",)),
    "exec": ("run",),
    "abac": ("engineers up", "access policy"),
    "kubectl": ("cluster kubectl",),
    **dict.fromkeys(("psql", "mysql", "database"), ("db connect",)),
    "token": ("db token",),
    **dict.fromkeys(("validate", "check"), ("lint", "doctor")),
    **dict.fromkeys(("synth", "template", "build"), ("generate",)),
    "bastion": ("connect-bastion", "recovery"),
    "cfg": ("config",),
}
"""What other tools call a thing, and the command here. Tried first when a command does not exist."""

OPTION_SYNONYMS: dict[str, str] = {
    "--location": "the database is named without an option: deployer {} NAME",
    "--localport": "--local-port",
    "--awsprofile": "--profile",
    "--legacydbuser": "--user",
}
"""What other tools call an option, and what it is here. Tried first when an option does not exist."""
