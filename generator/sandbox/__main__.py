"""`python -m generator.sandbox [--port N]`: the sandbox in the foreground, until Ctrl-C."""

import sys

if not sys.flags.safe_path:
    del sys.path[0]  # the current folder: nothing in it is ours

import argparse

from generator.sandbox.server_process import serve

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m generator.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=None, help="listen on this port of 127.0.0.1 (default: any)")
    serve(parser.parse_args().port)
