"""Start-up, generate and lint: programs that make no call (P1 to P5, P7, P20)."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from generator.cli.index import COMMANDS
from tests.bench import projects
from tests.bench.goals import Row, row
from tests.bench.measure import Command, Run, interleave, peak, ratio
from tests.bench.peers import Peers, with_node

DEPLOYER = str(Path(sys.executable).with_name("deployer"))
BARE = Command([sys.executable, "-c", "pass"])
PUBLISHED = projects.ROOT / "tests" / "template" / "published-stack.yaml"
PLACE = {"VpcId": "vpc-00000001", "SubnetId": "subnet-00000002", "AdminEmail": "admin@example.com"}


def start_up(rounds: int) -> list[Row]:
    """P1 to P3."""
    helps = {name: Command([DEPLOYER, name, "--help"]) for name in COMMANDS}
    taken = interleave(
        {"bare": BARE, "version": Command([DEPLOYER, "--version"]), "help": Command([DEPLOYER, "--help"]), **helps},
        rounds,
    )
    bare = taken["bare"]
    dearest = max(helps, key=lambda name: ratio(taken[name], bare))
    return [
        row("P1", ratio(taken["version"], bare), _seconds(taken["version"])),
        row("P2", ratio(taken["help"], bare), _seconds(taken["help"])),
        row("P3", ratio(taken[dearest], bare), f"of {len(helps)}: {dearest}, {_seconds(taken[dearest])}"),
        row("P20 help", peak(taken["help"])),
    ]


def generating(peers: Peers, home: Path, rounds: int) -> list[Row]:
    """P4 and P5: the same resources from the same Python code, and as a CDK app."""
    sceptre = projects.sceptre(home / "sceptre", "bench", PLACE)
    app = projects.cdk(home / "cdk", peers.node_modules)
    env = {**with_node(), "BENCH_TEMPLATE": str(projects.TEMPLATE), "CDK_DISABLE_CLI_TELEMETRY": "1"}
    synth = ["node", str(peers.node_modules / "aws-cdk" / "bin" / "cdk"), "synth", "--no-notices", "--quiet"]
    taken = interleave(
        {
            "deployer": Command([DEPLOYER, "generate", "-o", "-"]),
            "sceptre": Command([peers.program("sceptre"), "generate", "bench.yaml"], _sceptre_env(), sceptre),
            "cdk": Command([*synth, "--app", "node app.js", "--output", str(home / "cdk.out")], env, app),
        },
        rounds,
    )
    return [
        row("P4", ratio(taken["deployer"], taken["sceptre"]), _against(taken, "sceptre")),
        row("P5", ratio(taken["deployer"], taken["cdk"]), _against(taken, "cdk")),
        row("P20 generate", peak(taken["deployer"])),
    ]


def linting(peers: Peers, rounds: int) -> list[Row]:
    """P7 on a template like the vendor's published one and on the product's own, cold each time."""
    files = {"published": PUBLISHED, "own": projects.TEMPLATE}
    commands: dict[str, Command] = {}
    for name, file in files.items():
        theirs = Command([peers.program("cfn-lint"), "--", str(file)])
        commands |= {name: Command([DEPLOYER, "lint", str(file)], exit_code=3 if name == "published" else 0)}
        commands |= {f"{name} cfn-lint": theirs}
    taken = interleave(commands, rounds)
    return [
        row("P7", ratio(taken["published"], taken["published cfn-lint"]), _seconds(taken["published"])),
        row("P7 own", ratio(taken["own"], taken["own cfn-lint"]), _seconds(taken["own"])),
        row("P20 lint", peak(taken["own"])),
    ]


def _sceptre_env() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(projects.ROOT)}


def _against(taken: dict[str, list[Run]], peer: str) -> str:
    return f"wall {ratio(taken['deployer'], taken[peer], 'wall'):.2f}x; {_seconds(taken['deployer'])}"


def _seconds(runs: list[Run]) -> str:
    return f"{sorted(run.cpu for run in runs)[len(runs) // 2] * 1000:.0f} ms of cpu here"
