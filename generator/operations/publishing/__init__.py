"""Publishing the template, and verifying what was published."""
