"""The gateway: one boto3 session for one deployment, and a lazily made object per service."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from generator import __version__
from generator.errors import DeployerError
from generator.gateway.retries import retries_of
from generator.gateway.sandbox_keys import LOOPBACK, keep_apart, static_key
from generator.gateway.seen_names import names_in
from generator.model.arn import Arn
from generator.model.command_line import CommandLine
from generator.model.deployment import Deployment
from generator.model.location import Location

if TYPE_CHECKING:
    from generator.gateway.autoscaling import AutoScaling
    from generator.gateway.cloudformation import CloudFormation
    from generator.gateway.cloudtrail import CloudTrail
    from generator.gateway.ec2 import EC2
    from generator.gateway.eks import EKS
    from generator.gateway.events import Events
    from generator.gateway.iam import IAM
    from generator.gateway.instance_connect import InstanceConnect
    from generator.gateway.kms import KMS
    from generator.gateway.lambda_functions import LambdaFunctions
    from generator.gateway.logs import Logs
    from generator.gateway.rds import RDS
    from generator.gateway.s3 import S3
    from generator.gateway.s3control import S3Control
    from generator.gateway.secretsmanager import SecretsManager
    from generator.gateway.ssm import SSM
    from generator.gateway.sts import STS
    from generator.model.access import Credentials


REGION = re.compile(r"(?![0-9]+$)(?!-)[A-Za-z0-9-]{1,63}(?<!-)")
"""The form of a name that botocore takes for a region's (botocore.utils.validate_region_name), in ASCII."""


class Gateway:
    """Everything the operations may ask of AWS, as the deployment's profile and region.

    Credentials, region, endpoints, proxies and CA bundles come from the standard AWS chain.
    Service modules are imported on first use, so a command pays only for what it calls.
    """

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.notify: Callable[[str], None] = lambda line: None
        """Where a line goes that says why something takes longer; nowhere unless the caller sets it."""
        self._answered: dict[str, bool] = {}
        """Who has answered so far: scheme, host and port, and whether that is the sandbox."""
        self.seen_names: list[tuple[str, str]] = []
        """Names in the answers so far, each with its kind (`seen_names`)."""

    @property
    def commands(self) -> CommandLine:
        """Command lines for this stack, region and profile, to be pasted."""
        return CommandLine(
            self.deployment.stack_name, self.region, self.deployment.profile or "", self.deployment.sandbox
        )

    @property
    def _profile(self) -> str:
        from generator.gateway.concerned import profile_in_force

        return profile_in_force(self.deployment.profile)

    @cached_property
    def _session(self) -> Any:
        from boto3 import Session
        from botocore.exceptions import InvalidRegionError

        from generator.gateway.translate import refuse_foreign_answer, settings_read

        with settings_read(self._profile):
            session = Session(botocore_session=self._core, region_name=self._given_region)
            named = session.region_name  # by the profile, where nothing else does
            if named and not REGION.fullmatch(str(named)):  # botocore finds out when it makes a client, or never
                raise InvalidRegionError(region_name=named)
        session.events.register("before-parse", refuse_foreign_answer)
        return session

    @property
    def _given_region(self) -> str | None:
        # boto3 reads AWS_DEFAULT_REGION alone; the AWS CLI and the other SDKs let AWS_REGION win over it
        return self.deployment.region or os.environ.get("AWS_REGION") or None

    @cached_property
    def _signing_session(self) -> Any:
        """The session, whose credentials have been fetched. Raises DeployerError that names the profile."""
        from generator.gateway.credentials import require_usable

        require_usable(self._session, self._core)
        return self._session

    @cached_property
    def _core(self) -> Any:
        """The botocore session below, which knows what the profile says. boto3 itself does not give that out."""
        from botocore.configprovider import ConstantProvider
        from botocore.session import Session

        from generator.gateway.nested_settings import require_form, require_numbers
        from generator.gateway.service import as_utc
        from generator.gateway.translate import settings_read

        with settings_read(self._profile):
            core = Session(profile=self.deployment.profile)
            core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=as_utc)
            # `region =`, of which botocore makes a host without a region
            if not self._given_region and core.get_config_variable("region") == "":
                core.get_component("config_store").set_config_provider("region", ConstantProvider(None))
            core.get_scoped_config()  # reads the profile now, so that a wrong name is reported as that
            require_form(core, self._profile)
            require_numbers(core)
        return core

    def client(self, service: str, credentials: Credentials | None = None, *, quick: bool = False) -> Any:
        """Make a boto3 client for `service`; with `credentials` it asks as those, not as the profile.

        A `quick` one gives up after seconds: for what is good to know and not needed.
        """
        from botocore.config import Config

        from generator.gateway.concerned import credentials_of, remember, remember_commands
        from generator.gateway.endpoints import (
            configured_endpoint,
            endpoint_as_url,
            require_address,
            require_splittable,
        )
        from generator.gateway.translate import settings_read

        session = self._session if credentials else self._signing_session
        with endpoint_as_url(), settings_read(self._profile):
            require_splittable(configured_endpoint(self._core, service))
            client = session.client(
                service,
                **(_explicit(credentials) if credentials else {}),
                config=Config(
                    retries={"mode": "standard", "total_max_attempts": 2}
                    if quick
                    else retries_of(self._core.get_scoped_config()),
                    user_agent_extra=f"deepsql-deployer/{__version__}",
                    connect_timeout=3 if quick else 10,
                    read_timeout=5 if quick else 60,
                ),
            )
            require_address(client.meta.endpoint_url)
        keep_apart(credentials.access_key_id if credentials else static_key(session), client.meta)
        if not credentials:
            remember(client, credentials_of(session))
            remember_commands(client, self.commands)
        client.meta.events.register("after-call", self._note_answer)
        return client

    def _note_answer(self, http_response: Any, parsed: Any, model: Any, **_: object) -> None:
        """Keep who answered a call, and what it named. An event handler of botocore: it must return nothing.

        Raises UsageError where a sandbox answered for a region that AWS does not have: to keys of a user or a role.
        """
        from generator.gateway.surroundings import require_known_region

        self.seen_names += names_in(model.name, parsed)
        url = urlsplit(http_response.url)
        sandbox = http_response.headers.get("X-Sandbox") == "deployer" and url.hostname in LOOPBACK
        self._answered[f"{url.scheme}://{url.netloc.rpartition('@')[2]}"] = sandbox
        if sandbox and self.region:
            require_known_region(self.region)

    def location(self) -> Location:
        """Where this gateway works, told by the stack it has seen and by who has answered; else one call to STS."""
        account = self.known_account or self._caller_account
        others = [url for url in self._answered if not _is_aws(url, self._suffixes)]
        return Location(account, self.region, ", ".join(sorted(others)), self.only_sandbox)

    @property
    def only_sandbox(self) -> bool:
        """Whether somebody has answered so far, and everybody who did is the sandbox."""
        return bool(self._answered) and all(self._answered.values())

    @property
    def known_account(self) -> str:
        """The account as far as it is known without a call; empty before a stack was described."""
        seen = self.cloudformation.stack_id if "cloudformation" in self.__dict__ else ""
        return Arn.parse(seen).account if seen else ""

    @cached_property
    def _caller_account(self) -> str:
        from generator.gateway.sts import STS

        try:
            return STS(self.client("sts", quick=True)).get_caller_account()
        except DeployerError:  # a private network may have an endpoint for the service that is needed, and none for STS
            return ""

    @cached_property
    def _suffixes(self) -> tuple[str, ...]:
        """The domains of AWS's own endpoints, in all partitions, as botocore knows them."""
        known = self._core.get_component("data_loader").load_data("partitions")["partitions"]
        outputs = (partition["outputs"] for partition in known)
        return tuple({out[kind] for out in outputs for kind in ("dnsSuffix", "dualStackDnsSuffix") if out.get(kind)})

    def is_aws(self, url: str) -> bool:
        """Whether an address is one of AWS's own, in any partition."""
        return _is_aws(url, self._suffixes)

    @property
    def ca_bundle(self) -> str:
        """The file of authorities that the calls trust: that of AWS_CA_BUNDLE, the profile's ca_bundle or
        REQUESTS_CA_BUNDLE, in botocore's order, or else botocore's own."""
        from botocore.httpsession import where

        return self.given_ca_bundle or str(where())

    @property
    def given_ca_bundle(self) -> str:
        """The file of authorities that the environment or the profile names; "" where neither does."""
        return str(self._core.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE") or "")

    @property
    def region(self) -> str:
        """The region in force, as the AWS chain resolves it. Empty when none is set."""
        return str(self._session.region_name or "")

    @property
    def profiles(self) -> list[str]:
        """The names of the profiles in the AWS configuration."""
        return list(self._core.available_profiles)

    @property
    def regions(self) -> list[str]:
        """The regions that have CloudFormation, as botocore knows them, in the partition of the region in force; none
        where it knows no partition of that region."""
        from botocore.exceptions import UnknownRegionError

        try:
            partition = self.partition if self.region else "aws"
        except UnknownRegionError:
            return []
        return sorted(self._session.get_available_regions("cloudformation", partition))

    @property
    def partition(self) -> str:
        """The partition of the region in force, as botocore knows it: aws, aws-cn, aws-us-gov. Raises DeployerError
        where no region is set, or one whose name is in no partition."""
        from botocore.exceptions import NoRegionError, UnknownRegionError

        from generator.gateway.surroundings import no_region
        from generator.gateway.translate import settings_read

        with settings_read(self._profile):
            if not self.region:
                raise NoRegionError
        try:
            return str(self._core.get_partition_for_region(self.region))
        except UnknownRegionError as error:
            raise no_region(self.region) from error

    @cached_property
    def cloudformation(self) -> CloudFormation:
        """Stacks, change sets and their events."""
        from generator.gateway.cloudformation import CloudFormation

        return CloudFormation(self.client("cloudformation"))

    @cached_property
    def autoscaling(self) -> AutoScaling:
        """The recovery group."""
        from generator.gateway.autoscaling import AutoScaling

        return AutoScaling(self.client("autoscaling"))

    @cached_property
    def ec2(self) -> EC2:
        """Instances, networks and volumes."""
        from generator.gateway.ec2 import EC2

        return EC2(self.client("ec2"))

    @cached_property
    def iam(self) -> IAM:
        """Users, their keys and their policies."""
        from generator.gateway.iam import IAM

        return IAM(self.client("iam"))

    @cached_property
    def secretsmanager(self) -> SecretsManager:
        """Secrets and their resource policies."""
        from generator.gateway.secretsmanager import SecretsManager

        return SecretsManager(self.client("secretsmanager"))

    @cached_property
    def kms(self) -> KMS:
        """The stack's key."""
        from generator.gateway.kms import KMS

        return KMS(self.client("kms"))

    @cached_property
    def logs(self) -> Logs:
        """The session log group."""
        from generator.gateway.logs import Logs

        return Logs(self.client("logs"))

    @cached_property
    def ssm(self) -> SSM:
        """Sessions and their documents."""
        from generator.gateway.ssm import SSM

        return SSM(self.client("ssm"))

    @cached_property
    def rds(self) -> RDS:
        """Databases, and the tokens that open them."""
        from generator.gateway.rds import RDS

        return RDS(self.client("rds"))

    @cached_property
    def eks(self) -> EKS:
        """Who may use a cluster."""
        from generator.gateway.eks import EKS

        return EKS(self.client("eks"))

    @cached_property
    def events(self) -> Events:
        """The rule that ends support's sessions."""
        from generator.gateway.events import Events

        return Events(self.client("events"))

    @cached_property
    def cloudtrail(self) -> CloudTrail:
        """The trails of the region, and its event history."""
        from generator.gateway.cloudtrail import CloudTrail

        return CloudTrail(self.client("cloudtrail"))

    @cached_property
    def lambda_functions(self) -> LambdaFunctions:
        """Who may invoke the keeper."""
        from generator.gateway.lambda_functions import LambdaFunctions

        return LambdaFunctions(self.client("lambda"))

    @cached_property
    def s3(self) -> S3:
        """A bucket for templates."""
        from generator.gateway.s3 import S3

        return S3(self.client("s3"))

    @cached_property
    def s3control(self) -> S3Control:
        """What the account says about all of its buckets."""
        from generator.gateway.s3control import S3Control, ask_without_prefix

        client = self.client("s3control", quick=True)
        if not self.is_aws(client.meta.endpoint_url):
            ask_without_prefix(client)
        return S3Control(client)

    @cached_property
    def instance_connect(self) -> InstanceConnect:
        """Keys for SSH."""
        from generator.gateway.instance_connect import InstanceConnect

        return InstanceConnect(self.client("ec2-instance-connect"))

    @cached_property
    def sts(self) -> STS:
        """Who is asking."""
        from generator.gateway.sts import STS

        return STS(self.client("sts"))

    def sts_as(self, credentials: Credentials) -> STS:
        """STS asked with a key pair of somebody else's: whether AWS still knows it."""
        from generator.gateway.sts import STS

        return STS(self.client("sts", credentials))


def _is_aws(url: str, suffixes: tuple[str, ...]) -> bool:
    host = urlsplit(url).hostname or ""
    return any(host == suffix or host.endswith(f".{suffix}") for suffix in suffixes)


def _explicit(credentials: Credentials) -> dict[str, str | None]:
    return {
        "aws_access_key_id": credentials.access_key_id,
        "aws_secret_access_key": credentials.secret_access_key,
        "aws_session_token": credentials.session_token or None,
    }
