"""The fast loader of templates gives what MiniStack's own gives, with every tag."""

import pytest
import yaml
from ministack.services.cloudformation import engine

from generator.sandbox.cloudformation import template_loader

TEMPLATE = """\
AWSTemplateFormatVersion: 2010-09-09
Description: ä
Scalars: [!Ref A, !GetAtt A.B.C, !Sub "${A}", !Condition C, !ImportValue V, !GetAZs "", !Base64 x]
Lists: [!Join ["", [a]], !If [C, 1, 2], !Not [true], !GetAtt [A, B], !FindInMap [M, K, V], !Cidr [b, 1, 2]]
Nested: !Select [0, !Split [",", !Sub ["${x}", {x: !Ref A}]]]
Conditions: [!And [no], !Or [0o17, 017], !Equals [12:30:45, 1e3]]
Text: |
  #!/bin/sh
  echo
"""


def test_it_reads_what_ministack_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = engine.CfnLoader
    monkeypatch.setattr(engine, "CfnLoader", slow)  # put back at the end
    template_loader.install()
    assert engine.CfnLoader is not slow
    assert yaml.load(TEMPLATE, engine.CfnLoader) == yaml.load(TEMPLATE, slow)
    with pytest.raises(yaml.YAMLError):
        yaml.load("a: !Unknown b", engine.CfnLoader)
