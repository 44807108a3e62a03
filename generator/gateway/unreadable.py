"""The files of the AWS config that are there and cannot be read, of which botocore says nothing: it takes them for
empty, and then there is no profile, or no credentials."""

from __future__ import annotations

import os
from pathlib import Path

from botocore import exceptions as boto

FILES = (("AWS_CONFIG_FILE", "~/.aws/config"), ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"))
"""The variable that names each, and where it is without that (botocore.configprovider)."""


def config_fault(error: boto.BotoCoreError) -> str:
    """The sentence for a file of the AWS config that cannot be read; "" where each can, or is not there."""
    profile = f", so there is no profile {error.kwargs['profile']}" if error.kwargs.get("profile") else ""
    for variable, usual in FILES:
        path = Path(os.environ.get(variable) or usual).expanduser()
        why = _fault(path, named=bool(os.environ.get(variable)) and bool(profile) and variable == "AWS_CONFIG_FILE")
        if why:
            whose = f", which {variable} names," if os.environ.get(variable) else ""
            return f"Your AWS config {path}{whose} {why}{profile}."
    return ""


def _fault(path: Path, *, named: bool) -> str:
    """What is wrong with a file; that it is not there is a fault of one that is `named`."""
    if not os.path.lexists(path):
        return "is not there" if named else ""
    if path.is_dir():
        return "is a folder"
    if not path.is_file():
        return "" if path.is_char_device() else "is no file that botocore reads"  # /dev/null is empty on purpose
    return "" if os.access(path, os.R_OK) else "is not a file that you may read"
