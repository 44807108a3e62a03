"""The credentials of an IAM user that MiniStack lacks: SSH public keys, service-specific credentials, certificates.

Only IAM's record of them: no service behind takes one. They stand in the user's own record, so they go with the user.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any

from ministack.services import iam

Params = dict[str, Any]  # the query protocol's parameters
Record = dict[str, str]
_RECORDS = "_credentials"


@dataclass(frozen=True)
class Kind:
    """One kind of credential, in the words of its operations (IAM API reference).

    `shown` are the fields of a listed one; `once` those that only its creation shows.
    """

    noun: str
    element: str
    create: str
    prefix: str
    make: Callable[[Params], Record]
    shown: tuple[str, ...]
    once: tuple[str, ...] = ()

    @property
    def id_field(self) -> str:
        """The member that identifies it."""
        return f"{self.element}Id"


def _ssh_key(params: Params) -> Record:
    return {"SSHPublicKeyBody": iam._p(params, "SSHPublicKeyBody"), "UploadDate": iam._now()}


def _service(params: Params) -> Record:
    name, secret = iam._p(params, "UserName"), iam._gen_secret()
    made = {"ServiceName": iam._p(params, "ServiceName"), "ServiceUserName": f"{name}-at-{iam.get_account_id()}"}
    return {**made, "ServicePassword": secret, "CreateDate": iam._now()}


def _certificate(params: Params) -> Record:
    return {"CertificateBody": iam._p(params, "CertificateBody"), "UploadDate": iam._now()}


KINDS = (
    Kind(
        "SSHPublicKey",
        "SSHPublicKey",
        "UploadSSHPublicKey",
        "APKA",
        _ssh_key,
        shown=("UploadDate",),
        once=("SSHPublicKeyBody",),
    ),
    Kind(
        "ServiceSpecificCredential",
        "ServiceSpecificCredential",
        "CreateServiceSpecificCredential",
        "ACCA",
        _service,
        shown=("ServiceName", "ServiceUserName", "CreateDate"),
        once=("ServicePassword",),
    ),
    Kind(
        "SigningCertificate",
        "Certificate",
        "UploadSigningCertificate",
        "ASCA",
        _certificate,
        shown=("CertificateBody", "UploadDate"),
    ),
)


def install() -> None:
    """Serve the operations of every kind."""
    for kind in KINDS:
        for operation, handler in {
            kind.create: _create,
            f"List{kind.noun}s": _list,
            f"Update{kind.noun}": _update,
            f"Delete{kind.noun}": _delete,
        }.items():
            iam._IAM_HANDLERS[operation] = partial(handler, kind, operation)


def _create(kind: Kind, operation: str, params: Params) -> Any:
    user = _user(params)
    if user is None:
        return _no_user(params)
    record = {
        "UserName": user["UserName"],
        kind.id_field: kind.prefix + secrets.token_hex(10).upper(),
        "Status": "Active",
    }
    record |= kind.make(params)
    _records(user, kind)[record[kind.id_field]] = record
    return _answer(operation, f"<{kind.element}>{_members(kind, record, kind.once)}</{kind.element}>")


def _list(kind: Kind, operation: str, params: Params) -> Any:
    user = _user(params)
    if user is None:
        return _no_user(params)
    listed = "".join(f"<member>{_members(kind, record)}</member>" for record in _records(user, kind).values())
    return _answer(operation, f"<{kind.element}s>{listed}</{kind.element}s><IsTruncated>false</IsTruncated>")


def _update(kind: Kind, operation: str, params: Params) -> Any:
    record = _found(kind, params)
    if record is None:
        return _no_credential(kind, params)
    record["Status"] = iam._p(params, "Status")
    return _answer(operation, "")


def _delete(kind: Kind, operation: str, params: Params) -> Any:
    if _found(kind, params) is None:
        return _no_credential(kind, params)
    del _records(_user(params), kind)[iam._p(params, kind.id_field)]
    return _answer(operation, "")


def _user(params: Params) -> Any:
    return iam._users.get(iam._p(params, "UserName"))


def _records(user: Any, kind: Kind) -> dict[str, Record]:
    found: dict[str, Record] = user.setdefault(_RECORDS, {}).setdefault(kind.noun, {})
    return found


def _found(kind: Kind, params: Params) -> Record | None:
    user = _user(params)
    return _records(user, kind).get(iam._p(params, kind.id_field)) if user else None


def _members(kind: Kind, record: Record, more: tuple[str, ...] = ()) -> str:
    names = ("UserName", kind.id_field, "Status", *kind.shown, *more)
    return "".join(f"<{name}>{escape(record[name])}</{name}>" for name in names)


def _answer(operation: str, inner: str) -> Any:
    return iam._xml(200, f"{operation}Response", f"<{operation}Result>{inner}</{operation}Result>", ns="iam")


def _no_user(params: Params) -> Any:
    name = escape(iam._p(params, "UserName"))
    return iam._error(404, "NoSuchEntity", f"The user with name {name} cannot be found.", ns="iam")


def _no_credential(kind: Kind, params: Params) -> Any:
    return iam._error(404, "NoSuchEntity", f"No {kind.noun} {escape(iam._p(params, kind.id_field))}.", ns="iam")
