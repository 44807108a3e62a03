"""The files of the AWS config that are there and cannot be read, of which botocore says nothing: it takes them for
empty, and then there is no profile, or no credentials."""

from __future__ import annotations

import codecs
import os
from contextlib import suppress
from pathlib import Path

from botocore import exceptions as boto

from generator.errors import DeployerError

FILES = (("AWS_CONFIG_FILE", "~/.aws/config"), ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"))
"""The variable that names each, and where it is without that (botocore.configprovider)."""


def wrong_encoding(error: boto.ConfigParseError) -> DeployerError | None:
    """The error for a file of the config in which the settings are right and their encoding is not, as editors on
    Windows write it; None for a file of another fault."""
    path, content = str(error.kwargs.get("path", "")), b""
    with suppress(OSError):
        content = Path(path).expanduser().read_bytes()
    why = _encoding_fault(content)
    if not why:
        return None
    hint = "Save it as UTF-8, without a byte order mark."
    return DeployerError(f"Your AWS config {path} cannot be read: it {why}.", hint, code="config-parse")


def _encoding_fault(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in content[:4]:
        return "is in UTF-16"
    if content.startswith(codecs.BOM_UTF8):
        return "begins with a byte order mark, which botocore takes for a part of the first line"
    try:
        content.decode()
    except UnicodeDecodeError:
        return "is no text in UTF-8"
    return ""


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
