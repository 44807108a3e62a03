"""The option by which the customer says which other accounts are its own."""

from __future__ import annotations

from typing import Annotated

import typer

Own = Annotated[
    str,
    typer.Option(metavar="IDS", help="Other accounts and organizations of yours: their access is not the vendor's."),
]
