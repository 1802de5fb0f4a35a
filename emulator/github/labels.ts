import type { components } from "@octokit/openapi-types";
import { z } from "zod";
import type { WireReply } from "../service.ts";
import { nodeId } from "./actor.ts";
import {
  inRepository,
  json,
  noContent,
  param,
  readBody,
  type RepositoryCall,
  type Route,
} from "./call.ts";
import { invalid, notFound } from "./errors.ts";
import type { Hub, Label, Repository, Thread } from "./hub.ts";
import { MAX_LABELS_PER_ISSUE } from "./limits.ts";
import { listReply } from "./paging.ts";
import { requireThread } from "./threads.ts";

const defaultColor = "ededed";

/** Labels come into being when they are first used. */
function ensureLabel(hub: Hub, repository: Repository, name: string): Label {
  const known = repository.labels.get(name.toLowerCase());
  if (known !== undefined) return known;
  const label = { id: hub.nextId(), name, color: defaultColor, description: null };
  repository.labels.set(name.toLowerCase(), label);
  return label;
}

export function setLabels(
  hub: Hub,
  repository: Repository,
  thread: Thread,
  names: readonly string[],
): void {
  const unique = new Set(names.map((name) => ensureLabel(hub, repository, name).name));
  if (unique.size > MAX_LABELS_PER_ISSUE) {
    throw invalid({
      resource: "Issue",
      code: "custom",
      field: "labels",
      message: `Cannot have more than ${MAX_LABELS_PER_ISSUE} labels on an issue.`,
    });
  }
  thread.labels = [...unique];
}

export type LabelBody = components["schemas"]["label"];

function renderLabel(call: RepositoryCall, label: Label): LabelBody {
  return {
    id: label.id,
    node_id: nodeId("Label", label.id),
    url: `${call.url}/labels/${encodeURIComponent(label.name)}`,
    name: label.name,
    description: label.description,
    color: label.color,
    default: false,
  };
}

export function renderLabels(call: RepositoryCall, thread: Thread): LabelBody[] {
  return thread.labels.map((name) =>
    renderLabel(call, ensureLabel(call.hub, call.repository, name)),
  );
}

function requireLabel(call: RepositoryCall): Label {
  const label = call.repository.labels.get(param(call, "name").toLowerCase());
  if (label === undefined) throw notFound();
  return label;
}

const LabelInput = z.object({
  name: z.string().min(1).optional(),
  new_name: z.string().min(1).optional(),
  color: z.string().optional(),
  description: z.string().nullish(),
});
const NewLabel = LabelInput.extend({ name: z.string().min(1) });

function createLabel(call: RepositoryCall): WireReply {
  const input = readBody(call, NewLabel);
  if (call.repository.labels.has(input.name.toLowerCase())) {
    throw invalid({ resource: "Label", code: "already_exists", field: "name" });
  }
  const label = ensureLabel(call.hub, call.repository, input.name);
  label.color = input.color ?? defaultColor;
  label.description = input.description ?? null;
  return json(201, renderLabel(call, label));
}

function updateLabel(call: RepositoryCall): WireReply {
  const label = requireLabel(call);
  const input = readBody(call, LabelInput);
  const old = label.name;
  label.color = input.color ?? label.color;
  if (input.description !== undefined) label.description = input.description;
  const name = input.new_name ?? input.name ?? old;
  call.repository.labels.delete(old.toLowerCase());
  label.name = name;
  call.repository.labels.set(name.toLowerCase(), label);
  for (const thread of call.repository.threads.values()) {
    thread.labels = thread.labels.map((one) => (one === old ? name : one));
  }
  return json(200, renderLabel(call, label));
}

function deleteLabel(call: RepositoryCall): WireReply {
  const label = requireLabel(call);
  call.repository.labels.delete(label.name.toLowerCase());
  for (const thread of call.repository.threads.values()) {
    thread.labels = thread.labels.filter((name) => name !== label.name);
  }
  return noContent;
}

/** `{labels: [...]}` and the bare array are both accepted. */
const LabelNames = z.union([
  z.array(z.string()),
  z.object({ labels: z.array(z.string()).default([]) }).transform((body) => body.labels),
]);

function changeLabels(
  change: (present: readonly string[], given: readonly string[]) => readonly string[],
): (call: RepositoryCall) => WireReply {
  return (call) => {
    const thread = requireThread(call);
    const given = readBody(call, LabelNames);
    setLabels(call.hub, call.repository, thread, change(thread.labels, given));
    thread.updatedAt = call.hub.now();
    return json(200, renderLabels(call, thread));
  };
}

function removeLabel(call: RepositoryCall): WireReply {
  const thread = requireThread(call);
  const name = param(call, "name").toLowerCase();
  const left = thread.labels.filter((label) => label.toLowerCase() !== name);
  if (left.length === thread.labels.length) throw notFound("Label does not exist");
  thread.labels = left;
  thread.updatedAt = call.hub.now();
  return json(200, renderLabels(call, thread));
}

function removeLabels(call: RepositoryCall): WireReply {
  const thread = requireThread(call);
  thread.labels = [];
  thread.updatedAt = call.hub.now();
  return noContent;
}

const read = ["issues:read", "pull_requests:read"] as const;
const write = ["issues:write", "pull_requests:write"] as const;

export const labelRoutes: readonly Route[] = [
  inRepository("GET", "labels", read, (call) =>
    listReply(call, [...call.repository.labels.values()], (label) => renderLabel(call, label)),
  ),
  inRepository("POST", "labels", write, createLabel),
  inRepository("GET", "labels/{name*}", read, (call) =>
    json(200, renderLabel(call, requireLabel(call))),
  ),
  inRepository("PATCH", "labels/{name*}", write, updateLabel),
  inRepository("DELETE", "labels/{name*}", write, deleteLabel),
  inRepository("GET", "issues/{number}/labels", read, (call) =>
    listReply(call, renderLabels(call, requireThread(call)), (label) => label),
  ),
  inRepository(
    "POST",
    "issues/{number}/labels",
    write,
    changeLabels((present, given) => [...present, ...given]),
  ),
  inRepository(
    "PUT",
    "issues/{number}/labels",
    write,
    changeLabels((_present, given) => given),
  ),
  inRepository("DELETE", "issues/{number}/labels", write, removeLabels),
  inRepository("DELETE", "issues/{number}/labels/{name*}", write, removeLabel),
];
