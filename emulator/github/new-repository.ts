import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { GitStore } from "./git-store.ts";
import {
  emailOf,
  fullName,
  type GitHubEnvironment,
  type Hub,
  type Repository,
  repositoryKey,
} from "./hub.ts";
import { editsOfFiles, editsOfFolder } from "./repository-files.ts";
import { editTree } from "./trees.ts";

export const defaultBranch = "main";

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

/** A bare repository with one commit, from a folder, from texts, or from both. */
export async function makeRepository(
  environment: GitHubEnvironment,
  hub: Hub,
  body: unknown,
): Promise<object> {
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
