"""SSH public keys, service-specific credentials and signing certificates of an IAM user, which MiniStack lacks.

They are records only: no service accepts one. They are part of the user's record, so they are deleted with the user.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any

from ministack.core.responses import get_account_id
from ministack.services import iam

from generator.sandbox.service_api import Answer, Params, Proceed, serve, xml_answer, xml_error

Record = dict[str, str]
_RECORDS = "_credentials"


@dataclass(frozen=True)
class Kind:
    """One kind of credential, in the names of its operations (IAM API reference).

    `shown` are the fields that are listed; `once` those that only its creation returns.
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
        """The name of the field that identifies it."""
        return f"{self.element}Id"


def _ssh_key(params: Params) -> Record:
    return {"SSHPublicKeyBody": params.get("SSHPublicKeyBody", ""), "UploadDate": _now()}


def _service(params: Params) -> Record:
    return {
        "ServiceName": params.get("ServiceName", ""),
        "ServiceUserName": f"{params.get('UserName', '')}-at-{get_account_id()}",
        "ServicePassword": secrets.token_hex(20),
        "CreateDate": _now(),
    }


def _certificate(params: Params) -> Record:
    return {"CertificateBody": params.get("CertificateBody", ""), "UploadDate": _now()}


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


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
        handlers = {
            kind.create: _create,
            f"List{kind.noun}s": _list,
            f"Update{kind.noun}": _update,
            f"Delete{kind.noun}": _delete,
        }
        serve(iam, {operation: partial(handler, kind, operation) for operation, handler in handlers.items()})


def _create(kind: Kind, operation: str, params: Params, proceed: Proceed) -> Answer:
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


def _list(kind: Kind, operation: str, params: Params, proceed: Proceed) -> Answer:
    user = _user(params)
    if user is None:
        return _no_user(params)
    listed = "".join(f"<member>{_members(kind, record)}</member>" for record in _records(user, kind).values())
    return _answer(operation, f"<{kind.element}s>{listed}</{kind.element}s><IsTruncated>false</IsTruncated>")


def _update(kind: Kind, operation: str, params: Params, proceed: Proceed) -> Answer:
    record = _find(kind, params)
    if record is None:
        return _no_credential(kind, params)
    record["Status"] = params.get("Status", "")
    return _answer(operation, "")


def _delete(kind: Kind, operation: str, params: Params, proceed: Proceed) -> Answer:
    if _find(kind, params) is None:
        return _no_credential(kind, params)
    del _records(_user(params), kind)[params.get(kind.id_field, "")]
    return _answer(operation, "")


def _user(params: Params) -> Any:
    return iam._users.get(params.get("UserName", ""))


def _records(user: Any, kind: Kind) -> dict[str, Record]:
    records: dict[str, Record] = user.setdefault(_RECORDS, {}).setdefault(kind.noun, {})
    return records


def _find(kind: Kind, params: Params) -> Record | None:
    user = _user(params)
    return _records(user, kind).get(params.get(kind.id_field, "")) if user else None


def _members(kind: Kind, record: Record, more: tuple[str, ...] = ()) -> str:
    names = ("UserName", kind.id_field, "Status", *kind.shown, *more)
    return "".join(f"<{name}>{escape(record[name])}</{name}>" for name in names)


def _answer(operation: str, inner: str) -> Answer:
    return xml_answer("iam", operation, f"<{operation}Result>{inner}</{operation}Result>")


def _no_user(params: Params) -> Answer:
    name = escape(params.get("UserName", ""))
    return xml_error("iam", "NoSuchEntity", f"The user with name {name} cannot be found.", 404)


def _no_credential(kind: Kind, params: Params) -> Answer:
    return xml_error("iam", "NoSuchEntity", f"No {kind.noun} {escape(params.get(kind.id_field, ''))}.", 404)
