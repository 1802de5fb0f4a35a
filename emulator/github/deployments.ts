import { z } from "zod";
import type { WireReply } from "../service.ts";
import { nodeId, renderActor } from "./actor.ts";
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
import { conflict, notFound, unprocessable } from "./errors.ts";
import {
  type Deployment,
  type DeploymentEnvironment,
  type DeploymentStatus,
  type Hub,
  type Repository,
  timestamp,
} from "./hub.ts";
import { MAX_STATUS_DESCRIPTION_CHARACTERS } from "./limits.ts";
import { listReply, pageOf } from "./paging.ts";
import { latestStatuses } from "./statuses.ts";

const NewDeployment = z.object({
  ref: z.string(),
  task: z.string().default("deploy"),
  auto_merge: z.boolean().default(true),
  required_contexts: z.array(z.string()).optional(),
  payload: z.union([z.string(), z.record(z.string(), z.unknown())]).default(""),
  environment: z.string().default("production"),
  description: z.string().nullish(),
  transient_environment: z.boolean().default(false),
  production_environment: z.boolean().optional(),
});
type NewDeployment = z.output<typeof NewDeployment>;

async function createDeployment(call: RepositoryCall): Promise<WireReply> {
  const input = readBody(call, NewDeployment);
  const { hub, repository } = call;
  const sha = await repository.git.resolve(input.ref);
  if (sha === undefined) throw unprocessable(`No ref found for: ${input.ref}`);
  requireContexts(repository, sha, input);
  ensureEnvironment(hub, repository, input.environment);
  const now = hub.now();
  const deployment: Deployment = {
    id: hub.nextId(),
    sha,
    ref: input.ref,
    task: input.task,
    payload: input.payload,
    environment: input.environment,
    description: input.description ?? null,
    transient: input.transient_environment,
    production: input.production_environment ?? input.environment === "production",
    creator: callingActor(call),
    createdAt: now,
    updatedAt: now,
    statuses: [],
  };
  repository.deployments.set(deployment.id, deployment);
  return json(201, renderDeployment(call, deployment));
}

/** Unless told which contexts matter, every commit status must be a success. */
function requireContexts(repository: Repository, sha: string, input: NewDeployment): void {
  const latest = latestStatuses(repository, sha);
  const required = input.required_contexts ?? latest.map((status) => status.context);
  const unmet = required.filter(
    (context) => !latest.some((one) => one.context === context && one.state === "success"),
  );
  if (unmet.length > 0) {
    throw conflict(`Conflict: Commit status checks failed for ${input.ref}: ${unmet.join(", ")}.`);
  }
}

function requireDeployment(call: RepositoryCall): Deployment {
  const deployment = call.repository.deployments.get(numberParam(call, "id"));
  if (deployment === undefined) throw notFound();
  return deployment;
}

function renderDeployment(call: RepositoryCall, deployment: Deployment): object {
  const url = `${call.url}/deployments/${deployment.id}`;
  return {
    url,
    id: deployment.id,
    node_id: nodeId("Deployment", deployment.id),
    sha: deployment.sha,
    ref: deployment.ref,
    task: deployment.task,
    payload: deployment.payload,
    original_environment: deployment.environment,
    environment: deployment.environment,
    description: deployment.description,
    creator: renderActor(call, deployment.creator),
    created_at: timestamp(deployment.createdAt),
    updated_at: timestamp(deployment.updatedAt),
    statuses_url: `${url}/statuses`,
    repository_url: call.url,
    transient_environment: deployment.transient,
    production_environment: deployment.production,
  };
}

function listDeployments(call: RepositoryCall): Promise<WireReply> {
  const filters = ["sha", "ref", "task", "environment"] as const;
  const deployments = [...call.repository.deployments.values()].filter((deployment) =>
    filters.every((key) => (call.query.get(key) ?? deployment[key]) === deployment[key]),
  );
  return listReply(call, deployments.toReversed(), (deployment) =>
    renderDeployment(call, deployment),
  );
}

function deleteDeployment(call: RepositoryCall): WireReply {
  const deployment = requireDeployment(call);
  const alone = call.repository.deployments.size === 1;
  const active = deployment.statuses.at(-1)?.state !== "inactive";
  if (active && !alone) {
    throw unprocessable("We cannot delete an active deployment unless it is the only deployment.");
  }
  call.repository.deployments.delete(deployment.id);
  return noContent;
}

const NewStatus = z.object({
  state: z.enum([
    "error",
    "failure",
    "inactive",
    "in_progress",
    "queued",
    "pending",
    "success",
    "waiting",
  ]),
  description: z.string().max(MAX_STATUS_DESCRIPTION_CHARACTERS).default(""),
  environment: z.string().optional(),
  environment_url: z.string().default(""),
  log_url: z.string().default(""),
  target_url: z.string().default(""),
  auto_inactive: z.boolean().default(true),
});

function createStatus(call: RepositoryCall): WireReply {
  const deployment = requireDeployment(call);
  const input = readBody(call, NewStatus);
  const status: DeploymentStatus = {
    id: call.hub.nextId(),
    creator: callingActor(call),
    createdAt: call.hub.now(),
    state: input.state,
    description: input.description,
    environment: input.environment ?? deployment.environment,
    environmentUrl: input.environment_url,
    logUrl: input.log_url === "" ? input.target_url : input.log_url,
  };
  deployment.statuses.push(status);
  deployment.updatedAt = status.createdAt;
  if (input.state === "success" && input.auto_inactive) retireOthers(call, deployment, status);
  return json(201, renderStatus(call, deployment, status));
}

/** A success makes the earlier deployments of the environment inactive. */
function retireOthers(
  call: RepositoryCall,
  deployment: Deployment,
  success: DeploymentStatus,
): void {
  for (const other of call.repository.deployments.values()) {
    const isEarlier = other.id < deployment.id && other.environment === deployment.environment;
    if (!isEarlier || other.transient || other.production) continue;
    if (other.statuses.at(-1)?.state !== "success") continue;
    other.statuses.push({ ...success, id: call.hub.nextId(), state: "inactive" });
  }
}

function renderStatus(
  call: RepositoryCall,
  deployment: Deployment,
  status: DeploymentStatus,
): object {
  const url = `${call.url}/deployments/${deployment.id}`;
  return {
    url: `${url}/statuses/${status.id}`,
    id: status.id,
    node_id: nodeId("DeploymentStatus", status.id),
    state: status.state,
    creator: renderActor(call, status.creator),
    description: status.description,
    environment: status.environment,
    target_url: status.logUrl,
    created_at: timestamp(status.createdAt),
    updated_at: timestamp(status.createdAt),
    deployment_url: url,
    repository_url: call.url,
    environment_url: status.environmentUrl,
    log_url: status.logUrl,
  };
}

function getStatus(call: RepositoryCall): WireReply {
  const deployment = requireDeployment(call);
  const id = numberParam(call, "status");
  const status = deployment.statuses.find((one) => one.id === id);
  if (status === undefined) throw notFound();
  return json(200, renderStatus(call, deployment, status));
}

function ensureEnvironment(hub: Hub, repository: Repository, name: string): DeploymentEnvironment {
  const known = repository.environments.get(name);
  if (known !== undefined) return known;
  const environment = { id: hub.nextId(), name, createdAt: hub.now() };
  repository.environments.set(name, environment);
  return environment;
}

function renderEnvironment(call: RepositoryCall, environment: DeploymentEnvironment): object {
  const name = encodeURIComponent(environment.name);
  return {
    id: environment.id,
    node_id: nodeId("Environment", environment.id),
    name: environment.name,
    url: `${call.url}/environments/${name}`,
    html_url: `${call.base}/${call.repository.owner.login}/${call.repository.name}/deployments/${name}`,
    created_at: timestamp(environment.createdAt),
    updated_at: timestamp(environment.createdAt),
    protection_rules: [],
    deployment_branch_policy: null,
  };
}

function listEnvironments(call: RepositoryCall): WireReply {
  const all = [...call.repository.environments.values()];
  const page = pageOf(call, all);
  const environments = page.items.map((one) => renderEnvironment(call, one));
  return json(200, { total_count: all.length, environments }, page.headers);
}

function getEnvironment(call: RepositoryCall): WireReply {
  const environment = call.repository.environments.get(param(call, "name"));
  if (environment === undefined) throw notFound();
  return json(200, renderEnvironment(call, environment));
}

export const deploymentRoutes: readonly Route[] = [
  inRepository("GET", "deployments", "deployments:read", listDeployments),
  inRepository("POST", "deployments", "deployments:write", createDeployment),
  inRepository("GET", "deployments/{id}", "deployments:read", (call) =>
    json(200, renderDeployment(call, requireDeployment(call))),
  ),
  inRepository("DELETE", "deployments/{id}", "deployments:write", deleteDeployment),
  inRepository("GET", "deployments/{id}/statuses", "deployments:read", (call) => {
    const deployment = requireDeployment(call);
    return listReply(call, deployment.statuses.toReversed(), (status) =>
      renderStatus(call, deployment, status),
    );
  }),
  inRepository("POST", "deployments/{id}/statuses", "deployments:write", createStatus),
  inRepository("GET", "deployments/{id}/statuses/{status}", "deployments:read", getStatus),
  inRepository("GET", "environments", "actions:read", listEnvironments),
  inRepository("GET", "environments/{name*}", "actions:read", getEnvironment),
  inRepository("PUT", "environments/{name*}", "administration:write", (call) =>
    json(
      200,
      renderEnvironment(call, ensureEnvironment(call.hub, call.repository, param(call, "name"))),
    ),
  ),
];
