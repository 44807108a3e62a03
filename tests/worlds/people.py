"""Revocations with somebody inside, an operator who may not look, or an answer nobody can read."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from tests.embedded import run
from tests.worlds.account import (
    ADMINISTRATOR,
    THIRD_ROOT,
    VENDOR,
    VENDOR_ROLE,
    Account,
    Clients,
    allow,
    document,
    permission,
    trust,
    works,
)
from tests.worlds.world import ALL, ONE, PROVEN, Make, World, and_, done, lacks, not_proven

# Live sessions


def session_of_support(a: Account) -> None:
    session = a.opens(a.support())
    a.facts["session"] = session
    a.way_in("the support user's session", lambda: a.is_open(session))


def session_that_may_not_be_ended(a: Account) -> None:
    session_of_support(a)
    name = {"SessionId": a.facts["session"]}
    a.operator_lacks("ssm:TerminateSession", tried=lambda c: c.ssm.terminate_session(**name))


def session_of_the_role(a: Account) -> None:
    session = a.opens(a.as_role())
    a.facts["session"] = session
    a.way_in("the role's session", lambda: a.is_open(session))


def role_session_taken_before(a: Account) -> None:
    """Credentials that outlive the trust: taken while access was granted, used after."""
    caller = a.as_role()
    instance = {"Target": a.instance, "DocumentName": a.outputs["ShellDocumentName"]}
    a.way_in("the role's old credentials", lambda: bool(_started(a, caller, instance)))


def _started(a: Account, caller: Clients, target: dict[str, str]) -> str:
    try:
        session: str = caller.ssm.start_session(**target)["SessionId"]
    except caller.ssm.exceptions.ClientError:
        return ""
    a.mine.ssm.terminate_session(SessionId=session)
    return session


def old_role_credentials_that_may_not_be_cut(a: Account) -> None:
    role_session_taken_before(a)
    a.operator_lacks("iam:PutRolePolicy", "cloudformation:ExecuteChangeSet")


def older_sessions_count_again(a: Account) -> None:
    """Somebody took away what refuses them."""
    for name in a.mine.iam.list_role_policies(RoleName=a.role)["PolicyNames"]:
        a.mine.iam.delete_role_policy(RoleName=a.role, PolicyName=name)
    assert not a.mine.iam.list_role_policies(RoleName=a.role)["PolicyNames"]


# Others who act while the command runs, after it has done its own part


def key_meanwhile(a: Account) -> None:
    """A new key, as soon as the last one is deleted."""
    a.meanwhile("DeleteAccessKey", lambda: a.mine.iam.create_access_key(UserName=a.user))


def trust_meanwhile(a: Account) -> None:
    a.meanwhile("DeleteAccessKey", lambda: a.add_to_trust(trust({"AWS": THIRD_ROOT})))


def grant_meanwhile(a: Account) -> None:
    """By the console, and by the role, which this stack does not have: no policy names anybody."""
    values = {"VendorAccounts": VENDOR, "VendorPrincipals": VENDOR_ROLE, "SupportAccessVia": "role"}
    a.meanwhile("DeleteAccessKey", lambda: a.update_stack(values))


def session_of_somebody_gone(a: Account) -> None:
    """Whoever opened it no longer exists, so nobody can say whose it is."""
    a.mine.iam.create_user(UserName="gone")
    a.mine.iam.put_user_policy(UserName="gone", PolicyName="p", PolicyDocument=document(permission("ssm:*")))
    pair = a.mine.iam.create_access_key(UserName="gone")["AccessKey"]
    a.facts["session"] = a.opens(a.holder(pair))
    a.mine.iam.delete_access_key(UserName="gone", AccessKeyId=pair["AccessKeyId"])
    a.mine.iam.delete_user_policy(UserName="gone", PolicyName="p")
    a.mine.iam.delete_user(UserName="gone")
    assert a.is_open(a.facts["session"])


def session_of_a_federated_user(a: Account) -> None:
    """Credentials that a user of the account made for somebody: of whom it is, AWS does not say."""
    _federated_session(a)


def _federated_session(a: Account, document_name: str = "") -> None:
    a.mine.iam.create_user(UserName="broker")
    everything = document(permission("*"))
    a.mine.iam.put_user_policy(UserName="broker", PolicyName="p", PolicyDocument=everything)
    broker = a.holder(a.mine.iam.create_access_key(UserName="broker")["AccessKey"])
    asked = {"Name": "bob", "Policy": document(permission("ssm:*"))}
    bob = a.holder(broker.sts.get_federation_token(**asked)["Credentials"])
    a.facts["session"] = a.opens(bob, document_name)


def engineers_session_of_a_federated_user(a: Account) -> None:
    """The document is the engineers'; whoever may do everything may use it too, so it says nothing of whose it is."""
    _federated_session(a, a.engineers_document())


def engineers_session_by_another_role(a: Account) -> None:
    _session_by_another_role(a, a.engineers_document())


def session_by_another_role(a: Account) -> None:
    """A role that the stack knows nothing of, and that trusts the vendor."""
    _session_by_another_role(a)


def _session_by_another_role(a: Account, document_name: str = "") -> None:
    trusted = document(trust({"AWS": VENDOR_ROLE}))
    arn = a.mine.iam.create_role(RoleName="helper", AssumeRolePolicyDocument=trusted)["Role"]["Arn"]
    a.mine.iam.put_role_policy(RoleName="helper", PolicyName="p", PolicyDocument=document(permission("ssm:*")))
    taken = a.profile("vendor").sts.assume_role(RoleArn=arn, RoleSessionName="them")["Credentials"]
    a.facts["session"] = a.opens(a.holder(taken), document_name)


def session_token_taken_before(a: Account) -> None:
    """Somebody allowed it for a while; the stranger, who goes, made temporary credentials of the key meanwhile."""
    iam, name = a.mine.iam, {"UserName": a.user, "PolicyName": "deepsql-support-ssm"}
    inline = iam.get_user_policy(**name)["PolicyDocument"]
    boundary = iam.get_user(UserName=a.user)["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"]
    version = {"PolicyArn": boundary, "VersionId": iam.get_policy(PolicyArn=boundary)["Policy"]["DefaultVersionId"]}
    managed = iam.get_policy_version(**version)["PolicyVersion"]["Document"]
    iam.put_user_policy(**name, PolicyDocument=_allows_tokens(inline))
    iam.create_policy_version(PolicyArn=boundary, PolicyDocument=_allows_tokens(managed), SetAsDefault=True)
    taken = a.support().sts.get_session_token()["Credentials"]
    iam.put_user_policy(**name, PolicyDocument=json.dumps(inline))
    iam.create_policy_version(PolicyArn=boundary, PolicyDocument=json.dumps(managed), SetAsDefault=True)
    issued = int(time.time())
    while int(time.time()) == issued:  # AWS says in whole seconds when credentials were issued
        time.sleep(0.05)
    a.way_in("the session token", lambda: works(lambda: a.holder(taken).ec2.describe_instances()))


def revoked_by_us(a: Account) -> None:
    """The support user stays, and nobody may use it until the next grant."""
    ran = run(*ALL, "--yes", "--stack-name", a.stack_name)
    assert ran.code == 0, ran.err


def boundary_without(sid: str) -> Make:
    """Somebody takes a denial out of the policy that is the boundary."""

    def make(a: Account) -> None:
        arn = a.mine.iam.get_user(UserName=a.user)["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"]
        version = {"PolicyArn": arn, "VersionId": a.mine.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]}
        stood = a.mine.iam.get_policy_version(**version)["PolicyVersion"]["Document"]
        left = [s for s in stood["Statement"] if s.get("Sid") != sid]
        assert len(left) < len(stood["Statement"])
        a.mine.iam.create_policy_version(PolicyArn=arn, PolicyDocument=document(*left), SetAsDefault=True)

    return make


def tokens_denied_on_condition(a: Account) -> None:
    """The denial in the user's policy stands there still, and holds for nobody."""
    name = {"UserName": a.user, "PolicyName": "deepsql-support-ssm"}
    stood = a.mine.iam.get_user_policy(**name)["PolicyDocument"]["Statement"]
    [denial] = [s for s in stood if s.get("Sid") == "NoSessionTokens"]
    denial["Condition"] = {"StringEquals": {"aws:username": "nobody"}}
    a.mine.iam.put_user_policy(**name, PolicyDocument=document(*stood))


def _allows_tokens(policy: dict[str, list[dict[str, object]]]) -> str:
    others = [s for s in policy["Statement"] if "sts:GetSessionToken" not in str(s["Action"])]
    assert len(others) < len(policy["Statement"])
    return json.dumps({**policy, "Statement": others})


# What the support role has besides


def attached_policy_of_the_role(a: Account) -> None:
    a.mine.iam.attach_role_policy(RoleName=a.role, PolicyArn=ADMINISTRATOR)
    listed = a.mine.iam.list_attached_role_policies(RoleName=a.role)["AttachedPolicies"]
    assert ADMINISTRATOR in {policy["PolicyArn"] for policy in listed}


def foreign_policy_of_the_role(a: Account) -> None:
    a.mine.iam.put_role_policy(RoleName=a.role, PolicyName="theirs", PolicyDocument=document(permission("s3:*")))
    assert "theirs" in a.mine.iam.list_role_policies(RoleName=a.role)["PolicyNames"]


def foreign_policy_named_as_the_managed_one(a: Account) -> None:
    """Inline, by the name of the managed policy that the stack attaches: names tell nothing."""
    [managed] = a.mine.iam.list_attached_role_policies(RoleName=a.role)["AttachedPolicies"]
    name = {"RoleName": a.role, "PolicyName": managed["PolicyName"]}
    a.mine.iam.put_role_policy(**name, PolicyDocument=document(permission("s3:*", Sid="Theirs")))
    assert managed["PolicyName"] in a.mine.iam.list_role_policies(RoleName=a.role)["PolicyNames"]


def statement_beside_ours_in_the_role(a: Account) -> None:
    """In the policy that the stack made, so that its name tells nothing."""
    [ours] = a.mine.iam.list_role_policies(RoleName=a.role)["PolicyNames"]
    name = {"RoleName": a.role, "PolicyName": ours}
    theirs = permission("s3:*", Sid="EndOwnSessions")
    stood = a.mine.iam.get_role_policy(**name)["PolicyDocument"]["Statement"]
    a.mine.iam.put_role_policy(**name, PolicyDocument=document(*stood, theirs))


def role_without_a_boundary(a: Account) -> None:
    assert a.mine.iam.get_role(RoleName=a.role)["Role"]["PermissionsBoundary"]
    a.mine.iam.delete_role_permissions_boundary(RoleName=a.role)
    assert "PermissionsBoundary" not in a.mine.iam.get_role(RoleName=a.role)["Role"]


def instance_profile_with_the_role(a: Account) -> None:
    a.mine.iam.create_instance_profile(InstanceProfileName="their-hosts")
    a.mine.iam.add_role_to_instance_profile(InstanceProfileName="their-hosts", RoleName=a.role)
    assert a.mine.iam.list_instance_profiles_for_role(RoleName=a.role)["InstanceProfiles"]


# The stack itself, and its database


def knows_a_database(a: Account) -> None:
    """One that nobody reaches from here."""
    a.update_stack({"DatabaseEndpoint": "orders.cluster-x.us-east-1.rds.amazonaws.com"})


# A permission that the operator lacks


def may_not(action: str, tried: Callable[[Account], Callable[[Clients], object]]) -> World:
    """A read that is refused: never proven, and the permission is named."""

    def make(a: Account) -> None:
        a.operator_lacks(action, tried=tried(a))

    return World(f"the operator lacks {action}", make, ALL, not_proven(left=(action,)))


REFUSED = (
    may_not("iam:ListAccessKeys", lambda a: lambda c: c.iam.list_access_keys(UserName=a.user)),
    may_not("iam:GetRole", lambda a: lambda c: c.iam.get_role(RoleName=a.role)),
    may_not("iam:ListUserPolicies", lambda a: lambda c: c.iam.list_user_policies(UserName=a.user)),
    may_not("iam:ListAttachedUserPolicies", lambda a: lambda c: c.iam.list_attached_user_policies(UserName=a.user)),
    may_not("iam:ListRolePolicies", lambda a: lambda c: c.iam.list_role_policies(RoleName=a.role)),
    may_not("secretsmanager:GetSecretValue", lambda a: lambda c: c.secretsmanager.get_secret_value(SecretId=a.secret)),
    may_not(
        "secretsmanager:GetResourcePolicy", lambda a: lambda c: c.secretsmanager.get_resource_policy(SecretId=a.secret)
    ),
    may_not("kms:GetKeyPolicy", lambda a: lambda c: c.kms.get_key_policy(KeyId=a.key, PolicyName="default")),
    may_not("ssm:DescribeSessions", lambda a: lambda c: c.ssm.describe_sessions(State="Active")),
    may_not(
        "iam:SimulatePrincipalPolicy",
        lambda a: (
            lambda c: c.iam.simulate_principal_policy(
                PolicySourceArn=a.outputs["SupportRoleArn"], ActionNames=["ssm:StartSession"]
            )
        ),
    ),
)


# An answer that cannot be read


def secret_holds(text: str) -> Make:
    """The secret's value is not what the keeper writes."""

    def make(a: Account) -> None:
        a.mine.secretsmanager.put_secret_value(SecretId=a.secret, SecretString=text)
        assert a.mine.secretsmanager.get_secret_value(SecretId=a.secret)["SecretString"] == text

    return make


def secret_holds_bytes(a: Account) -> None:
    a.mine.secretsmanager.put_secret_value(SecretId=a.secret, SecretBinary=b"\xff\xfe")
    assert "SecretString" not in a.mine.secretsmanager.get_secret_value(SecretId=a.secret)


def key_allows_all_but_one(a: Account) -> None:
    """NotPrincipal with Allow lets everybody in but the one it names."""
    statement = allow({"AWS": THIRD_ROOT}, ["kms:Decrypt"])
    a.add_to_key_policy(
        {**{k: v for k, v in statement.items() if k != "Principal"}, "NotPrincipal": {"AWS": THIRD_ROOT}}
    )


def policy_of_the_user_is_one_object(a: Account) -> None:
    """Statement is one object, the action a single string: as valid as any list."""
    policy = json.dumps({"Version": "2012-10-17", "Statement": permission("s3:ListAllMyBuckets")})
    a.mine.iam.put_user_policy(UserName=a.user, PolicyName="theirs", PolicyDocument=policy)
    assert a.mine.iam.get_user_policy(UserName=a.user, PolicyName="theirs")


WORLDS = (
    World("session: of the support user", session_of_support, ALL, PROVEN),
    World("session: of the support user, one goes", session_of_support, ONE, PROVEN, "two granted"),
    World("session: may not be ended", session_that_may_not_be_ended, ALL, not_proven(left=("{session}",))),
    World("session: of the role", session_of_the_role, ALL, PROVEN),
    World("session: the role's old credentials", role_session_taken_before, ALL, PROVEN),
    World("session: old credentials that may not be cut", old_role_credentials_that_may_not_be_cut, ALL, not_proven()),
    World("session: older ones count again", older_sessions_count_again, ALL, PROVEN, "revoked"),
    World(
        "session: older ones count, and it may not change",
        and_(older_sessions_count_again, lacks("iam:PutRolePolicy")),
        ALL,
        not_proven(left=("iam:PutRolePolicy",)),
        "revoked",
    ),
    World(
        "session: older ones, of which IAM may not be asked",
        lacks("iam:SimulatePrincipalPolicy"),
        ALL,
        not_proven(left=("iam:SimulatePrincipalPolicy",)),
        "role only",
    ),
    World(
        "session: a new one of the user, of which IAM may not be asked",
        lacks("iam:SimulatePrincipalPolicy"),
        ALL,
        not_proven(left=("iam:SimulatePrincipalPolicy",)),
        "user only",
    ),
    World("session: a token made of the key, one goes", session_token_taken_before, ONE, PROVEN, "two granted"),
    World("session: a token made of the key, all go", session_token_taken_before, ALL, PROVEN),
    World(
        "session: a token made of the key, and the stack may not change",
        and_(session_token_taken_before, lacks("cloudformation:ExecuteChangeSet")),
        ONE,
        not_proven(left=("aws:TokenIssueTime",)),
        "two granted",
    ),
    World(
        "session: a token made of the key, and the next grant",
        and_(session_token_taken_before, revoked_by_us),
        ("access", "grant", "--principal", VENDOR_ROLE),
        done(),
    ),
    World(
        "session: nothing refuses older tokens any more",
        boundary_without("NoOlderSessions"),
        ALL,
        not_proven(left=("aws:TokenIssueTime",)),
        "user only, revoked",
    ),
    World(
        "session: the boundary lets the user make tokens",
        boundary_without("NoSessionTokens"),
        ALL,
        not_proven(left=("set-default-policy-version",)),
        "revoked",
    ),
    World(
        "session: the user's policy lets it make tokens",
        tokens_denied_on_condition,
        ALL,
        not_proven(left=("NoSessionTokens", "put-user-policy")),
        "revoked",
    ),
    World("session: of a federated user", session_of_a_federated_user, ALL, not_proven(left=("{session}",))),
    World("session: by another role", session_by_another_role, ALL, not_proven(left=("{session}", "helper"))),
    World(
        "session: of a federated user, by the engineers' document",
        engineers_session_of_a_federated_user,
        ALL,
        not_proven(left=("{session}",)),
    ),
    World(
        "session: by another role, by the engineers' document",
        engineers_session_by_another_role,
        ALL,
        not_proven(left=("{session}", "helper")),
    ),
    World("meanwhile: a key", key_meanwhile, ALL, not_proven(left=("delete-access-key",))),
    World("meanwhile: somebody in the role's trust", trust_meanwhile, ALL, not_proven(left=(THIRD_ROOT,))),
    World("meanwhile: a grant in the console", grant_meanwhile, ALL, not_proven(VENDOR_ROLE), "user only"),
    World("role: an attached policy", attached_policy_of_the_role, ALL, not_proven(left=(ADMINISTRATOR,))),
    World("role: a foreign policy", foreign_policy_of_the_role, ALL, not_proven(left=("theirs",))),
    World(
        "role: a foreign policy named as the stack's managed one",
        foreign_policy_named_as_the_managed_one,
        ALL,
        not_proven(left=("delete-role-policy",)),
    ),
    World(
        "role: a statement in the stack's policy",
        statement_beside_ours_in_the_role,
        ALL,
        not_proven("EndOwnSessions"),
        "revoked",
    ),
    World("role: the boundary removed", role_without_a_boundary, ALL, not_proven(left=("put-role-permissions",))),
    World("role: in an instance profile", instance_profile_with_the_role, ALL, not_proven(left=("their-hosts",))),
    World("session: of somebody who is gone", session_of_somebody_gone, ALL, not_proven("{session}")),
    World("stack: may not be changed", lacks("cloudformation:ExecuteChangeSet"), ALL, not_proven(VENDOR_ROLE)),
    World("database: out of reach", knows_a_database, ALL, not_proven(left=("db shut-out",))),
    *REFUSED,
    World("secret: no JSON", secret_holds("not json"), ALL, not_proven("secret")),
    World("secret: a list", secret_holds("[]"), ALL, not_proven("secret")),
    World("secret: half a key", secret_holds('{"AccessKeyId": 7}'), ALL, not_proven("secret")),
    World("secret: bytes", secret_holds_bytes, ALL, not_proven("secret")),
    World("key: NotPrincipal", key_allows_all_but_one, ALL, not_proven("*"), "revoked"),
    World("user: Statement is one object", policy_of_the_user_is_one_object, ALL, not_proven("theirs")),
)
