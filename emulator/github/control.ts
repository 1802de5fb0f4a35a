import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Environment, Service, WireReply, WireRequest } from "../service.ts";
import { issueToken } from "./apps.ts";
import { GitStore } from "./git-store.ts";
import {
  emailOf,
  fullName,
  type Hub,
  type Permissions,
  type Repository,
  repositoryKey,
} from "./hub.ts";
import { editsOfFiles, editsOfFolder } from "./repository-files.ts";
import type { InTurn } from "./service.ts";
import { summarize } from "./summary.ts";
import { editTree } from "./trees.ts";

const prefix = "/_emulator/github/";
const defaultBranch = "main";

/** What nobody can ask the real GitHub for: tokens, repositories and a look behind the scenes. */
export function createControl(environment: Environment, hub: Hub, inTurn: InTurn): Service {
  return {
    handle: (request) =>
      request.path.startsWith(prefix) ? inTurn(() => answer(environment, hub, request)) : undefined,
  };
}

async function answer(
  environment: Environment,
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
  environment: Environment,
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
      return summarize(hub, requireRepository(hub, owner, name));
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
});

function makeToken(hub: Hub, body: unknown): object {
  const input = NewToken.parse(body);
  const permissions: Permissions | undefined = input.permissions;
  const token = issueToken(hub, permissions === undefined ? "ghp" : "ghs", {
    actor: hub.actor(input.login),
    permissions,
    repositories: input.repositories?.map((name) => name.toLowerCase()),
    expiresAt: undefined,
    app: undefined,
  });
  return { token };
}

const NewApp = z.object({
  slug: z.string().min(1),
  publicKey: z.string().min(1),
  permissions: access.default({}),
});

function makeApp(hub: Hub, body: unknown): object {
  const input = NewApp.parse(body);
  const app = {
    id: hub.nextId(),
    slug: input.slug,
    installationId: hub.nextId(),
    publicKeyPem: input.publicKey,
    permissions: input.permissions,
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

const repositoryName = z
  .string()
  .regex(/^[\w.-]{1,100}$/)
  .refine((name) => !/^\.{1,2}$/.test(name));
const NewRepository = z.object({
  owner: repositoryName,
  name: repositoryName,
  private: z.boolean().default(true),
  description: z.string().optional(),
  directory: z.string().optional(),
  files: z.record(z.string(), z.string()).default({}),
});

async function makeRepository(environment: Environment, hub: Hub, body: unknown): Promise<object> {
  const input = NewRepository.parse(body);
  const key = repositoryKey(input.owner, input.name);
  if (hub.repositories.has(key)) throw new Error(`${input.owner}/${input.name} exists already.`);
  const git = new GitStore(join(hub.directory, `${key}.git`));
  await mkdir(git.directory, { recursive: true });
  await git.init(defaultBranch);
  const now = hub.now();
  const repository: Repository = {
    id: hub.nextId(),
    owner: hub.actor(input.owner),
    name: input.name,
    private: input.private,
    defaultBranch,
    description: input.description ?? null,
    createdAt: now,
    pushedAt: now,
    git,
    nextNumber: 1,
    threads: new Map(),
    comments: new Map(),
    labels: new Map(),
    checks: new Map(),
    statuses: [],
    deployments: new Map(),
    environments: new Map(),
    dispatches: [],
  };
  const sha = await commitFirst(hub, repository, input);
  hub.repositories.set(key, repository);
  const base = `${environment.origin()}/github`;
  return {
    url: `${base}/repos/${fullName(repository)}`,
    html: `${base}/${fullName(repository)}`,
    gitDirectory: git.directory,
    sha,
  };
}

async function commitFirst(
  hub: Hub,
  repository: Repository,
  input: z.output<typeof NewRepository>,
): Promise<string> {
  const { git, owner } = repository;
  const folder = input.directory === undefined ? [] : await editsOfFolder(git, input.directory);
  const edits = [...folder, ...(await editsOfFiles(git, input.files))];
  const timestamp = Math.floor(hub.now() / 1_000);
  const author = { name: owner.login, email: emailOf(owner), timestamp };
  const sha = await git.writeCommit({
    tree: await editTree(git, undefined, edits),
    parents: [],
    message: "Initial commit",
    author,
    committer: author,
  });
  await git.writeRef(`refs/heads/${defaultBranch}`, sha);
  return sha;
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
