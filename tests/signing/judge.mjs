// Somebody else's verdict on signatures: npm @sigstore/verify, offline, with keys that the caller trusts.
// Input: [{content, bundle, keys}] (content in base64, bundle as text, keys in PEM). Output: ["verified" | why not].
import { createPublicKey } from "node:crypto";
import { bundleFromJSON } from "@sigstore/bundle";
import { toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify";

const NOBODY = { mediaType: "", tlogs: [], ctlogs: [], certificateAuthorities: [], timestampAuthorities: [] };
const NONE = { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 };

function verdict({ content, bundle, keys }) {
  const keyed = keys.map((pem) => ({ publicKey: createPublicKey(pem), validFor: () => true }));
  const byHint = new Map(keys.map((pem, at) => [hint(pem), keyed[at]]));
  const trust = toTrustMaterial(NOBODY, (named) => byHint.get(named) ?? keyed[0]);
  try {
    const read = bundleFromJSON(JSON.parse(bundle));
    const bytes = Buffer.from(content, "base64");
    new Verifier(trust, NONE).verify(read.content.$case === "dsseEnvelope" ? toSignedEntity(read) : toSignedEntity(read, bytes));
    return "verified";
  } catch (problem) {
    return `refused: ${problem.message}`;
  }
}

import { createHash } from "node:crypto";
function hint(pem) {
  return createHash("sha256").update(createPublicKey(pem).export({ type: "spki", format: "der" })).digest("base64");
}

let text = "";
for await (const part of process.stdin) text += part;
console.log(JSON.stringify(JSON.parse(text).map(verdict)));
