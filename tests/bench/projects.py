"""The same stack as the peers want it: a Sceptre project and a CDK app, written into a directory of the run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from generator.template.emit import wire

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "templates" / "deepsql-stack.yaml"
HANDLER = """\
from generator.template.stack import build


def sceptre_handler(sceptre_user_data):
    return build().to_yaml()
"""
# What a CDK user would do with a template that exists: the resources as constructs, synthesized again.
APP = """\
const cdk = require('aws-cdk-lib');
const include = require('aws-cdk-lib/cloudformation-include');
const app = new cdk.App({ analyticsReporting: false });
const stack = new cdk.Stack(app, 'Bench', { synthesizer: new cdk.LegacyStackSynthesizer() });
new include.CfnInclude(stack, 'Template', { templateFile: process.env.BENCH_TEMPLATE });
app.synth();
"""


def sceptre(home: Path, stack_name: str, parameters: Mapping[str, str]) -> Path:
    """A Sceptre project whose stack `bench.yaml` is made by the product's own troposphere code."""
    _sceptre(home, "stack.py", stack_name, parameters)
    (home / "templates" / "stack.py").write_text(HANDLER)
    return home


def sceptre_with_file(home: Path, stack_name: str, parameters: Mapping[str, str]) -> Path:
    """A Sceptre project with the wire form of the template: any longer text is over CloudFormation's limit."""
    _sceptre(home, TEMPLATE.name, stack_name, parameters)
    (home / "templates" / TEMPLATE.name).write_text(wire())
    return home


def _sceptre(home: Path, template: str, stack_name: str, parameters: Mapping[str, str]) -> None:
    (home / "config").mkdir(parents=True)
    (home / "templates").mkdir()
    (home / "config" / "config.yaml").write_text("project_code: bench\nregion: us-east-1\n")
    values = "".join(f"  {name}: {value}\n" for name, value in parameters.items())
    (home / "config" / "bench.yaml").write_text(
        f"template: {{path: {template}, type: file}}\nstack_name: {stack_name}\nparameters:\n{values}"
    )


def cdk(home: Path, node_modules: Path) -> Path:
    """A CDK app that includes the emitted template."""
    home.mkdir(parents=True)
    (home / "app.js").write_text(APP)
    (home / "node_modules").symlink_to(node_modules)
    return home
