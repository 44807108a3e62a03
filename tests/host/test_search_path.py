"""The search paths of this process name no folder that depends on where it was started."""

import pytest

from generator.model.search_path import drop_relative_entries


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/usr/bin:/bin", "/usr/bin:/bin"),
        (":/usr/bin", "/usr/bin"),
        ("/usr/bin:", "/usr/bin"),
        ("/usr/bin::/bin", "/usr/bin:/bin"),
        (".:/usr/bin:./tools:bin:../x:~/bin", "/usr/bin"),
        (".", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("name", ["PATH", "PYTHONPATH", "LD_LIBRARY_PATH"])
def test_an_entry_that_is_not_absolute_goes(name: str, path: str, kept: str | None) -> None:
    environment = {name: path, "HOME": "/root", "MANPATH": ":."}
    drop_relative_entries(environment)
    assert environment.get(name) == kept
    assert environment["HOME"] == "/root" and environment["MANPATH"] == ":."
