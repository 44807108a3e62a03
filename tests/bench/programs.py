"""Start-up, generate and lint: programs that make no call (P1 to P9, P20)."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

from generator.cli.index import COMMANDS
from tests.bench import projects
from tests.bench.goals import Row, row
from tests.bench.measure import Command, Run, interleave, peak, peak_alone, ratio, run
from tests.bench.peers import Peers, with_node

DEPLOYER = str(Path(sys.executable).with_name("deployer"))
BARE = Command([sys.executable, "-c", "pass"])
PUBLISHED = projects.ROOT / "generator/sandbox/published-stack.yaml"
PLACE = {"VpcId": "vpc-00000001", "SubnetId": "subnet-00000002", "AdminEmail": "admin@example.com"}


def start_up(rounds: int) -> list[Row]:
    """P1 to P3."""
    helps = {name: Command([DEPLOYER, name, "--help"]) for name in COMMANDS}
    taken = interleave(
        {"bare": BARE, "version": Command([DEPLOYER, "--version"]), "help": Command([DEPLOYER, "--help"]), **helps},
        rounds,
    )
    bare = taken["bare"]
    costliest = max(helps, key=lambda name: ratio(taken[name], bare))
    return [
        row("P1", ratio(taken["version"], bare), _seconds(taken["version"])),
        row("P2", ratio(taken["help"], bare), _seconds(taken["help"])),
        row("P3", ratio(taken[costliest], bare), f"of {len(helps)}: {costliest}, {_seconds(taken[costliest])}"),
        row("P20 help", peak_alone(Command([DEPLOYER, "--help"]))),
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
            "sceptre": Command([peers.program("sceptre"), "generate", "bench.yaml"], _own_code(), sceptre),
            "cdk": Command([*synth, "--app", "node app.js", "--output", str(home / "cdk.out")], env, app),
        },
        rounds,
    )
    return [
        row("P4", ratio(taken["deployer"], taken["sceptre"]), _compared(taken, "sceptre")),
        row("P5", ratio(taken["deployer"], taken["cdk"]), _compared(taken, "cdk")),
        row("P20 generate", peak_alone(Command([DEPLOYER, "generate", "-o", "-"]))),
    ]


def many() -> list[Row]:
    """P6: the ratio is taken pair by pair within one process."""
    done = run(Command([sys.executable, "-m", "tests.bench.one_process"], _own_code()))
    figures = json.loads(done.output)
    return [row("P6", figures["ratio"], f"{figures['milliseconds']:.0f} ms a template here")]


def linting(peers: Peers, home: Path, rounds: int) -> list[Row]:
    """P7 to P9: a template like the vendor's published one and the product's own, cold but for P9."""
    program, ten = peers.program("cfn-lint"), _copies(home / "ten")
    cold, warm = ({**os.environ, "XDG_CACHE_HOME": str(home / name)} for name in ("cold", "warm"))
    own = [DEPLOYER, "lint", str(projects.TEMPLATE)]
    commands = {
        "published": Command([DEPLOYER, "lint", str(PUBLISHED)], cold, exit_code=3),
        "ten": Command([DEPLOYER, "lint", *ten], cold, exit_code=3),
        "published cfn-lint": Command([program, "--", str(PUBLISHED)]),
        "own": Command(own, cold),
        "own again": Command(own, warm),
        "own cfn-lint": Command([program, "--", str(projects.TEMPLATE)]),
    }
    taken = interleave(commands, rounds, lambda _: shutil.rmtree(home / "cold", ignore_errors=True))
    return [
        row("P7", ratio(taken["published"], taken["published cfn-lint"]), _seconds(taken["published"])),
        row("P7 own", ratio(taken["own"], taken["own cfn-lint"]), _seconds(taken["own"])),
        row("P8", ratio(taken["ten"], taken["published cfn-lint"]), _seconds(taken["ten"])),
        row("P9", ratio(taken["own again"], taken["own cfn-lint"]), _seconds(taken["own again"])),
        row("P20 lint", peak(taken["own"])),
    ]


def _copies(home: Path) -> list[str]:
    """Ten templates of the published one's size, no two alike."""
    home.mkdir()
    text = PUBLISHED.read_text()
    for number in range(10):
        (home / f"{number}.yaml").write_text(f"{text}# {number}\n")
    return [str(path) for path in sorted(home.iterdir())]


def _own_code() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(projects.ROOT)}


def _compared(taken: dict[str, list[Run]], peer: str) -> str:
    return f"wall {ratio(taken['deployer'], taken[peer], 'wall'):.2f}x; {_seconds(taken['deployer'])}"


def _seconds(runs: list[Run]) -> str:
    return f"{sorted(run.cpu for run in runs)[len(runs) // 2] * 1000:.0f} ms of CPU time here"
