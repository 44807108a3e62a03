"""How this installation came about, and the command that adds an extra to it: it works where it is pasted."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import shlex
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

DISTRIBUTION = "deepsql-deployer"
EXTRAS = {"database": "psycopg", "sandbox": "ministack"}
"""Each extra, and a module by which it is known that it is there."""
SIGN_IN = "botocore[crt]"
"""What a profile that signs in with `aws login` needs besides."""
UV_TOOL = ["uv", "tool", "install", "--force"]


def has(module: str) -> bool:
    """Whether a module that comes with an extra is installed. It is not imported."""
    return importlib.util.find_spec(module) is not None


def install_command(extra: str) -> str:
    """The command that installs this program again, from where it came, with an extra and those it has already; quoted
    for a POSIX shell."""
    installer = _installer(Path(sys.prefix))
    beside = ["--with", SIGN_IN] if installer == UV_TOOL and has("awscrt") else []  # which it makes anew
    return shlex.join([*installer, *beside, *_requirement(_extras(extra), _origin())])


def sign_in_command() -> str:
    """The command that adds what `aws login` needs to this installation; quoted for a POSIX shell."""
    installer = _installer(Path(sys.prefix))
    if installer[0] == "pipx":
        return shlex.join(["pipx", "inject", DISTRIBUTION, SIGN_IN])
    if installer == UV_TOOL:
        return shlex.join([*installer, "--with", SIGN_IN, *_requirement(_extras(), _origin())])
    return shlex.join([*installer, SIGN_IN])


def _extras(wanted: str = "") -> str:
    """The extra that is wanted, and those that are there, as they are written behind a name."""
    names = [extra for extra, module in EXTRAS.items() if extra == wanted or has(module)]
    return f"[{','.join(names)}]" if names else ""


def _origin() -> dict[str, Any]:
    """What pip recorded of a folder, a wheel or a repository (PEP 610); empty for what an index served."""
    try:
        recorded = importlib.metadata.distribution(DISTRIBUTION).read_text("direct_url.json")
        return dict(json.loads(recorded or "{}"))
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return {}


def _requirement(extras: str, origin: dict[str, Any]) -> list[str]:
    url = str(origin.get("url", ""))
    if "dir_info" in origin and url.startswith("file:"):
        folder = f"{url2pathname(urlsplit(url).path)}{extras}"
        return ["--editable", folder] if dict(origin["dir_info"]).get("editable") else [folder]
    named = f"{DISTRIBUTION}{extras}"
    repository = dict(origin.get("vcs_info") or {}).get("vcs", "")
    return [f"{named} @ {f'{repository}+' if repository else ''}{url}" if url else named]


def _installer(prefix: Path) -> list[str]:
    """The tool that made this environment: another one would install beside it."""
    if (prefix / "pipx_metadata.json").exists():
        return ["pipx", "install", "--force"]
    if (prefix / "uv-receipt.toml").exists():
        return UV_TOOL
    return [sys.executable, "-m", "pip", "install"] if has("pip") else ["uv", "pip", "install", "-p", sys.executable]
