import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { isError } from "../../shared/core/errors.ts";
import { createGitHubClient } from "../../shared/github/client.ts";
import type { GitHubClient } from "../../shared/github/client.ts";
import { createDeclarationRepository } from "../../shared/github/repository.ts";
import type { DeclarationRepository, Proposal } from "../../shared/promotion/ports.ts";
import { startGitHubServer } from "../emulator/github-server.ts";
import type { GitHubServer } from "../emulator/github-server.ts";

const owner = "harbourworks";
const RELEASE = "kind: Release\nspec: {nodeImages: {a: 202606.16.0}}\n";
const NEWER = "kind: Release\nspec: {nodeImages: {a: 202607.01.0}}\n";

let server: GitHubServer;
let octokit: GitHubClient;
let repositories = 0;
let repo = "";
let repository: DeclarationRepository;
let start = "";

beforeAll(async () => {
  server = await startGitHubServer();
  octokit = await client({ contents: "write", pull_requests: "write", issues: "write" });
});

afterAll(() => server.close());

beforeEach(async () => {
  repo = `harbour-${++repositories}`;
  await server.control("POST", "repositories", {
    owner,
    name: repo,
    files: {
      "fleetwright.yaml": "kind: Workspace\n",
      "releases/prod.yaml": RELEASE,
      "releases/eu/dev.yaml": "kind: Release\n",
      "strategies/canary.json": "{}\n",
      "strategies/README.md": "# not a declaration\n",
      "src/strategies/other.yaml": "nothing of ours\n",
    },
  });
  repository = createDeclarationRepository({ octokit, owner, repo });
  start = await repository.head();
});

async function client(permissions: Record<string, "read" | "write">): Promise<GitHubClient> {
  const { token } = await server.control("POST", "tokens", {
    login: "fleetwright[bot]",
    permissions,
  });
  return createGitHubClient(
    { GITHUB_API_URL: `${server.url}/` },
    { token, throttle: false, fetch: server.fetch },
  );
}

function proposal(change: Partial<Proposal> = {}): Proposal {
  return {
    branch: "fleetwright/prod",
    title: "prod: node images of July",
    body: "evidence",
    labels: ["fleetwright", "promotion"],
    files: { "releases/prod.yaml": NEWER },
    basedOn: start,
    ...change,
  };
}

/** Somebody changes what is proposed, on the default branch. */
async function pinUrgently(): Promise<void> {
  const at = { owner, repo, path: "releases/prod.yaml" };
  const { data } = await octokit.request("GET /repos/{owner}/{repo}/contents/{path}", at);
  const urgent = RELEASE.replace("202606.16.0", "202606.30.0");
  await octokit.request("PUT /repos/{owner}/{repo}/contents/{path}", {
    ...at,
    message: "an urgent pin",
    content: Buffer.from(urgent).toString("base64"),
    ...("sha" in data ? { sha: data.sha } : {}),
  });
}

/** Writes that reached GitHub while `act` ran. */
async function writesDuring(act: () => Promise<unknown>): Promise<number> {
  const before = server.audit.entries.length;
  await act();
  return server.audit.entries.length - before;
}

describe("reading declarations", () => {
  it("finds the workspace, strategies and releases at a commit, and nothing else", async () => {
    const files = await repository.readDeclarations(await repository.head());
    expect(files.map((file) => file.path)).toEqual([
      "fleetwright.yaml",
      "releases/eu/dev.yaml",
      "releases/prod.yaml",
      "strategies/canary.json",
    ]);
    expect(files[2]?.text).toBe(RELEASE);
  });

  it("reads one file at a commit, and says when there is none", async () => {
    const head = await repository.head();
    expect(await repository.readFile(head, "releases/prod.yaml")).toBe(RELEASE);
    expect(await repository.readFile(head, "releases/none.yaml")).toBeUndefined();
  });

  it("keeps reading the commit that was asked for when the branch moves on", async () => {
    const before = await repository.head();
    const { pullRequest } = await repository.propose(proposal());
    await octokit.request("PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge", {
      owner,
      repo,
      pull_number: pullRequest.number,
    });
    const after = await repository.head();
    expect(await repository.readFile(before, "releases/prod.yaml")).toBe(RELEASE);
    const files = await repository.readDeclarations(after);
    expect(files.find((file) => file.path === "releases/prod.yaml")?.text).toBe(NEWER);
    const history = await repository.history("releases/prod.yaml", 10);
    expect(history.at(-1)).toBe(before);
    expect(history.length).toBeGreaterThan(1);
    expect(await repository.history("releases/prod.yaml", 1)).toHaveLength(1);
  });

  it("says that a repository is missing or hidden", async () => {
    const other = createDeclarationRepository({ octokit, owner, repo: "nowhere" });
    const error = await other.head().catch((thrown: unknown) => thrown);
    expect(isError(error, "not-found") && error.message).toContain("harbourworks/nowhere");
  });
});

describe("a proposal", () => {
  it("becomes one commit on a branch, a pull request and its labels", async () => {
    const head = await repository.head();
    const { pullRequest, changed } = await repository.propose(proposal());
    expect(changed).toBe(true);
    expect(pullRequest.state).toBe("open");
    expect(await repository.findProposal("fleetwright/prod")).toEqual(pullRequest);
    const { data: commit } = await octokit.request("GET /repos/{owner}/{repo}/commits/{ref}", {
      owner,
      repo,
      ref: pullRequest.headSha,
    });
    expect(commit.parents.map((parent) => parent.sha)).toEqual([head]);
    expect(await repository.readFile(pullRequest.headSha, "releases/prod.yaml")).toBe(NEWER);
    expect(await repository.readFile(pullRequest.headSha, "fleetwright.yaml")).toBeDefined();
    const { data: issue } = await octokit.request(
      "GET /repos/{owner}/{repo}/issues/{issue_number}",
      { owner, repo, issue_number: pullRequest.number },
    );
    expect(issue.labels.map((label) => (typeof label === "string" ? label : label.name))).toEqual([
      "fleetwright",
      "promotion",
    ]);
  });

  it("that says the same again sends no write", async () => {
    const first = await repository.propose(proposal());
    const writes = await writesDuring(async () => {
      const second = await repository.propose(proposal());
      expect(second).toEqual({ pullRequest: first.pullRequest, changed: false });
    });
    expect(writes).toBe(0);
  });

  it("adds a commit to its branch when a file differs, and keeps what is there already", async () => {
    const first = await repository.propose(proposal());
    const second = await repository.propose(
      proposal({ files: { "releases/eu/dev.yaml": "kind: Release\n# new\n" } }),
    );
    expect(second.changed).toBe(true);
    expect(second.pullRequest.number).toBe(first.pullRequest.number);
    const open = await repository.findProposal("fleetwright/prod");
    expect(open?.headSha).toBe(second.pullRequest.headSha);
    expect(await repository.readFile(open?.headSha ?? "", "releases/prod.yaml")).toBe(NEWER);
  });

  it("begins anew on a base that changed its file meanwhile, so that the two never conflict", async () => {
    const first = await repository.propose(proposal());
    await pinUrgently();
    const pull = { owner, repo, pull_number: first.pullRequest.number };
    const mergeable = async () => {
      const read = () => octokit.request("GET /repos/{owner}/{repo}/pulls/{pull_number}", pull);
      // GitHub works it out after the first look.
      return (await read()).data.mergeable ?? (await read()).data.mergeable;
    };
    expect(await mergeable()).toBe(false);
    const anew = proposal({ basedOn: await repository.head() });
    const second = await repository.propose(anew);
    expect(second.changed).toBe(true);
    expect(second.pullRequest.number).toBe(first.pullRequest.number);
    expect(await mergeable()).toBe(true);
    const { data: commits } = await octokit.request(
      "GET /repos/{owner}/{repo}/pulls/{pull_number}/commits",
      pull,
    );
    expect(commits.map(({ parents }) => parents[0]?.sha)).toEqual([await repository.head()]);
    expect(await writesDuring(() => repository.propose(anew))).toBe(0);
  });

  it("of texts that the default branch no longer has is not sent, whether or not one is open", async () => {
    const refused = async () => {
      const error = await repository.propose(proposal()).catch((thrown: unknown) => thrown);
      expect(isError(error, "conflict")).toBe(true);
    };
    await pinUrgently();
    await refused();
    expect(await repository.findProposal("fleetwright/prod")).toBeUndefined();
    await repository.propose(proposal({ basedOn: await repository.head() }));
    expect(await writesDuring(refused)).toBe(0);
  });

  it("changes title and body in one write when only they differ", async () => {
    const first = await repository.propose(proposal());
    const writes = await writesDuring(() =>
      repository.propose(proposal({ body: "more evidence" })),
    );
    expect(writes).toBe(1);
    const open = await repository.findProposal("fleetwright/prod");
    expect(open?.body).toBe("more evidence");
    expect(open?.headSha).toBe(first.pullRequest.headSha);
  });

  it("starts its branch anew after the earlier pull request was closed", async () => {
    const first = await repository.propose(proposal());
    await octokit.request("PATCH /repos/{owner}/{repo}/pulls/{pull_number}", {
      owner,
      repo,
      pull_number: first.pullRequest.number,
      state: "closed",
    });
    expect(await repository.findProposal("fleetwright/prod")).toBeUndefined();
    const second = await repository.propose(
      proposal({ files: { "strategies/canary.json": "[]\n" } }),
    );
    expect(second.pullRequest.number).not.toBe(first.pullRequest.number);
    const head = second.pullRequest.headSha;
    expect(await repository.readFile(head, "releases/prod.yaml")).toBe(RELEASE);
    expect(await repository.readFile(head, "strategies/canary.json")).toBe("[]\n");
  });

  it("of what the default branch says already is a conflict, and leaves no branch behind", async () => {
    const same = proposal({ files: { "releases/prod.yaml": RELEASE } });
    const error = await repository.propose(same).catch((thrown: unknown) => thrown);
    expect(isError(error, "conflict")).toBe(true);
    const branches = await octokit.request("GET /repos/{owner}/{repo}/branches", { owner, repo });
    expect(branches.data.map((branch) => branch.name)).toEqual(["main"]);
  });

  it("with a body above GitHub's limit is cut where one can see it", async () => {
    const { pullRequest } = await repository.propose(proposal({ body: "x".repeat(70_000) }));
    const open = await repository.findProposal("fleetwright/prod");
    expect(open?.body).toHaveLength(65_536);
    expect(open?.body.endsWith("GitHub takes 65,536 characters.")).toBe(true);
    expect(
      await writesDuring(() => repository.propose(proposal({ body: "x".repeat(70_000) }))),
    ).toBe(0);
    expect(pullRequest.number).toBeGreaterThan(0);
  });

  it("without permission names what the token lacks", async () => {
    const reader = await client({ contents: "read", pull_requests: "read" });
    const error = await createDeclarationRepository({ octokit: reader, owner, repo })
      .propose(proposal())
      .catch((thrown: unknown) => thrown);
    expect(isError(error, "unauthorized") && error.remedy).toContain("contents");
  });
});

describe("a GitHub that cannot be reached", () => {
  it("is unreachable, with the cause", async () => {
    const lost = createGitHubClient(
      { GITHUB_API_URL: "http://127.0.0.1:9" },
      { token: "t", throttle: false },
    );
    lost.hook.before("request", (options) => {
      options.request = { ...options.request, retries: 0 };
    });
    const error = await createDeclarationRepository({ octokit: lost, owner, repo })
      .head()
      .catch((thrown: unknown) => thrown);
    expect(isError(error, "unreachable") && error.remedy).toContain("GITHUB_API_URL");
  });
});
