import type { WireReply } from "../service.ts";
import {
  fullName,
  type Hub,
  isPull,
  type Repository,
  repositoryKey,
  type Thread,
  timestamp,
} from "./hub.ts";
import { pullChanges } from "./pull-changes.ts";

/** Where `html_url` leads: `/owner/name`, `/owner/name/issues/1`, `/owner/name/pull/1`. */
const pagePath = /^\/([^/]+)\/([^/]+?)(?:\/(?:issues|pull)\/(\d+))?\/?$/;
const style =
  "body{font:16px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}" +
  "pre{white-space:pre-wrap;border:1px solid #ccc;border-radius:6px;padding:1rem}" +
  "small{color:#666}";

/** A plain look at a repository for the person who follows a link. Loopback only, so no sign-in. */
export async function renderPage(hub: Hub, path: string): Promise<WireReply | undefined> {
  const [, owner = "", name = "", number] = pagePath.exec(path) ?? [];
  const repository = hub.repositories.get(repositoryKey(owner, name));
  if (repository === undefined) return undefined;
  if (number === undefined) return page(fullName(repository), listThreads(repository));
  const thread = repository.threads.get(Number(number));
  if (thread === undefined) return undefined;
  return page(`${thread.title} #${thread.number}`, await showThread(repository, thread));
}

function page(title: string, body: string): WireReply {
  const head = `<meta charset="utf-8"><title>${escape(title)}</title><style>${style}</style>`;
  return {
    status: 200,
    headers: { "content-type": "text/html; charset=utf-8" },
    body: `<!doctype html><html lang="en"><head>${head}</head><body><h1>${escape(title)}</h1>${body}</body></html>`,
  };
}

function listThreads(repository: Repository): string {
  const items = [...repository.threads.values()].toReversed().map((thread) => {
    const kind = isPull(thread) ? "pull" : "issues";
    const href = `/github/${fullName(repository)}/${kind}/${thread.number}`;
    return `<li>${stateOf(thread)} <a href="${escape(href)}">${escape(thread.title)}</a> #${thread.number}</li>`;
  });
  const clone = `<p><code>git clone ${escape(repository.git.directory)}</code></p>`;
  return `${clone}<ul>${items.join("")}</ul>`;
}

async function showThread(repository: Repository, thread: Thread): Promise<string> {
  const comments = [...repository.comments.values()].filter(
    (comment) => comment.thread === thread.number,
  );
  const entries = [
    { user: thread.user, at: thread.createdAt, body: thread.body ?? "" },
    ...comments.map((comment) => ({ ...comment, at: comment.createdAt })),
  ].map(
    ({ user, at, body }) =>
      `<p><b>${escape(user.login)}</b> <small>${timestamp(at)}</small></p><pre>${escape(body)}</pre>`,
  );
  return `<p>${stateOf(thread)}</p>${entries.join("")}${await showChanges(repository, thread)}`;
}

async function showChanges(repository: Repository, thread: Thread): Promise<string> {
  if (!isPull(thread)) return "";
  const changes = await pullChanges(repository, thread);
  return changes
    .map(({ path, patch }) => `<h3>${escape(path)}</h3><pre>${escape(patch ?? "")}</pre>`)
    .join("");
}

function stateOf(thread: Thread): string {
  return thread.pull?.mergedAt === undefined ? thread.state : "merged";
}

function escape(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
