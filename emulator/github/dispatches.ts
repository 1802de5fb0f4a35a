import { z } from "zod";
import type { WireReply } from "../service.ts";
import {
  callingActor,
  inRepository,
  json,
  noContent,
  numberParam,
  param,
  readBody,
  type RepositoryCall,
  type Route,
} from "./call.ts";
import { htmlUrl } from "./commits.ts";
import { notFound, unprocessable } from "./errors.ts";
import { type Dispatch, timestamp } from "./hub.ts";
import {
  MAX_DISPATCH_BYTES,
  MAX_DISPATCH_KEYS,
  MAX_EVENT_TYPE_CHARACTERS,
  MAX_WORKFLOW_INPUT_CHARACTERS,
  MAX_WORKFLOW_INPUTS,
} from "./limits.ts";
import { dispatchInputs } from "./workflow-files.ts";

const WorkflowDispatch = z.object({
  ref: z.string(),
  inputs: z.record(z.string(), z.unknown()).default({}),
  return_run_details: z.boolean().default(false),
});

async function dispatchWorkflow(call: RepositoryCall): Promise<WireReply> {
  const { ref, inputs, return_run_details } = readBody(call, WorkflowDispatch);
  const file = param(call, "workflow").split("/").at(-1) ?? "";
  const commit = await call.repository.git.resolve(ref.replace(/^refs\/(heads|tags)\//, ""));
  if (commit === undefined) throw unprocessable(`No ref found for: ${ref}`);
  await requireInputs(call, commit, file, inputs);
  const dispatch = recordDispatch(call, {
    kind: "workflow_dispatch",
    target: file,
    ref,
    payload: inputs,
  });
  if (!return_run_details) return noContent;
  return json(200, {
    workflow_run_id: dispatch.id,
    run_url: `${call.url}/actions/runs/${dispatch.id}`,
    html_url: htmlUrl(call, `/actions/runs/${dispatch.id}`),
  });
}

async function requireInputs(
  call: RepositoryCall,
  commit: string,
  file: string,
  given: Readonly<Record<string, unknown>>,
): Promise<void> {
  const workflow = await dispatchInputs(call, commit, file);
  if (workflow.kind === "no-file") throw notFound();
  if (workflow.kind === "no-trigger") {
    throw unprocessable("Workflow does not have 'workflow_dispatch' trigger");
  }
  if (Object.keys(given).length > MAX_WORKFLOW_INPUTS) {
    throw unprocessable(`you may only define up to ${MAX_WORKFLOW_INPUTS} inputs`);
  }
  if (JSON.stringify(given).length > MAX_WORKFLOW_INPUT_CHARACTERS) {
    throw unprocessable("inputs are too large.");
  }
  const known = workflow.inputs.map((input) => input.name);
  const unexpected = Object.keys(given).filter((name) => !known.includes(name));
  if (unexpected.length > 0) {
    throw unprocessable(`Unexpected inputs provided: ${JSON.stringify(unexpected)}`);
  }
  const missing = workflow.inputs.find((input) => input.required && !(input.name in given));
  if (missing !== undefined) throw unprocessable(`Required input '${missing.name}' not provided`);
}

const RepositoryDispatch = z.object({
  event_type: z.string().min(1).max(MAX_EVENT_TYPE_CHARACTERS),
  client_payload: z.record(z.string(), z.unknown()).default({}),
});

function dispatchRepository(call: RepositoryCall): WireReply {
  const { event_type, client_payload } = readBody(call, RepositoryDispatch);
  const keys = Object.keys(client_payload).length;
  if (keys > MAX_DISPATCH_KEYS) {
    throw unprocessable(
      `Invalid request.\n\nNo more than ${MAX_DISPATCH_KEYS} properties are allowed; ${keys} were supplied.`,
    );
  }
  if (Buffer.byteLength(JSON.stringify(client_payload)) > MAX_DISPATCH_BYTES) {
    throw unprocessable("client_payload is too large.");
  }
  recordDispatch(call, {
    kind: "repository_dispatch",
    target: event_type,
    ref: call.repository.defaultBranch,
    payload: client_payload,
  });
  return noContent;
}

function recordDispatch(
  call: RepositoryCall,
  what: Pick<Dispatch, "kind" | "target" | "ref" | "payload">,
): Dispatch {
  const dispatch = {
    ...what,
    id: call.hub.nextId(),
    sender: callingActor(call).login,
    createdAt: call.hub.now(),
  };
  call.repository.dispatches.push(dispatch);
  return dispatch;
}

function workflowRun(call: RepositoryCall): WireReply {
  const id = numberParam(call, "id");
  const dispatch = call.repository.dispatches.find((one) => one.id === id);
  if (dispatch?.kind !== "workflow_dispatch") throw notFound();
  const { conclusion, target, ref, createdAt } = dispatch;
  return json(200, {
    id,
    name: target,
    path: `.github/workflows/${target}`,
    event: dispatch.kind,
    head_branch: ref.replace(/^refs\/heads\//, ""),
    status: conclusion === undefined ? "queued" : "completed",
    conclusion: conclusion ?? null,
    created_at: timestamp(createdAt),
    run_started_at: timestamp(createdAt),
    run_attempt: 1,
    url: `${call.url}/actions/runs/${id}`,
    html_url: htmlUrl(call, `/actions/runs/${id}`),
  });
}

export const dispatchRoutes: readonly Route[] = [
  inRepository("POST", "dispatches", "contents:write", dispatchRepository),
  inRepository(
    "POST",
    "actions/workflows/{workflow}/dispatches",
    "actions:write",
    dispatchWorkflow,
  ),
  inRepository("GET", "actions/runs/{id}", "actions:read", workflowRun),
];
