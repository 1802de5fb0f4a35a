import { afterAll, beforeAll, expect, it } from "vitest";
import { isError } from "../../shared/core/errors.ts";
import { createCheckPort } from "../../shared/github/checks.ts";
import { createGitHubClient } from "../../shared/github/client.ts";
import type { GitHubClient } from "../../shared/github/client.ts";
import { createReviewHistory } from "../../shared/github/review-history.ts";
import { readHold, writeHold } from "../../shared/update-run/hold.ts";
import { startGitHubServer } from "../emulator/github-server.ts";
import type { GitHubServer } from "../emulator/github-server.ts";

const home = { owner: "harbourworks", repo: "harbour" };
const RUN = "prod-42-0123abcd";

let server: GitHubServer;
let octokit: GitHubClient;
let commit: string;

async function client(
  login: string,
  permissions: Readonly<Record<string, string>>,
): Promise<GitHubClient> {
  const { token } = await server.control("POST", "tokens", { login, permissions });
  const env = { GITHUB_API_URL: server.url };
  return createGitHubClient(env, { token, throttle: false, fetch: server.fetch });
}

beforeAll(async () => {
  server = await startGitHubServer();
  await server.control("POST", "repositories", {
    owner: home.owner,
    name: home.repo,
    files: { "releases/prod.yaml": "generation: 1\n", "README.md": "# Harbour\n" },
  });
  octokit = await client("fleetwright[bot]", {
    contents: "write",
    pull_requests: "write",
    checks: "write",
  });
  const ref = await octokit.request("GET /repos/{owner}/{repo}/git/ref/{ref}", {
    ...home,
    ref: "heads/main",
  });
  commit = ref.data.object.sha;
});

afterAll(() => server.close());

it("the newest check of a name counts, with all that it carries", async () => {
  const checks = createCheckPort({ octokit, ...home });
  const name = "fleetwright plan: prod";
  expect(await checks.newest(commit, name)).toBeUndefined();
  const check = { name, outcome: "in-progress" as const, title: "Planned", summary: "**soon**" };
  await checks.create(commit, check);
  expect(await checks.newest(commit, name)).toMatchObject(check);
  const members = Array.from({ length: 1_000 }, (_, index) => ({ name: `member-${index}` }));
  await checks.create(commit, { ...check, outcome: "success", data: { members } });
  expect(await checks.newest(commit, name)).toMatchObject({
    outcome: "success",
    data: { members },
    app: expect.any(String),
    url: expect.stringContaining("http"),
  });
});

it("a run is held by a person's word until it is released", async () => {
  const checks = createCheckPort({ octokit, ...home });
  expect(await readHold(checks, commit, RUN)).toBeUndefined();
  const word = { by: "ada", reason: "the harbour is closed ⚓\n<!-- -->" };
  await writeHold(checks, commit, RUN, { held: true, ...word });
  expect(await readHold(checks, commit, RUN)).toMatchObject({ held: true, ...word });
  await writeHold(checks, commit, RUN, { held: false, by: "bob", reason: "it is open again" });
  expect(await readHold(checks, commit, RUN)).toBeUndefined();
});

it("a token that may not write checks is told which permission it lacks", async () => {
  const reader = createCheckPort({ octokit: await client("bot", { checks: "read" }), ...home });
  const word = { held: true, by: "ada", reason: "no" };
  await expect(writeHold(reader, commit, RUN, word)).rejects.toSatisfy(
    (error) => isError(error, "unauthorized") && /checks/.test(error.remedy ?? ""),
  );
});

it("the heads of merged pull requests are what was reviewed, whichever way they were merged", async () => {
  const reviews = createReviewHistory({ octokit, ...home });
  const path = "releases/prod.yaml";
  expect(await reviews.reviewedHeads(commit, [path])).toEqual([]);
  const first = await merged("squash", { path, text: "generation: 2\n" });
  const second = await merged("merge", { path: "README.md", text: "# Hafen\n" });
  expect(await reviews.reviewedHeads(first.merge, [path])).toEqual([first.head]);
  expect(await reviews.reviewedHeads(second.merge, [])).toEqual([second.head]);
  expect(await reviews.reviewedHeads(second.merge, [path])).toEqual([second.head, first.head]);
});

async function merged(
  method: "squash" | "merge",
  { path, text }: { readonly path: string; readonly text: string },
): Promise<{ readonly head: string; readonly merge: string }> {
  const main = await octokit.request("GET /repos/{owner}/{repo}/git/ref/{ref}", {
    ...home,
    ref: "heads/main",
  });
  const branch = `change-${method}`;
  const from = main.data.object.sha;
  await octokit.request("POST /repos/{owner}/{repo}/git/refs", {
    ...home,
    ref: `refs/heads/${branch}`,
    sha: from,
  });
  const existing = await octokit.request("GET /repos/{owner}/{repo}/contents/{path}", {
    ...home,
    path,
  });
  const put = await octokit.request("PUT /repos/{owner}/{repo}/contents/{path}", {
    ...home,
    path,
    branch,
    message: `change ${path}`,
    content: Buffer.from(text).toString("base64"),
    sha: (existing.data as { sha: string }).sha,
  });
  const { data: pull } = await octokit.request("POST /repos/{owner}/{repo}/pulls", {
    ...home,
    title: branch,
    head: branch,
    base: "main",
  });
  const { data: merge } = await octokit.request(
    "PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge",
    { ...home, pull_number: pull.number, merge_method: method },
  );
  return { head: put.data.commit.sha ?? "", merge: merge.sha };
}
