import { numberParam, type RepositoryCall } from "./call.ts";
import { type FieldError, invalid, notFound } from "./errors.ts";
import {
  type Actor,
  type Hub,
  isPull,
  type PullPart,
  type PullThread,
  type Repository,
  type Thread,
} from "./hub.ts";
import { MAX_ASSIGNEES_PER_ISSUE, MAX_BODY_CHARACTERS, MAX_TITLE_CHARACTERS } from "./limits.ts";

export function requireThread(call: RepositoryCall): Thread {
  const thread = call.repository.threads.get(numberParam(call, "number"));
  if (thread === undefined) throw notFound();
  return thread;
}

export function requirePull(call: RepositoryCall): PullThread {
  const thread = requireThread(call);
  if (!isPull(thread)) throw notFound();
  return thread;
}

export interface NewThread {
  readonly title: string;
  readonly body: string | null;
  readonly pull?: PullPart;
}

export function openThread(
  hub: Hub,
  repository: Repository,
  user: Actor,
  input: NewThread,
): Thread {
  const now = hub.now();
  const thread: Thread = {
    id: hub.nextId(),
    number: repository.nextNumber,
    user,
    createdAt: now,
    pull: input.pull,
    title: input.title,
    body: input.body,
    state: "open",
    stateReason: null,
    labels: [],
    assignees: [],
    updatedAt: now,
    closedAt: undefined,
    closedBy: undefined,
  };
  repository.nextNumber += 1;
  repository.threads.set(thread.number, thread);
  return thread;
}

/** Throws what GitHub says of a text that is too long. */
export function requireFittingText(
  resource: "Issue" | "IssueComment" | "PullRequest",
  text: { readonly title?: string | undefined; readonly body?: string | null | undefined },
): void {
  const tooLong = (field: string, maximum: number): FieldError => ({
    resource,
    code: "custom",
    field,
    message: `${field} is too long (maximum is ${maximum} characters)`,
  });
  const errors: FieldError[] = [];
  if (text.title !== undefined && text.title.trim() === "") {
    errors.push({ resource, code: "missing_field", field: "title" });
  }
  if ((text.title ?? "").length > MAX_TITLE_CHARACTERS) {
    errors.push(tooLong("title", MAX_TITLE_CHARACTERS));
  }
  if ((text.body ?? "").length > MAX_BODY_CHARACTERS) {
    errors.push(tooLong("body", MAX_BODY_CHARACTERS));
  }
  if (errors.length > 0) throw invalid(...errors);
}

export function setAssignees(hub: Hub, thread: Thread, logins: readonly string[]): void {
  // GitHub keeps the first ten and says nothing.
  thread.assignees = [...new Set(logins)]
    .slice(0, MAX_ASSIGNEES_PER_ISSUE)
    .map((login) => hub.actor(login).login);
}

export function setState(hub: Hub, thread: Thread, state: "open" | "closed", by: Actor): void {
  if (thread.state === state) return;
  thread.state = state;
  thread.closedAt = state === "closed" ? hub.now() : undefined;
  thread.closedBy = state === "closed" ? by : undefined;
}

const sortKeys = ["created", "updated", "comments"] as const;

/** Newest first unless asked otherwise; equal times keep the order of the numbers. */
export function sortThreads<T extends Thread>(call: RepositoryCall, threads: readonly T[]): T[] {
  const key = sortKeys.find((one) => one === call.query.get("sort")) ?? "created";
  const sign = call.query.get("direction") === "asc" ? 1 : -1;
  const value = (thread: Thread): number => {
    if (key === "comments") return commentCount(call.repository, thread);
    return key === "updated" ? thread.updatedAt : thread.createdAt;
  };
  return threads.toSorted((a, b) => sign * (value(a) - value(b) || a.number - b.number));
}

export function commentCount(repository: Repository, thread: Thread): number {
  let count = 0;
  for (const comment of repository.comments.values()) {
    if (comment.thread === thread.number) count += 1;
  }
  return count;
}
