import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { trustingFetch } from "../emulator/github-server.ts";
import type { TestEmulator } from "../support/emulator.ts";
import { createJob } from "../support/job.ts";
import type { Job } from "../support/job.ts";
import { OPERATOR, SUBJECT } from "./harbour.ts";

const OWNER = "octo-org";
const REPO = "harbour";

export const REPOSITORY = `${OWNER}/${REPO}`;

/** A repository on the local GitHub, and jobs that run in it at one of its commits. */
export interface HostedRepository {
  /** The token of a job with the permissions that update-run asks for. */
  readonly token: string;
  call<T>(method: string, path: string, body?: unknown): Promise<T>;
  /** Commits to a new branch and opens its pull request. */
  propose(branch: string, files: Readonly<Record<string, string>>): Promise<PullRequest>;
  /** A job that has checked a commit out; as of a pull request when its head is given. */
  jobAt(files: Readonly<Record<string, string>>, at: JobPlace): Promise<Job>;
  close(): Promise<void>;
}

export interface JobPlace {
  readonly commit: string;
  readonly reviewing?: string;
  readonly actor?: string;
  /** Another than that of the job. */
  readonly token?: string;
}

export interface PullRequest {
  readonly head: string;
  /** @returns the commit that it became. */
  merge(method?: "squash" | "merge"): Promise<string>;
}

export async function hostRepository(
  azure: TestEmulator,
  files: Readonly<Record<string, string>>,
  { api = "" }: { readonly api?: "" | "/api/v3" } = {},
): Promise<HostedRepository> {
  const fetching = trustingFetch(azure.ca);
  const control = (path: string, body: unknown) => azure.control("POST", `/github/${path}`, body);
  await control("repositories", { owner: OWNER, name: REPO, files });
  const tokenOf = async (login: string, permissions: Readonly<Record<string, string>>) =>
    ((await control("tokens", { login, permissions })) as { token: string }).token;
  const maintainer = await tokenOf("harbour-master", {
    contents: "write",
    pull_requests: "write",
    checks: "read",
  });
  const token = await tokenOf("github-actions[bot]", {
    contents: "read",
    pull_requests: "read",
    checks: "write",
  });
  const directory = await mkdtemp(join(tmpdir(), "fleetwright-event-"));
  const jobs: Job[] = [];
  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const reply = await fetching(`${azure.ready.github}/repos/${OWNER}/${REPO}${path}`, {
      method,
      headers: { authorization: `Bearer ${maintainer}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await reply.text();
    if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${text}`);
    return JSON.parse(text) as T;
  };
  return {
    token,
    call,
    propose: (branch, changes) => propose(call, branch, changes),
    async jobAt(checkedOut, { commit, reviewing, actor = "ada", token: own = token }) {
      const event = join(directory, `${reviewing ?? commit}.json`);
      const pull = reviewing === undefined ? {} : { pull_request: { head: { sha: reviewing } } };
      await writeFile(event, JSON.stringify(pull));
      const job = await createJob({
        files: checkedOut,
        azure,
        clientId: OPERATOR,
        subject: SUBJECT,
        env: {
          GITHUB_API_URL: `${azure.ready.github}${api}`,
          GITHUB_SHA: commit,
          GITHUB_ACTOR: actor,
          GITHUB_EVENT_NAME: reviewing === undefined ? "push" : "pull_request",
          GITHUB_EVENT_PATH: event,
          "INPUT_GITHUB-TOKEN": own,
        },
      });
      jobs.push(job);
      return job;
    },
    async close() {
      await Promise.all(jobs.map((job) => job.close()));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function propose(
  call: HostedRepository["call"],
  branch: string,
  files: Readonly<Record<string, string>>,
): Promise<PullRequest> {
  const main = await call<{ object: { sha: string } }>("GET", "/git/ref/heads/main");
  await call("POST", "/git/refs", { ref: `refs/heads/${branch}`, sha: main.object.sha });
  let head = main.object.sha;
  for (const [path, text] of Object.entries(files)) {
    const existing = await call<{ sha: string }>("GET", `/contents/${path}?ref=${branch}`);
    const { commit } = await call<{ commit: { sha: string } }>("PUT", `/contents/${path}`, {
      branch,
      message: branch,
      content: Buffer.from(text).toString("base64"),
      sha: existing.sha,
    });
    head = commit.sha;
  }
  const pull = await call<{ number: number }>("POST", "/pulls", {
    title: branch,
    head: branch,
    base: "main",
  });
  return {
    head,
    merge: async (method = "squash") =>
      (await call<{ sha: string }>("PUT", `/pulls/${pull.number}/merge`, { merge_method: method }))
        .sha,
  };
}
