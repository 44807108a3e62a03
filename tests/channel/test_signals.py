"""Signals end the work in order: a process of its own is told to go."""

import signal
import subprocess
import sys
import time

import pytest

STORY = """
import asyncio, sys
from generator.channel.channel import open_channel
from generator.channel.signals import run
from generator.errors import DeployerError
from tests.channel.agent import Agent, BytesApp
from tests.channel.gateway import Gateway

gateways = []

async def use():
    gateways.append(Gateway(lambda emit: Agent(emit, BytesApp())))
    async with open_channel(gateways[0], None, gateways[0].connect):
        print("ready", flush=True)
        await asyncio.sleep(60)

try:
    run(use())
except DeployerError as error:
    print(gateways[0].calls, error.code, error.message, flush=True)
    sys.exit(error.exit_code)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_session_first(number):
    with subprocess.Popen([sys.executable, "-c", STORY], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        out, _ = process.communicate(timeout=20)
    by = "Ctrl-C" if number is signal.SIGINT else number.name
    assert out == f"['start', 'terminate'] interrupted Ended by {by}; open sessions were closed.\n"
    assert process.returncode == 130


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_that_is_to_be_ignored_ends_nothing(number):
    """As below nohup, or in the background of a script."""
    ignoring = f"import signal; signal.signal({int(number)}, signal.SIG_IGN)\n{STORY}"
    with subprocess.Popen([sys.executable, "-c", ignoring], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        time.sleep(0.5)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=20)[0].endswith("Ended by SIGTERM; open sessions were closed.\n")
