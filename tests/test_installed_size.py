"""What a plain installation takes on the disk: most is cfn-lint with what it needs, and nothing joins it unseen."""

import importlib.metadata
from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CEILING = 135_000_000  # bytes, without what Python compiles at the installation; when written: 128,700,000
HEAVY = {"cfn-lint", "sympy", "botocore", "cryptography", "networkx"}
"""The packages of more than 5 MB. sympy and networkx are cfn-lint's."""


def needed(name: str) -> dict[str, importlib.metadata.Distribution]:
    """The distribution and all that it needs without an extra, by name."""
    found, left = dict[str, importlib.metadata.Distribution](), [name]
    while left:
        if (each := canonicalize_name(left.pop())) in found:
            continue
        found[each] = importlib.metadata.distribution(each)
        wanted = [Requirement(line) for line in found[each].requires or ()]
        left += [one.name for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})]
    return found


def size(files: Iterable[importlib.metadata.PackagePath]) -> int:
    paths = [Path(str(file.locate())) for file in files if "__pycache__" not in file.parts]
    return sum(path.stat().st_size for path in paths if path.is_file())


def test_the_plain_installation_does_not_grow() -> None:
    sizes = {name: size(distribution.files or ()) for name, distribution in needed("deepsql-deployer").items()}
    assert len(sizes) > 20 and all(sizes[name] for name in HEAVY)  # it has seen them all
    assert {name for name, taken in sizes.items() if taken > 5_000_000} == HEAVY
    assert sum(sizes.values()) <= CEILING, sizes


def test_what_only_an_extra_needs_is_not_counted() -> None:
    assert not {"ministack", "psycopg", "pytest", "moto"} & set(needed("deepsql-deployer"))
