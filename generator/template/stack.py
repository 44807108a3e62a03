"""The whole stack. Each part adds related resources; the order here is the order in the file."""

from __future__ import annotations

from troposphere import Template

from generator import __version__
from generator.model.contract import VERSION_KEY
from generator.template.access_end import add_access_end
from generator.template.bastion import add_bastion
from generator.template.conditions import add_conditions
from generator.template.database import add_database
from generator.template.installation import add_installation
from generator.template.instance import add_instance
from generator.template.keeper import add_keeper
from generator.template.outputs import add_outputs
from generator.template.parameters import add_parameters, add_rules
from generator.template.security_group import add_security_group
from generator.template.session_documents import add_session_documents
from generator.template.stack_key import add_session_log, add_stack_key
from generator.template.support import add_support
from generator.template.support_role import add_support_role
from generator.template.support_secret import add_support_secret

DESCRIPTION = (
    "DeepSQL in your own account: one private instance next to your database, and access for the vendor's support "
    "that you grant, limit and revoke."
)


def build() -> Template:
    """A new template with all parts of the stack."""
    template = Template()
    template.set_version("2010-09-09")
    template.set_description(DESCRIPTION)
    template.set_metadata({VERSION_KEY: __version__})
    add_parameters(template)
    add_rules(template)
    add_conditions(template)
    add_security_group(template)
    add_installation(template)
    add_instance(template)
    add_stack_key(template)
    add_session_log(template)
    add_session_documents(template)
    add_support(template)
    add_support_role(template)
    add_support_secret(template)
    add_keeper(template)
    add_access_end(template)
    add_database(template)
    add_bastion(template)
    add_outputs(template)
    return template
