"""Many templates in one process, ours and troposphere's own way in turn; prints figures as JSON (P6)."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable
from statistics import median

from generator.template.emit import emit
from generator.template.stack import build

PAIRS = 15


def main() -> None:
    """The median ratio of the pairs, and the milliseconds of one of ours."""
    gc.set_threshold(100_000, 50, 100)  # as the console script does
    _taken(emit), _taken(_theirs)  # what is imported or read with the first only
    pairs = [(_taken(emit), _taken(_theirs)) for _ in range(PAIRS)]
    ratio = median(ours / theirs for ours, theirs in pairs)
    print(json.dumps({"ratio": ratio, "milliseconds": median(ours for ours, _ in pairs) * 1000}))


def _theirs() -> str:
    return str(build().to_yaml())


def _taken(work: Callable[[], str]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    main()
