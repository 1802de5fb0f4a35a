import { hash } from "node:crypto";
import type { GitHubClient } from "../../shared/github/client.ts";
import type { RepositoryHome } from "../../shared/github/issues.ts";
import { holdCheckName } from "../../shared/update-run/hold.ts";
import { gitHubError, type Process, type Service } from "./process.ts";

export interface DeclaredText {
  readonly path: string;
  readonly text: string;
}

type Files = readonly DeclaredText[];
type Parameters = Readonly<Record<string, unknown>>;

export interface SimIssue {
  readonly number: number;
  title: string;
  body: string;
  state: "open" | "closed";
}

export interface SimPull {
  readonly number: number;
  readonly head: string;
  title: string;
  body: string;
  state: "open" | "closed";
  /** Its head, and the commit that the merge made. */
  merged: { readonly head: string; readonly commit: string } | undefined;
}

interface Commit {
  readonly sha: string;
  readonly tree: string;
  readonly files: Files;
  readonly parent: string | undefined;
}

/** Octokit's retry plugin repeats what is not a 4xx, twice. */
export const GITHUB: Service = {
  name: "GitHub",
  retries: 2,
  writes: new Set(["POST", "PATCH", "DELETE"]),
  conditional: new Set(),
  early: [429, 409, 503, 0],
  error: gitHubError,
};

const MAIN = "main";
const RELEASE = "releases/prod.yaml";
const SMOKE_TEST_TAKES = 15 * 60_000;
export const HOME = { owner: "octo-org", repo: "harbour" } as const;

/**
 * The repository's host, answering the requests that the product's own adapters send: commits, branches,
 * pull requests, issues. Kept as GitHub keeps them, so that a proposal that breaks off halfway stays so.
 */
export class GitHub {
  readonly issues: SimIssue[] = [];
  readonly pulls: SimPull[] = [];
  readonly comments: { readonly issue: number; readonly body: string }[] = [];
  /** When each workflow of the team was dispatched. */
  readonly dispatched: number[] = [];
  readonly #checks: CheckRun[] = [];
  readonly #commits = new Map<string, Commit>();
  readonly #trees = new Map<string, Files>();
  readonly #blobs = new Map<string, string>();
  readonly #listings = new Map<string, unknown>();
  readonly #branches = new Map<string, string>();
  /** Every release that the default branch ever declared, and its commit. */
  readonly everMerged: { readonly commit: string; readonly text: string }[] = [];
  /** Told of every issue that is opened again. */
  onReopened: () => void = () => {};
  /** Told of every pull request that gets another text. */
  onPullUpdated: () => void = () => {};

  readonly #now: () => number;

  constructor(files: Files, now: () => number) {
    this.#now = now;
    this.#advance(this.#commit(this.#tree(files), undefined));
  }

  /** What the default branch declares, and its commit. */
  head(): Commit {
    return this.#commitAt(MAIN);
  }

  headOf(pull: SimPull): string {
    return this.#commitAt(pull.head).sha;
  }

  /** Since when a run is held, as its newest check of that name says. */
  heldSince(run: string): number | undefined {
    const newest = this.#checks.findLast(({ name }) => name === holdCheckName(run));
    if (newest?.conclusion !== "action_required") return undefined;
    return Date.parse(newest.started_at ?? "");
  }

  hasCheck(commit: string, name: string): boolean {
    return this.#checks.some((check) => check.head_sha === commit && check.name === name);
  }

  filesAt(sha: string): Files {
    return this.#commitAt(sha).files;
  }

  /** Nobody changed the release on the default branch since the branch of the pull request began: GitHub merges no conflict. */
  isMergeable(pull: SimPull): boolean {
    const here = this.#ancestors(MAIN);
    const begun = this.#ancestors(pull.head).find(({ sha }) => here.some((one) => one.sha === sha));
    return textOf(begun?.files ?? [], RELEASE) === textOf(this.head().files, RELEASE);
  }

  /** A person merges what the pull request says now, onto whatever the default branch says now. */
  merge(pull: SimPull): void {
    const proposed = this.#commitAt(pull.head).files;
    this.#advance(this.#commit(this.#tree(proposed), this.head().sha));
    pull.state = "closed";
    pull.merged = { head: this.headOf(pull), commit: this.head().sha };
  }

  /** The client of one process: its requests fail as that process's calls do. */
  client(process: Process): RepositoryHome {
    const request = (route: string, parameters: Parameters): Promise<unknown> => {
      const method = route.slice(0, route.indexOf(" "));
      const { retries } = (parameters["request"] ?? {}) as { readonly retries?: number };
      const service = retries === undefined ? GITHUB : { ...GITHUB, retries };
      return process.call(service, method, () => ({ data: this.#answer(route, parameters) }));
    };
    return { octokit: { request } as unknown as GitHubClient, ...HOME };
  }

  #advance(sha: string): void {
    this.#branches.set(MAIN, sha);
    const text = textOf(this.head().files, RELEASE) ?? "";
    this.everMerged.push({ commit: sha, text });
  }

  #answer(route: string, p: Parameters): unknown {
    switch (route) {
      case "GET /repos/{owner}/{repo}":
        return { default_branch: MAIN };
      case "GET /repos/{owner}/{repo}/git/ref/{ref}":
        return { object: { sha: this.#commitAt(String(p["ref"]).slice("heads/".length)).sha } };
      case "GET /repos/{owner}/{repo}/git/trees/{tree_sha}":
        return this.#readTree(String(p["tree_sha"]));
      case "GET /repos/{owner}/{repo}/git/blobs/{file_sha}":
        return { content: base64(this.#blobs.get(String(p["file_sha"])) ?? refuse(404)) };
      case "GET /repos/{owner}/{repo}/commits":
        return this.#history(String(p["sha"]), String(p["path"])).map((sha) => ({ sha }));
      case "GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls":
        return this.pulls
          .filter(({ merged }) => merged?.commit === p["commit_sha"])
          .map(({ merged }) => ({ merged_at: "", head: { sha: merged?.head } }));
      case "GET /repos/{owner}/{repo}/commits/{ref}": {
        const { sha, tree } = this.#commitAt(String(p["ref"]));
        return { sha, commit: { tree: { sha: tree } } };
      }
      case "GET /repos/{owner}/{repo}/compare/{basehead}": {
        const [base = "", head = ""] = String(p["basehead"]).split("...");
        const merged = new Set(this.#ancestors(base).map(({ sha }) => sha));
        const begun = this.#ancestors(head).find(({ sha }) => merged.has(sha)) ?? refuse(404);
        return {
          base_commit: { sha: this.#commitAt(base).sha },
          merge_base_commit: { sha: begun.sha },
        };
      }
      case "GET /repos/{owner}/{repo}/contents/{path}": {
        const text = textOf(this.#commitAt(String(p["ref"])).files, String(p["path"]));
        return { content: base64(text ?? refuse(404)), encoding: "base64" };
      }
      case "POST /repos/{owner}/{repo}/git/trees":
        return { sha: this.#treeOn(String(p["base_tree"]), p["tree"] as readonly TreeEntry[]) };
      case "POST /repos/{owner}/{repo}/git/commits": {
        const [parent] = p["parents"] as readonly string[];
        return { sha: this.#commit(String(p["tree"]), parent) };
      }
      case "POST /repos/{owner}/{repo}/git/refs":
        return this.#createRef(String(p["ref"]), String(p["sha"]));
      case "PATCH /repos/{owner}/{repo}/git/refs/{ref}":
        return void this.#branches.set(branchOf(`refs/${String(p["ref"])}`), String(p["sha"]));
      default:
        return this.#answerTalk(route, p);
    }
  }

  /** Pull requests and issues. */
  #answerTalk(route: string, p: Parameters): unknown {
    switch (route) {
      case "GET /repos/{owner}/{repo}/pulls":
        return this.pulls
          .filter(({ state, head }) => state === "open" && p["head"] === `${HOME.owner}:${head}`)
          .map((pull) => this.#wirePull(pull));
      case "POST /repos/{owner}/{repo}/pulls":
        return this.#openPull(p);
      case "PATCH /repos/{owner}/{repo}/pulls/{pull_number}":
        this.onPullUpdated();
        return void Object.assign(this.pulls[Number(p["pull_number"]) - 1] ?? refuse(404), text(p));
      case "POST /repos/{owner}/{repo}/issues/{issue_number}/labels":
        return [];
      case "GET /repos/{owner}/{repo}/issues":
        return p["page"] === 1 ? this.issues.map(wireIssue).toReversed() : [];
      case "POST /repos/{owner}/{repo}/issues": {
        const issue: SimIssue = { number: this.issues.length + 1, ...text(p), state: "open" };
        this.issues.push(issue);
        return wireIssue(issue);
      }
      case "PATCH /repos/{owner}/{repo}/issues/{issue_number}":
        return this.#updateIssue(this.issues[Number(p["issue_number"]) - 1] ?? refuse(404), p);
      case "POST /repos/{owner}/{repo}/issues/{issue_number}/comments":
        return void this.comments.push({
          issue: Number(p["issue_number"]),
          body: String(p["body"]),
        });
      case "GET /repos/{owner}/{repo}/commits/{ref}/check-runs":
        return {
          check_runs: this.#checks.filter(
            ({ head_sha, name }) => head_sha === p["ref"] && name === p["check_name"],
          ),
        };
      case "POST /repos/{owner}/{repo}/check-runs":
        return this.#createCheck(p);
      case "PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}":
        return void Object.assign(this.#checks[Number(p["check_run_id"]) - 1] ?? refuse(404), {
          status: p["status"],
          conclusion: p["conclusion"] ?? null,
        });
      case "POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches":
        return { workflow_run_id: this.dispatched.push(this.#now()) };
      case "GET /repos/{owner}/{repo}/actions/runs/{run_id}":
        return this.#workflowRun(Number(p["run_id"]));
      default:
        throw new Error(`the simulated GitHub does not know ${route}`);
    }
  }

  /** The team's smoke test takes a while, and passes unless the team says otherwise. */
  #workflowRun(id: number): unknown {
    const began = this.dispatched[id - 1] ?? refuse(404);
    const over = this.#now() - began >= SMOKE_TEST_TAKES;
    const started = new Date(began).toISOString();
    return {
      status: over ? "completed" : "in_progress",
      conclusion: over ? "success" : null,
      run_started_at: started,
      created_at: started,
      html_url: `runs/${id}`,
    };
  }

  #createCheck(p: Parameters): CheckRun {
    const check: CheckRun = {
      id: this.#checks.length + 1,
      head_sha: String(p["head_sha"]),
      name: String(p["name"]),
      external_id: (p["external_id"] as string | undefined) ?? "",
      status: String(p["status"]),
      conclusion: (p["conclusion"] as string | undefined) ?? null,
      started_at: new Date(this.#now()).toISOString(),
      html_url: null,
      app: { slug: "fleetwright" },
      output: { title: null, summary: null, text: null, ...(p["output"] as object) },
    };
    this.#checks.push(check);
    return check;
  }

  #updateIssue(issue: SimIssue, p: Parameters): unknown {
    const state = p["state"] === undefined ? issue.state : (p["state"] as SimIssue["state"]);
    if (issue.state === "closed" && state === "open") this.onReopened();
    if (p["title"] !== undefined) issue.title = String(p["title"]);
    if (p["body"] !== undefined) issue.body = String(p["body"]);
    issue.state = state;
    return wireIssue(issue);
  }

  #openPull(p: Parameters): unknown {
    const head = String(p["head"]);
    // "A pull request already exists for octo-org:…"
    if (this.pulls.some((pull) => pull.state === "open" && pull.head === head)) return refuse(422);
    const pull: SimPull = {
      number: this.pulls.length + 1,
      head,
      ...text(p),
      state: "open",
      merged: undefined,
    };
    this.pulls.push(pull);
    return this.#wirePull(pull);
  }

  #wirePull({ number, head, title, body, state }: SimPull) {
    const sha = this.#branches.get(head) ?? "";
    return {
      number,
      html_url: `pull/${number}`,
      title,
      body,
      state,
      head: { sha },
      labels: LABELS,
    };
  }

  #createRef(ref: string, sha: string): unknown {
    if (this.#branches.has(branchOf(ref))) return refuse(422);
    this.#branches.set(branchOf(ref), sha);
    return {};
  }

  #commitAt(ref: string): Commit {
    return this.#commits.get(this.#branches.get(ref) ?? ref) ?? refuse(404);
  }

  #commit(tree: string, parent: string | undefined): string {
    const files = this.#trees.get(tree) ?? refuse(404);
    const sha = sha1(`commit ${tree} ${parent}`);
    this.#commits.set(sha, { sha, tree, files, parent });
    return sha;
  }

  #tree(files: Files): string {
    const sha = sha1(`tree ${files.map(({ path, text: content }) => `${path} ${content}`).join()}`);
    this.#trees.set(sha, files);
    for (const file of files) this.#blobs.set(blobOf(file), file.text);
    return sha;
  }

  #treeOn(base: string, changed: readonly TreeEntry[]): string {
    const files = this.#trees.get(base) ?? refuse(404);
    const changes = new Map(changed.map(({ path, content }) => [path, content]));
    return this.#tree(
      files.map(({ path, text: old }) => ({ path, text: changes.get(path) ?? old })),
    );
  }

  #readTree(name: string): unknown {
    const known = this.#listings.get(name) ?? this.#listTree(name);
    this.#listings.set(name, known);
    return known;
  }

  /** The root lists folders; a folder's tree is named by its commit and its path. */
  #listTree(name: string): unknown {
    const [sha = "", folder] = name.split(":");
    const files = (this.#commits.get(sha) ?? refuse(404)).files;
    if (folder !== undefined) {
      const inside = files.filter(({ path }) => path.startsWith(`${folder}/`));
      return { tree: inside.map((file) => blobEntry(file, folder.length + 1)) };
    }
    const folders = new Set(files.flatMap(({ path }) => /^(.*)\//.exec(path)?.[1] ?? []));
    return {
      tree: [
        ...files.filter(({ path }) => !path.includes("/")).map((file) => blobEntry(file, 0)),
        ...[...folders].map((path) => ({ type: "tree", path, sha: `${sha}:${path}` })),
      ],
    };
  }

  #history(from: string, path: string): readonly string[] {
    const commits = this.#ancestors(from);
    return commits
      .filter(({ files }, at) => textOf(files, path) !== textOf(commits[at + 1]?.files ?? [], path))
      .map(({ sha }) => sha);
  }

  /** The commit itself and all before it, newest first. */
  #ancestors(from: string): readonly Commit[] {
    const found: Commit[] = [];
    let commit: Commit | undefined = this.#commitAt(from);
    while (commit !== undefined) {
      found.push(commit);
      commit = this.#commits.get(commit.parent ?? "");
    }
    return found;
  }
}

interface CheckRun {
  readonly id: number;
  readonly head_sha: string;
  readonly name: string;
  readonly external_id: string;
  readonly status: string;
  readonly conclusion: string | null;
  readonly started_at: string | null;
  readonly html_url: string | null;
  readonly app: { readonly slug: string };
  readonly output: {
    readonly title: string | null;
    readonly summary: string | null;
    readonly text: string | null;
  };
}

interface TreeEntry {
  readonly path: string;
  readonly content: string;
}

const LABELS = ["fleetwright", "node-images", "kubernetes"].map((name) => ({ name }));

function text(p: Parameters): { title: string; body: string } {
  return { title: String(p["title"]), body: String(p["body"]) };
}

function wireIssue(issue: SimIssue) {
  return { ...issue, html_url: `issues/${issue.number}`, user: { login: "fleetwright[bot]" } };
}

function blobEntry(file: DeclaredText, cut: number) {
  return {
    type: "blob",
    mode: "100644",
    path: file.path.slice(cut),
    sha: blobOf(file),
    size: file.text.length,
  };
}

function textOf(files: Files, path: string): string | undefined {
  return files.find((file) => file.path === path)?.text;
}

function branchOf(ref: string): string {
  return ref.slice("refs/heads/".length);
}

function refuse(status: number): never {
  throw gitHubError({ status, message: `status ${status}` });
}

/** The same texts come again in every seed. */
const encoded = new Map<string, string>();
const hashes = new Map<string, string>();

function base64(content: string): string {
  const known = encoded.get(content) ?? Buffer.from(content).toString("base64");
  encoded.set(content, known);
  return known;
}

function blobOf({ text: content }: DeclaredText): string {
  return sha1(`blob ${content}`);
}

function sha1(content: string): string {
  const known = hashes.get(content) ?? hash("sha1", content);
  hashes.set(content, known);
  return known;
}
