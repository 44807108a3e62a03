"""What the customer can do when Session Manager itself is down. Says it, and does nothing: no line of these is run.

EC2 user guide, "Connect using EC2 Instance Connect Endpoint", "EC2 Serial Console for instances".
"""

from __future__ import annotations

from generator.errors import NotFound
from generator.gateway.aws import Gateway
from generator.model.command_line import CommandLine
from generator.model.contract import SSH_PORT, SSH_USER, Output, Parameter
from generator.model.recovery import RecoveryChoice, RecoveryChoices

CONSOLE = "serial-console.ec2-instance-connect"


def explain(gateway: Gateway) -> RecoveryChoices:
    """The choices for the stack's instance, with the commands filled in. Raises StackNotFound, and NotFound."""
    stack = gateway.cloudformation.describe_stack(gateway.deployment.stack_name)
    instance, group = (stack.outputs.get(key, "") for key in (Output.INSTANCE_ID, Output.SECURITY_GROUP_ID))
    if not instance:
        raise NotFound(
            f"The stack {stack.name} has no output {Output.INSTANCE_ID}, so its instance is not known.",
            f"See what it has with: {gateway.commands.deployer('status', '--all')}",
            code="instance-unknown",
        )
    subnet = stack.parameters.get(Parameter.SUBNET_ID, "")
    commands = gateway.commands
    return RecoveryChoices(
        instance, (_endpoint(commands, instance, group, subnet), _console(commands, instance, gateway.region))
    )


def _endpoint(commands: CommandLine, instance: str, group: str, subnet: str) -> RecoveryChoice:
    """SSH from AWS's side of the VPC; the same security group lets the endpoint in and the instance be reached."""
    port = ("--protocol", "tcp", "--port", str(SSH_PORT), "--source-group", group)
    of_group = ("--group-id", group, *port)
    made = ("--subnet-id", subnet, "--security-group-ids", group)
    connect = ("ssh", "--instance-id", instance, "--os-user", SSH_USER, "--connection-type", "eice")
    return RecoveryChoice(
        "EC2 Instance Connect Endpoint",
        f"port {SSH_PORT} of {instance}, to whoever in your account may call ec2-instance-connect:OpenTunnel and "
        "SendSSHPublicKey; support's policies have neither, unless SupportSsh gives it the latter",
        "AWS CLI 2; sshd on the instance; a quota of one endpoint a VPC, which takes some minutes to make",
        (
            commands.aws("ec2", "create-instance-connect-endpoint", *made),
            commands.aws("ec2", "authorize-security-group-ingress", *of_group),
        ),
        (commands.aws("ec2-instance-connect", *connect),),
        (
            commands.aws("ec2", "revoke-security-group-ingress", *of_group),
            commands.aws("ec2", "delete-instance-connect-endpoint", "--instance-connect-endpoint-id", "eice-ID"),
        ),
    )


def _console(commands: CommandLine, instance: str, region: str) -> RecoveryChoice:
    push = ("--instance-id", instance, "--serial-port", "0", "--ssh-public-key", "file://KEY.pub")
    return RecoveryChoice(
        "EC2 serial console",
        "the console of every instance of the account in this region, to whoever may call "
        "ec2-instance-connect:SendSerialConsoleSSHPublicKey; support's policies do not have it",
        "a user with a password on the instance, set before that day: Amazon Linux has none; no network is needed",
        (commands.aws("ec2", "enable-serial-console-access"),),
        (
            commands.aws("ec2-instance-connect", "send-serial-console-ssh-public-key", *push),
            f"ssh -i KEY {instance}.port0@{CONSOLE}.{region}.aws",
        ),
        (
            commands.aws("ec2", "disable-serial-console-access"),
            commands.aws("ec2", "get-serial-console-access-status"),
        ),
    )
