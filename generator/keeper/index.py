"""The keeper of the support user's access key: one function inside the customer's stack.

It makes the key, keeps it in the secret, rotates it and takes it away, so that no key passes through CloudFormation.
It answers CloudFormation (custom resources) and Secrets Manager (rotation), and ends support's sessions when access
ends (EventBridge). See docs/explanation/keeper.md.
All of it can be run twice, for both callers repeat what they are not sure of. No line logged, raised or answered
holds a secret, and an event is never logged whole, because its ResponseURL is a credential too. The file travels
inside the template without its comments and types: it is kept small.
"""

import json
import logging
import time
import urllib.request
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

log = logging.getLogger("keeper")
log.setLevel("INFO")

CONFIG = Config(connect_timeout=3, read_timeout=10)
# What IAM answers for some seconds about a policy that is new; and about a user or a key that is new.
DENIED = {"AccessDenied", "AccessDeniedException"}
NO_USER, NO_VALUE = "NoSuchEntity", "ResourceNotFoundException"
NEW = {NO_USER, "InvalidClientTokenId"}
FIELDS = "AccessKeyId", "SecretAccessKey", "Region", "InstanceId"
CURRENT, PENDING = "AWSCURRENT", "AWSPENDING"
ANEW = "Update the stack with CreateSupportUser=No, then Yes."
AGAIN = "Rotate the secret again."
HINTS = {
    "AccessDenied": "Allow it to this function's role, or find the policy that denies it.",
    NO_USER: ANEW,
    "ResourceNotFound": ANEW,
    "InvalidRequest": "Restore the secret.",
    "ParameterNotFound": "Set the stack's parameter ImageId.",
}


class Refusal(Exception):
    """Why the work stops, in a sentence that names the thing and what to do."""


def text(error: Exception) -> str:
    """The failure in AWS's words or in ours, which hold no secret; of anything else only the kind."""
    if isinstance(error, ClientError):
        code = error.response["Error"]["Code"].removesuffix("Exception")
        hint = HINTS.get(code, "Repeat it.")  # no string within an f-string: Pythons write those differently
        return f"{error} {hint}"
    return str(error) if isinstance(error, Refusal) else f"The keeper failed with {type(error).__name__}. Repeat it."


def is_open(owned: dict[str, bool], named: str) -> bool:
    """Whether the key works: the one the secret names is active; without that one, any key, or there is none yet."""
    return owned.get(named, any(owned.values()) or not owned)


def is_of(owner: str, user: str, role: str) -> bool:
    """Whether a session's owner (an ARN) is that user or a session of that role; "" is nobody's name."""
    by_user = user and ":user/" in owner and owner.endswith(f"/{user}")
    return bool(by_user or (role and f":assumed-role/{role}/" in owner))


class Keeper:
    """One event's work on one user and one secret, with the time it may take (seconds)."""

    def __init__(self, seconds: float, again: set[str]) -> None:
        self.until = time.monotonic() + seconds
        self.again = again
        self.user = self.secret = ""
        self.clients: dict[str, Any] = {}
        self.labels: dict[str, list[str]] = {}

    def named(self) -> str:
        """What the work is on, for reasons."""
        return f" (user {self.user}, secret {self.secret})" if self.secret else ""

    def call(self, client: Any, verb: str, forgive: str = "", **asked: Any) -> Any:
        """Ask AWS, and ask again until the time is up while IAM has not heard of what is new. Logs what was asked.

        The answer is {} when AWS refuses with the code `forgive`.
        """
        log.info("%s %s", verb, {name: value for name, value in asked.items() if name != "SecretString"})
        pause = 1
        while True:
            try:
                return getattr(client, verb)(**asked)
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code == forgive:
                    return {}
                if code not in self.again or time.monotonic() + pause >= self.until:
                    raise
            time.sleep(pause)
            pause = min(pause * 2, 8)

    def aws(self, service: str, verb: str, **asked: Any) -> Any:
        """A call with the function's own role."""
        if service not in self.clients:
            self.clients[service] = boto3.client(service, config=CONFIG)
        return self.call(self.clients[service], verb, **asked)

    def iam(self, verb: str, **asked: Any) -> Any:
        """A call about the user's keys."""
        return self.aws("iam", f"{verb}_access_key", UserName=self.user, **asked)

    def vault(self, verb: str, **asked: Any) -> Any:
        """A call about the secret."""
        return self.aws("secretsmanager", verb, SecretId=self.secret, **asked)

    # The user's keys

    def keys(self, forgive: str = "", user: str = "") -> dict[str, bool]:
        """The user's keys (two at most), the oldest first, and whether each is active."""
        asked = {"forgive": forgive, "UserName": user or self.user}
        owned = self.aws("iam", "list_access_keys", **asked).get("AccessKeyMetadata", [])
        return {key["AccessKeyId"]: key["Status"] == "Active" for key in sorted(owned, key=lambda k: k["CreateDate"])}

    def switch(self, key: str, on: bool) -> None:
        """Make a key active or inactive."""
        self.iam("update", AccessKeyId=key, Status="Active" if on else "Inactive")

    def delete(self, key: str) -> None:
        """Delete a key; one that is gone already is no error."""
        self.iam("delete", forgive=NO_USER, AccessKeyId=key)

    def make(self, version: str, stage: str, now: dict[str, Any], old: Any = None) -> str:
        """Make a key and write it as `version` of the secret; a paused key stays inactive. The key's ID.

        `old` are the keys of the user whose place it takes: their pause holds for the new one.
        Of two keys one goes: never the one the secret names, the inactive before the active, the older first.
        """
        owned, named = self.keys(), now.get("AccessKeyId", "")
        if len(owned) > 1:
            self.delete(min(owned, key=lambda key: (key == named, owned[key])))
        made = self.iam("create")["AccessKey"]
        key = str(made["AccessKeyId"])
        log.info("made key %s", key)
        try:
            if not is_open(old or owned, named):
                self.switch(key, False)
            self.write({**now, **made}, ClientRequestToken=version, VersionStages=[stage])
        except Exception:  # whatever it was: a key that no secret holds must not stay
            self.delete(key)
            raise
        return key

    def retire(self, *keep: str) -> None:
        """Make every other key of the user inactive; the next rotation deletes it."""
        for key, active in self.keys().items():
            if active and key not in keep:
                self.switch(key, False)

    def erase(self, keep: str) -> None:
        """Delete every key of the user, made by hand or not, until AWS shows none."""
        gap = 0
        while left := self.keys(NO_USER).keys() - {keep}:
            if time.monotonic() > self.until:
                raise Refusal(f"The user still has keys {left}. Delete them and repeat.")
            time.sleep(gap)
            for key in left:
                self.delete(key)
            gap = 1

    # The secret

    def read(self, **version: str) -> dict[str, Any]:
        """What the secret holds in a version, the current one if none is named; {} for none, or for no JSON object."""
        version = version or {"VersionStage": CURRENT}
        try:
            value = json.loads(self.vault("get_secret_value", forgive=NO_VALUE, **version).get("SecretString", ""))
        except ValueError:
            value = {}
        return value if isinstance(value, dict) else {}

    def write(self, value: dict[str, Any], **version: Any) -> None:
        """Put a value into the secret."""
        self.vault(
            "put_secret_value", SecretString=json.dumps({name: value.get(name, "") for name in FIELDS}), **version
        )

    def label(self, stage: str, **change: str) -> None:
        """Move a staging label, or take it away."""
        self.vault("update_secret_version_stage", VersionStage=stage, **change)

    # CloudFormation's custom resources: each gives its physical id and its data

    def resource(self, event: Any, name: str) -> str:
        """The physical id of a live resource of the stack, or ""."""
        asked = {"StackName": event["StackId"], "LogicalResourceId": name}
        answer = self.aws("cloudformation", "describe_stack_resource", forgive="ValidationError", **asked)
        detail = answer.get("StackResourceDetail", {})  # none: it does not exist
        dead = detail.get("ResourceStatus") in (
            "CREATE_IN_PROGRESS",
            "CREATE_FAILED",
            "DELETE_COMPLETE",
            "DELETE_SKIPPED",
        )
        return "" if dead else str(detail.get("PhysicalResourceId", ""))

    def support_key(self, event: Any, asked: Any) -> tuple[str, dict[str, Any]]:
        """The physical id names the user: another user is a replacement."""
        self.user, self.secret, update = asked["UserName"], asked["SecretArn"], event["RequestType"] == "Update"
        # The vendor's published template has a key of CloudFormation's own: that one CloudFormation removes.
        published = self.resource(event, "SupportAccessKey")
        if event["RequestType"] == "Delete":
            self.erase(published)
            return "", {}
        version = event["RequestId"]
        stages = self.vault("describe_secret").get("VersionIdsToStages", {}).get(version, [])
        now = self.read()
        wanted = {**now, "Region": asked["Region"], "InstanceId": asked["InstanceId"]}
        key = now.get("AccessKeyId", "")
        if key not in self.keys() or not (stages or update):
            old = self.keys(NO_USER, event.get("OldResourceProperties", asked)["UserName"])
            key = self.make(version, CURRENT, wanted, old)
            stages = [CURRENT]
        elif wanted != now:
            self.write(wanted)
        if CURRENT in stages:  # this request made the key, now or when it was here before
            self.retire(key, published)
        return f"support-key-of-{self.user}", {"AccessKeyId": key}

    def instance_image(self, event: Any, asked: Any) -> tuple[str, dict[str, Any]]:
        """The physical id is the image: it is read once, and again for another parameter only.

        A stack that has an instance and no image yet has another template's instance, which ours would replace: it must
        be the one that the resource names.
        """
        name, image = asked["Parameter"], event.get("PhysicalResourceId", "")
        if not image and self.resource(event, "Instance") not in ("", asked.get("Replaces")):
            raise Refusal("This template would replace the stack's instance. Run: deployer upgrade")
        if not image or name != event["OldResourceProperties"]["Parameter"]:
            image = self.aws("ssm", "get_parameter", Name=name)["Parameter"]["Value"]
            if not image.startswith("ami-"):
                raise Refusal(f"{name} holds no image id. Set the stack's parameter ImageId.")
        return image, {"ImageId": image}

    def provision(self, event: Any) -> dict[str, Any]:
        """Serve a custom resource: the answer, whatever happened, for CloudFormation would wait for an hour."""
        kind, how, name = event["ResourceType"], event["RequestType"], event["LogicalResourceId"]
        known = event.get("PhysicalResourceId")
        body: dict[str, Any] = {"Status": "SUCCESS", "Reason": "Done.", "PhysicalResourceId": known or f"{name}-failed"}
        log.info("%s %s", how, kind)
        try:
            if how != "Delete" or kind == "Custom::SupportKey":
                made, body["Data"] = RESOURCES[kind](self, event, event["ResourceProperties"])
                body["PhysicalResourceId"] = made or body["PhysicalResourceId"]
        except Exception as error:  # see above
            body |= {"Status": "FAILED", "Reason": f"{name}{self.named()}: {text(error)}"[:1000]}
            log.error(body["Reason"])
        return body | {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}

    # EventBridge, every minute while somebody is let in until a set time

    def end_sessions(self, event: Any) -> None:
        """End what support's user and role have open on the instance, once their access has ended; nobody else's."""
        if event["Now"] < event["Until"]:
            return
        ssm, ended, failed = boto3.client("ssm", config=CONFIG), [], None
        filters = [{"key": "Target", "value": event["Instance"]}]
        pages = ssm.get_paginator("describe_sessions").paginate(State="Active", Filters=filters)
        for session in [session for page in pages for session in page["Sessions"]]:
            if is_of(session.get("Owner", ""), event["User"], event["Role"]):
                try:
                    ssm.terminate_session(SessionId=session["SessionId"])
                    ended.append(session["SessionId"])
                except ClientError as error:  # the others end all the same
                    failed = error
        if ended:
            log.info("access ended at %s: ended %s", event["Until"], ended)
        if failed:
            raise failed

    # Secrets Manager's rotation

    def create_secret(self, version: str, coming: dict[str, Any], now: dict[str, Any]) -> None:
        """Make the coming key, unless it waits in the secret already."""
        if not now:
            raise Refusal(f"The secret holds no key to rotate. {ANEW}")
        if not coming:
            self.make(version, PENDING, now)
        elif coming.get("AccessKeyId") not in self.keys():  # a version cannot be written twice: let it go
            self.label(PENDING, RemoveFromVersionId=version)
            raise Refusal(f"The key that waited is gone. {AGAIN}")

    def set_secret(self, version: str, coming: dict[str, Any], now: dict[str, Any]) -> bool:
        """IAM knows the key: it only has to be as active as the current one, so that no pause ends. Whether it is."""
        owned, key = self.keys(), coming.get("AccessKeyId", "")
        if key not in owned:
            raise Refusal(f"No key of the user waits. {AGAIN}")
        named, active = now.get("AccessKeyId", ""), owned[key]
        if key != named:  # they are one when Secrets Manager tries the set-up with a copy
            del owned[key]
        wanted = is_open(owned, named)
        if active != wanted:
            self.switch(key, wanted)
        return wanted

    def test_secret(self, version: str, coming: dict[str, Any], now: dict[str, Any]) -> None:
        """Ask AWS who the coming key is, until AWS knows. A paused key cannot be asked about.

        With nothing pending, Secrets Manager only tries the set-up.
        """
        if coming and self.set_secret(version, coming, now):
            pair = {"aws_access_key_id": coming["AccessKeyId"], "aws_secret_access_key": coming["SecretAccessKey"]}
            arn = self.call(boto3.client("sts", config=CONFIG, **pair), "get_caller_identity")["Arn"]
            if arn.split("/")[-1] != self.user:
                raise Refusal(f"The key that waits is not the user's. {AGAIN}")

    def finish_secret(self, version: str, coming: dict[str, Any], now: dict[str, Any]) -> None:
        """Make the coming version the current one, then the old key inactive. What is done already stays done."""
        if CURRENT not in self.labels[version]:
            self.set_secret(version, coming, now)  # the key may have been paused since
            old = next(name for name, stages in self.labels.items() if CURRENT in stages)
            self.label(CURRENT, MoveToVersionId=version, RemoveFromVersionId=old)
        if PENDING in self.labels[version]:  # left on a version that is not current it blocks the next rotation
            self.label(PENDING, RemoveFromVersionId=version)
        self.retire(coming["AccessKeyId"])

    def rotate(self, event: Any) -> None:
        """One step of a rotation; raises when Secrets Manager must not go on to the next."""
        step, self.secret, version = event["Step"], event["SecretId"], event["ClientRequestToken"]
        log.info("%s", step)
        about = self.vault("describe_secret")
        self.user = {tag["Key"]: tag["Value"] for tag in about.get("Tags", [])}.get("deepsql:support-user", "")
        if not about.get("RotationEnabled") or not self.user:
            raise Refusal("The secret has no rotation or no tag deepsql:support-user. Update the stack.")
        self.labels = about.get("VersionIdsToStages", {})
        stages = self.labels.get(version, [])
        if not {CURRENT, PENDING} & {*stages}:
            raise Refusal(f"Version {version} waits for no rotation. {AGAIN}")
        if CURRENT not in stages or step == "finishSecret":
            STEPS[step](self, version, self.read(VersionId=version), self.read())


RESOURCES = {
    "Custom::SupportKey": Keeper.support_key,
    "Custom::InstanceImage": Keeper.instance_image,
}
STEPS = {
    "createSecret": Keeper.create_secret,
    "setSecret": Keeper.set_secret,
    "testSecret": Keeper.test_secret,
    "finishSecret": Keeper.finish_secret,
}


def answer(url: str, body: dict[str, Any]) -> None:
    """Tell CloudFormation at the address it gave; after three tries Lambda runs the whole event again."""
    data = json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": ""}, method="PUT")  # noqa: S310
    for last in (False, False, True):
        try:
            urllib.request.urlopen(request, timeout=2).close()  # noqa: S310
            return
        except OSError:
            if last:
                raise
        time.sleep(1)


def handler(event: Any, context: Any) -> None:
    """What Lambda calls, for CloudFormation, Secrets Manager and EventBridge. Ten seconds are kept for the answer."""
    again = DENIED if event.get("RequestType") == "Delete" else DENIED | NEW
    keeper = Keeper(min(context.get_remaining_time_in_millis() / 1000 - 10, 120), again)
    if "ResponseURL" in event:
        return answer(event["ResponseURL"], keeper.provision(event))
    try:
        if "Until" in event:
            keeper.end_sessions(event)
        else:
            keeper.rotate(event)
    except Exception as error:  # Lambda logs what is raised: only our words may be in it
        work = "Ending sessions" if "Until" in event else "Rotation"
        raise Refusal(f"{work}{keeper.named()}: {text(error)}") from None
