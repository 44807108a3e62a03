"""SSM documents of the sandbox: one store for the API and for `AWS::SSM::Document`, per account and region.

Functions act in the account and region of the running request (`ministack.core.responses.request_scope` sets them). A
refusal is a DeployerError whose `code` is AWS's error name.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any

from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region

from generator.errors import DeployerError
from generator.model.arn import Arn
from generator.sandbox.ssm import managed_documents, session_documents

MAX_CONTENT = 64 * 1024  # bytes, SSM's quota
_NAME = re.compile(r"[a-zA-Z0-9_\-.]{3,128}")
_RESERVED = re.compile(r"(aws|amazon|amzn|AWSEC2|AWSConfigRemediation|AWSSupport)", re.IGNORECASE)


@dataclass
class Document:
    """One document. `contents` maps version numbers ("1", "2" ...) to the text as it was given.

    `shared_with` are the accounts that may read it and use it in themselves, or all.
    """

    name: str
    account: str
    region: str
    type: str
    format: str
    created: float  # Unix seconds
    contents: dict[str, str]
    default_version: str = "1"
    version_names: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    target_type: str = ""
    shared_with: list[str] = field(default_factory=list)

    @property
    def latest_version(self) -> str:
        """The highest version number."""
        return str(max(map(int, self.contents)))

    @property
    def arn(self) -> str:
        """The document's ARN; an AWS-owned one has no account in it."""
        return str(Arn("aws", "ssm", self.region, self.account, f"document/{self.name}"))

    def content(self, version: str = "$DEFAULT") -> dict[str, Any]:
        """The parsed content of a version (a number, $DEFAULT or $LATEST)."""
        loaded: dict[str, Any] = session_documents.parse(self.contents[self.number(version)], self.format)
        return loaded

    def number(self, version: str) -> str:
        """The version number behind a number, $DEFAULT, $LATEST or nothing; InvalidDocumentVersion otherwise."""
        numbers = {"": self.default_version, "$DEFAULT": self.default_version, "$LATEST": self.latest_version}
        number = numbers.get(version, version)
        if number not in self.contents:
            raise DeployerError(
                f"The document version {version} of {self.name} does not exist.", code="InvalidDocumentVersion"
            )
        return number

    def hash(self, version: str) -> str:
        """SHA-256 of a version's text, hexadecimal."""
        return sha256(self.contents[version].encode()).hexdigest()


_documents: Any = AccountRegionScopedDict()


def create(
    name: str,
    content: str,
    *,
    document_type: str = "Command",
    document_format: str = "JSON",
    version_name: str = "",
    tags: dict[str, str] | None = None,
    target_type: str = "",
) -> Document:
    """CreateDocument; refused with DocumentAlreadyExists, InvalidDocumentContent, MaxDocumentSizeExceeded."""
    if not _NAME.fullmatch(name) or _RESERVED.match(name):
        raise DeployerError(f"The document name {name} is not valid.", code="ValidationException")
    if name in _documents:
        raise DeployerError(f"Document with same name {name} already exists", code="DocumentAlreadyExists")
    _check(content, document_format, document_type)
    document = Document(
        name, get_account_id(), get_region(), document_type, document_format, time.time(), {"1": content},
        tags=dict(tags or {}), target_type=target_type,
    )  # fmt: skip
    if version_name:
        document.version_names["1"] = version_name
    _documents[name] = document
    return document


def update(name: str, content: str, *, document_format: str = "", version_name: str = "") -> str:
    """UpdateDocument with $LATEST: adds a version, which is not yet the default, and returns its number.

    Refused: InvalidDocument, DuplicateDocumentContent, DuplicateDocumentVersionName, and what `create` refuses.
    """
    document = get(name)
    _check(content, document_format or document.format, document.type)
    if any(content == text for text in document.contents.values()):
        raise DeployerError(
            "The content of the association document matches another document. Change the content of the document "
            "and try again.",
            code="DuplicateDocumentContent",
        )
    if version_name and version_name in document.version_names.values():
        raise DeployerError(f"The version name {version_name} is taken.", code="DuplicateDocumentVersionName")
    number = str(int(document.latest_version) + 1)
    document.contents[number] = content
    document.format = document_format or document.format
    if version_name:
        document.version_names[number] = version_name
    return number


def set_default_version(name: str, version: str) -> Document:
    """UpdateDocumentDefaultVersion. Refused: InvalidDocument, InvalidDocumentVersion."""
    document = get(name)
    document.default_version = document.number(version)
    return document


def delete(name: str) -> None:
    """DeleteDocument, every version. Refused: InvalidDocument."""
    _documents.pop(get(name).name)


def find(name: str) -> Document | None:
    """The document with a name or ARN in this account and region, or an AWS-owned one; None if there is none."""
    if (arn := Arn.find(name)) and arn.account not in ("", get_account_id()):
        return _shared(arn)
    name = name.rpartition("/")[2] if name.startswith("arn:") else name
    own: Document | None = _documents.get(name)
    content = managed_documents.CONTENTS.get(name)
    if own or content is None:
        return own
    kind = "Session" if "sessionType" in content else "Command"
    return Document(name, "", get_region(), kind, "JSON", 0.0, {"1": json.dumps(content)})


def _shared(arn: Arn) -> Document | None:
    """Another account's document, where it is shared with the caller's or with all."""
    document: Document | None = _documents.get_scoped(arn.account, arn.region, arn.name)
    return document if document and {get_account_id(), "all"} & set(document.shared_with) else None


def get(name: str) -> Document:
    """Like `find`, but refuses with InvalidDocument."""
    if document := find(name):
        return document
    raise DeployerError(f"Document with name {name} does not exist.", code="InvalidDocument")


def own() -> list[Document]:
    """The documents of this account and region, by name."""
    return sorted(_documents.values(), key=lambda document: str(document.name))


def tags_of(arn: str) -> dict[str, str] | None:
    """The tags of a document of any account by its ARN; None when the ARN names none."""
    resource = Arn.find(arn)
    if resource is None or (resource.service, resource.kind) != ("ssm", "document"):
        return None
    document = _documents.get_scoped(resource.account, resource.region, resource.name)
    return document.tags if document else None


def dump() -> list[dict[str, Any]]:
    """Every document as JSON values, for the sandbox's state."""
    return [asdict(document) for document in _documents.to_dict().values()]


def load(saved: list[dict[str, Any]] | None) -> None:
    """Load saved documents; None empties the store."""
    _documents.clear()
    for record in saved or []:
        _documents.set_scoped(record["account"], record["region"], record["name"], Document(**record))


def _check(content: str, document_format: str, document_type: str) -> None:
    if len(content.encode()) > MAX_CONTENT:
        raise DeployerError("The size limit of a document is 64 KB.", code="MaxDocumentSizeExceeded")
    sentence = session_documents.fault(content, document_format, document_type)
    if sentence:
        raise DeployerError(sentence, code="InvalidDocumentContent")
