import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { StepResult } from "../../cli/tour/runner.ts";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator } from "../support/emulator.ts";
import { send } from "../support/emulator.ts";
import { createJob } from "../support/job.ts";
import type { Job } from "../support/job.ts";
import { FAMILY, FLEET, NEW, OLD, OPERATOR, scenario, SUBJECT, SUBSCRIPTION } from "./harbour.ts";

/** Hours of virtual time pass in seconds, and a soak of days does not while a step runs. */
const CLOCK_FACTOR = 5_000;
const REPOSITORY = "octo-org/harbour";
const HOURS_72 = 72 * 3_600_000;

const role = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../infra/roles/operator.json"), "utf8"),
) as { readonly Actions: string[]; readonly DataActions: string[] };

const strategy = (wait: number) => `apiVersion: fleetwright.dev/v1alpha1
kind: UpdateStrategy
metadata: {name: canary}
spec:
  stages:
    - {name: canary, groups: [{name: canary}], afterStageWaitInSeconds: ${wait}}
    - {name: rest, groups: [{name: blue}]}
`;

const release = (name: string, version: string) => `apiVersion: fleetwright.dev/v1alpha1
kind: Release
metadata: {name: ${name}, generation: 1}
spec:
  strategy: {name: canary}
  kubernetesVersion: 1.33.5
  nodeImages:
    ${FAMILY}: ${version} # weekly
`;

const files: Record<string, string> = {
  "fleetwright.yaml": `apiVersion: fleetwright.dev/v1alpha1
kind: Workspace
spec:
  environments:
    - {name: dev, fleet: ${FLEET}}
    - name: prod
      fleet: ${FLEET}-prod
      promotesFrom: dev
      nodeImage: {soak: 72h}
`,
  "strategies/canary.yaml": strategy(600),
  "releases/dev.yaml": release("dev", NEW),
  "releases/prod.yaml": release("prod", OLD),
};

let emulator: TestEmulator;
let job: Job;
let tokens: Record<"app" | "job" | "person", string>;

beforeAll(async () => {
  const [quay1, quay2] = scenario.clusters ?? [];
  const [fleet] = scenario.fleets ?? [];
  if (!quay1 || !quay2 || !fleet) throw new Error("the scenario has no two clusters");
  emulator = await startTestEmulator({
    clock: CLOCK_FACTOR,
    scenario: {
      ...scenario,
      clusters: [quay1, quay2, { ...quay1, name: "dock-1" }, { ...quay1, name: "dock-2" }],
      fleets: [
        fleet,
        {
          ...fleet,
          name: "harbour-prod",
          members: [
            { name: "dock-1", cluster: "dock-1", group: "canary" },
            { name: "dock-2", cluster: "dock-2", group: "blue" },
          ],
        },
      ],
      principals: [
        {
          name: "operator",
          clientId: OPERATOR,
          federated: [{ subject: SUBJECT }],
          roles: [
            {
              actions: [...role.Actions, ...role.DataActions],
              scope: `/subscriptions/${SUBSCRIPTION}`,
            },
          ],
        },
      ],
    },
  });
  const [owner, name] = REPOSITORY.split("/");
  await emulator.control("POST", "/github/repositories", { owner, name, files });
  tokens = {
    app: await token("fleetwright[bot]"),
    job: await token("github-actions[bot]"),
    person: await token("harbour-master"),
  };
  job = await createJob({
    files,
    azure: emulator,
    clientId: OPERATOR,
    subject: SUBJECT,
    env: {
      // As a runner of GitHub Enterprise Server says it.
      GITHUB_API_URL: `${emulator.ready.github}/api/v3`,
      GITHUB_REPOSITORY: REPOSITORY,
      GITHUB_ACTOR: "harbour-master",
    },
  });
});
afterAll(async () => {
  await job.close();
  await emulator.close();
});

async function token(login: string): Promise<string> {
  const permissions = {
    contents: "write",
    pull_requests: "write",
    issues: "write",
    checks: "write",
  };
  const answer = await emulator.control("POST", "/github/tokens", { login, permissions });
  return (answer as { token: string }).token;
}

/** A call to GitHub as a maintainer. */
async function github<T = unknown>(method: string, path: string, body?: unknown): Promise<T> {
  const url = `${emulator.ready.github}/repos/${REPOSITORY}${path}`;
  // Node sends no length of a DELETE's body by itself.
  const length =
    body === undefined ? {} : { "content-length": String(Buffer.byteLength(JSON.stringify(body))) };
  const headers = { authorization: `Bearer ${tokens.person}`, ...length };
  const answer = await send(url, emulator.ca, { method, body, headers });
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.text}`);
  return answer.json as T;
}

async function commitFile(path: string, text: string): Promise<void> {
  const known = await github<{ sha: string }>("GET", `/contents/${path}`).catch(() => undefined);
  const content = Buffer.from(text).toString("base64");
  await github("PUT", `/contents/${path}`, {
    message: path,
    content,
    ...(known && { sha: known.sha }),
  });
  await job.write({ [path]: text });
}

/** @returns the number of the pull request. */
async function mergeBranch(
  branch: string,
  changes: Readonly<Record<string, string>>,
): Promise<number> {
  const main = await github<{ object: { sha: string } }>("GET", "/git/ref/heads/main");
  await github("POST", "/git/refs", { ref: `refs/heads/${branch}`, sha: main.object.sha });
  for (const [path, text] of Object.entries(changes)) {
    const { sha } = await github<{ sha: string }>("GET", `/contents/${path}?ref=${branch}`);
    const content = Buffer.from(text).toString("base64");
    await github("PUT", `/contents/${path}`, { branch, message: branch, content, sha });
  }
  const pull = { title: branch, head: branch, base: "main" };
  const { number } = await github<{ number: number }>("POST", "/pulls", pull);
  await github("PUT", `/pulls/${number}/merge`, { merge_method: "squash" });
  await job.write(changes);
  return number;
}

async function removeFile(path: string): Promise<void> {
  const { sha } = await github<{ sha: string }>("GET", `/contents/${path}`);
  await github("DELETE", `/contents/${path}`, { message: path, sha });
}

interface Pull {
  readonly number: number;
  readonly title: string;
  readonly body: string;
  readonly labels: readonly { readonly name: string }[];
  readonly auto_merge: { readonly merge_method: string } | null;
  readonly head: { readonly sha: string };
}

const openPulls = () => github<readonly Pull[]>("GET", "/pulls?state=open");

/** Writes to ARM and GitHub by the action, since the last call. */
async function writes(): Promise<readonly string[]> {
  const { entries } = (await emulator.control("GET", "/audit")) as {
    entries: readonly {
      operation: string;
      write: boolean;
      service: string;
      principal?: string;
    }[];
  };
  const all = entries.filter(
    ({ write, service, principal }) =>
      write && (service === "arm" || (service === "github" && principal !== "harbour-master")),
  );
  const fresh = all.slice(counted).map(({ operation }) => operation);
  counted = all.length;
  return fresh;
}
let counted = 0;

function promote(more: Readonly<Record<string, string>> = {}): Promise<StepResult> {
  return job.run("promote", { environment: "prod", "github-token": tokens.app, ...more });
}

const verdictOf = ({ exitCode, outputs }: StepResult) => [
  exitCode,
  outputs["verdict"],
  outputs["reason"],
];

const dev = { environment: "dev" };
/** What is reviewed, and how, is another test's matter. */
const UNREVIEWED = { "poll-interval": "1s", "reviewed-plan": "off", "github-token": "" };

test("a release goes on when its evidence is complete, by one pull request", async () => {
  const early = await promote();
  expect(verdictOf(early)).toEqual([
    0,
    "up-to-date",
    "dev has no update run that its release declares",
  ]);

  await job.run("strategy", { operation: "apply", ...dev });
  const ran = await job.run("update-run", { operation: "run", ...dev, ...UNREVIEWED });
  expect(ran.outputs["state"]).toBe("Completed");
  const bare = await promote();
  expect(verdictOf(bare)).toEqual([
    0,
    "waiting",
    expect.stringContaining("no proven snapshot yet of quay-1/"),
  ]);
  await job.run("snapshot", { operation: "take", ...dev, kind: "proven" });
  const soaking = await promote();
  expect(verdictOf(soaking)).toEqual([
    0,
    "waiting",
    expect.stringMatching(/^the soak of 3 d ends 2026-07-1\dT/),
  ]);
  expect(await openPulls()).toEqual([]);

  await emulator.control("POST", "/clock", { advance: HOURS_72 });
  await writes();
  const planned = await promote({ operation: "plan" });
  expect(verdictOf(planned)).toEqual([0, "planned", ""]);
  expect(await writes()).toEqual([]);

  const promoted = await promote();
  expect(promoted).toMatchObject({
    exitCode: 0,
    outputs: { verdict: "proposed", changed: "true", "failure-reason": "" },
  });
  const [pull, ...others] = await openPulls();
  expect(others).toEqual([]);
  expect(promoted.outputs["pull-request-number"]).toBe(String(pull?.number));
  expect(pull?.title).toBe(`prod: promote node image ${NEW}, strategy canary from dev`);
  expect(pull?.labels.map(({ name }) => name)).toEqual(["fleetwright", "promotion"]);
  expectBody(pull?.body ?? "");
  const changes = await github<readonly { filename: string; patch: string }[]>(
    "GET",
    `/pulls/${pull?.number}/files`,
  );
  expect(changes.map(({ filename }) => filename)).toEqual(["releases/prod.yaml"]);
  expect(changes[0]?.patch.split("\n").filter((line) => /^[-+]/.test(line))).toEqual([
    "-metadata: {name: prod, generation: 1}",
    "+metadata: {name: prod, generation: 2}",
    "-  strategy: {name: canary}",
    expect.stringMatching(/^\+ {2}strategy: \{name: canary, digest: "sha256:[0-9a-f]{64}"\}$/),
    `-    ${FAMILY}: ${OLD} # weekly`,
    `+    ${FAMILY}: ${NEW} # weekly`,
    "+  from: { environment: dev, generation: 1 }",
  ]);

  await writes();
  const again = await promote();
  expect(again.outputs).toMatchObject({ verdict: "proposed", changed: "false" });
  expect(await writes()).toEqual([]);
});

function expectBody(body: string): void {
  expect(body.split("\n")[0]).toMatch(
    /^<!-- fleetwright:promotion environment=prod from=dev generation=1 run=dev-1-[0-9a-f]{8} -->$/,
  );
  for (const part of [
    `| \`${FAMILY}\` | \`${OLD}\` | \`${NEW}\` | 1 day old when proved, valid until 2026-10-07 |`,
    `[${FAMILY}-${NEW}](https://github.com/Azure/AKS/blob/master/vhd-notes/aks-ubuntu/AKSUbuntu-2204/${NEW}.txt)`,
    "| ✅ | nodes | 8 nodes of 2 members on the pinned image, Ready and schedulable |",
    "| ✅ | quarantine | no node is quarantined |",
    "| ✅ | snapshots | 4 node pools captured as proven snapshots |",
    "soaked 3 d until 2026-07-1",
    "| `quay-1` | canary | Completed |",
  ]) {
    expect(body).toContain(part);
  }
}

test("what stops being true is said on the pull request, and nothing merges by itself", async () => {
  const [pull] = await openPulls();
  const checked = { "required-checks": "smoke test" };
  await github("POST", "/check-runs", { name: "review", head_sha: pull?.head.sha });
  const merging = await promote({ "auto-merge": "squash" });
  expect(merging.outputs).toMatchObject({ verdict: "proposed", changed: "true" });
  expect((await openPulls())[0]?.auto_merge).toEqual({ merge_method: "squash" });

  const waiting = await promote({ ...checked, "auto-merge": "squash" });
  expect(verdictOf(waiting)).toEqual([0, "waiting", '"smoke test" has not succeeded yet']);
  const [warned] = await openPulls();
  expect(warned?.auto_merge).toBeNull();
  expect(warned?.body).toContain('> Not to be merged as it stands: "smoke test" has not');

  const { sha } = await github<{ sha: string }>("GET", "/commits/main");
  const check = { name: "smoke test", head_sha: sha, status: "completed" };
  await github("POST", "/check-runs", { ...check, conclusion: "failure" });
  expect(verdictOf(await promote(checked))[2]).toBe('"smoke test" is failure');
  await github("POST", "/check-runs", { ...check, conclusion: "success" });
  expect((await promote(checked)).outputs).toMatchObject({ verdict: "proposed", changed: "true" });
  expect((await openPulls())[0]?.body).not.toContain("Not to be merged");
});

test("a person holds it by label or by file", async () => {
  const [pull] = await openPulls();
  await github("POST", `/issues/${pull?.number}/labels`, { labels: ["hold"] });
  await writes();
  expect(verdictOf(await promote())).toEqual([
    0,
    "held",
    `pull request #${pull?.number} carries the label \`hold\``,
  ]);
  await github("DELETE", `/issues/${pull?.number}/labels/hold`);
  await commitFile("releases/prod.hold", "regatta week\nask the harbour master\n");
  expect(verdictOf(await promote())[2]).toBe("releases/prod.hold holds it: regatta week");
  expect(await writes()).toEqual([]);
  await removeFile("releases/prod.hold");
});

test("the job's own token is told apart, and a clean pull request is not merged unasked", async () => {
  const [pull] = await openPulls();
  await github("PATCH", `/pulls/${pull?.number}`, { state: "closed" });
  const opened = await promote({ "github-token": tokens.job, "auto-merge": "merge" });
  expect(opened.outputs).toMatchObject({ verdict: "proposed", changed: "true" });
  expect(opened.annotations.map(({ title }) => title)).toEqual(["auto-merge", "GITHUB_TOKEN"]);
  expect(opened.annotations[0]?.message).toContain("is in clean status");
  expect(opened.annotations[1]?.message).toContain("starts no workflow");
  expect(opened.log).not.toContain(tokens.job);
});

test("with auto-merge GitHub merges it once its checks are through", async () => {
  const [pull] = await openPulls();
  const check = { name: "lint", head_sha: pull?.head.sha };
  await github("POST", "/check-runs", check);
  expect(verdictOf(await promote({ "auto-merge": "squash" }))[1]).toBe("proposed");
  expect((await openPulls()).map(({ auto_merge }) => auto_merge?.merge_method)).toEqual(["squash"]);
  await github("POST", "/check-runs", { ...check, status: "completed", conclusion: "success" });
  expect(await openPulls()).toEqual([]);
  const merged = await github<{ merged_by: { login: string } }>("GET", `/pulls/${pull?.number}`);
  expect(merged.merged_by.login).toBe("fleetwright[bot]");
});

test("once merged there is nothing to promote, until the strategy changes", async () => {
  expect(verdictOf(await promote())).toEqual([
    0,
    "up-to-date",
    "prod declares everything that dev proved",
  ]);

  await commitFile("strategies/canary.yaml", strategy(1_200));
  const { content } = await github<{ content: string }>("GET", "/contents/releases/prod.yaml");
  await job.write({ "releases/prod.yaml": Buffer.from(content, "base64").toString() });
  const refused = await job.run("update-run", {
    operation: "create",
    environment: "prod",
    ...UNREVIEWED,
  });
  expect(refused.outputs["failure-reason"]).toBe("plan-changed");
  expect(refused.annotations.at(-1)?.message).toContain("promote it to prod");
  expect(verdictOf(await promote())[2]).toContain("dev has to run it first");

  await job.run("strategy", { operation: "apply", ...dev });
  const ran = await job.run("update-run", { operation: "run", ...dev, ...UNREVIEWED });
  // Fleet's word for a run whose members were all at their target.
  expect(ran.outputs["state"]).toBe("Skipped");
  const soaking = await promote();
  expect(soaking.outputs["verdict"]).toBe("waiting");
  const urgent = await promote({ "expedite-reason": "the harbour closes early" });
  expect(verdictOf(urgent)).toEqual([0, "proposed", ""]);
  const [changed] = await openPulls();
  expect(changed?.title).toBe("prod: promote strategy canary from dev");
  expect(changed?.body).toContain(
    "the soak of 3 d was shortened: the harbour closes early (harbour-master)",
  );
  const [file] = await github<readonly { patch: string }[]>(
    "GET",
    `/pulls/${changed?.number}/files`,
  );
  const added = file?.patch.split("\n").filter((line) => line.startsWith("+")) ?? [];
  expect(added).toHaveLength(2);
  expect(added[0]).toContain("generation: 3");
  expect(added[1]).toContain("digest:");
});

test("a skip is told with who and why, and a word on its pull request ends a soak", async () => {
  const version = "202607.20.0";
  await emulator.control("POST", "/images", {
    region: "westeurope",
    version: `${FAMILY}-${version}`,
  });
  const urgent = release("dev", version).replace("generation: 1", "generation: 2");
  const brought = await mergeBranch("urgent", { "releases/dev.yaml": urgent });
  const created = { ...UNREVIEWED, "github-token": tokens.job, ...dev };
  await job.run("update-run", { operation: "create", ...created });
  const skipped = await job.run("update-run", {
    ...created,
    operation: "skip",
    targets: "Group:blue",
    reason: "quay-2 is in dry dock",
  });
  expect(skipped.outputs).toMatchObject({ "failure-reason": "", changed: "true" });
  const ran = await job.run("update-run", { operation: "run", ...created });
  expect(ran.outputs["state"]).toBe("Completed");
  await job.run("snapshot", { operation: "take", ...dev, kind: "proven" });

  expect((await promote()).outputs["verdict"]).toBe("waiting");
  await github("POST", `/issues/${brought}/labels`, { labels: ["expedite"] });
  expect(verdictOf(await promote())[1]).toBe("waiting");
  await github("POST", `/issues/${brought}/comments`, {
    body: "Looks good.\n/fleetwright expedite a hole in the hull",
  });
  expect(verdictOf(await promote())).toEqual([0, "proposed", ""]);
  const [pull, ...others] = await openPulls();
  expect(others).toEqual([]);
  expect(pull?.title).toContain(`prod: promote node image ${version}`);
  const word = `a hole in the hull (harbour-master on #${brought})`;
  expect(pull?.body).toContain(`the soak of 3 d was shortened: ${word}`);
  expect(pull?.body).toMatch(
    /1 member skipped, and so not proved:\n- `quay-2` \(rest\): skipped by harbour-master \S+Z: quay-2 is in dry dock\n/,
  );
});

test("a pull request that main overtook is built again, so that it can be merged", async () => {
  const path = "releases/prod.yaml";
  const { content } = await github<{ content: string }>("GET", `/contents/${path}`);
  const declared = Buffer.from(content, "base64").toString();
  const ahead = declared.replace(/generation: \d+/, "generation: 10");
  await commitFile(path, ahead);
  const [stale] = await openPulls();
  const mergeable = async () => {
    const read = () => github<{ mergeable: boolean | null }>("GET", `/pulls/${stale?.number}`);
    // GitHub works it out after the first look.
    return (await read()).mergeable ?? (await read()).mergeable;
  };
  expect(await mergeable()).toBe(false);
  expect((await promote()).outputs).toMatchObject({ verdict: "proposed", changed: "true" });
  expect(await mergeable()).toBe(true);
  const [pull] = await openPulls();
  expect(pull?.number).toBe(stale?.number);
  const changes = await github<readonly { filename: string; patch: string }[]>(
    "GET",
    `/pulls/${pull?.number}/files`,
  );
  expect(changes.map(({ filename }) => filename)).toEqual([path]);
  expect(changes[0]?.patch).toContain("generation: 11}");
  await writes();
  expect((await promote()).outputs).toMatchObject({ verdict: "proposed", changed: "false" });
  expect(await writes()).toEqual([]);
});

test("everything of it went to the Enterprise server's own addresses", async () => {
  const { entries } = (await emulator.control("GET", "/audit")) as {
    entries: readonly { service: string; principal?: string; path: string }[];
  };
  const paths = entries
    .filter(({ service, principal }) => service === "github" && principal === "fleetwright[bot]")
    .map(({ path }) => path.split("/").slice(0, 4).join("/"));
  expect(new Set(paths)).toEqual(new Set(["/github/api/v3", "/github/api/graphql"]));
});

test("bad words end with what to do", async () => {
  const unknown = await promote({ environment: "prd" });
  expect(unknown.annotations.at(-1)?.message).toContain("declared are: dev, prod");
  const first = await promote({ environment: "dev" });
  expect(first.annotations.at(-1)?.message).toContain("promotesFrom");
  const anonymous = await promote({ "github-token": "" });
  expect(anonymous.annotations.at(-1)?.message).toContain("input github-token is required");
  const stranger = await promote({ "github-token": "ghs_nobody" });
  expect([stranger.exitCode, stranger.outputs["failure-reason"]]).toEqual([1, "unauthorized"]);
});
