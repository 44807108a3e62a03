"""CreateDocument, UpdateDocument and the other operations on documents. MiniStack has none of them."""

from __future__ import annotations

import json
from typing import Any

import yaml

from generator.errors import DeployerError
from generator.sandbox.ssm import documents
from generator.sandbox.ssm.api_call import Call, Operation, page
from generator.sandbox.ssm.documents import Document

Answer = dict[str, Any]


def create_document(call: Call) -> Answer:
    """CreateDocument."""
    data = call.data
    call.allow("ssm:CreateDocument", call.arn("document", data["Name"]))
    document = documents.create(
        data["Name"],
        data["Content"],
        document_type=data.get("DocumentType", "Command"),
        document_format=data.get("DocumentFormat", "JSON"),
        version_name=data.get("VersionName", ""),
        tags={tag["Key"]: tag["Value"] for tag in data.get("Tags", [])},
        target_type=data.get("TargetType", ""),
    )
    return {"DocumentDescription": _description(document, "1", status="Creating")}


def update_document(call: Call) -> Answer:
    """UpdateDocument; as on AWS the new version is not the default until UpdateDocumentDefaultVersion."""
    data = call.data
    call.allow("ssm:UpdateDocument", call.arn("document", data["Name"]))
    document = documents.get(data["Name"])
    if data.get("DocumentVersion", "$LATEST") not in ("$LATEST", document.latest_version):
        raise DeployerError("The document version is not the latest.", code="InvalidDocumentVersion")
    number = documents.update(
        data["Name"],
        data["Content"],
        document_format=data.get("DocumentFormat", ""),
        version_name=data.get("VersionName", ""),
    )
    return {"DocumentDescription": _description(document, number, status="Updating")}


def update_document_default_version(call: Call) -> Answer:
    """UpdateDocumentDefaultVersion."""
    call.allow("ssm:UpdateDocumentDefaultVersion", call.arn("document", call.data["Name"]))
    document = documents.set_default_version(call.data["Name"], call.data["DocumentVersion"])
    return {"Description": {"Name": document.name, "DefaultVersion": document.default_version}}


def get_document(call: Call) -> Answer:
    """GetDocument, in the format asked for."""
    document, number = _named_version(call, "ssm:GetDocument")
    wanted = call.data.get("DocumentFormat", document.format)
    text = document.contents[number]
    if wanted != document.format:
        content = document.content(number)
        text = json.dumps(content, indent=2) if wanted == "JSON" else yaml.safe_dump(content, sort_keys=False)
    return {
        "Name": document.name,
        "CreatedDate": document.created,
        "DocumentVersion": number,
        "Status": "Active",
        "Content": text,
        "DocumentType": document.type,
        "DocumentFormat": wanted,
        **_version_name(document, number),
    }


def describe_document(call: Call) -> Answer:
    """DescribeDocument."""
    document, number = _named_version(call, "ssm:DescribeDocument")
    return {"Document": _description(document, number)}


def delete_document(call: Call) -> Answer:
    """DeleteDocument."""
    call.allow("ssm:DeleteDocument", call.arn("document", call.data["Name"]))
    documents.delete(call.data["Name"])
    return {}


def modify_document_permission(call: Call) -> Answer:
    """ModifyDocumentPermission: shares the document with accounts, or with all."""
    call.allow("ssm:ModifyDocumentPermission", call.arn("document", call.data["Name"]))
    document, gone = documents.get(call.data["Name"]), call.data.get("AccountIdsToRemove", [])
    shared = [*document.shared_with, *call.data.get("AccountIdsToAdd", [])]
    document.shared_with = [account for account in dict.fromkeys(shared) if account not in gone]
    return {}


def describe_document_permission(call: Call) -> Answer:
    """DescribeDocumentPermission."""
    call.allow("ssm:DescribeDocumentPermission", call.arn("document", call.data["Name"]))
    shared = documents.get(call.data["Name"]).shared_with
    version = "$DEFAULT"
    info = [{"AccountId": account, "SharedDocumentVersion": version} for account in shared]
    return {"AccountIds": shared, "AccountSharingInfoList": info}


def list_document_versions(call: Call) -> Answer:
    """ListDocumentVersions, newest first."""
    call.allow("ssm:ListDocumentVersions", call.arn("document", call.data["Name"]))
    document = documents.get(call.data["Name"])
    rows = [
        {
            "Name": document.name,
            "DocumentVersion": number,
            "CreatedDate": document.created,
            "IsDefaultVersion": number == document.default_version,
            "DocumentFormat": document.format,
            "Status": "Active",
            **_version_name(document, number),
        }
        for number in sorted(document.contents, key=int, reverse=True)
    ]
    rows, more = page(rows, call.data, 50)
    return {"DocumentVersions": rows, **more}


def list_documents(call: Call) -> Answer:
    """ListDocuments of this account (the sandbox does not list Amazon's); filters Name, Owner, DocumentType, tag:*."""
    call.allow("ssm:ListDocuments")
    listed = documents.own()
    for condition in call.data.get("Filters", []):
        listed = [document for document in listed if _passes(document, condition["Key"], condition.get("Values", []))]
    rows, more = page([_identifier(document) for document in listed], call.data, 50)
    return {"DocumentIdentifiers": rows, **more}


def add_tags(call: Call) -> Answer:
    """AddTagsToResource of a document."""
    _tagged(call, "ssm:AddTagsToResource").tags.update({tag["Key"]: tag["Value"] for tag in call.data["Tags"]})
    return {}


def remove_tags(call: Call) -> Answer:
    """RemoveTagsFromResource of a document."""
    tags = _tagged(call, "ssm:RemoveTagsFromResource").tags
    for key in call.data["TagKeys"]:
        tags.pop(key, None)
    return {}


def list_tags(call: Call) -> Answer:
    """ListTagsForResource of a document."""
    return {"TagList": _tag_list(_tagged(call, "ssm:ListTagsForResource"))}


def _named_version(call: Call, action: str) -> tuple[Document, str]:
    document = documents.find(call.data["Name"])
    call.allow(action, document.arn if document else call.arn("document", call.data["Name"]))
    document = documents.get(call.data["Name"])
    return document, document.number(call.data.get("DocumentVersion", ""))


def _tagged(call: Call, action: str) -> Document:
    call.allow(action, call.arn("document", call.data["ResourceId"]))
    return documents.get(call.data["ResourceId"])


def _passes(document: Document, key: str, values: list[str]) -> bool:
    if key.startswith("tag:"):
        return document.tags.get(key[4:]) in values
    match key:
        case "Name":
            return any(document.name.startswith(value) for value in values)
        case "Owner":
            return any(value in ("Self", "All", "Private") for value in values)
        case "DocumentType":
            return document.type in values
    raise DeployerError(f"The sandbox does not filter documents by {key}.", code="InvalidFilterKey")


def _identifier(document: Document) -> Answer:
    return {
        "Name": document.name,
        "CreatedDate": document.created,
        "Owner": document.account,
        "DocumentVersion": document.default_version,
        "DocumentType": document.type,
        "SchemaVersion": document.content()["schemaVersion"],
        "DocumentFormat": document.format,
        "Tags": _tag_list(document),
    }


def _description(document: Document, number: str, status: str = "Active") -> Answer:
    content = document.content(number)
    parameters = [
        {
            "Name": name,
            "Type": declared.get("type", "String"),
            "Description": declared.get("description", ""),
            **({"DefaultValue": str(declared["default"])} if "default" in declared else {}),
        }
        for name, declared in (content.get("parameters") or {}).items()
    ]
    return {
        "Name": document.name,
        "Owner": document.account or "Amazon",
        "CreatedDate": document.created,
        "Status": status,
        "DocumentVersion": number,
        "Description": content.get("description", ""),
        "Parameters": parameters,
        "PlatformTypes": ["Windows", "Linux", "MacOS"],
        "DocumentType": document.type,
        "SchemaVersion": content["schemaVersion"],
        "LatestVersion": document.latest_version,
        "DefaultVersion": document.default_version,
        "DocumentFormat": document.format,
        "Hash": document.hash(number),
        "HashType": "Sha256",
        "Tags": _tag_list(document),
        **_version_name(document, number),
    }


def _version_name(document: Document, number: str) -> dict[str, str]:
    return {"VersionName": document.version_names[number]} if number in document.version_names else {}


def _tag_list(document: Document) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in document.tags.items()]


OPERATIONS: dict[str, Operation] = {
    "CreateDocument": create_document,
    "UpdateDocument": update_document,
    "UpdateDocumentDefaultVersion": update_document_default_version,
    "GetDocument": get_document,
    "DescribeDocument": describe_document,
    "DeleteDocument": delete_document,
    "ModifyDocumentPermission": modify_document_permission,
    "DescribeDocumentPermission": describe_document_permission,
    "ListDocumentVersions": list_document_versions,
    "ListDocuments": list_documents,
}
TAGGING: dict[str, Operation] = {
    "AddTagsToResource": add_tags,
    "RemoveTagsFromResource": remove_tags,
    "ListTagsForResource": list_tags,
}
