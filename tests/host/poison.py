"""A folder in which everything that something may be run from leaves a mark when it is run."""

from __future__ import annotations

import importlib.metadata
import os
import sys
from collections.abc import Mapping
from pathlib import Path

MODULE = "open({mark!r}, 'a').write(f'module {{__name__}}\\n')\n"
PROGRAM = '#!/bin/sh\necho "program $(/usr/bin/basename "$0") $*" >>{mark}\nexit 1\n'
OURS = ("generator", "sitecustomize", "usercustomize")
ENDING = ("pkg_resources", "deployer")
FILES = {
    ".psqlrc": "\\! echo .psqlrc >>{mark}\n",
    ".pdbrc": "open({mark!r}, 'a').write('.pdbrc')\n",
    ".ssh/config": "Host *\n  ProxyCommand echo .ssh/config >>{mark}\n",
    "ssh_config": "Host *\n  ProxyCommand echo ssh_config >>{mark}\n",
    ".aws/config": "[default]\ncredential_process = sh -c 'echo .aws/config >>{mark}'\n",
    ".aws/credentials": "[default]\ncredential_process = sh -c 'echo .aws/credentials >>{mark}'\n",
    "config": "[default]\ncredential_process = sh -c 'echo config >>{mark}'\n",
    ".cfnlintrc": "append_rules:\n  - ./rules\n",
    "rules/rule.py": MODULE,
    ".env": "DEPLOYER_SANDBOX_HOME=/nonexistent\n",
    "pyvenv.cfg": "home = /nonexistent\n",
    "anything.pth": "import os; open({mark!r}, 'a').write('.pth')\n",
}


def poison(folder: Path, mark: Path, search_path: str) -> None:
    """Fill `folder`: a module for each that exists, a program for each on `search_path`, files that tools look for."""
    modules = {*sys.stdlib_module_names, *importlib.metadata.packages_distributions(), *OURS, *ENDING}
    for name in modules:
        if name.isidentifier():
            (folder / f"{name}.py").write_text(MODULE.format(mark=str(mark)))
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text.format(mark=str(mark)) if "{mark" in text else text)
    script = folder / "poisoned program"
    script.write_text(PROGRAM.format(mark=mark))
    script.chmod(0o755)
    known = {name for each in search_path.split(os.pathsep) if Path(each).is_dir() for name in os.listdir(each)}  # noqa: PTH208
    for name in {*known, "session-manager-plugin", "pbcopy", "wl-copy", "xclip", "xsel", "docker", "mysqld", "psql"}:
        if not (folder / name).exists():
            (folder / name).symlink_to(script)


def exposed(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment with every spelling of the current folder at the head of its search path."""
    path = f":.:./:{environment['PATH']}:"
    return {**environment, "PATH": path}
