// Decides a whole table of IAM requests in one process: one JSON document on stdin, one on stdout.
//
// in:  { policies: { id: document }, requests: [ { principal, action, resource, account, context,
//        identity: [policy id], boundary: [policy id], attached: policy id or null, endpoint: policy id or null } ] }
// out: [ { decision: "allowed" | "denied" | "error", why: text } ] in the order of the requests
//
// An error is never a denial: whoever reads the answers has to treat it as a fault of the table.

import { createValidatedPolicy, validateEndpointPolicy, validateIdentityPolicy, validateResourcePolicy } from '@cloud-copilot/iam-policy'
import { runSimulation, runUnsafeSimulation } from '@cloud-copilot/iam-simulate'

// The checked entry point has no answer here, because its table of resource types knows no documents and
// parameters of AWS itself, which have no account in their ARN, and no session of OpenDataChannel yet. AWS authorizes both; the unchecked entry point decides.
// It also takes the ARN of an Instance Connect Endpoint for that of two types.
// Nor does it find ec2:osuser, which it seeks among the keys of EC2 though its table has it with EC2 Instance Connect.
const UNLISTED = [
  { error: 'no.resource.types', action: /^ssm:(StartSession|SendCommand|GetParameter)$/, resource: /^arn:[^:]+:ssm:[^:]+::/ },
  { error: 'Condition key ec2:osuser not found', action: /^ec2-instance-connect:SendSSHPublicKey$/, resource: /:instance\// },
  { error: 'multiple.resource.types', action: /^ec2-instance-connect:OpenTunnel$/, resource: /:instance-connect-endpoint\// },
  { error: 'must.use.wildcard', action: /^ssmmessages:OpenDataChannel$/, resource: /:session\// },
]

const input = JSON.parse(await new Response(process.stdin).text())
const validated = new Map()

function policy(id, validate) {
  const key = `${validate.name} ${id}`
  if (!validated.has(key)) validated.set(key, createValidatedPolicy(input.policies[id], validate, { name: id }))
  return validated.get(key)
}

function simulation(request) {
  const named = (ids) => ids.map((id) => ({ name: id, policy: policy(id, validateIdentityPolicy) }))
  return {
    request: {
      principal: request.principal === 'anonymous' ? { type: 'Anonymous' } : request.principal,
      action: request.action,
      resource: { resource: request.resource, accountId: request.account },
      contextVariables: request.context,
    },
    identityPolicies: named(request.identity),
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    ...(request.boundary.length && { permissionBoundaryPolicies: named(request.boundary) }),
    ...(request.attached && { resourcePolicy: policy(request.attached, validateResourcePolicy) }),
    ...(request.endpoint && {
      vpcEndpointPolicies: [{ name: request.endpoint, policy: policy(request.endpoint, validateEndpointPolicy) }],
    }),
  }
}

function conditionKeys(request) {
  const ids = [...request.identity, ...request.boundary, request.attached, request.endpoint].filter(Boolean)
  const statements = ids.flatMap((id) => [input.policies[id].Statement].flat())
  const conditions = statements.flatMap((statement) => Object.values(statement.Condition ?? {}))
  return new Set(conditions.flatMap((keys) => Object.keys(keys)).map((key) => key.toLowerCase()))
}

// The unchecked entry point passes over endpoint policies. One that is open to every principal bounds a caller as a
// permissions boundary does, so it stands in for one there.
function asBoundary(id) {
  const { Version, Statement } = input.policies[id]
  const statements = [Statement].flat().map(({ Principal, ...rest }) => {
    if (Principal !== '*') throw new Error('an endpoint policy that names principals cannot be a boundary')
    return rest
  })
  input.policies[`${id} as a boundary`] = { Version, Statement: statements }
  return `${id} as a boundary`
}

function unchecked(request) {
  if (request.endpoint) {
    if (request.boundary.length) throw new Error('a boundary and an endpoint policy at once')
    return unchecked({ ...request, boundary: [asBoundary(request.endpoint)], endpoint: null })
  }
  return { decision: runUnsafeSimulation(simulation(request), {}) === 'Allowed' ? 'allowed' : 'denied', why: 'unchecked' }
}

function explained({ result, analysis }) {
  const sids = [analysis?.identityAnalysis, analysis?.permissionBoundaryAnalysis, analysis?.resourceAnalysis].flatMap(
    (part) => (result === 'Allowed' ? part?.allowStatements : part?.denyStatements) ?? [],
  )
  return `${result} ${sids.map((found) => found.explain.identifier).join(' ')}`.trim()
}

const faulty = (fault) => ({ resultType: 'error', errors: { message: fault.message } })

async function decide(request) {
  const answer = await runSimulation(simulation(request), {}).catch(faulty)
  if (answer.resultType === 'error') {
    const { message } = answer.errors
    const known = UNLISTED.some(
      (gap) => gap.error === message && gap.action.test(request.action) && gap.resource.test(request.resource),
    )
    return known ? unchecked(request) : { decision: 'error', why: JSON.stringify(answer.errors) }
  }
  if (answer.resultType !== 'single') return { decision: 'error', why: 'the resource of a request holds a wildcard' }
  // Keys the evaluator's action table does not list were dropped; where a policy asks for one, the answer is void.
  const asked = conditionKeys(request)
  if (answer.result.ignoredContextKeys.some((key) => asked.has(key.toLowerCase()))) return unchecked(request)
  return {
    decision: answer.overallResult === 'Allowed' ? 'allowed' : 'denied',
    why: explained({ result: answer.overallResult, analysis: answer.result.analysis }),
  }
}

const answers = []
for (const request of input.requests) {
  try {
    answers.push(await decide(request))
  } catch (fault) {
    answers.push({ decision: 'error', why: String(fault) })
  }
}
process.stdout.write(JSON.stringify(answers))
