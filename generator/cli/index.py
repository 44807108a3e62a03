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
    **dict.fromkeys(("destroy", "delete", "remove", "teardown", "undeploy"), ("down",)),
    "adopt": ("upgrade",),
    "plan": ("up --plan", "upgrade --plan"),
    "rollback": ("up --continue-rollback",),
    **dict.fromkeys(("info", "describe", "show"), ("status", "access show")),
    **dict.fromkeys(("logs", "log", "history"), ("events", "sessions list --past")),
    **dict.fromkeys(("shell", "start-session", "login", "ssm"), ("connect",)),
    **dict.fromkeys(("put-resource-policy", "grant", "approve"), ("access grant",)),
    "get-secret-value": ("access reveal",),
    "update-access-key": ("access pause", "access resume"),
    "rotate-secret": ("access rotate",),
    "update-stack": ("up",),
    "revoke": ("access revoke",),
    "send-ssh-public-key": ("ssh",),
    "send-command": ("run",),
    "verify-blob": ("verify",),
    **dict.fromkeys(("tunnel", "forward", "port-forward", "ec2-tunnel"), ("connect -L 3035",)),
    **dict.fromkeys(("scp", "copy"), ("cp",)),
    "exec": ("run",),
    "abac": ("engineers up", "access policy"),
    "kubectl": ("cluster kubectl",),
    **dict.fromkeys(("psql", "mysql", "database", "rds-tunnel"), ("db connect",)),
    "token": ("db token",),
    **dict.fromkeys(("validate", "check"), ("lint", "doctor")),
    **dict.fromkeys(("synth", "template", "build"), ("generate",)),
    "bastion": ("connect-bastion", "recovery"),
    "cfg": ("config",),
    **dict.fromkeys(("ls", "instances"), ("status", "sessions list")),
    "who": ("access show", "sessions list"),
    "audit": ("sessions list --past", "access show"),
    "report": ("access revoke", "access verify"),
    "key": ("access rotate",),
    "completion": ("--install-completion",),
}
"""What other tools call a thing, and the command here. Tried first when a command does not exist."""

GROUP_SYNONYMS: dict[str, dict[str, str]] = {
    "access": {
        **dict.fromkeys(("list", "ls", "status", "get"), "show"),
        **dict.fromkeys(("add", "allow", "give", "create"), "grant"),
        **dict.fromkeys(("extend", "prolong", "renew"), "grant --principal ARN --for 8h"),
        **dict.fromkeys(("remove", "delete", "deny", "end"), "revoke"),
        "stop": "pause",
        "start": "resume",
        "ticket": "confirm",
    },
    "sessions": {
        **dict.fromkeys(("ls", "show", "status"), "list"),
        **dict.fromkeys(("kill", "stop", "terminate", "close"), "end"),
    },
    "sandbox": {
        **dict.fromkeys(("up", "run"), "start"),
        "restart": "stop && deployer sandbox start",
        **dict.fromkeys(("down", "kill"), "stop"),
        **dict.fromkeys(("ls", "list", "show", "info", "log", "logs"), "status"),
        **dict.fromkeys(("delete", "clear", "clean", "destroy"), "reset"),
        "db": "database",
    },
    "db": {
        **dict.fromkeys(("psql", "mysql", "shell", "login", "open"), "connect"),
        **dict.fromkeys(("ls", "show"), "list"),
        **dict.fromkeys(("locks", "queries", "blocking"), "activity"),
        "grant": "bootstrap",
        **dict.fromkeys(("revoke", "lock"), "shut-out"),
    },
    "config": {
        **dict.fromkeys(("ls", "show"), "list"),
        **dict.fromkeys(("rm", "delete", "remove"), "unset"),
        "add": "set",
    },
}
"""The same for the commands of a group."""

OPTION_SYNONYMS: dict[str, tuple[str, str]] = {
    "--location": ("name", "the database is named without an option: deployer {} NAME"),
    "--localport": ("local_port", "--local-port"),
    "--awsprofile": ("profile", "--profile"),
    "--legacydbuser": ("user", "--user"),
    "--target": ("target", "the instance is named without an option: deployer {} TARGET"),
    "--document-name": ("document", "--document"),
    "--parameters": ("parameter", "--parameter NAME=VALUE, each with an option of its own"),
    "--allowed-ports": ("ports", "--ports"),
    "--remote-hosts": ("remote_host", "--remote-host, each with an option of its own"),
    **dict.fromkeys(("--dry-run", "--dryrun", "--check"), ("plan_only", "--plan")),
    **dict.fromkeys(("--json", "-o", "--format"), ("output", "--output json")),
    **dict.fromkeys(("--tail", "--watch"), ("follow", "--follow")),
    **dict.fromkeys(("--force", "--auto-approve", "--no-confirm", "--assume-yes"), ("yes", "--yes")),
    **dict.fromkeys(("--verbose", "-v", "--trace"), ("debug", "--debug")),
    **dict.fromkeys(("--stack", "--name"), ("stack_name", "--stack-name")),
    **dict.fromkeys(("--duration", "--expires", "--expiry", "--ttl", "--hours", "--until"), ("length", "--for 8h")),
    **dict.fromkeys(("--role", "--role-arn", "--arn", "--user", "--account"), ("principal", "--principal ARN")),
    **dict.fromkeys(("--port", "--forward"), ("forward", "-L PORT")),
}
"""What other tools call an option: the parameter of a command that it is here, and how that is typed. Tried first where
an option does not exist."""
