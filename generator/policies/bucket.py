"""The policy of a bucket from which a template is published: everybody reads what is below one prefix, over TLS."""

from __future__ import annotations

from typing import cast

import awacs.s3 as s3
from awacs.aws import Action, AWSPrincipal, Bool, Condition, Deny

from generator.model.arn import Arn
from generator.policies.document import BriefStatement, Document, allow, document, plain


def publishing_policy(partition: str, bucket: str, prefix: str) -> Document:
    """The document. There is no listing, and without TLS there is nothing."""
    whole = str(Arn(partition, "s3", "", "", bucket))
    everybody = AWSPrincipal("*")
    return cast(
        "Document",
        plain(
            document(
                [
                    allow(
                        "EverybodyReadsWhatIsPublished",
                        [s3.GetObject, s3.GetObjectVersion],
                        f"{whole}/{prefix}/*",
                        principal=everybody,
                    ),
                    BriefStatement(
                        Sid="NothingWithoutTls",
                        Effect=Deny,
                        Principal=everybody,
                        Action=[Action("s3", "*")],
                        Resource=[whole, f"{whole}/*"],
                        Condition=Condition([Bool("aws:SecureTransport", "false")]),
                    ),
                ]
            )
        ),
    )
