"""Revocations with something left on what support enters by: the role's trust, the secret, the key, its grants.

The stack's own update writes a policy anew where the grant changes it. What stands on a stack that has nothing more to
change, or cannot, stays.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from types import MappingProxyType

from tests.worlds.account import (
    ADMINISTRATOR,
    OTHER_ROLE,
    THIRD_ROOT,
    VENDOR,
    VENDOR_ROLE,
    VENDOR_ROOT,
    Account,
    allow,
    document,
    permission,
    trust,
    works,
)
from tests.worlds.world import ALL, ONE, PROVEN, Expected, Make, World, and_, done, lacks, not_proven, refused

READ = ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
COVERED_USER = f"arn:aws:iam::{VENDOR}:user/ada"
LIKE_A_SERVICE = f"arn:aws:iam::{VENDOR}:role/x.amazonaws.com"
ELSEWHERE = "arn:aws:iam::777788889999:saml-provider/okta"
ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}
ACCOUNT = {"StringEquals": {"aws:PrincipalAccount": "111122223333"}}
TRUST = {"Version": "2012-10-17", "Statement": [trust({"AWS": VENDOR_ROOT})]}


def role_named_like_a_service(a: Account) -> None:
    name = {"RoleName": LIKE_A_SERVICE.rpartition("/")[2]}
    a.profile("vendor-account").iam.create_role(**name, AssumeRolePolicyDocument=json.dumps(TRUST))


# Role trust


def trusts(principal: object, **more: object) -> Make:
    """The support role's trust policy lets somebody else in too."""
    return lambda a: a.add_to_trust(trust(principal, **more))


def trusts_the_stranger(a: Account) -> None:
    a.add_to_trust(trust({"AWS": OTHER_ROLE}))
    a.way_in("the role, for the stranger", lambda: a.assumes("stranger"))


def trusts_a_provider(a: Account) -> None:
    asked = {"Url": "https://token.example.com", "ClientIDList": ["x"], "ThumbprintList": ["0" * 40]}
    provider = a.mine.iam.create_open_id_connect_provider(**asked)["OpenIDConnectProviderArn"]
    a.add_to_trust({**trust({"Federated": provider}), "Action": "sts:AssumeRoleWithWebIdentity"})


def another_role(
    *actions: str, principal: object = MappingProxyType({"AWS": VENDOR_ROOT}), policy: str = "", **more: object
) -> Make:
    """A role of the account, beside the stack, that the vendor may assume, and what it may do."""

    def make(a: Account) -> None:
        trusted = document({**trust(dict(principal) if isinstance(principal, Mapping) else principal), **more})
        arn = a.mine.iam.create_role(RoleName="helper", AssumeRolePolicyDocument=trusted)["Role"]["Arn"]
        if actions:
            a.mine.iam.put_role_policy(RoleName="helper", PolicyName="p", PolicyDocument=document(permission(actions)))
        if policy:
            a.mine.iam.attach_role_policy(RoleName="helper", PolicyArn=policy)
        if principal == {"AWS": VENDOR_ROOT} and not more:
            assert a.profile("vendor").sts.assume_role(RoleArn=arn, RoleSessionName="them")["Credentials"]

    return make


def role_that_leads_on(a: Account) -> None:
    """It may do nothing but become another one, which trusts the account and may do everything."""
    own = a.key.split(":")[4]
    trusted = document(trust({"AWS": f"arn:aws:iam::{own}:root"}))
    inner = a.mine.iam.create_role(RoleName="inner", AssumeRolePolicyDocument=trusted)["Role"]["Arn"]
    a.mine.iam.attach_role_policy(RoleName="inner", PolicyArn=ADMINISTRATOR)
    another_role("s3:*")(a)
    leads = document(permission("sts:AssumeRole", Resource=inner))
    a.mine.iam.put_role_policy(RoleName="helper", PolicyName="on", PolicyDocument=leads)


def trusts_somebody_who_was_deleted(a: Account) -> None:
    """IAM shows a user or role that is gone by its unique ID."""
    vendors = a.profile("vendor-account").iam
    arn = vendors.create_user(UserName="leaver")["User"]["Arn"]
    another_role("ssm:*", principal={"AWS": arn})(a)
    vendors.delete_user(UserName="leaver")
    [statement] = a.mine.iam.get_role(RoleName="helper")["Role"]["AssumeRolePolicyDocument"]["Statement"]
    a.facts["id"] = statement["Principal"]["AWS"]
    assert a.facts["id"].startswith("AIDA")


def revoked_in_the_console(*makes: Make) -> Make:
    """The stack's parameters name nobody any more, and no revocation of ours ever ran."""
    return and_(*makes, lambda a: a.update_stack({"VendorAccounts": "", "VendorPrincipals": ""}))


# Secret's policy


def secret_lets_in(principal: object, **more: object) -> Make:
    """The secret's policy lets somebody else read."""
    return lambda a: a.add_to_secret_policy(allow(principal, READ, **more))


def both_let_in(principal: str) -> Make:
    """The secret's policy and the key's, so that the stranger really reads."""

    def make(a: Account) -> None:
        a.add_to_secret_policy(allow({"AWS": principal}, READ))
        a.add_to_key_policy(allow({"AWS": principal}, ["kms:Decrypt", "kms:DescribeKey"]))
        a.way_in("the secret, for the stranger", lambda: a.reads_secret("stranger"))

    return make


def vendors_statement_without_condition(a: Account) -> None:
    [statement] = a.secret_statements()
    del statement["Condition"]
    a.put_secret_policy([statement])
    a.way_in("the secret, for the stranger", lambda: a.reads_secret("stranger"))


def statement_is_one_object(a: Account) -> None:
    [statement] = a.secret_statements()
    a.put_secret_policy(statement)
    assert isinstance(a.secret_statements(), dict)
    a.way_in("the secret, for the stranger", lambda: a.reads_secret("stranger"))


def replicated_to(region: str) -> Make:
    """The secret is in another region too, and whatever comes into it later."""

    def make(a: Account) -> None:
        a.mine.secretsmanager.replicate_secret_to_regions(SecretId=a.secret, AddReplicaRegions=[{"Region": region}])
        status = a.mine.secretsmanager.describe_secret(SecretId=a.secret)["ReplicationStatus"]
        assert [each["Region"] for each in status] == [region]

    return make


# Key's policy and grants


def key_lets_in(principal: object, **more: object) -> Make:
    """The key's policy lets somebody else decrypt."""
    return lambda a: a.add_to_key_policy(allow(principal, ["kms:Decrypt"], **more))


def grants_the_key_to(principal: str, *operations: str) -> Make:
    """A grant on the key, which no policy shows."""

    def make(a: Account) -> None:
        asked = {"GranteePrincipal": principal, "Operations": list(operations)}
        a.facts["grant"] = a.mine.kms.create_grant(KeyId=a.key, **asked)["GrantId"]
        assert a.facts["grant"] in {g["GrantId"] for g in a.mine.kms.list_grants(KeyId=a.key)["Grants"]}
        assert "Decrypt" not in operations or principal != VENDOR_ROLE or a.decrypts("vendor")

    return make


def secret_lets_in_all_but_one(a: Account) -> None:
    inverted = allow({}, READ)
    del inverted["Principal"]
    a.add_to_secret_policy({**inverted, "NotPrincipal": {"AWS": "arn:aws:iam::999999999999:root"}})


# Session documents: support may use the stack's, and nobody is let in by what they say


def document_with(kind: str, **changes: Mapping[str, object]) -> Make:
    """Somebody made another version of one of the stack's documents the default."""

    def make(a: Account) -> None:
        name = {"Name": a.outputs[f"{kind}DocumentName"]}
        content = json.loads(a.mine.ssm.get_document(**name)["Content"])
        for part, values in changes.items():
            content[part] = {**content.get(part, {}), **values}
        asked = {"Content": json.dumps(content), "DocumentVersion": "$LATEST", "DocumentFormat": "JSON"}
        version = a.mine.ssm.update_document(**name, **asked)["DocumentDescription"]["DocumentVersion"]
        a.mine.ssm.update_document_default_version(**name, DocumentVersion=version)
        assert a.mine.ssm.get_document(**name)["DocumentVersion"] == version

    return make


def documents_shared_with_the_vendor(a: Account) -> None:
    """Another account reads them and uses them in itself: on the customer's instance it starts nothing."""
    region, account = a.key.split(":")[3:5]
    vendors = a.profile("vendor-account").ssm
    for name in (a.outputs["ShellDocumentName"], a.outputs["PortDocumentName"]):
        a.mine.ssm.modify_document_permission(Name=name, PermissionType="Share", AccountIdsToAdd=[VENDOR])
        shared = a.mine.ssm.describe_document_permission(Name=name, PermissionType="Share")["AccountIds"]
        arn = f"arn:aws:ssm:{region}:{account}:document/{name}"
        assert shared == [VENDOR] and vendors.get_document(Name=arn)["Content"]
        assert not works(lambda arn=arn: vendors.start_session(Target=a.instance, DocumentName=arn))


def preferences_that_log_nothing(a: Account) -> None:
    """The account's own preferences, which no session of support's names unless the customer says so."""
    inputs = {
        "s3EncryptionEnabled": True,
        "cloudWatchEncryptionEnabled": True,
        "runAsEnabled": True,
        "runAsDefaultUser": "root",
    }
    content = {"schemaVersion": "1.0", "description": "theirs", "sessionType": "Standard_Stream", "inputs": inputs}
    asked = {"DocumentType": "Session", "DocumentFormat": "JSON", "Content": json.dumps(content)}
    a.mine.ssm.create_document(Name="SSM-SessionManagerRunShell", **asked)
    caller = a.support().ssm
    assert not works(lambda: caller.start_session(Target=a.instance))


def grant_that_the_vendor_may_retire(a: Account) -> None:
    """Whoever may retire a grant ends it, and gets nothing by it."""
    own = f"arn:aws:iam::{a.key.split(':')[4]}:root"
    asked = {"GranteePrincipal": own, "RetiringPrincipal": VENDOR_ROOT, "Operations": ["Decrypt"]}
    grant = a.mine.kms.create_grant(KeyId=a.key, **asked)["GrantId"]
    assert grant in {each["GrantId"] for each in a.mine.kms.list_grants(KeyId=a.key)["Grants"]}


def reaches_a_cluster(a: Account) -> None:
    """The stack lets the instance, and so whoever is on it, administer a cluster."""
    _make_a_cluster(a)
    a.update_stack({"EksClusterName": "orders", "EksAccessPolicy": "AmazonEKSClusterAdminPolicy"})


CLUSTERS = "arn:aws:eks:us-east-1:111122223333:cluster"


def finds_a_cluster(a: Account) -> None:
    """The instance may find a cluster by the template for that; the stack names none."""
    may_find(f"{CLUSTERS}/orders")(a)


def may_find(resource: str, action: str = "eks:DescribeCluster", element: str = "Resource", role: str = "") -> Make:
    """There is a cluster, and the instance's role, or another, may find what the resource says."""

    def make(a: Account) -> None:
        _make_a_cluster(a)
        statement = {"Effect": "Allow", "Action": action, element: resource}
        name = role or _instance_role(a).rpartition("/")[2]
        a.mine.iam.put_role_policy(RoleName=name, PolicyName="find-the-cluster", PolicyDocument=document(statement))

    return make


def _make_a_cluster(a: Account) -> None:
    eks = a.mine.eks
    trusted = json.dumps({"Version": "2012-10-17", "Statement": [trust({"Service": "eks.amazonaws.com"})]})
    role = a.mine.iam.create_role(RoleName="cluster", AssumeRolePolicyDocument=trusted)["Role"]["Arn"]
    eks.create_cluster(name="orders", roleArn=role, resourcesVpcConfig={"subnetIds": ["subnet-00000002"]})


def _instance_role(a: Account) -> str:
    """ARN of the instance's role."""
    found = a.mine.cloudformation.describe_stack_resource(StackName=a.stack_name, LogicalResourceId="InstanceRole")
    name = found["StackResourceDetail"]["PhysicalResourceId"]
    return str(a.mine.iam.get_role(RoleName=name)["Role"]["Arn"])


def _reaches_it(a: Account) -> bool:
    """Whether the instance's role has an entry; whoever made the cluster has one of their own."""
    return _has_entry(a, _instance_role(a))


def _has_entry(a: Account, arn: str) -> bool:
    return arn in a.mine.eks.list_access_entries(clusterName="orders")["accessEntries"]


def another_profile(a: Account) -> None:
    """The instance has a profile with a role that somebody made, and an entry in the cluster for it."""
    iam, ec2, name = a.mine.iam, a.mine.ec2, {"InstanceProfileName": "their-profile"}
    trusted = document({**trust({"Service": "ec2.amazonaws.com"})})
    arn = iam.create_role(RoleName="their-role", AssumeRolePolicyDocument=trusted)["Role"]["Arn"]
    iam.create_instance_profile(**name)
    iam.add_role_to_instance_profile(**name, RoleName="their-role")
    mine = [{"Name": "instance-id", "Values": [a.instance]}]
    [now] = ec2.describe_iam_instance_profile_associations(Filters=mine)["IamInstanceProfileAssociations"]
    ec2.replace_iam_instance_profile_association(
        AssociationId=now["AssociationId"], IamInstanceProfile={"Name": "their-profile"}
    )
    if a.mine.eks.list_clusters()["clusters"]:
        a.mine.eks.create_access_entry(clusterName="orders", principalArn=arn)


def cluster_is_open(a: Account) -> None:
    a.way_in("the cluster", lambda: _reaches_it(a))


def entry_in_the_cluster(a: Account) -> None:
    """By hand, for the instance's role: on a closed stack the template makes none."""
    assert not _reaches_it(a)
    a.mine.eks.create_access_entry(clusterName="orders", principalArn=_instance_role(a))
    cluster_is_open(a)


def their_entry(a: Account) -> None:
    """For the role of the profile that somebody gave the instance."""
    arn = "arn:aws:iam::111122223333:role/their-role"
    a.mine.eks.create_access_entry(clusterName="orders", principalArn=arn)
    a.way_in("the cluster", functools.partial(_has_entry, a, arn))


def entry_in_another_cluster(a: Account) -> None:
    """For the instance's role, in one that it may not find."""
    a.mine.eks.create_access_entry(clusterName="orders", principalArn=_instance_role(a))


def entries_of(*whose: str) -> Make:
    """By hand, for somebody of the vendor's: "role" is the support role, everything else an ARN."""

    def make(a: Account) -> None:
        arns = [a.outputs["SupportRoleArn"] if who == "role" else who for who in whose]
        for arn in arns:
            a.mine.eks.create_access_entry(clusterName="orders", principalArn=arn)
            a.way_in(f"the cluster, for {arn}", functools.partial(_has_entry, a, arn))
        a.facts.update({"support role": a.outputs["SupportRoleArn"]})

    return make


# Another grant that covers the principal


def the_vendor_reads(a: Account) -> None:
    a.way_in("the secret, for the vendor's role", lambda: a.reads_secret("vendor"))


NO_UPDATE = lacks("cloudformation:ExecuteChangeSet")
FIXED_TRUST = lacks("iam:UpdateAssumeRolePolicy", "cloudformation:ExecuteChangeSet")
NO_DELETION = lacks("secretsmanager:DeleteResourcePolicy")
TWO, ROOT, CLOSED = "two granted", "account granted", "revoked"


def cluster(what: str, make: Make, expected: Expected, start: str = "granted") -> World:
    """A revocation of everybody, where a cluster is within reach."""
    return World(f"cluster: {what}", make, ALL, expected, start)


WORLDS = (
    World("documents shared with the vendor", documents_shared_with_the_vendor, ALL, PROVEN),
    World("documents shared after the revocation", documents_shared_with_the_vendor, ALL, PROVEN, "revoked"),
    World("preferences that log nothing", preferences_that_log_nothing, ALL, PROVEN),
    World("a shell document that logs nothing", document_with("Shell", inputs={"runAsEnabled": True}), ALL, PROVEN),
    # the role's trust
    World("trust: a stranger", trusts_the_stranger, ALL, PROVEN),
    World("trust: a stranger, one goes", trusts_the_stranger, ONE, PROVEN, TWO),
    World(
        "trust: a stranger, for good",
        and_(trusts_the_stranger, FIXED_TRUST),
        ALL,
        not_proven(left=(OTHER_ROLE,)),
    ),
    World("trust: another account", and_(trusts({"AWS": THIRD_ROOT}), NO_UPDATE), ONE, not_proven(THIRD_ROOT), TWO),
    World("trust: everybody", and_(trusts({"AWS": "*"}), FIXED_TRUST), ALL, not_proven(left=("*",))),
    World(
        "trust: a service",
        and_(trusts({"Service": "lambda.amazonaws.com"}), NO_UPDATE),
        ONE,
        not_proven("lambda.amazonaws.com"),
        TWO,
    ),
    World("trust: a provider", and_(trusts_a_provider, NO_UPDATE), ONE, not_proven("token.example.com"), TWO),
    World(
        "trust: named like a service",
        and_(role_named_like_a_service, trusts({"AWS": LIKE_A_SERVICE}), NO_UPDATE),
        ONE,
        not_proven(LIKE_A_SERVICE),
        TWO,
    ),
    # other roles, whoever was let in by the stack before
    World("trust: of another role", another_role(), ALL, not_proven("helper")),
    World(
        "another role: when they were revoked before", another_role("ssm:*"), ALL, not_proven(left=("helper",)), CLOSED
    ),
    World(
        "another role: of the vendor, said to be your own",
        another_role("ssm:*"),
        (*ALL, "--own", VENDOR),
        Expected(2, "own", (VENDOR,)),
        CLOSED,
    ),
    World(
        "another role: of the vendor, said to be your own, and the log may not be read",
        and_(another_role("ssm:*"), lacks("logs:GetLogEvents")),
        (*ALL, "--own", VENDOR),
        not_proven(left=("helper",)),
        CLOSED,
    ),
    World(
        "another role: of an account of your own",
        another_role("ssm:*", principal={"AWS": THIRD_ROOT}),
        (*ALL, "--own", THIRD_ROOT.split(":")[4]),
        done("Counted as your own"),
        CLOSED,
    ),
    World("another role: with no policy yet", another_role(), ALL, not_proven(left=("helper",)), CLOSED),
    World(
        "another role: of somebody who was never granted",
        another_role("ssm:StartSession", principal={"AWS": THIRD_ROOT}),
        ALL,
        not_proven(left=("helper", "--own 777788889999")),
        "new",
    ),
    World(
        "another role: when the console took them off the stack",
        revoked_in_the_console(another_role(policy=ADMINISTRATOR)),
        ALL,
        not_proven(left=("helper",)),
    ),
    World(
        "another role: when one of two goes",
        another_role("iam:*", principal={"AWS": THIRD_ROOT}),
        ONE,
        not_proven(left=("helper",)),
        TWO,
    ),
    World("another role: by another role", role_that_leads_on, ALL, not_proven(left=("helper",)), CLOSED),
    World(
        "another role: everybody", another_role("*", principal="*"), ALL, not_proven(left=("Revoke sessions",)), CLOSED
    ),
    World(
        "another role: everybody of an organization",
        another_role("*", principal="*", Condition=ORGANIZATION),
        ALL,
        not_proven(left=("helper",)),
        CLOSED,
    ),
    World(
        "another role: of somebody who was deleted",
        trusts_somebody_who_was_deleted,
        ALL,
        not_proven(left=("{id}",)),
        CLOSED,
    ),
    World(
        "another role: our own account",
        another_role("*", principal={"AWS": THIRD_ROOT}),
        (*ALL, "--own", "777788889999"),
        PROVEN,
        CLOSED,
    ),
    World(
        "another role: our own organization",
        another_role("*", principal="*", Condition=ORGANIZATION),
        (*ALL, "--own", "o-abcdefghij"),
        PROVEN,
        CLOSED,
    ),
    World("another role: everybody of the account", another_role("*", principal="*", Condition=ACCOUNT), ALL, PROVEN),
    World("another role: that only reads", another_role(policy=READ_ONLY), ALL, PROVEN, CLOSED),
    World(
        "another role: of an identity provider",
        another_role("*", principal={"Federated": "accounts.google.com"}, Action="sts:AssumeRoleWithWebIdentity"),
        ALL,
        done("accounts.google.com"),
        CLOSED,
    ),
    World(
        "another role: of another account's identity provider",
        another_role("*", principal={"Federated": ELSEWHERE}, Action="sts:AssumeRoleWithSAML"),
        ALL,
        not_proven(ELSEWHERE, left=("helper",)),
        CLOSED,
    ),
    World(
        "another role: of our own other account's identity provider",
        another_role("*", principal={"Federated": ELSEWHERE}, Action="sts:AssumeRoleWithSAML"),
        (*ALL, "--own", "777788889999"),
        done(ELSEWHERE),
        CLOSED,
    ),
    World(
        "another role: of a service",
        another_role("*", principal={"Service": "lambda.amazonaws.com"}),
        ALL,
        PROVEN,
        CLOSED,
    ),
    # the secret's policy
    World("secret: a stranger", both_let_in(OTHER_ROLE), ALL, PROVEN),
    World("secret: another account", secret_lets_in({"AWS": THIRD_ROOT}), ALL, PROVEN),
    World("secret: another account, one goes", secret_lets_in({"AWS": THIRD_ROOT}), ONE, PROVEN, TWO),
    World("secret: the whole account, one goes", both_let_in(VENDOR_ROOT), ONE, PROVEN, TWO),
    World("secret: Statement is one object", statement_is_one_object, ONE, PROVEN, TWO),
    World("secret: no condition", vendors_statement_without_condition, ONE, PROVEN, TWO),
    World(
        "secret: another account, and it may not be removed",
        and_(secret_lets_in({"AWS": THIRD_ROOT}), NO_DELETION),
        ALL,
        not_proven(left=(THIRD_ROOT,)),
        CLOSED,
    ),
    World(
        "secret: an organization, and the stack may not change",
        and_(secret_lets_in("*", Condition=ORGANIZATION), NO_UPDATE),
        ONE,
        not_proven(left=("*",)),
        TWO,
    ),
    World(
        "secret: the whole account of who stays, and the stack may not change",
        and_(both_let_in(VENDOR_ROOT), NO_UPDATE),
        ONE,
        not_proven(left=(VENDOR_ROOT,)),
        TWO,
    ),
    World(
        "secret: Statement is one object, and the stack may not change",
        and_(statement_is_one_object, NO_UPDATE),
        ONE,
        not_proven("ExecuteChangeSet"),
        TWO,
    ),
    # the key's policy
    World("key: another account", key_lets_in({"AWS": THIRD_ROOT}), ALL, PROVEN),
    World("key: another account, later", key_lets_in({"AWS": THIRD_ROOT}), ALL, not_proven(left=(THIRD_ROOT,)), CLOSED),
    World("key: the vendor's account", key_lets_in({"AWS": VENDOR_ROOT}), ALL, not_proven(left=(VENDOR_ROOT,)), CLOSED),
    World("key: everybody", key_lets_in({"AWS": "*"}), ALL, not_proven(left=("*",)), CLOSED),
    World(
        "key: named like a service",
        and_(role_named_like_a_service, key_lets_in({"AWS": LIKE_A_SERVICE})),
        ALL,
        not_proven(left=(LIKE_A_SERVICE,)),
        CLOSED,
    ),
    # replicas of the secret
    World(
        "secret: replicated to another region",
        replicated_to("eu-west-1"),
        ALL,
        not_proven(left=("remove-regions-from-replication",)),
        CLOSED,
    ),
    # grants on the key
    World("key grant: to ours, and the vendor may retire it", grant_that_the_vendor_may_retire, ALL, PROVEN, CLOSED),
    World(
        "key grant: to start grants of its own",
        grants_the_key_to(VENDOR_ROLE, "CreateGrant"),
        ALL,
        not_proven(left=("{grant}",)),
        CLOSED,
    ),
    World("secret: NotPrincipal", secret_lets_in_all_but_one, ALL, PROVEN),
    World("secret: NotPrincipal, one goes", secret_lets_in_all_but_one, ONE, PROVEN, TWO),
    World("key grant", grants_the_key_to(VENDOR_ROLE, "Decrypt"), ALL, not_proven(left=("{grant}",))),
    World(
        "key grant: to another account",
        grants_the_key_to(THIRD_ROOT, "CreateGrant", "Decrypt"),
        ALL,
        not_proven(left=("{grant}",)),
        CLOSED,
    ),
    # another grant that covers the principal
    World(
        "covered by the whole account",
        the_vendor_reads,
        ("access", "revoke", "--principal", VENDOR_ROLE),
        refused("still-covered", VENDOR_ROOT, VENDOR_ROLE),
        ROOT,
    ),
    World(
        "covered by the whole account, never named itself",
        the_vendor_reads,
        ("access", "revoke", "--principal", COVERED_USER),
        refused("still-covered", VENDOR_ROOT, COVERED_USER),
        ROOT,
    ),
    # what the instance reaches
    cluster(
        "an entry by hand",
        and_(reaches_a_cluster, entry_in_the_cluster),
        not_proven(left=("delete-access-entry",)),
        CLOSED,
    ),
    cluster(
        "that the instance may find, and the stack does not name",
        and_(finds_a_cluster, entry_in_the_cluster),
        not_proven(left=("delete-access-entry --cluster-name orders",)),
        CLOSED,
    ),
    cluster(
        "that the instance may find, with an entry of the vendor's",
        and_(finds_a_cluster, entries_of(VENDOR_ROLE)),
        not_proven(left=(f"--principal-arn {VENDOR_ROLE}",)),
        CLOSED,
    ),
    cluster(
        "that the instance may find, and nobody is let in",
        finds_a_cluster,
        PROVEN,
        CLOSED,
    ),
    *(
        cluster(
            f"that the instance may find by {how}",
            and_(find, entry_in_the_cluster),
            not_proven(left=("delete-access-entry --cluster-name orders",)),
            CLOSED,
        )
        for how, find in (
            ("everything", may_find("*", "*")),
            ("a pattern for all", may_find(f"{CLUSTERS}/*")),
            ("a pattern for some", may_find(f"{CLUSTERS}/orde??", "eks:Describe*")),
            ("a pattern for every region", may_find("arn:aws:eks:*:111122223333:cluster/orders")),
            ("what it may not", may_find(f"{CLUSTERS}/other", element="NotResource")),
        )
    ),
    cluster(
        "a pattern that fits no cluster of the region",
        and_(may_find(f"{CLUSTERS}/cell-?"), entry_in_another_cluster),
        PROVEN,
        CLOSED,
    ),
    cluster(
        "which clusters there are may not be read",
        and_(may_find("*"), lacks("eks:ListClusters")),
        not_proven(left=("eks:ListClusters",)),
        CLOSED,
    ),
    cluster(
        "that the role of another profile may find",
        and_(another_profile, may_find(f"{CLUSTERS}/orders", role="their-role"), their_entry),
        not_proven(left=(":role/their-role",)),
        CLOSED,
    ),
    cluster(
        "which one the instance may find may not be read",
        and_(finds_a_cluster, lacks("iam:GetAccountAuthorizationDetails")),
        not_proven(left=("iam:GetAccountAuthorizationDetails",)),
        CLOSED,
    ),
    cluster(
        "an entry of the role of another profile",
        and_(reaches_a_cluster, another_profile),
        not_proven(left=(":role/their-role",)),
    ),
    cluster(
        "which profile the instance has may not be read",
        and_(reaches_a_cluster, lacks("ec2:DescribeInstances")),
        not_proven(left=("ec2:DescribeInstances",)),
    ),
    cluster(
        "what is in another profile may not be read",
        and_(reaches_a_cluster, another_profile, lacks("iam:GetInstanceProfile")),
        not_proven(left=("iam:GetInstanceProfile",)),
    ),
    cluster(
        "entries of the vendor's and of the support role",
        and_(reaches_a_cluster, entries_of("role", VENDOR_ROLE)),
        not_proven(left=("--principal-arn {support role}", f"--principal-arn {VENDOR_ROLE}")),
    ),
    World(
        "cluster: an entry of one who leaves",
        and_(reaches_a_cluster, entries_of(OTHER_ROLE)),
        ONE,
        not_proven(left=(f"--principal-arn {OTHER_ROLE}",)),
        TWO,
    ),
    cluster(
        "the operator may not look",
        and_(reaches_a_cluster, lacks("eks:ListAccessEntries")),
        not_proven(left=("eks:ListAccessEntries",)),
    ),
    cluster("only while somebody is let in", and_(reaches_a_cluster, cluster_is_open), PROVEN),
)
