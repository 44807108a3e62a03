"""What the file for people says beside the template: why a resource is there, and what a policy statement is for."""

from __future__ import annotations

from collections.abc import Mapping

from generator.model.contract import Condition, Resource

COMMENTS: Mapping[str, str] = {
    Resource.SECURITY_GROUP: (
        "== Network ==\nNothing may come in: there is no ingress rule, and sessions are connections that the instance "
        "opens. It may connect to anything, for the installer's downloads and your database; the subnet's routes "
        "decide how far that reaches."
    ),
    Resource.ADMIN_SECRET: (
        "What the installation reads with the instance's own role, so that no password is in the user data. "
        "The password is a secret; the other settings are not."
    ),
    Resource.AGENT_POLICY: (
        "== The instance ==\nWhat the Systems Manager agent may do, on the instance and on the bastion. AWS's own "
        "policy for it, AmazonSSMManagedInstanceCore, would also let anyone with a shell read every parameter of "
        "the account."
    ),
    Resource.INSTANCE_ROLE: "The instance's role: whoever has a shell on the instance has it too.",
    Resource.INSTANCE_PROFILE: (
        "Carries the role to the instance. It waits for InstanceImage: if that fails, an update stops here, before it "
        "reaches an instance."
    ),
    Resource.INSTANCE_IMAGE: (
        "Has the keeper look up today's Amazon Linux image, once; the ID is then part of the stack, so no later update "
        "can replace the instance by a newer image. In a stack that already has an instance made from another template "
        "it fails, before anything touches that instance: run `deployer upgrade` there."
    ),
    Resource.INSTANCE: (
        "No public address, encrypted disk, IMDSv2 only and (hop limit 1) not for containers. The disk outlives the "
        "instance: it holds DeepSQL's data. The stack is complete when DeepSQL answers: the script below signals it. "
        "`deployer upgrade` leaves this definition as your stack has it."
    ),
    Resource.CLUSTER_ACCESS: (
        "Only if you name an EKS cluster, and only while somebody is granted access: what a shell on the instance may "
        "do there, by AWS's access policy of that name, in the whole cluster."
    ),
    Resource.STACK_KEY: (
        "== Key and session log ==\nOne key for both secrets and the session log. It and the log outlive the stack, as "
        "evidence; they are deleted only if creating the stack fails."
    ),
    Resource.SESSION_LOG_GROUP: "What was typed and shown in support's shells. Support can neither read nor delete it.",
    Resource.SHELL_DOCUMENT: (
        "== Session documents ==\nSupport may start sessions with these and no others. They are named after the "
        "instance. This one is a shell: it does not start where it cannot be logged, and ends after "
        "SupportSessionMinutes."
    ),
    Resource.CUSTOMER_SHELL_DOCUMENT: (
        "The same shell for your own people, logged but without that limit. Support may not use it."
    ),
    Resource.PORT_DOCUMENT: (
        "A tunnel, to the listed ports of the instance itself and to no other host. Tunnels are not logged."
    ),
    Resource.SSH_DOCUMENT: (
        "The way to the SSH port of the instance. Support may use it only where SupportSsh is Yes."
    ),
    Resource.SUPPORT_SESSION_POLICY: (
        "== What support may do ==\nThis managed policy is the most that user and role can ever do (their permissions "
        "boundary): a policy that somebody attaches later adds nothing. It has the statements of "
        "SupportUserPolicy word for word, those for a role's own sessions, and what the options add. It is also "
        "attached: to the role always, to the user only if an option is on."
    ),
    Resource.SUPPORT_USER: "The user whose key the vendor's support uses. It has no password.",
    Resource.SUPPORT_USER_POLICY: (
        "What the support user may do by default. For an instance without a stack, copy the PolicyDocument, "
        "or let `deployer access policy` print it with your own names."
    ),
    Resource.SUPPORT_ROLE: (
        "The same permissions as a role, which the vendor assumes from its own account with the external ID. "
        "Without a grant it trusts nobody. The vendor's account is the principal, held to single roles or "
        "users by aws:PrincipalArn: a role's ARN as principal would turn into a dead ID when the vendor "
        "recreates the role."
    ),
    Resource.SUPPORT_ROLE_POLICY: (
        "Cuts off sessions of the role that began before a revocation: their credentials would last an hour."
    ),
    Resource.SUPPORT_SECRET: (
        "== The support secret ==\nCreated empty. The keeper fills it, so that the key never passes through "
        "CloudFormation, whose events show values."
    ),
    Resource.SUPPORT_SECRET_POLICY: (
        "Who of the vendor may read the secret, and until when. Only while somebody is granted access."
    ),
    Resource.KEEPER_SUPPORT_POLICY: (
        "Only while there is a support user. It bears that user's name, so that it is replaced with the user: "
        "the old user's keys are deleted under the old policy."
    ),
    Resource.SUPPORT_KEY: "The access key, made and removed by the keeper. CloudFormation learns its ID alone.",
    Resource.KEEPER_ROTATION_PERMISSION: "Secrets Manager may call the keeper to rotate this secret, and no other.",
    Resource.SUPPORT_KEY_ROTATION: "Every 90 days the keeper makes a new key; the old one becomes inactive.",
    Resource.DATABASE_INGRESS: (
        "== Access to the database ==\nOnly if you name it: the instance's group is let in at the database's port."
    ),
    Resource.DATABASE_DOCUMENT: "A tunnel to the database's own host and port; nobody can choose another host.",
    Resource.BASTION_ROLE: (
        "== The bastion ==\nA small host of your own, as a jump host or for the day when the instance does not "
        "respond. Support does not reach it: it lacks the tag that support's policy asks for. With RecoveryBastion "
        "alone the group is empty until you start a host."
    ),
    Resource.BASTION_PROFILE: "The bastion's role as EC2 takes it.",
    Resource.BASTION_LAUNCH_TEMPLATE: "Its image is looked up at each start: it holds no data.",
    Resource.BASTION_GROUP: "Replaces the host after 30 days, so that it never grows old.",
    Resource.KEEPER_LOG_GROUP: (
        "== The keeper ==\nThe stack's key-management function, whose code is in KeeperFunction as it runs "
        "(docs/explanation/keeper.md explains it). Its log holds no secret; it has the record of revocations too, and "
        "so it outlives the stack as the session log does."
    ),
    Resource.KEEPER_ROLE: "What the keeper may always do. What it may do with keys is KeeperSupportPolicy.",
    Resource.KEEPER_FUNCTION: (
        "Called by CloudFormation (SupportKey, InstanceImage), by Secrets Manager (rotation) and by AccessEndRule, by "
        "nobody else."
    ),
    Resource.ACCESS_END_POLICY: (
        "== The end of sessions ==\nOnly while access has an end. From then on IAM refuses new sessions, but a "
        "shell or a tunnel that is open would go on: so the keeper ends support's, and nobody else's."
    ),
    Resource.ACCESS_END_RULE: "Every minute. Before the end the keeper returns at once.",
    Resource.ACCESS_END_PERMISSION: "Only that rule may call the keeper so.",
    Condition.VENDOR_GIVEN: "Somebody of the vendor is granted access: an account and a principal in it.",
    Condition.NOTHING_CUT: "No session of the role was cut off by a revocation, nor is by a pause.",
    Condition.SESSIONS_END: "Somebody is let in, until a set time.",
    Condition.SUPPORT_HAS_OPTIONS: "Support may do more than by default.",
}
STATEMENTS: Mapping[str, str] = {
    "BeManagedBySystemsManager": (
        "The agent's calls name no resource, so the condition limits them to this region. It looks the log group up by "
        "name; with a narrower resource sessions hang."
    ),
    "ReadAwsDocuments": "AWS's own, for patching; documents of this account may hold anything.",
    "WriteTheSessionLog": "Transcripts go to this log group, yours or the stack's, and nowhere else.",
    "EncryptTheSessionLog": (
        "Writing to it needs its key, whichever it has, through CloudWatch Logs and for this group alone."
    ),
    "ReportReadiness": "The signal that lets the stack finish, or fail.",
    "ReadTheAdminPassword": "This one secret.",
    "DecryptWithTheStackKey": "To read that secret; the key only through Secrets Manager.",
    "ReadTheInstallSettings": "This one parameter.",
    "AccountAdministersTheKey": "Without it nobody could ever change this policy. Your IAM policies decide the rest.",
    "LogsEncryptTheSessionLog": "CloudWatch Logs may use the key for this stack's session log and no other log group.",
    "VendorDecryptViaSecretsManager": (
        "The granted principals, through Secrets Manager, for the support secret. `*` in a key's policy is this key."
    ),
    "StartSessionsOnThisInstance": (
        "This instance, while it has the tag. SessionDocumentAccessCheck has IAM ask for the document too: without it "
        "the account's default shell, which need not be logged, would start though no statement names it."
    ),
    "StartSessionsWithTheseDocuments": (
        "The stack's shell and its tunnel. Documents have no tag, so they have a statement of their own."
    ),
    "ResumeOwnSessions": (
        "A session's ID is the user's name, a dash and 17 or 26 characters; each ? is one character."
    ),
    "EndOwnSessions": "Ending one's own session is possible even after access has ended.",
    "OpenTheDataChannel": "Carries a session that was started. AWS's own policies name session/* here.",
    "FindTheInstance": "Look-ups that cannot be limited to one instance, limited to this region.",
    "NoSessionTokens": (
        "Temporary credentials would outlive the key. This call needs no permission, so only a denial stops it."
    ),
    "ResumeOwnSessionsAsRole": "A role's sessions have no user name in their ID, but a tag that AWS sets.",
    "StartSessionsWithChosenDocuments": (
        "Only what you chose: AWS's default shell (your account's preferences decide on its log), SSH, the database."
    ),
    "PushSshKeysForOneLogin": "Only where SupportSsh is Yes: a public key for a minute, for SupportSshUser alone.",
    "SignInToTheDatabase": (
        "Only where SupportDatabaseLevel is not none: as the one database user of the access level you chose."
    ),
    "VendorAssumes": (
        "The granted principals, with the external ID (the stack's UUID unless you gave one), until the end, and not "
        "while the role is paused. SetSourceIdentity lets your CloudTrail name the person."
    ),
    "NobodyAssumes": "A role must trust somebody or deny everybody.",
    "NoOlderSessions": "Where no session was cut off the date is before any session.",
    "VendorReadsTheSecret": "`*` is this secret. The granted principals, until the end.",
    "KeepTheKeysOfThisUser": "No other user, and no other call of IAM.",
    "EncryptThisSecret": "The key only through Secrets Manager.",
    "ReadPublicImageParameters": "AWS's public list of Amazon Linux images.",
    "ListSessions": "DescribeSessions names no resource, so only the region limits it.",
    "EndSessionsOnThisInstance": "Session Manager gives each session a tag with its target.",
    "LookAtItsOwnStack": "Whether the stack has an instance or a key already.",
}
