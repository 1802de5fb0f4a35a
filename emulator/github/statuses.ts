import { z } from "zod";
import type { WireReply } from "../service.ts";
import { nodeId, renderActor } from "./actor.ts";
import {
  callingActor,
  inRepository,
  json,
  param,
  readBody,
  type RepositoryCall,
  type Route,
} from "./call.ts";
import { requireCommit } from "./commits.ts";
import { unprocessable } from "./errors.ts";
import { type CommitStatus, fullName, type Repository, timestamp } from "./hub.ts";
import { MAX_STATUS_DESCRIPTION_CHARACTERS, MAX_STATUSES_PER_CONTEXT } from "./limits.ts";
import { listReply } from "./paging.ts";
import { renderRepository } from "./repositories.ts";

const NewStatus = z.object({
  state: z.enum(["error", "failure", "pending", "success"]),
  context: z.string().default("default"),
  description: z.string().max(MAX_STATUS_DESCRIPTION_CHARACTERS).nullish(),
  target_url: z.string().nullish(),
});

async function createStatus(call: RepositoryCall): Promise<WireReply> {
  const input = readBody(call, NewStatus);
  const { oid } = await requireCommit(call, param(call, "sha"));
  const { statuses } = call.repository;
  const same = statuses.filter((one) => one.sha === oid && one.context === input.context);
  if (same.length >= MAX_STATUSES_PER_CONTEXT) {
    throw unprocessable(
      `This SHA and context has reached the maximum number of statuses (${MAX_STATUSES_PER_CONTEXT}).`,
    );
  }
  const status: CommitStatus = {
    id: call.hub.nextId(),
    sha: oid,
    context: input.context,
    state: input.state,
    description: input.description ?? null,
    targetUrl: input.target_url ?? null,
    creator: callingActor(call),
    createdAt: call.hub.now(),
  };
  statuses.push(status);
  return json(201, renderStatus(call, status));
}

function renderStatus(call: RepositoryCall, status: CommitStatus): object {
  return {
    url: `${call.url}/statuses/${status.sha}`,
    id: status.id,
    node_id: nodeId("StatusContext", status.id),
    state: status.state,
    description: status.description,
    target_url: status.targetUrl,
    context: status.context,
    created_at: timestamp(status.createdAt),
    updated_at: timestamp(status.createdAt),
    creator: renderActor(call, status.creator),
  };
}

/** Newest status of each context. */
export function latestStatuses(repository: Repository, sha: string): readonly CommitStatus[] {
  const latest = new Map<string, CommitStatus>();
  for (const status of repository.statuses) {
    if (status.sha === sha) latest.set(status.context, status);
  }
  return [...latest.values()];
}

async function combinedStatus(call: RepositoryCall): Promise<WireReply> {
  const { oid } = await requireCommit(call, param(call, "ref"));
  const statuses = latestStatuses(call.repository, oid);
  return json(200, {
    state: combine(statuses),
    statuses: statuses.map((status) => renderStatus(call, status)),
    sha: oid,
    total_count: statuses.length,
    repository: renderRepository(call),
    commit_url: `${call.url}/commits/${oid}`,
    url: `${call.base}/repos/${fullName(call.repository)}/commits/${oid}/status`,
  });
}

function combine(statuses: readonly CommitStatus[]): "failure" | "pending" | "success" {
  if (statuses.some(({ state }) => state === "failure" || state === "error")) return "failure";
  if (statuses.length === 0 || statuses.some(({ state }) => state === "pending")) return "pending";
  return "success";
}

export const statusRoutes: readonly Route[] = [
  inRepository("POST", "statuses/{sha}", "statuses:write", createStatus),
  inRepository("GET", "commits/{ref*}/status", "statuses:read", combinedStatus),
  inRepository("GET", "commits/{ref*}/statuses", "statuses:read", async (call) => {
    const { oid } = await requireCommit(call, param(call, "ref"));
    const all = call.repository.statuses.filter((status) => status.sha === oid);
    return listReply(call, all.toReversed(), (status) => renderStatus(call, status));
  }),
];
