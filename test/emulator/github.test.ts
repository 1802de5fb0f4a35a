import { createSign, generateKeyPairSync } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as fs from "node:fs";
import * as git from "isomorphic-git";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestEmulator } from "../support/emulator.ts";
import { type GitHubClient, type GitHubServer, startGitHubServer } from "./github-server.ts";

const owner = "harbourworks";
const job = {
  contents: "write",
  pull_requests: "write",
  issues: "write",
  checks: "write",
  statuses: "write",
  deployments: "write",
  actions: "write",
} as const;

let server: GitHubServer;
let bot: GitHubClient;
let person: GitHubClient;
let repositories = 0;

beforeAll(async () => {
  server = await startGitHubServer();
  bot = await server.client("fleetwright[bot]", job);
  person = await server.client("octavia");
});
afterAll(() => server.close());

const workflow = `on:
  workflow_dispatch:
    inputs:
      run: {required: true}
      reason: {required: false}
jobs: {}
`;

/** A fresh repository, so that no test sees another's numbers. */
async function harbour(
  files: Record<string, string> = {},
): Promise<{ owner: string; repo: string }> {
  repositories += 1;
  const repo = `harbour-${repositories}`;
  await server.control("POST", "repositories", {
    owner,
    name: repo,
    files: {
      "releases/prod.yaml": "kind: Release\nspec:\n  image: 202606.16.0\n",
      "README.md": "# Harbour\n",
      ".github/workflows/upgrade.yml": workflow,
      ...files,
    },
  });
  return { owner, repo };
}

interface Repo {
  readonly owner: string;
  readonly repo: string;
}

async function headOf(at: Repo, branch = "main"): Promise<string> {
  const { data } = await bot.request("GET /repos/{owner}/{repo}/git/ref/{ref}", {
    ...at,
    ref: `heads/${branch}`,
  });
  return data.object.sha;
}

/** A branch with one more commit, by git data. */
async function commitOn(
  at: Repo,
  branch: string,
  files: Record<string, string>,
  from?: string,
): Promise<string> {
  const base = from ?? (await headOf(at));
  const { data: commit } = await bot.request("GET /repos/{owner}/{repo}/git/commits/{commit_sha}", {
    ...at,
    commit_sha: base,
  });
  const { data: tree } = await bot.request("POST /repos/{owner}/{repo}/git/trees", {
    ...at,
    base_tree: commit.tree.sha,
    tree: Object.entries(files).map(([path, content]) => ({
      path,
      mode: "100644",
      type: "blob",
      content,
    })),
  });
  const { data: made } = await bot.request("POST /repos/{owner}/{repo}/git/commits", {
    ...at,
    message: `Change ${Object.keys(files).join(", ")}`,
    tree: tree.sha,
    parents: [base],
  });
  await bot.request("POST /repos/{owner}/{repo}/git/refs", {
    ...at,
    ref: `refs/heads/${branch}`,
    sha: made.sha,
  });
  return made.sha;
}

async function pullOf(at: Repo, head: string, title = "Pin the image"): Promise<number> {
  const { data } = await bot.request("POST /repos/{owner}/{repo}/pulls", {
    ...at,
    title,
    head,
    base: "main",
  });
  return data.number;
}

async function textAt(at: Repo, path: string, ref = "main"): Promise<string> {
  const { data } = await bot.request("GET /repos/{owner}/{repo}/contents/{path}", {
    ...at,
    path,
    ref,
    mediaType: { format: "raw" },
  });
  return String(data);
}

function status(code: number, message?: string | RegExp): object {
  return expect.objectContaining({
    status: code,
    ...(message === undefined ? {} : { message: expect.stringMatching(message) }),
  });
}

describe("proposing a change", () => {
  it("goes from git data over a pull request into the base branch", async () => {
    const at = await harbour();
    const release = "kind: Release\nspec:\n  image: 202607.09.0\n";
    const before = await headOf(at);
    await commitOn(at, "fleetwright/prod", { "releases/prod.yaml": release });

    const { data: pull } = await bot.request("POST /repos/{owner}/{repo}/pulls", {
      ...at,
      title: "Pin the image",
      head: "fleetwright/prod",
      base: "main",
      body: "<!-- fleetwright:prod -->",
    });
    expect(pull).toMatchObject({
      number: 1,
      state: "open",
      mergeable: true,
      changed_files: 1,
      additions: 1,
      deletions: 1,
      commits: 1,
      user: { login: "fleetwright[bot]", type: "Bot" },
      base: { ref: "main", sha: before },
    });
    const { data: files } = await bot.request(
      "GET /repos/{owner}/{repo}/pulls/{pull_number}/files",
      {
        ...at,
        pull_number: 1,
      },
    );
    expect(files.map(({ filename, status: state, patch }) => ({ filename, state, patch }))).toEqual(
      [
        {
          filename: "releases/prod.yaml",
          state: "modified",
          patch:
            "@@ -1,3 +1,3 @@\n kind: Release\n spec:\n-  image: 202606.16.0\n+  image: 202607.09.0",
        },
      ],
    );

    const { data: merged } = await person.request(
      "PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge",
      { ...at, pull_number: 1, sha: pull.head.sha },
    );
    expect(merged.merged).toBe(true);
    expect(await headOf(at)).toBe(merged.sha);
    expect(await textAt(at, "releases/prod.yaml")).toBe(release);
    const { data: commit } = await bot.request("GET /repos/{owner}/{repo}/commits/{ref}", {
      ...at,
      ref: "main",
    });
    expect(commit.parents.map(({ sha }) => sha)).toEqual([before, pull.head.sha]);
    expect(commit.commit.message).toBe(
      "Merge pull request #1 from harbourworks/fleetwright/prod\n\nPin the image",
    );
    const { data: closed } = await bot.request("GET /repos/{owner}/{repo}/pulls/{pull_number}", {
      ...at,
      pull_number: 1,
    });
    expect(closed).toMatchObject({
      state: "closed",
      merged: true,
      merged_by: { login: "octavia" },
      changed_files: 1,
      merged_at: "2026-07-01T08:00:00Z",
    });
  });

  it("squashes into one commit with one parent", async () => {
    const at = await harbour();
    const before = await headOf(at);
    await commitOn(at, "change", { "a.txt": "a\n" });
    const number = await pullOf(at, "change", "Add a");
    const { data } = await person.request("PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge", {
      ...at,
      pull_number: number,
      merge_method: "squash",
    });
    const { data: commit } = await bot.request("GET /repos/{owner}/{repo}/commits/{ref}", {
      ...at,
      ref: data.sha,
    });
    expect(commit.parents.map(({ sha }) => sha)).toEqual([before]);
    expect(commit.commit.message).toBe(`Add a (#${number})`);
    expect(commit.files?.map(({ filename }) => filename)).toEqual(["a.txt"]);
  });

  it("merges what changed on both sides in different places, and refuses what collides", async () => {
    const at = await harbour({ "both.txt": "1\n2\n3\n4\n5\n6\n7\n" });
    const base = await headOf(at);
    await commitOn(at, "top", { "both.txt": "one\n2\n3\n4\n5\n6\n7\n" }, base);
    await commitOn(at, "bottom", { "both.txt": "1\n2\n3\n4\n5\n6\nseven\n" }, base);
    await commitOn(at, "clash", { "both.txt": "uno\n2\n3\n4\n5\n6\n7\n" }, base);
    const [top, bottom, clash] = [
      await pullOf(at, "top"),
      await pullOf(at, "bottom"),
      await pullOf(at, "clash"),
    ];
    for (const pull_number of [top, bottom]) {
      await person.request("PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge", {
        ...at,
        pull_number,
      });
    }
    expect(await textAt(at, "both.txt")).toBe("one\n2\n3\n4\n5\n6\nseven\n");
    const { data: pull } = await bot.request("GET /repos/{owner}/{repo}/pulls/{pull_number}", {
      ...at,
      pull_number: clash,
    });
    expect(pull).toMatchObject({ mergeable: false, mergeable_state: "dirty" });
    const merge = (sha?: string): Promise<unknown> =>
      person.request("PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge", {
        ...at,
        pull_number: clash,
        ...(sha === undefined ? {} : { sha }),
      });
    await expect(merge()).rejects.toEqual(status(405, /not mergeable/));
    await expect(merge(base)).rejects.toEqual(status(409, /Head branch was modified/));
  });

  it("refuses pull requests that cannot be", async () => {
    const at = await harbour();
    await bot.request("POST /repos/{owner}/{repo}/git/refs", {
      ...at,
      ref: "refs/heads/same",
      sha: await headOf(at),
    });
    await expect(pullOf(at, "same")).rejects.toEqual(
      status(422, /No commits between main and same/),
    );
    await expect(pullOf(at, "missing")).rejects.toEqual(status(422, /"field":"head"/));
    await commitOn(at, "twice", { "a.txt": "a" });
    await pullOf(at, "twice");
    await expect(pullOf(at, "twice")).rejects.toEqual(
      status(422, /A pull request already exists for harbourworks:twice/),
    );
    const { data } = await bot.request("GET /repos/{owner}/{repo}/pulls", {
      ...at,
      head: `${owner}:twice`,
    });
    expect(data.map(({ number }) => number)).toEqual([1]);
  });

  it("closes when its branch goes, and moves with it", async () => {
    const at = await harbour();
    const first = await commitOn(at, "change", { "a.txt": "a" });
    const number = await pullOf(at, "change");
    const second = await commitOn(at, "next", { "a.txt": "b" }, first);
    const ref = "heads/change";
    await bot.request("PATCH /repos/{owner}/{repo}/git/refs/{ref}", { ...at, ref, sha: second });
    const get = (): ReturnType<typeof pull> => pull(at, number);
    expect((await get()).head.sha).toBe(second);
    await expect(
      bot.request("PATCH /repos/{owner}/{repo}/git/refs/{ref}", { ...at, ref, sha: first }),
    ).rejects.toEqual(status(422, /not a fast forward/));
    await bot.request("DELETE /repos/{owner}/{repo}/git/refs/{ref}", { ...at, ref });
    expect(await get()).toMatchObject({ state: "closed", merged: false });
  });

  async function pull(at: Repo, pull_number: number) {
    const { data } = await bot.request("GET /repos/{owner}/{repo}/pulls/{pull_number}", {
      ...at,
      pull_number,
    });
    return data;
  }
});

describe("contents and history", () => {
  it("creates, updates and deletes a file with its SHA as the guard", async () => {
    const at = await harbour();
    const put = (text: string, sha?: string) =>
      bot.request("PUT /repos/{owner}/{repo}/contents/{path}", {
        ...at,
        path: "docs/how to.md",
        message: "Write",
        content: Buffer.from(text).toString("base64"),
        ...(sha === undefined ? {} : { sha }),
      });
    const created = await put("one\n");
    expect(created.status).toBe(201);
    await expect(put("two\n")).rejects.toEqual(status(422, /"sha" wasn't supplied/));
    await expect(put("two\n", "0".repeat(40))).rejects.toEqual(status(409, /does not match/));
    const updated = await put("two\n", created.data.content?.sha);
    expect(updated.status).toBe(200);
    const { data } = await bot.request("GET /repos/{owner}/{repo}/contents/{path}", {
      ...at,
      path: "docs/how to.md",
    });
    expect(data).toMatchObject({ type: "file", encoding: "base64", size: 4, name: "how to.md" });
    const listing = await bot.request("GET /repos/{owner}/{repo}/contents/{path}", {
      ...at,
      path: "docs",
    });
    expect(listing.data).toMatchObject([{ type: "file", path: "docs/how to.md" }]);
    await bot.request("DELETE /repos/{owner}/{repo}/contents/{path}", {
      ...at,
      path: "docs/how to.md",
      message: "Remove",
      sha: updated.data.content?.sha ?? "",
    });
    await expect(textAt(at, "docs/how to.md")).rejects.toEqual(status(404));
    const { data: commits } = await bot.request("GET /repos/{owner}/{repo}/commits", {
      ...at,
      path: "docs/how to.md",
    });
    expect(commits.map(({ commit }) => commit.message)).toEqual(["Remove", "Write", "Write"]);
  });

  it("compares, and lists a tree with what lies below", async () => {
    const at = await harbour();
    const base = await headOf(at);
    await commitOn(at, "one", { "strategies/a.yaml": "a" }, base);
    await commitOn(at, "other", { "strategies/b.yaml": "b" }, base);
    const compare = async (basehead: string) => {
      const { data } = await bot.request("GET /repos/{owner}/{repo}/compare/{basehead}", {
        ...at,
        basehead,
      });
      return [data.status, data.ahead_by, data.behind_by, data.files?.map((file) => file.filename)];
    };
    expect(await compare("main...one")).toEqual(["ahead", 1, 0, ["strategies/a.yaml"]]);
    expect(await compare("other...one")).toEqual(["diverged", 1, 1, ["strategies/a.yaml"]]);
    expect(await compare("main...main")).toEqual(["identical", 0, 0, []]);
    const { data: tree } = await bot.request("GET /repos/{owner}/{repo}/git/trees/{tree_sha}", {
      ...at,
      tree_sha: "one",
      recursive: "1",
    });
    expect(tree.tree.map(({ path, type }) => `${type} ${path}`)).toEqual([
      "tree .github",
      "tree .github/workflows",
      "blob .github/workflows/upgrade.yml",
      "blob README.md",
      "tree releases",
      "blob releases/prod.yaml",
      "tree strategies",
      "blob strategies/a.yaml",
    ]);
  });

  it("refuses git objects that refer to nothing", async () => {
    const at = await harbour();
    const nothing = "f".repeat(40);
    await expect(
      bot.request("POST /repos/{owner}/{repo}/git/refs", {
        ...at,
        ref: "refs/heads/x",
        sha: nothing,
      }),
    ).rejects.toEqual(status(422, /Object does not exist/));
    await expect(
      bot.request("POST /repos/{owner}/{repo}/git/refs", {
        ...at,
        ref: "refs/heads/main",
        sha: await headOf(at),
      }),
    ).rejects.toEqual(status(422, /Reference already exists/));
    await expect(
      bot.request("POST /repos/{owner}/{repo}/git/commits", {
        ...at,
        message: "m",
        tree: nothing,
      }),
    ).rejects.toEqual(status(422, /Tree SHA does not exist/));
    await expect(
      bot.request("POST /repos/{owner}/{repo}/git/trees", {
        ...at,
        tree: [{ path: "../up", mode: "100644", content: "x" }],
      }),
    ).rejects.toEqual(status(422, /malformed path component/));
  });

  it("checks a ref out as a work tree with its history", async () => {
    const at = await harbour();
    const sha = await commitOn(at, "change", { "deep/er/file.txt": "text\n" });
    const directory = join(server.directory, "checkout");
    const answer = await server.control("POST", `repositories/${owner}/${at.repo}/checkout`, {
      ref: "refs/heads/change",
      directory,
    });
    expect(answer).toMatchObject({ sha, ref: "refs/heads/change" });
    expect(await readFile(join(directory, "deep/er/file.txt"), "utf8")).toBe("text\n");
    const log = await git.log({ fs, dir: directory });
    expect(log.map(({ commit }) => commit.message.trim())).toEqual([
      "Change deep/er/file.txt",
      "Initial commit",
    ]);
    expect(await git.statusMatrix({ fs, dir: directory })).toEqual(
      expect.arrayContaining([["deep/er/file.txt", 1, 1, 1]]),
    );
  });
});

describe("issues", () => {
  it("are found by their marker, updated, commented and closed", async () => {
    const at = await harbour();
    const marker = "<!-- fleetwright:quarantine:prod:harbour/tide-forecast -->";
    const { data: opened } = await bot.request("POST /repos/{owner}/{repo}/issues", {
      ...at,
      title: "A node cannot be drained",
      body: `${marker}\nfacts`,
      labels: ["quarantine", "prod"],
    });
    await person.request("POST /repos/{owner}/{repo}/issues", { ...at, title: "Another" });
    await commitOn(at, "change", { "a.txt": "a" });
    await pullOf(at, "change");

    const { data: labelled } = await bot.request("GET /repos/{owner}/{repo}/issues", {
      ...at,
      labels: "Quarantine",
      creator: "fleetwright[bot]",
    });
    expect(labelled.map(({ body }) => body?.includes(marker))).toEqual([true]);
    const { data: found } = await bot.request("GET /search/issues", {
      q: `repo:${owner}/${at.repo} is:issue in:body "${marker}"`,
    });
    expect(found.items.map(({ number }) => number)).toEqual([opened.number]);
    const { data: all } = await bot.request("GET /repos/{owner}/{repo}/issues", at);
    expect(all.map(({ number, pull_request }) => [number, pull_request !== undefined])).toEqual([
      [3, true],
      [2, false],
      [1, false],
    ]);

    server.advance(60_000);
    const issue_number = opened.number;
    const { data: comment } = await bot.request(
      "POST /repos/{owner}/{repo}/issues/{issue_number}/comments",
      { ...at, issue_number, body: "first" },
    );
    await bot.request("PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}", {
      ...at,
      comment_id: comment.id,
      body: "second",
    });
    const { data: comments } = await bot.request(
      "GET /repos/{owner}/{repo}/issues/{issue_number}/comments",
      { ...at, issue_number },
    );
    expect(comments.map(({ body }) => body)).toEqual(["second"]);
    const { data: closed } = await bot.request(
      "PATCH /repos/{owner}/{repo}/issues/{issue_number}",
      {
        ...at,
        issue_number,
        state: "closed",
        labels: ["resolved"],
      },
    );
    expect(closed).toMatchObject({
      state: "closed",
      state_reason: "completed",
      comments: 1,
      closed_by: { login: "fleetwright[bot]" },
    });
    expect(Date.parse(closed.closed_at ?? "") - Date.parse(closed.created_at)).toBe(60_000);
    await bot.request("DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}", {
      ...at,
      comment_id: comment.id,
    });
    const summary = await server.control("GET", `repositories/${owner}/${at.repo}`);
    expect(summary).toMatchObject({
      issues: [{ number: 1, state: "closed", labels: ["resolved"] }, { number: 2 }],
      pulls: [{ number: 3, state: "open", changes: [{ path: "a.txt", status: "added" }] }],
      comments: [],
    });
  });

  it("come in pages that Octokit follows", async () => {
    const at = await harbour();
    for (let index = 1; index <= 7; index += 1) {
      await bot.request("POST /repos/{owner}/{repo}/issues", { ...at, title: `Issue ${index}` });
    }
    const issues = await bot.paginate("GET /repos/{owner}/{repo}/issues", {
      ...at,
      per_page: 3,
      direction: "asc",
      sort: "created",
    });
    expect(issues.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    const { headers } = await bot.request("GET /repos/{owner}/{repo}/issues", {
      ...at,
      per_page: 3,
      page: 2,
    });
    const relations = [...(headers.link ?? "").matchAll(/page=(\d+)>; rel="(\w+)"/g)];
    expect(relations.map(([, page, relation]) => `${relation} ${page}`)).toEqual([
      "prev 1",
      "next 3",
      "last 3",
      "first 1",
    ]);
  });
});

describe("limits", () => {
  const long = (length: number): string => "x".repeat(length);
  const annotation = {
    path: "a",
    start_line: 1,
    end_line: 1,
    annotation_level: "warning",
    message: "m",
  } as const;

  it.each([
    { name: "an issue's body of 65,536 characters is taken", body: 65_536, fits: true },
    { name: "one of 65,537 characters is refused", body: 65_537, fits: false },
  ])("$name", async ({ body, fits }) => {
    const at = await harbour();
    const create = bot.request("POST /repos/{owner}/{repo}/issues", {
      ...at,
      title: "t",
      body: long(body),
    });
    if (fits) expect((await create).status).toBe(201);
    else await expect(create).rejects.toEqual(status(422, /body is too long \(maximum is 65536/));
  });

  it("holds for comments, pull requests and labels", async () => {
    const at = await harbour();
    await bot.request("POST /repos/{owner}/{repo}/issues", { ...at, title: "t" });
    await expect(
      bot.request("POST /repos/{owner}/{repo}/issues/{issue_number}/comments", {
        ...at,
        issue_number: 1,
        body: long(65_537),
      }),
    ).rejects.toEqual(status(422, /too long/));
    await expect(
      bot.request("POST /repos/{owner}/{repo}/issues/{issue_number}/labels", {
        ...at,
        issue_number: 1,
        labels: Array.from({ length: 101 }, (_, index) => `label-${index}`),
      }),
    ).rejects.toEqual(status(422, /100 labels/));
    await expect(
      bot.request("POST /repos/{owner}/{repo}/issues", { ...at, title: long(257) }),
    ).rejects.toEqual(status(422, /title is too long/));
  });

  it("holds for check runs", async () => {
    const at = await harbour();
    const head_sha = await headOf(at);
    const create = (output: { summary: string; annotations?: (typeof annotation)[] }) =>
      bot.request("POST /repos/{owner}/{repo}/check-runs", {
        ...at,
        name: "rehearse",
        head_sha,
        output: { title: "t", ...output },
      });
    await expect(create({ summary: long(65_536) })).rejects.toEqual(status(422, /65535/));
    await expect(
      create({ summary: "s", annotations: Array.from({ length: 51 }, () => annotation) }),
    ).rejects.toEqual(status(422, /50/));
    const { data: check } = await create({
      summary: long(65_535),
      annotations: Array.from({ length: 50 }, () => annotation),
    });
    expect(check.output.annotations_count).toBe(50);
    await bot.request("PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}", {
      ...at,
      check_run_id: check.id,
      conclusion: "failure",
      output: { title: "t", summary: "s", annotations: [annotation] },
    });
    const { data } = await bot.request("GET /repos/{owner}/{repo}/commits/{ref}/check-runs", {
      ...at,
      ref: "main",
    });
    expect(data).toMatchObject({
      total_count: 1,
      check_runs: [
        { status: "completed", conclusion: "failure", output: { annotations_count: 51 } },
      ],
    });
  });

  it("holds for dispatches, which are recorded", async () => {
    const at = await harbour();
    const dispatch = (inputs: Record<string, string>) =>
      bot.request("POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches", {
        ...at,
        workflow_id: "upgrade.yml",
        ref: "main",
        inputs,
      });
    await expect(dispatch({})).rejects.toEqual(status(422, /Required input 'run' not provided/));
    await expect(dispatch({ run: "1", colour: "red" })).rejects.toEqual(
      status(422, /Unexpected inputs provided: \["colour"\]/),
    );
    const many = Object.fromEntries(Array.from({ length: 26 }, (_, index) => [`i${index}`, ""]));
    await expect(dispatch(many)).rejects.toEqual(status(422, /25 inputs/));
    expect((await dispatch({ run: "prod-1" })).status).toBe(204);
    const send = (client_payload: Record<string, string>) =>
      bot.request("POST /repos/{owner}/{repo}/dispatches", {
        ...at,
        event_type: "node-image",
        client_payload,
      });
    const keys = Array.from({ length: 11 }, (_, index) => [`k${index}`, "v"]);
    await expect(send(Object.fromEntries(keys))).rejects.toEqual(status(422, /No more than 10/));
    expect((await send({ region: "westeurope" })).status).toBe(204);
    const summary = await server.control("GET", `repositories/${owner}/${at.repo}`);
    expect(summary.dispatches).toMatchObject([
      { kind: "workflow_dispatch", target: "upgrade.yml", payload: { run: "prod-1" } },
      { kind: "repository_dispatch", target: "node-image", payload: { region: "westeurope" } },
    ]);
  });

  it("slows writers down when asked to, and says for how long", async () => {
    const at = await harbour();
    const busy = await server.client("busy[bot]", job);
    await server.control("POST", "limits", { secondary: { contentPerMinute: 2 } });
    const open = () => busy.request("POST /repos/{owner}/{repo}/issues", { ...at, title: "t" });
    await open();
    await open();
    await expect(open()).rejects.toMatchObject({
      status: 403,
      message: expect.stringMatching(/secondary rate limit/),
      response: { headers: { "retry-after": "60" } },
    });
    server.advance(60_000);
    await open();
    await server.control("POST", "limits", { secondary: null });
  });
});

describe("statuses and deployments", () => {
  it("combine and follow each other", async () => {
    const at = await harbour();
    const sha = await headOf(at);
    const set = (context: string, state: "pending" | "success") =>
      bot.request("POST /repos/{owner}/{repo}/statuses/{sha}", { ...at, sha, context, state });
    await set("lint", "success");
    await set("rehearse", "pending");
    const deploy = () =>
      bot.request("POST /repos/{owner}/{repo}/deployments", {
        ...at,
        ref: "main",
        environment: "prod",
      });
    await expect(deploy()).rejects.toEqual(status(409, /rehearse/));
    await set("rehearse", "success");
    const { data: combined } = await bot.request("GET /repos/{owner}/{repo}/commits/{ref}/status", {
      ...at,
      ref: "main",
    });
    expect(combined).toMatchObject({ state: "success", total_count: 2, sha });
    const ids: number[] = [];
    for (let round = 0; round < 2; round += 1) {
      const { data } = await deploy();
      if (!("id" in data)) throw new Error(data.message);
      ids.push(Number(data.id));
      await bot.request("POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses", {
        ...at,
        deployment_id: Number(data.id),
        state: "success",
      });
    }
    const { data: first } = await bot.request(
      "GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses",
      { ...at, deployment_id: ids[0] ?? 0 },
    );
    expect(first.map(({ state }) => state)).toEqual(["inactive", "success"]);
    const { data: environment } = await bot.request(
      "GET /repos/{owner}/{repo}/environments/{environment_name}",
      { ...at, environment_name: "prod" },
    );
    expect(environment.name).toBe("prod");
  });
});

describe("who may what", () => {
  it("answers 401, 403 and 404 as GitHub does", async () => {
    const at = await harbour();
    const get = "GET /repos/{owner}/{repo}";
    await expect(server.withToken("ghp_wrong").request(get, at)).rejects.toEqual(
      status(401, /Bad credentials/),
    );
    const anonymous = await server.client();
    await expect(anonymous.request(get, at)).rejects.toEqual(status(404));
    const reader = await server.client("reader[bot]", { contents: "read" });
    expect((await reader.request(get, at)).data).toMatchObject({
      full_name: `${owner}/${at.repo}`,
      default_branch: "main",
      private: true,
    });
    const open = "POST /repos/{owner}/{repo}/issues";
    await expect(reader.request(open, { ...at, title: "t" })).rejects.toEqual(
      status(403, /Resource not accessible by integration/),
    );
    await expect(
      bot.request("PUT /repos/{owner}/{repo}/contents/{path}", {
        ...at,
        path: ".github/workflows/new.yml",
        message: "m",
        content: "",
      }),
    ).rejects.toEqual(status(403));
    await expect(
      person.request("POST /repos/{owner}/{repo}/check-runs", {
        ...at,
        name: "c",
        head_sha: await headOf(at),
      }),
    ).rejects.toEqual(status(403, /authenticate via a GitHub App/));
    await expect(bot.request(get, { owner, repo: "nowhere" })).rejects.toEqual(status(404));
    await expect(bot.request(open, { ...at, title: "" })).rejects.toEqual(status(422));
    await expect(bot.request(`POST /repos/${owner}/${at.repo}/issues`)).rejects.toEqual(
      status(422, /"title" wasn't supplied/),
    );
    const writes = server.audit.entries.filter((entry) => entry.path.includes(`${at.repo}/issues`));
    expect(
      writes.map(({ operation, status: code, principal, write }) => [
        operation,
        code,
        principal,
        write,
      ]),
    ).toEqual([
      ["POST repos/issues", 403, "reader[bot]", true],
      ["POST repos/issues", 422, "fleetwright[bot]", true],
      ["POST repos/issues", 422, "fleetwright[bot]", true],
    ]);
  });

  it("gives an App's installation a token for what it was granted", async () => {
    const at = await harbour();
    const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const { appId, installationId } = await server.control("POST", "apps", {
      slug: "fleetwright-app",
      publicKey: publicKey.export({ type: "spki", format: "pem" }),
      permissions: { issues: "write", contents: "read" },
    });
    const encode = (value: object): string =>
      Buffer.from(JSON.stringify(value)).toString("base64url");
    const now = Math.floor(Date.now() / 1_000);
    const signed = `${encode({ alg: "RS256", typ: "JWT" })}.${encode({ iss: String(appId), iat: now - 30, exp: now + 540 })}`;
    const signature = createSign("RSA-SHA256").update(signed).sign(privateKey, "base64url");
    const app = server.withToken(`${signed}.${signature}`);
    const { data: installation } = await app.request("GET /repos/{owner}/{repo}/installation", at);
    expect(installation.id).toBe(installationId);
    const ask = (permissions: { issues?: "write"; contents?: "write" }) =>
      app.request("POST /app/installations/{installation_id}/access_tokens", {
        installation_id: installationId,
        repositories: [at.repo],
        permissions,
      });
    await expect(ask({ contents: "write" })).rejects.toEqual(status(422, /not granted/));
    const { data } = await ask({ issues: "write" });
    const { data: issue } = await server
      .withToken(data.token)
      .request("POST /repos/{owner}/{repo}/issues", { ...at, title: "t" });
    expect(issue.user?.login).toBe("fleetwright-app[bot]");
    await expect(
      server.withToken(data.token).request("GET /repos/{owner}/{repo}", await harbour()),
    ).rejects.toEqual(status(404));
    await expect(
      server.withToken(`${signed}.${encode({ no: "signature" })}`).request("GET /app"),
    ).rejects.toEqual(status(401));
  });
});

describe("the protocol", () => {
  it("is served beside the local Azure, with its writes in the same audit log", async () => {
    const emulator = await startTestEmulator({ clock: "manual" });
    try {
      await emulator.control("POST", "/github/repositories", { owner, name: "harbour" });
      const made = await emulator.control("POST", "/github/tokens", { login: "octavia" });
      const authorization = `Bearer ${Reflect.get(Object(made), "token")}`;
      const opened = await emulator.call(`/github/repos/${owner}/harbour/issues`, {
        method: "POST",
        headers: { authorization },
        body: { title: "t" },
      });
      expect([opened.status, opened.headers["x-ratelimit-remaining"]]).toEqual([201, "4999"]);
      const writes = emulator.environment.audit.entries.filter(({ write }) => write);
      expect(writes).toMatchObject([
        { service: "github", operation: "POST repos/issues", principal: "octavia", status: 201 },
      ]);
    } finally {
      await emulator.close();
    }
  });

  it("answers 304 to what the caller knows, until it changes", async () => {
    const at = await harbour();
    const get = (etag?: string) =>
      bot.request("GET /repos/{owner}/{repo}/issues", {
        ...at,
        headers: etag === undefined ? {} : { "if-none-match": etag },
      });
    const first = await get();
    const etag = first.headers.etag ?? "";
    expect(etag).toMatch(/^W\/"[0-9a-f]{64}"$/);
    await expect(get(etag)).rejects.toEqual(status(304));
    await bot.request("POST /repos/{owner}/{repo}/issues", { ...at, title: "t" });
    expect((await get(etag)).data).toHaveLength(1);
  });

  it("is found below /api/v3, too, and survives what is not JSON or not there", async () => {
    const at = await harbour();
    const { token } = await server.control("POST", "tokens", {
      login: "octavia",
    });
    const call = (path: string, init: RequestInit = {}) =>
      server.fetch(server.url + path, { ...init, headers: { authorization: `token ${token}` } });
    const enterprise = await call(`/api/v3/repos/${owner}/${at.repo}`);
    expect(await enterprise.json()).toMatchObject({
      url: `${server.url}/api/v3/repos/${owner}/${at.repo}`,
    });
    const broken = await call(`/repos/${owner}/${at.repo}/issues`, { method: "POST", body: "{" });
    expect([broken.status, await broken.json()]).toMatchObject([
      400,
      { message: "Problems parsing JSON" },
    ]);
    expect((await call("/nothing/here")).status).toBe(404);
    const hostile = ["git/trees/%00", "git/ref/..%2F..%2Fconfig", "branches/..%2F..%2FHEAD"];
    for (const path of hostile) {
      expect((await call(`/repos/${owner}/${at.repo}/${path}`)).status).toBe(404);
    }
    const rate = await call("/rate_limit");
    expect(await rate.json()).toMatchObject({ rate: { limit: 5_000 } });
  });

  it("shows a person what an html_url leads to, with nothing of it interpreted", async () => {
    const at = await harbour();
    const { data } = await bot.request("POST /repos/{owner}/{repo}/issues", {
      ...at,
      title: "<script>alert(1)</script>",
    });
    const page = await server.fetch(data.html_url);
    expect(page.headers.get("content-type")).toContain("text/html");
    expect(await page.text()).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
  });

  it("lets simultaneous writers win one after the other", async () => {
    const at = await harbour();
    const sha = await headOf(at);
    const tries = await Promise.allSettled(
      Array.from({ length: 5 }, () =>
        bot.request("POST /repos/{owner}/{repo}/git/refs", { ...at, ref: "refs/heads/one", sha }),
      ),
    );
    expect(tries.filter((attempt) => attempt.status === "fulfilled")).toHaveLength(1);
  });
});
