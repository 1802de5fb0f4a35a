import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isError } from "../../shared/core/errors.ts";
import { createGitHubClient } from "../../shared/github/client.ts";
import type { GitHubClient } from "../../shared/github/client.ts";
import { createIssueTracker } from "../../shared/github/issues.ts";
import { startGitHubServer } from "../emulator/github-server.ts";
import type { GitHubServer } from "../emulator/github-server.ts";

const home = { owner: "harbourworks", repo: "harbour" };
const BOT = "fleetwright[bot]";
const permissions = { contents: "read", issues: "write" } as const;
const MARKER = "<!-- fleetwright:cause=harbour/tide-forecast -->";

let server: GitHubServer;
let octokit: GitHubClient;

async function client(login: string): Promise<GitHubClient> {
  const { token } = await server.control("POST", "tokens", { login, permissions });
  const env = { GITHUB_API_URL: server.url };
  return createGitHubClient(env, { token, throttle: false, fetch: server.fetch });
}

beforeAll(async () => {
  server = await startGitHubServer();
  await server.control("POST", "repositories", {
    owner: home.owner,
    name: home.repo,
    files: { "README.md": "# Harbour\n" },
  });
  octokit = await client(BOT);
});

afterAll(() => server.close());

describe("an issue of ours", () => {
  it("is opened with our label, found by its marker, updated, closed and found again", async () => {
    const tracker = createIssueTracker({ octokit, ...home, author: BOT });
    expect(await tracker.findByMarker(MARKER)).toEqual([]);
    const issue = await tracker.open({
      title: "tide-forecast blocks node 3",
      body: `${MARKER}\nrun kubectl`,
      labels: ["quarantine"],
    });
    expect(issue.state).toBe("open");
    expect(await tracker.findByMarker(MARKER)).toEqual([issue]);
    await tracker.update(issue.number, { body: `${MARKER}\nfixed`, state: "closed" });
    await tracker.comment(issue.number, "nodes are proved");
    const [found] = await tracker.findByMarker(MARKER);
    expect(found).toMatchObject({ number: issue.number, state: "closed", title: issue.title });
    expect(found?.body).toContain("fixed");
    const comments = await octokit.request(
      "GET /repos/{owner}/{repo}/issues/{issue_number}/comments",
      { ...home, issue_number: issue.number },
    );
    expect(comments.data.map((comment) => comment.body)).toEqual(["nodes are proved"]);
  });

  it("is not one that somebody else wrote with our marker", async () => {
    const stranger = createIssueTracker({ octokit: await client("mallory"), ...home });
    const marker = "<!-- fleetwright:cause=quoted -->";
    await stranger.open({ title: "quoted", body: marker, labels: [] });
    const ours = createIssueTracker({ octokit, ...home, author: BOT });
    expect(await ours.findByMarker(marker)).toEqual([]);
    expect(await stranger.findByMarker(marker)).toHaveLength(1);
  });

  it("is found with those that were opened beside it, oldest first, behind a hundred others", async () => {
    const tracker = createIssueTracker({ octokit, ...home });
    const marker = "<!-- fleetwright:cause=old -->";
    const first = await tracker.open({ title: "first", body: marker, labels: [] });
    server.advance(60_000);
    const second = await tracker.open({ title: "second", body: marker, labels: [] });
    for (let index = 0; index < 101; index++) {
      server.advance(1_000);
      await tracker.open({ title: `other ${index}`, body: "", labels: [] });
    }
    expect(await tracker.findByMarker(marker)).toEqual([first, second]);
  });

  it("with a body above GitHub's limit is cut where one can see it", async () => {
    const tracker = createIssueTracker({ octokit, ...home });
    const issue = await tracker.open({ title: "long", body: "x".repeat(70_000), labels: [] });
    expect(issue.body).toHaveLength(65_536);
    await tracker.comment(issue.number, "y".repeat(70_000));
    await tracker.update(issue.number, { body: "z".repeat(70_000) });
  });

  it("that does not exist is not-found by name", async () => {
    const tracker = createIssueTracker({ octokit, ...home });
    const error = await tracker.comment(9_999, "x").catch((thrown: unknown) => thrown);
    expect(isError(error, "not-found") && error.message).toContain("harbourworks/harbour#9999");
  });
});
