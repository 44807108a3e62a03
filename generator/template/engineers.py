"""What the customer's own engineers need, as a template of its own: documents with lists, and tag policies.

The documents take the place of AWS's own, whose parameters reach any port of any host and any command. Which tag counts
is fixed when the template is made: CloudFormation has no function for the key of a condition.
"""

from __future__ import annotations

from troposphere import And, Equals, If, Join, Not, Output, Parameter, Ref, Split, Sub, Tags, Template
from troposphere.iam import ManagedPolicy
from troposphere.ssm import Document

from generator.model import engineers as contract
from generator.model.engineers import DEFAULT_TAG, STACK_TAG_KEY, Kind, Resource
from generator.model.engineers import Condition as C
from generator.model.engineers import Output as O
from generator.model.engineers import Parameter as P
from generator.policies.document import Document as Policy
from generator.policies.engineers import (
    NAMED_AFTER,
    EngineerKind,
    EngineersScope,
    engineers_policy,
    push_ssh_keys,
    session_documents,
)
from generator.policies.support import longer_name, own_sessions
from generator.template.parts import REGION, arn, joined
from generator.template.session_documents import ANY_PORT, ssh_session

DESCRIPTION = (
    "For your own engineers: session and command documents that allow only what is listed, and policies for instances "
    "whose tag equals their own. Attach a policy to your roles or users. DeepSQL's support gets nothing of it."
)
COMMENTS = {
    str(Resource.PORT_DOCUMENT): "In the place of AWS-StartPortForwardingSession: these ports of the instance itself.",
    str(Resource.REMOTE_PORT_DOCUMENT): (
        "In the place of AWS-StartPortForwardingSessionToRemoteHost: these ports of these hosts."
    ),
    str(Resource.COMMAND_DOCUMENT): "In the place of AWS-StartInteractiveCommand: these commands, by the shell's user.",
    str(Resource.SHELL_DOCUMENT): "A shell, in the place of the account's default one; logged where a group is named.",
    str(Resource.SSH_DOCUMENT): "In the place of AWS-StartSSHSession: port 22 alone.",
    str(Resource.RUN_DOCUMENT): "In the place of AWS-RunShellScript: these commands, as root, on many instances.",
    str(Resource.USERS_POLICY): "For IAM users. Own sessions: their IDs begin with the user's name.",
    str(Resource.ROLES_POLICY): "For roles. Own sessions: by the tag that Session Manager sets, which is aws:userid.",
    str(Resource.LOGIN_POLICY): (
        "For people who come from an identity provider with the session tag login, which is also their role session's "
        "name. Whoever may set that tag is that person."
    ),
    str(Resource.SOURCE_IDENTITY_POLICY): "The same by the source identity, which no later role can change.",
    "StartSessionsWhereTheTagsAreEqual": "A person without the tag matches no instance.",
    "StartSessionsWithTheseDocuments": "Documents have no tag of a team, so they have a statement of their own.",
    "NotOfOneWhoseNameGoesOn": "alice's pattern for a newer ID also fits an older one of alice-12345678.",
    "ResumeAndEndOwnSessions": "A session bears no tag of ours: its ID or AWS's own tag says whose it is.",
    "PushSshKeysWhereTheTagsAreEqual": (
        "A public key for a minute, for that user alone. SSH forwards ports that are not listed."
    ),
    "ReadWhatCommandsPrinted": "IAM cannot tell whose a command is; so nobody gets ssm:CancelCommand here.",
}
STACK = "${AWS::StackName}"
POLICIES = {
    Resource.USERS_POLICY: (EngineerKind.user, O.USERS_POLICY_ARN),
    Resource.ROLES_POLICY: (EngineerKind.role, O.ROLES_POLICY_ARN),
    Resource.LOGIN_POLICY: (EngineerKind.login, O.LOGIN_POLICY_ARN),
    Resource.SOURCE_IDENTITY_POLICY: (EngineerKind.source_identity, O.SOURCE_IDENTITY_POLICY_ARN),
}


def build_engineers(tag: str = DEFAULT_TAG) -> Template:
    """A new template for the tag with that key."""
    template = Template()
    template.set_version("2010-09-09")
    template.set_description(DESCRIPTION)
    for part in (_parameters, _conditions, _session_documents, _run_document):
        part(template)
    _policies(template, tag)
    _outputs(template, tag)
    return template


def _parameters(template: Template) -> None:
    """Add the parameters. Without labels the console shows the names that the documentation uses."""
    groups: dict[str, tuple[tuple[P, str, dict[str, object]], ...]] = {
        "Tunnels": (
            (P.ALLOWED_PORTS, "Ports of the instance itself: 8080,8081.",
             {"Type": "String", "Default": "", "AllowedPattern": contract.PORTS}),
            (P.REMOTE_HOSTS, "Other hosts, as the instance names them: each of them with each of RemotePorts.",
             {"Type": "String", "Default": "", "AllowedPattern": contract.HOSTS}),
            (P.REMOTE_PORTS, "Ports of those hosts.",
             {"Type": "String", "Default": "", "AllowedPattern": contract.PORTS}),
        ),
        "Commands": (
            (P.INTERACTIVE_COMMANDS, "Commands for a session, each whole: df -h,systemctl status.",
             {"Type": "String", "Default": "", "AllowedPattern": contract.COMMANDS}),
            (P.FLEET_COMMANDS, "Commands that run as root on many instances at once.",
             {"Type": "String", "Default": "", "AllowedPattern": contract.COMMANDS}),
            (P.COMMAND_ARGUMENT, "Word: one more word may follow a command, which is no option. None: nothing may.",
             {"Type": "String", "Default": "None", "AllowedValues": ["None", "Word"]}),
        ),
        "Shell": (
            (P.CREATE_SHELL, "Yes: a document for a shell, which may do what its user may.",
             {"Type": "String", "Default": "No", "AllowedValues": ["Yes", "No"]}),
            (P.SESSION_LOG_GROUP,
             "An encrypted log group for shells and commands. The instances' roles must be allowed to write to it.",
             {"Type": "String", "Default": "", "AllowedPattern": contract.LOG_GROUP}),
            (P.SSH_USER, "OS user for SSH, never root. Who has SSH reaches what sshd forwards, listed or not.",
             {"Type": "String", "Default": "", "AllowedPattern": contract.SSH_USERS}),
        ),
    }  # fmt: skip
    for title, members in groups.items():
        for name, text, kind in members:
            template.add_parameter_to_group(
                template.add_parameter(Parameter(str(name), Description=text, **kind)), title
            )


def _given(name: P) -> Not:
    return Not(Equals(Ref(str(name)), ""))


def _conditions(template: Template) -> None:
    template.add_condition(str(C.PORTS_GIVEN), _given(P.ALLOWED_PORTS))
    template.add_condition(str(C.REMOTE_GIVEN), And(_given(P.REMOTE_HOSTS), _given(P.REMOTE_PORTS)))
    template.add_condition(str(C.COMMANDS_GIVEN), _given(P.INTERACTIVE_COMMANDS))
    template.add_condition(str(C.FLEET_GIVEN), _given(P.FLEET_COMMANDS))
    template.add_condition(str(C.ARGUMENT_ALLOWED), Equals(Ref(str(P.COMMAND_ARGUMENT)), "Word"))
    template.add_condition(str(C.WANT_SHELL), Equals(Ref(str(P.CREATE_SHELL)), "Yes"))
    template.add_condition(str(C.LOG_GIVEN), _given(P.SESSION_LOG_GROUP))
    template.add_condition(str(C.SSH_GIVEN), _given(P.SSH_USER))


def _any_of(name: P) -> Join:
    """A pattern for the members of a list alone. Of what may be in one, only the dot means more than itself."""
    return Join("\\.", Split(".", Join("|", Split(",", Ref(str(name))))))


def _one_of(name: P, *more: object) -> Join:
    return joined("^(", _any_of(name), ")", contract.MEMBER_ENDS, *more, "$")


def _command(name: P) -> dict[str, object]:
    argument = If(str(C.ARGUMENT_ALLOWED), contract.ARGUMENT, "")
    return {"type": "String", "allowedPattern": _one_of(name, argument)}


def _local_port() -> dict[str, object]:
    return {"type": "String", "allowedPattern": ANY_PORT, "default": "0"}


def _tunnel(description: str, ports: P, **host: dict[str, object]) -> dict[str, object]:
    """A tunnel whose far end is held; `host` is the parameter of a host beyond the instance."""
    parameters = {"portNumber": {"type": "String", "allowedPattern": _one_of(ports)}, "localPortNumber": _local_port()}
    return {
        "schemaVersion": "1.0",
        "description": description,
        "sessionType": "Port",
        "parameters": {**host, **parameters},
        "properties": {
            **{name: f"{{{{ {name} }}}}" for name in host},
            "portNumber": "{{ portNumber }}",
            "type": "LocalPortForwarding",
            "localPortNumber": "{{ localPortNumber }}",
        },
    }


def _inputs() -> If:
    """Where a session is logged; AWS does not start one whose log group is not encrypted."""

    def inputs(logged: bool, **group: object) -> dict[str, object]:
        return {
            "s3EncryptionEnabled": True,
            "cloudWatchEncryptionEnabled": logged,
            "cloudWatchStreamingEnabled": logged,
            "runAsEnabled": False,
            **group,
        }

    return If(str(C.LOG_GIVEN), inputs(True, cloudWatchLogGroupName=Ref(str(P.SESSION_LOG_GROUP))), inputs(False))


def _session_documents(template: Template) -> None:
    hosts: dict[str, object] = {"type": "String", "allowedPattern": _one_of(P.REMOTE_HOSTS)}
    run = {"linux": {"commands": "{{ command }}", "runAsElevated": False}}
    head = {"schemaVersion": "1.0"}
    documents: tuple[tuple[Resource, Kind, C, dict[str, object]], ...] = (
        (Resource.PORT_DOCUMENT, Kind.PORT, C.PORTS_GIVEN,
         _tunnel("A tunnel to the allowed ports of an instance", P.ALLOWED_PORTS)),
        (Resource.REMOTE_PORT_DOCUMENT, Kind.REMOTE_PORT, C.REMOTE_GIVEN,
         _tunnel("A tunnel to the allowed ports of the allowed hosts", P.REMOTE_PORTS, host=hosts)),
        (Resource.COMMAND_DOCUMENT, Kind.COMMAND, C.COMMANDS_GIVEN,
         {**head, "description": "One of the allowed commands", "sessionType": "InteractiveCommands",
          "inputs": _inputs(), "parameters": {"command": _command(P.INTERACTIVE_COMMANDS)}, "properties": run}),
        (Resource.SHELL_DOCUMENT, Kind.SHELL, C.WANT_SHELL,
         {**head, "description": "A shell", "sessionType": "Standard_Stream", "inputs": _inputs()}),
        (Resource.SSH_DOCUMENT, Kind.SSH, C.SSH_GIVEN, ssh_session("SSH to an instance")),
    )  # fmt: skip
    for name, kind, condition, content in documents:
        _add_document(template, name, kind, condition, "Session", content)


def _run_document(template: Template) -> None:
    """SendCommand's parameters as AWS-RunShellScript has them, so that whoever calls it need not know which it is."""
    seconds = {"type": "String", "default": "3600", "allowedPattern": "^[1-9][0-9]{0,5}$"}
    step = {
        "action": "aws:runShellScript",
        "name": "run",
        "inputs": {"runCommand": "{{ commands }}", "timeoutSeconds": "{{ executionTimeout }}"},
    }
    content: dict[str, object] = {
        "schemaVersion": "2.2",
        "description": "One of the allowed commands, as root",
        "parameters": {"commands": {**_command(P.FLEET_COMMANDS), "type": "StringList"}, "executionTimeout": seconds},
        "mainSteps": [step],
    }
    _add_document(template, Resource.RUN_DOCUMENT, Kind.RUN, C.FLEET_GIVEN, "Command", content)


def _add_document(
    template: Template, name: Resource, kind: Kind, condition: C, document_type: str, content: dict[str, object]
) -> None:
    template.add_resource(
        Document(
            str(name),
            Condition=str(condition),
            Name=Sub(f"{STACK}-{kind}"),
            DocumentType=document_type,
            UpdateMethod="NewVersion",
            Tags=Tags({STACK_TAG_KEY: Ref("AWS::StackName")}),
            Content=content,
        )
    )


def _policies(template: Template, tag: str) -> None:
    for name, (kind, _) in POLICIES.items():
        template.add_resource(
            ManagedPolicy(
                str(name),
                Description=f"Sessions and commands where the tag {tag} is equal",
                PolicyDocument=_policy(tag, kind),
            )
        )


def _policy(tag: str, kind: EngineerKind) -> Policy:
    """What `deployer access policy --abac` prints, with this stack's documents."""
    named = f"${{!{NAMED_AFTER[kind]}}}" if kind in NAMED_AFTER else ""
    scope = EngineersScope(
        tag,
        REGION,
        arn("ec2", "instance/*"),
        [arn("ssm", f"document/{name}") for name in session_documents(STACK)],
        [arn("ssm", f"document/{contract.document_name(Kind.RUN, STACK)}")],
        arn("ssm", "session/*"),
        [arn("ssm", own) for own in own_sessions("session/*", named)] if named else (),
        [arn("ssm", longer_name("session/*", named))] if named else (),
        [If(str(C.SSH_GIVEN), push_ssh_keys(tag, arn("ec2", "instance/*"), Ref(str(P.SSH_USER))), Ref("AWS::NoValue"))],
    )
    return engineers_policy(scope)


def _outputs(template: Template, tag: str) -> None:
    template.add_output(Output(str(O.TAG_KEY), Value=tag))
    documents = (
        (O.PORT_DOCUMENT, Resource.PORT_DOCUMENT, C.PORTS_GIVEN),
        (O.REMOTE_PORT_DOCUMENT, Resource.REMOTE_PORT_DOCUMENT, C.REMOTE_GIVEN),
        (O.COMMAND_DOCUMENT, Resource.COMMAND_DOCUMENT, C.COMMANDS_GIVEN),
        (O.SHELL_DOCUMENT, Resource.SHELL_DOCUMENT, C.WANT_SHELL),
        (O.SSH_DOCUMENT, Resource.SSH_DOCUMENT, C.SSH_GIVEN),
        (O.RUN_DOCUMENT, Resource.RUN_DOCUMENT, C.FLEET_GIVEN),
    )
    for output, resource, condition in documents:
        template.add_output(Output(str(output), Condition=str(condition), Value=Ref(str(resource))))
    for resource, (_, output) in POLICIES.items():
        template.add_output(Output(str(output), Value=Ref(str(resource))))
