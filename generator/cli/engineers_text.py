"""The engineers' stack as text: pure functions from values to lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.cli.render import table
from generator.model.engineers import Output

if TYPE_CHECKING:
    from generator.model.command_line import CommandLine
    from generator.model.engineers import EngineersPolicy, EngineersReport
    from generator.model.up import UpResult


def status_lines(report: EngineersReport) -> list[str]:
    """The stack, what its documents allow, and who has its policies."""
    documents = table([(f"  {name}", allowed) for name, allowed in report.documents.items()])
    policies = table([(f"  {each.whose}", _attached(each), each.arn) for each in report.policies])
    return [
        f"The stack {report.stack_name} is {report.status}. Instances and people have to share the tag {report.tag}.",
        "What the documents allow:",
        *(documents or ["  there is none"]),
        "Policies, by who they are for:",
        *policies,
    ]


def _attached(policy: EngineersPolicy) -> str:
    return f"attached to {', '.join(policy.attached)}" if policy.attached else "attached to nobody"


def next_steps(result: UpResult, commands: CommandLine) -> tuple[str, ...]:
    """The command that comes next after a creation: nobody has a policy yet."""
    if not result.changed or result.status != "CREATE_COMPLETE":
        return ()
    arn = result.outputs.get(Output.ROLES_POLICY_ARN, "")
    return (commands.aws("iam", "attach-role-policy", "--role-name", "ROLE", "--policy-arn", arn),)
