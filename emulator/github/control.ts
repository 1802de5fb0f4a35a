import { mkdir } from "node:fs/promises";
import { z } from "zod";
import type { ControlService, WireReply, WireRequest } from "../service.ts";
import { issueToken } from "./apps.ts";
import {
  fullName,
  type GitHubEnvironment,
  type Hub,
  type Permissions,
  type Repository,
  repositoryKey,
} from "./hub.ts";
import { defaultBranch, makeRepository } from "./new-repository.ts";
import type { InTurn } from "./turns.ts";
import { summarize } from "./summary.ts";

const prefix = "/_emulator/github/";

/** What nobody can ask the real GitHub for: tokens, repositories and a look behind the scenes. */
export function createControl(
  environment: GitHubEnvironment,
  hub: Hub,
  inTurn: InTurn,
): ControlService {
  return {
    calls: [
      "POST /_emulator/github/tokens {login, permissions?, repositories?, app?}",
      "POST /_emulator/github/apps",
      "POST /_emulator/github/limits",
      "POST /_emulator/github/repositories",
      "GET /_emulator/github/repositories",
      "GET /_emulator/github/repositories/OWNER/NAME",
      "POST /_emulator/github/repositories/OWNER/NAME/workflow-runs",
      "POST /_emulator/github/repositories/OWNER/NAME/checkout",
    ],
    handle: (request) =>
      request.path.startsWith(prefix) ? inTurn(() => answer(environment, hub, request)) : undefined,
  };
}

async function answer(
  environment: GitHubEnvironment,
  hub: Hub,
  request: WireRequest,
): Promise<WireReply> {
  try {
    const parts = request.path.slice(prefix.length).split("/");
    return { status: 200, body: await run(environment, hub, request, parts) };
  } catch (error) {
    const message = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    return { status: 400, body: { error: message } };
  }
}

async function run(
  environment: GitHubEnvironment,
  hub: Hub,
  request: WireRequest,
  [kind, owner, name, verb]: readonly string[],
): Promise<object> {
  const operation = `${request.method} ${kind}${owner === undefined ? "" : "/one"}${verb === undefined ? "" : `/${verb}`}`;
  const body: unknown = request.body.length === 0 ? {} : JSON.parse(request.body.toString("utf8"));
  switch (operation) {
    case "POST tokens":
      return makeToken(hub, body);
    case "POST apps":
      return makeApp(hub, body);
    case "POST limits":
      return setLimits(hub, body);
    case "POST repositories":
      return makeRepository(environment, hub, body);
    case "GET repositories":
      return { repositories: [...hub.repositories.values()].map(fullName) };
    case "GET repositories/one":
      return summarize(requireRepository(hub, owner, name));
    case "POST repositories/one/workflow-runs":
      return endWorkflowRun(requireRepository(hub, owner, name), body);
    case "POST repositories/one/checkout":
      return checkout(requireRepository(hub, owner, name), body);
    default:
      throw new Error(`${request.method} ${request.path} is no control call.`);
  }
}

const access = z.record(z.string(), z.enum(["read", "write"]));
const NewToken = z.object({
  login: z.string().min(1),
  /** As a job's `permissions:`; absent for a person's token, which may everything. */
  permissions: access.optional(),
  repositories: z.array(z.string()).optional(),
  /** Id of the App whose installation it is a token of. */
  app: z.int().optional(),
});

function makeToken(hub: Hub, body: unknown): object {
  const input = NewToken.parse(body);
  const permissions: Permissions | undefined = input.permissions;
  const token = issueToken(hub, permissions === undefined ? "ghp" : "ghs", {
    actor: hub.actor(input.login),
    permissions,
    repositories: input.repositories?.map((name) => name.toLowerCase()),
    expiresAt: undefined,
    app: input.app === undefined ? undefined : hub.apps.get(input.app),
  });
  return { token };
}

const NewApp = z.object({
  slug: z.string().min(1),
  publicKey: z.string().min(1),
  permissions: access.default({}),
  /** Permissions of the installation; absent: all that the App asks for. */
  accepted: access.optional(),
  repositories: z.array(z.string()).optional(),
  suspended: z.boolean().default(false),
  events: z.array(z.string()).default([]),
});

function makeApp(hub: Hub, body: unknown): object {
  const input = NewApp.parse(body);
  const app = {
    id: hub.nextId(),
    slug: input.slug,
    installationId: hub.nextId(),
    publicKeyPem: input.publicKey,
    permissions: input.permissions,
    accepted: input.accepted ?? input.permissions,
    repositories: input.repositories?.map((name) => name.toLowerCase()),
    isSuspended: input.suspended,
    events: input.events,
  };
  hub.apps.set(app.id, app);
  return { appId: app.id, installationId: app.installationId };
}

const Limits = z.object({
  primaryPerHour: z.int().positive().optional(),
  secondary: z
    .object({
      contentPerMinute: z.int().positive().default(80),
      contentPerHour: z.int().positive().default(500),
    })
    .nullish(),
});

function setLimits(hub: Hub, body: unknown): object {
  const input = Limits.parse(body);
  hub.limits.primaryPerHour = input.primaryPerHour ?? hub.limits.primaryPerHour;
  if (input.secondary !== undefined) hub.limits.secondary = input.secondary ?? undefined;
  const { primaryPerHour, secondary } = hub.limits;
  return { primaryPerHour, secondary: secondary ?? null };
}

function requireRepository(
  hub: Hub,
  owner: string | undefined,
  name: string | undefined,
): Repository {
  const repository = hub.repositories.get(repositoryKey(owner ?? "", name ?? ""));
  if (repository === undefined) throw new Error(`There is no repository ${owner}/${name}.`);
  return repository;
}

const WorkflowEnd = z.object({ id: z.int(), conclusion: z.string().min(1) });

/** A runner is not part of this GitHub: whoever tests says how a dispatched workflow ended. */
function endWorkflowRun(repository: Repository, body: unknown): object {
  const { id, conclusion } = WorkflowEnd.parse(body);
  const dispatch = repository.dispatches.find((one) => one.id === id);
  if (dispatch === undefined) throw new Error(`There is no workflow run ${id}.`);
  dispatch.conclusion = conclusion;
  return { id, conclusion };
}

const Checkout = z.object({ ref: z.string().default(defaultBranch), directory: z.string().min(1) });

async function checkout(repository: Repository, body: unknown): Promise<object> {
  const { ref, directory } = Checkout.parse(body);
  const sha = await repository.git.resolve(ref.replace(/^refs\/heads\//, ""));
  if (sha === undefined) throw new Error(`${fullName(repository)} has no ref ${ref}.`);
  const branch = ref.replace(/^refs\/heads\//, "");
  const isBranch = (await repository.git.readRef(`refs/heads/${branch}`)) !== undefined;
  await mkdir(directory, { recursive: true });
  await repository.git.checkout(isBranch ? branch : sha, directory);
  return { sha, ref: isBranch ? `refs/heads/${branch}` : ref, directory };
}
