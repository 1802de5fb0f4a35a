import { z } from "zod";
import type { WireReply } from "../service.ts";
import { nodeId, renderActor, renderLogins } from "./actor.ts";
import {
  callingActor,
  inRepository,
  json,
  readBody,
  type RepositoryCall,
  type Route,
} from "./call.ts";
import { htmlUrl } from "./commits.ts";
import { optionalTimestamp, type Thread, timestamp } from "./hub.ts";
import { renderLabels, setLabels } from "./labels.ts";
import { listReply } from "./paging.ts";
import {
  commentCount,
  openThread,
  requireFittingText,
  requireThread,
  setAssignees,
  setState,
  sortThreads,
} from "./threads.ts";

export function renderIssue(call: RepositoryCall, thread: Thread): object {
  const url = `${call.url}/issues/${thread.number}`;
  const assignees = renderLogins(call, thread.assignees);
  const web = thread.pull === undefined ? "issues" : "pull";
  return {
    id: thread.id,
    node_id: nodeId("Issue", thread.id),
    url,
    repository_url: call.url,
    labels_url: `${url}/labels{/name}`,
    comments_url: `${url}/comments`,
    events_url: `${url}/events`,
    html_url: htmlUrl(call, `/${web}/${thread.number}`),
    number: thread.number,
    state: thread.state,
    state_reason: thread.stateReason,
    title: thread.title,
    body: thread.body,
    user: renderActor(call, thread.user),
    labels: renderLabels(call, thread),
    assignee: assignees[0] ?? null,
    assignees,
    milestone: null,
    locked: false,
    active_lock_reason: null,
    comments: commentCount(call.repository, thread),
    ...(thread.pull === undefined ? {} : { pull_request: pullLinks(call, thread) }),
    closed_at: optionalTimestamp(thread.closedAt),
    closed_by: thread.closedBy === undefined ? null : renderActor(call, thread.closedBy),
    created_at: timestamp(thread.createdAt),
    updated_at: timestamp(thread.updatedAt),
    author_association: "COLLABORATOR",
  };
}

function pullLinks(call: RepositoryCall, thread: Thread): object {
  const web = htmlUrl(call, `/pull/${thread.number}`);
  return {
    url: `${call.url}/pulls/${thread.number}`,
    html_url: web,
    diff_url: `${web}.diff`,
    patch_url: `${web}.patch`,
    merged_at: optionalTimestamp(thread.pull?.mergedAt),
  };
}

function listIssues(call: RepositoryCall): Promise<WireReply> {
  const threads = [...call.repository.threads.values()].filter((thread) => matches(call, thread));
  return listReply(call, sortThreads(call, threads), (thread) => renderIssue(call, thread));
}

function matches(call: RepositoryCall, thread: Thread): boolean {
  const { query } = call;
  const state = query.get("state") ?? "open";
  const labels = (query.get("labels") ?? "").split(",").filter((name) => name !== "");
  const own = thread.labels.map((name) => name.toLowerCase());
  const creator = query.get("creator");
  const assignee = query.get("assignee");
  const since = query.get("since");
  return (
    (state === "all" || thread.state === state) &&
    labels.every((name) => own.includes(name.toLowerCase())) &&
    (creator === undefined || thread.user.login.toLowerCase() === creator.toLowerCase()) &&
    isAssigned(thread, assignee) &&
    (since === undefined || thread.updatedAt >= Date.parse(since))
  );
}

function isAssigned(thread: Thread, wanted: string | undefined): boolean {
  if (wanted === undefined) return true;
  if (wanted === "none") return thread.assignees.length === 0;
  return wanted === "*" ? thread.assignees.length > 0 : thread.assignees.includes(wanted);
}

const LabelName = z.union([
  z.string(),
  z.object({ name: z.string() }).transform((label) => label.name),
]);

const IssueChange = z.object({
  title: z.coerce.string().optional(),
  body: z.string().nullish(),
  state: z.enum(["open", "closed"]).optional(),
  state_reason: z.enum(["completed", "not_planned", "reopened", "duplicate"]).nullish(),
  labels: z.array(LabelName).optional(),
  assignees: z.array(z.string()).optional(),
});
const NewIssue = IssueChange.extend({
  title: z.union([z.string(), z.number().transform((number) => String(number))]),
});

function createIssue(call: RepositoryCall): WireReply {
  const input = readBody(call, NewIssue);
  const { hub, repository } = call;
  requireFittingText("Issue", input);
  const thread = openThread(hub, repository, callingActor(call), {
    title: input.title,
    body: input.body ?? null,
  });
  setLabels(hub, repository, thread, input.labels ?? []);
  setAssignees(hub, thread, input.assignees ?? []);
  return json(201, renderIssue(call, thread), {
    location: `${call.url}/issues/${thread.number}`,
  });
}

function updateIssue(call: RepositoryCall): WireReply {
  const thread = requireThread(call);
  const input = readBody(call, IssueChange);
  const { hub, repository } = call;
  requireFittingText("Issue", input);
  if (input.labels !== undefined) setLabels(hub, repository, thread, input.labels);
  thread.title = input.title ?? thread.title;
  if (input.body !== undefined) thread.body = input.body;
  if (input.state !== undefined && input.state !== thread.state) {
    setState(hub, thread, input.state, callingActor(call));
    thread.stateReason = input.state === "closed" ? "completed" : "reopened";
  }
  if (input.state_reason !== undefined && input.state_reason !== null) {
    thread.stateReason = input.state_reason;
  }
  if (input.assignees !== undefined) setAssignees(hub, thread, input.assignees);
  thread.updatedAt = hub.now();
  return json(200, renderIssue(call, thread));
}

const Assignees = z.object({ assignees: z.array(z.string()).default([]) });

function addAssignees(call: RepositoryCall): WireReply {
  const thread = requireThread(call);
  const { assignees } = readBody(call, Assignees);
  setAssignees(call.hub, thread, [...thread.assignees, ...assignees]);
  return json(201, renderIssue(call, thread));
}

const read = ["issues:read", "pull_requests:read"] as const;
const write = ["issues:write", "pull_requests:write"] as const;

export const issueRoutes: readonly Route[] = [
  inRepository("GET", "issues", "issues:read", listIssues),
  inRepository("POST", "issues", "issues:write", createIssue),
  inRepository("GET", "issues/{number}", read, (call) =>
    json(200, renderIssue(call, requireThread(call))),
  ),
  inRepository("PATCH", "issues/{number}", write, updateIssue),
  inRepository("POST", "issues/{number}/assignees", write, addAssignees),
];
