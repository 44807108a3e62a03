"""IAM: users, access keys, policies."""

from __future__ import annotations

from generator.errors import NotFound
from generator.gateway.service import Service
from generator.model.access import AccessKey


class IAM(Service):
    """Domain verbs over the IAM API."""

    def user_exists(self, name: str) -> bool:
        """Whether the account has this user."""
        try:
            self._call("get_user", UserName=name)
        except NotFound:
            return False
        return True

    def list_access_keys(self, user: str) -> list[AccessKey]:
        """The user's access keys, oldest first. Raises NotFound when there is no such user."""
        found = [k for page in self._pages("list_access_keys", UserName=user) for k in page["AccessKeyMetadata"]]
        keys = [AccessKey(k["AccessKeyId"], k["UserName"], k["Status"], k.get("CreateDate")) for k in found]
        return sorted(keys, key=lambda key: (str(key.created), key.key_id))
