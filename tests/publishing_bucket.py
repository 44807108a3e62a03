"""A bucket from which everybody may read what is published, as the how-to page makes it."""

import json
from typing import Any

from generator.policies.bucket import publishing_policy

BUCKET = "published-templates"


def make_bucket(client: Any) -> None:
    """Make it by this client of S3."""
    client.create_bucket(Bucket=BUCKET)
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    client.delete_public_access_block(Bucket=BUCKET)
    rules = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    client.put_bucket_ownership_controls(Bucket=BUCKET, OwnershipControls=rules)
    client.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(publishing_policy("aws", BUCKET, "deepsql")))
