"""The index of commands says what the commands say of themselves, so that help need not load them."""

import subprocess
import sys

import typer.main

from generator.cli.app import app
from generator.cli.index import COMMANDS, TOPICS


def test_the_index_names_every_command_with_its_own_sentence() -> None:
    root = typer.main.get_group(app)
    shown = {name: built for name, built in root.commands.items() if not built.hidden}
    assert list(COMMANDS) == list(shown)
    assert {name: sentence for name, (_, sentence) in COMMANDS.items()} == {
        name: built.help.split("\n\n")[0] for name, built in shown.items()
    }


def test_help_lists_every_command_once_under_a_topic_with_a_whole_sentence() -> None:
    assert sorted(name for topic in TOPICS.values() for name in topic) == sorted(COMMANDS)
    done = subprocess.run([sys.executable, "-m", "generator", "--help"], capture_output=True, text=True, check=True)
    words = " ".join(done.stdout.split())
    assert "Others:" not in words and "..." not in words.partition("To try it:")[2]
    for topic, names in TOPICS.items():
        section = words.partition(f"{topic}:")[2]
        assert all(f"{name} {COMMANDS[name][1].partition('. ')[0].removesuffix('.')}." in section for name in names)


def test_a_command_loads_its_own_file_and_help_loads_none() -> None:
    assert _files_loaded_by("--help") == set()
    assert _files_loaded_by("down", "--help") == {"stack"}
    assert _files_loaded_by("sandbox", "start", "--help") == {"sandbox"}


def _files_loaded_by(*argv: str) -> set[str]:
    program = "import sys\nfrom generator.cli.main import main\nmain(sys.argv[1:])\nprint('LOADED', *sys.modules)\n"
    done = subprocess.run([sys.executable, "-c", program, *argv], capture_output=True, text=True, check=True)
    modules = (name.removeprefix("generator.cli.") for name in done.stdout.rpartition("LOADED ")[2].split())
    return {name.removesuffix("_commands") for name in modules if name.endswith("_commands")}
