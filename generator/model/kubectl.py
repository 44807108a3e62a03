"""kubectl on an instance: which file is put there, and what came of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from generator.errors import UsageError

SOURCE = "https://dl.k8s.io/release/v{version}/bin/linux/arm64/kubectl"
"""Where Kubernetes publishes its releases (Kubernetes documentation, "Install kubectl on Linux")."""
PATH = "/usr/local/bin/kubectl"


@dataclass(frozen=True)
class KubectlRequest:
    """A version, the SHA-256 (hex) of its file, and where it is read; "" for Kubernetes' own server."""

    version: str
    sha256: str
    source: str = ""
    instance_id: str = ""
    plan_only: bool = False

    def __post_init__(self) -> None:
        """Raise UsageError for what is no version, no checksum, or no https address of a file."""
        if not re.fullmatch(r"\d{1,3}\.\d{1,3}\.\d{1,3}", self.version):
            raise UsageError(
                f"{self.version} is no version of kubectl.", "Give three numbers, for example: --version 1.33.1"
            )
        if not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise UsageError(
                f"{self.sha256} is no SHA-256.",
                "Give the 64 digits that Kubernetes publishes beside the file, as kubectl.sha256.",
            )
        if not re.fullmatch(r"https://[A-Za-z0-9][A-Za-z0-9._~:/-]{1,500}", self.url):
            raise UsageError(f"{self.url} is no https address of a file.", "Give the whole address: --source https://…")

    @property
    def url(self) -> str:
        """The file's address."""
        return self.source or SOURCE.format(version=self.version)


@dataclass(frozen=True)
class KubectlPlan:
    """What is put where on which instance, and the script that does it as root."""

    instance_id: str
    version: str
    url: str
    sha256: str
    path: str
    script: str


@dataclass(frozen=True)
class KubectlResult:
    """What is on the instance now, by its own checksum."""

    instance_id: str
    version: str
    path: str
    sha256: str
