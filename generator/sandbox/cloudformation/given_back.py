"""GetTemplate as AWS answers it: `?` for every character outside ASCII.

Source: aws-cloudformation/cloudformation-coverage-roadmap, issues 814 and 1220.
"""

from __future__ import annotations

from ministack.services import cloudformation

from generator.sandbox.service_api import Answer, Params, Proceed, serve


def install() -> None:
    """Lose the characters that AWS loses; the stack itself keeps them."""
    serve(cloudformation, {"GetTemplate": lose_characters})


def lose_characters(params: Params, proceed: Proceed) -> Answer:
    """MiniStack's answer with the lost characters."""
    status, headers, body = proceed()
    return status, headers, body.decode().encode("ascii", "replace")
