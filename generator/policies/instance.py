"""What the instance may do: be managed, write its session log, read its own settings, report that it is ready.

The managed policy AmazonSSMManagedInstanceCore would also let anyone with a shell read every parameter of the
account, so the agent's calls are listed here instead.
"""

from __future__ import annotations

import awacs.cloudformation as cloudformation
import awacs.kms as kms
import awacs.logs as logs
import awacs.secretsmanager as secretsmanager
import awacs.ssm as ssm
import awacs.ssmmessages as ssmmessages
from awacs.aws import Action, Statement, StringEquals

from generator.policies.document import Value, allow

AGENT_CALLS = [
    ssm.DescribeAssociation,
    ssm.GetDeployablePatchSnapshotForInstance,
    ssm.GetManifest,
    ssm.ListAssociations,
    ssm.ListInstanceAssociations,
    ssm.PutComplianceItems,
    ssm.PutConfigurePackageResult,
    ssm.PutInventory,
    ssm.UpdateAssociationStatus,
    ssm.UpdateInstanceAssociationStatus,
    ssm.UpdateInstanceInformation,
    ssmmessages.CreateControlChannel,
    ssmmessages.CreateDataChannel,
    ssmmessages.OpenControlChannel,
    ssmmessages.OpenDataChannel,
    Action("ec2messages", "*"),
    logs.DescribeLogGroups,
    logs.DescribeLogStreams,
]
"""The calls of AmazonSSMManagedInstanceCore, without reading parameters and documents. It has every action of
ec2messages. The agent looks its log group up by name; with a narrower resource sessions hang (amazon-ssm-agent issue
246)."""


def be_managed_by_systems_manager(region: Value) -> Statement:
    """The agent's calls name no resource; a condition limits them to the stack's Region."""
    return allow("BeManagedBySystemsManager", AGENT_CALLS, "*", StringEquals("aws:RequestedRegion", region))


def read_aws_documents(documents: Value) -> Statement:
    """Associations and patching read documents of AWS's own. A session's document comes with the session's start."""
    return allow("ReadAwsDocuments", [ssm.DescribeDocument, ssm.GetDocument], documents)


def write_the_session_log(streams: Value) -> Statement:
    """Transcripts go to the session log group and nowhere else."""
    return allow("WriteTheSessionLog", [logs.CreateLogStream, logs.PutLogEvents], streams)


def encrypt_the_session_log(key: Value, service: Value, log_group: Value) -> Statement:
    """Whoever writes to an encrypted log group may need the key too, through CloudWatch Logs and for that group alone.

    As AWS's managed policy CloudWatchLogsAPIKeyAccess has it. Transcripts cannot be read with it: that is another call.
    """
    return allow(
        "EncryptTheSessionLog",
        [kms.Decrypt, kms.GenerateDataKey],
        key,
        StringEquals({"kms:ViaService": service, "kms:EncryptionContext:aws:logs:arn": log_group}),
    )


def decrypt_with_the_stack_key(key: Value, services: Value) -> Statement:
    """Reading the admin secret requires the key; only through the services named."""
    return allow("DecryptWithTheStackKey", [kms.Decrypt], key, StringEquals("kms:ViaService", services))


def read_the_admin_password(secret: Value) -> Statement:
    """Only the instance reads it, and only this secret."""
    return allow("ReadTheAdminPassword", [secretsmanager.GetSecretValue], secret)


def read_the_install_settings(parameter: Value) -> Statement:
    """The one parameter the installation needs."""
    return allow("ReadTheInstallSettings", [ssm.GetParameter], parameter)


def report_readiness(stack: Value) -> Statement:
    """The signal that lets the stack finish, or fail."""
    return allow("ReportReadiness", [cloudformation.SignalResource], stack)
