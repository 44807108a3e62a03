"""What the AWS config says of a profile, asked without a call."""

from __future__ import annotations


def own_region(profile: str) -> str:
    """The region that a profile names itself; "" where it names none. Raises DeployerError for a profile that cannot
    be read."""
    from botocore.session import Session

    from generator.gateway.nested_settings import require_form
    from generator.gateway.translate import settings_read

    with settings_read(profile):
        session = Session(profile=profile)
        require_form(session, profile)
        return str(session.get_scoped_config().get("region") or "")
