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


def has(module: str) -> bool:
    """Whether a module that comes with an extra is installed. It is not imported."""
    return importlib.util.find_spec(module) is not None


def install_command(extra: str) -> str:
    """The command that installs this program again, from where it came, with an extra; quoted for a POSIX shell."""
    return shlex.join([*_installer(Path(sys.prefix)), *_requirement(extra, _origin())])


def _origin() -> dict[str, Any]:
    """What pip recorded of a folder, a wheel or a repository (PEP 610); empty for what an index served."""
    try:
        recorded = importlib.metadata.distribution(DISTRIBUTION).read_text("direct_url.json")
        return dict(json.loads(recorded or "{}"))
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return {}


def _requirement(extra: str, origin: dict[str, Any]) -> list[str]:
    url = str(origin.get("url", ""))
    if "dir_info" in origin and url.startswith("file:"):
        folder = f"{url2pathname(urlsplit(url).path)}[{extra}]"
        return ["--editable", folder] if dict(origin["dir_info"]).get("editable") else [folder]
    named = f"{DISTRIBUTION}[{extra}]"
    repository = dict(origin.get("vcs_info") or {}).get("vcs", "")
    return [f"{named} @ {f'{repository}+' if repository else ''}{url}" if url else named]


def _installer(prefix: Path) -> list[str]:
    """The tool that made this environment: another one would install beside it."""
    if (prefix / "pipx_metadata.json").exists():
        return ["pipx", "install", "--force"]
    if (prefix / "uv-receipt.toml").exists():
        return ["uv", "tool", "install", "--force"]
    return [sys.executable, "-m", "pip", "install"] if has("pip") else ["uv", "pip", "install", "-p", sys.executable]
