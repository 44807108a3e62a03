"""Which property changes replace a resource, where MiniStack has no entry for the type and calls each one Conditional.

From the createOnlyProperties of the types' schemas.
"""

from ministack.services.cloudformation import provisioners

CREATE_ONLY = {
    "AWS::KMS::Key": (),
    "AWS::KMS::Alias": ("AliasName",),
    "AWS::Logs::LogGroup": ("LogGroupName",),
    "AWS::IAM::Policy": (),
    "AWS::EC2::SecurityGroup": ("GroupDescription", "GroupName", "VpcId"),
}


def install() -> None:
    """Add the entries."""
    provisioners._REPLACING_PROPERTIES.update(CREATE_ONLY)
