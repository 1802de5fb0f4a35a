import { join } from "node:path";
import type { Environment } from "../service.ts";
import type { GitStore } from "./git-store.ts";
import { createRateLimits, type RateLimits } from "./limits.ts";

/** GitHub shares clock, folder, address and audit log with the rest of the emulator, and nothing else. */
export type GitHubEnvironment = Pick<Environment, "audit" | "directory" | "origin" | "pacer">;

export type Permission =
  | "actions"
  | "administration"
  | "checks"
  | "contents"
  | "deployments"
  | "environments"
  | "issues"
  | "metadata"
  | "pull_requests"
  | "statuses"
  | "workflows";

export type Access = "read" | "write";
export type Permissions = Readonly<Partial<Record<Permission, Access>>>;

export interface Actor {
  readonly login: string;
  readonly id: number;
}

/** A GitHub App with its one installation. */
export interface App {
  readonly id: number;
  readonly slug: string;
  readonly installationId: number;
  readonly publicKeyPem: string;
  readonly permissions: Permissions;
  /** What the owner of the repositories accepted: less than the App asks for, until they accept the rest. */
  readonly accepted: Permissions;
  /** `owner/name` in lower case; absent: installed on all repositories. */
  readonly repositories: readonly string[] | undefined;
  readonly isSuspended: boolean;
  /** Webhook events that the App asks for. */
  readonly events: readonly string[];
}

export interface Token {
  readonly actor: Actor;
  /** Absent: a person's token, which may do what the person may. */
  readonly permissions: Permissions | undefined;
  /** `owner/name` in lower case; absent: all repositories. */
  readonly repositories: readonly string[] | undefined;
  /** Real time: the caller holds the token by its own clock. */
  readonly expiresAt: number | undefined;
  readonly app: App | undefined;
}

export interface Label {
  readonly id: number;
  name: string;
  color: string;
  description: string | null;
}

export interface Comment {
  readonly id: number;
  readonly thread: number;
  readonly user: Actor;
  readonly createdAt: number;
  body: string;
  updatedAt: number;
}

export interface Review {
  readonly id: number;
  readonly user: Actor;
  readonly body: string;
  readonly state: "APPROVED" | "CHANGES_REQUESTED" | "COMMENTED";
  readonly commit: string;
  readonly submittedAt: number;
}

/** Who let GitHub merge a pull request once nothing holds it back any more. */
export interface AutoMerge {
  readonly method: "merge" | "squash";
  readonly by: Actor;
}

/** What a pull request has beyond an issue. */
export interface PullPart {
  readonly headBranch: string;
  base: string;
  draft: boolean;
  /** Head commit: follows the branch while the pull request is open. */
  headSha: string;
  /** Head of the base branch when the pull request was last looked at. */
  baseSha: string;
  /** Undefined once closed. */
  mergeable: boolean | undefined;
  /** The test merge while open, the real one once merged. */
  mergeCommitSha: string | null;
  mergedAt: number | undefined;
  mergedBy: Actor | undefined;
  readonly reviews: Review[];
  requestedReviewers: string[];
  /** How it is merged once nothing holds it back: `squash`; undefined without auto-merge. */
  autoMerge: AutoMerge | undefined;
}

/** Issues and pull requests share one sequence of numbers, and most fields. */
export interface Thread {
  readonly id: number;
  readonly number: number;
  readonly user: Actor;
  readonly createdAt: number;
  readonly pull: PullPart | undefined;
  title: string;
  body: string | null;
  state: "open" | "closed";
  stateReason: "completed" | "not_planned" | "reopened" | "duplicate" | null;
  labels: string[];
  assignees: string[];
  updatedAt: number;
  closedAt: number | undefined;
  closedBy: Actor | undefined;
}

export interface PullThread extends Thread {
  readonly pull: PullPart;
}

interface Annotation {
  readonly path: string;
  readonly start_line: number;
  readonly end_line: number;
  readonly start_column?: number | undefined;
  readonly end_column?: number | undefined;
  readonly annotation_level: "notice" | "warning" | "failure";
  readonly message: string;
  readonly title?: string | undefined;
  readonly raw_details?: string | undefined;
}

export interface CheckRun {
  readonly id: number;
  readonly headSha: string;
  readonly app: App | undefined;
  readonly actor: Actor;
  name: string;
  status: "queued" | "in_progress" | "completed" | "waiting" | "requested" | "pending";
  conclusion: string | null;
  startedAt: string | null;
  completedAt: string | null;
  detailsUrl: string | null;
  externalId: string | null;
  title: string | null;
  summary: string | null;
  text: string | null;
  readonly annotations: Annotation[];
}

export interface CommitStatus {
  readonly id: number;
  readonly sha: string;
  readonly context: string;
  readonly state: "error" | "failure" | "pending" | "success";
  readonly description: string | null;
  readonly targetUrl: string | null;
  readonly creator: Actor;
  readonly createdAt: number;
}

export interface DeploymentStatus {
  readonly id: number;
  readonly creator: Actor;
  readonly createdAt: number;
  readonly state: string;
  readonly description: string;
  readonly environment: string;
  readonly environmentUrl: string;
  readonly logUrl: string;
}

export interface Deployment {
  readonly id: number;
  readonly sha: string;
  readonly ref: string;
  readonly task: string;
  readonly payload: unknown;
  readonly environment: string;
  readonly description: string | null;
  readonly transient: boolean;
  readonly production: boolean;
  readonly creator: Actor;
  readonly createdAt: number;
  updatedAt: number;
  readonly statuses: DeploymentStatus[];
}

/** What a workflow would have been started with. */
export interface Dispatch {
  readonly id: number;
  readonly kind: "workflow_dispatch" | "repository_dispatch";
  /** Workflow file, or event type. */
  readonly target: string;
  readonly ref: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly sender: string;
  readonly createdAt: number;
  /** How the run of the workflow ended; undefined while it is queued. */
  conclusion?: string;
}

export interface DeploymentEnvironment {
  readonly id: number;
  readonly name: string;
  readonly createdAt: number;
}

export interface Repository {
  readonly id: number;
  readonly owner: Actor;
  readonly name: string;
  readonly private: boolean;
  readonly defaultBranch: string;
  readonly description: string | null;
  readonly createdAt: number;
  pushedAt: number;
  readonly git: GitStore;
  nextNumber: number;
  readonly threads: Map<number, Thread>;
  readonly comments: Map<number, Comment>;
  /** By lower-cased name. */
  readonly labels: Map<string, Label>;
  readonly checks: Map<number, CheckRun>;
  readonly statuses: CommitStatus[];
  readonly deployments: Map<number, Deployment>;
  readonly environments: Map<string, DeploymentEnvironment>;
  readonly dispatches: Dispatch[];
}

/** Everything one local GitHub knows. */
export interface Hub {
  /** Virtual milliseconds since the Unix epoch. */
  now(): number;
  nextId(): number;
  actor(login: string): Actor;
  readonly actors: ReadonlyMap<string, Actor>;
  readonly tokens: Map<string, Token>;
  readonly apps: Map<number, App>;
  /** By lower-cased `owner/name`. */
  readonly repositories: Map<string, Repository>;
  readonly limits: RateLimits;
  /** Where the bare repositories are. */
  readonly directory: string;
}

export function repositoryKey(owner: string, name: string): string {
  return `${owner}/${name}`.toLowerCase();
}

export function fullName(repository: Repository): string {
  return `${repository.owner.login}/${repository.name}`;
}

export function isPull(thread: Thread): thread is PullThread {
  return thread.pull !== undefined;
}

/** GitHub tells times without fractions of a second. */
export function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z");
}

export function optionalTimestamp(milliseconds: number | undefined): string | null {
  return milliseconds === undefined ? null : timestamp(milliseconds);
}

export function emailOf(actor: Actor): string {
  return `${actor.id}+${actor.login}@users.noreply.github.com`;
}

export function createHub(environment: GitHubEnvironment): Hub {
  const actors = new Map<string, Actor>();
  let lastId = 1_000;
  const nextId = (): number => {
    lastId += 1;
    return lastId;
  };
  const actor = (login: string): Actor => {
    const known = actors.get(login.toLowerCase());
    if (known !== undefined) return known;
    const fresh = { login, id: nextId() };
    actors.set(login.toLowerCase(), fresh);
    return fresh;
  };
  return {
    now: () => environment.pacer.now(),
    nextId,
    actor,
    actors,
    tokens: new Map(),
    apps: new Map(),
    repositories: new Map(),
    limits: createRateLimits(() => environment.pacer.factor),
    directory: join(environment.directory, "github"),
  };
}
