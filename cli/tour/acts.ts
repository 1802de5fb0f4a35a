import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cloudSettings } from "./infrastructure.ts";
import { PACKAGE_ROOT } from "./local-azure.ts";
import { operatorOf } from "./operator.ts";
import { OPERATOR_CLIENT_ID } from "./scenario.ts";
import { startStep, type RunningStep, type StepResult } from "./runner.ts";
import {
  IMAGE_FAMILY,
  NEW_IMAGE,
  REGIONS,
  subjectOf,
  type EnvironmentName,
  type Tour,
} from "./stage-set.ts";
import { readStatus, type StatusDocument } from "./status.ts";
import { until } from "./until.ts";

export interface PullRequest {
  readonly number: number;
  readonly title: string;
  readonly state: string;
  readonly html_url: string;
  readonly head: { readonly sha: string };
}

/** Files of a commit, as a job has them. */
export interface Checkout {
  readonly sha: string;
  readonly folder: string;
}

/** A new node image reaches one region, then the other; the functions propose it once both have it. */
export async function releaseNodeImage(tour: Tour): Promise<PullRequest> {
  const { azure, story, repository } = tour;
  for (const region of REGIONS) {
    await azure.control("POST", "/images", { region, version: `${IMAGE_FAMILY}-${NEW_IMAGE}` });
    await until(
      `the image to be noticed in ${region}`,
      async () =>
        (await readStatus(tour)).nodeImages.some(
          (image) =>
            image.region === region &&
            image.nodeImageVersion.endsWith(NEW_IMAGE) &&
            image.publishedAt !== undefined,
        ),
      { explain: () => tour.functions.log() },
    );
    story.say(
      `${NEW_IMAGE} reaches ${region}: noticed, and published as Fleetwright.NodeImageReleased`,
    );
  }
  const pull = await until(
    "the pull request that pins the image",
    async () => (await repository.get<readonly PullRequest[]>("/pulls?state=open"))[0],
    { explain: () => tour.functions.log() },
  );
  story.say(`pull request #${pull.number}: ${pull.title}`);
  return pull;
}

/** What the workflow of a pull request does: the plan that is reviewed stands in a check of its head. */
export async function review(
  tour: Tour,
  environment: EnvironmentName,
  pull: PullRequest,
): Promise<void> {
  const checkout = await checkOut(tour, pull.head.sha);
  const event = join(tour.azure.directory, `event-${pull.number}.json`);
  await writeFile(event, JSON.stringify({ pull_request: pull }));
  const step = await startAction(
    tour,
    environment,
    "update-run",
    checkout,
    { operation: "preflight", environment },
    { GITHUB_EVENT_NAME: "pull_request", GITHUB_EVENT_PATH: event },
  );
  succeed(await step.finished, `the plan of pull request #${pull.number}`);
}

/** The reviewer merges; the job checks out the merge commit. */
export async function merge(tour: Tour, pull: PullRequest): Promise<Checkout> {
  const { sha } = await tour.repository.send<{ sha: string }>(
    "PUT",
    `/pulls/${pull.number}/merge`,
    {
      merge_method: "squash",
    },
  );
  tour.story.say(`pull request #${pull.number} is reviewed and merged as ${sha.slice(0, 8)}`);
  return checkOut(tour, sha);
}

export async function checkOut(tour: Tour, sha: string): Promise<Checkout> {
  return { sha, folder: await tour.repository.checkout(sha) };
}

/** Runs an action as a job of the repository's environment would. */
export async function startAction(
  tour: Tour,
  environment: EnvironmentName,
  name: string,
  checkout: Checkout,
  inputs: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningStep> {
  const { azure, story } = tour;
  const oidc = await azure.control<{ requestUrl: string; requestToken: string }>("POST", "/oidc", {
    subject: subjectOf(environment),
  });
  const operation = inputs["operation"] ?? "";
  const log = story.step(`▸ actions/${name} ${operation}`.trimEnd());
  const talks = name === "update-run" || name === "promote";
  const running = await startStep({
    action: join(PACKAGE_ROOT, "actions", name),
    inputs: { ...inputs, ...(talks ? { "github-token": tour.appToken } : {}) },
    workspace: checkout.folder,
    env: {
      ...cloudSettings(azure.emulator),
      AZURE_CLIENT_ID: OPERATOR_CLIENT_ID,
      AZURE_TENANT_ID: azure.emulator.tenant,
      ACTIONS_ID_TOKEN_REQUEST_URL: oidc.requestUrl,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: oidc.requestToken,
      GITHUB_API_URL: azure.emulator.github,
      GITHUB_REPOSITORY: `${tour.repository.owner}/${tour.repository.name}`,
      GITHUB_SHA: checkout.sha,
      GITHUB_ACTOR: "harbour-master",
      ...env,
    },
    onLine: log.line,
  });
  return { ...running, finished: running.finished.finally(log.end) };
}

export async function runAction(
  tour: Tour,
  environment: EnvironmentName,
  name: string,
  checkout: Checkout,
  inputs: Readonly<Record<string, string>>,
): Promise<StepResult> {
  const running = await startAction(tour, environment, name, checkout, inputs);
  return running.finished;
}

/** Lints and applies the strategies, and makes sure that the way back is captured. */
export async function prepareFleet(
  tour: Tour,
  environment: EnvironmentName,
  checkout: Checkout,
): Promise<void> {
  for (const [action, inputs] of [
    ["strategy", { operation: "lint" }],
    ["strategy", { operation: "apply", environment }],
    ["snapshot", { operation: "take", environment, kind: "outgoing" }],
  ] as const) {
    const result = await runAction(tour, environment, action, checkout, inputs);
    succeed(result, `${action} ${inputs.operation}`);
  }
}

export function succeed(result: StepResult, what: string): StepResult {
  if (result.exitCode !== 0) throw new Error(`${what} failed:\n${result.log}`);
  return result;
}

const FOLLOW = { "poll-interval": "1s" };

/** Creates, starts and follows the run; the step lives as long as the run does. */
export function startRollout(
  tour: Tour,
  environment: EnvironmentName,
  checkout: Checkout,
): Promise<RunningStep> {
  const inputs = { operation: "run", environment, ...FOLLOW };
  return startAction(tour, environment, "update-run", checkout, inputs);
}

/** Asks for the promotion until what dev ran is proved and its soak is over; returns its pull request. */
export async function promoteToProd(tour: Tour, checkout: Checkout): Promise<PullRequest> {
  const number = await until(
    "the promotion's pull request",
    async () => {
      const inputs = { environment: "prod" };
      const step = await runAction(tour, "dev", "promote", checkout, inputs);
      return succeed(step, "promote").outputs["pull-request-number"] || undefined;
    },
    { explain: () => tour.functions.log() },
  );
  const pull = await tour.repository.get<PullRequest>(`/pulls/${number}`);
  tour.story.say(`pull request #${pull.number}: ${pull.title}`);
  return pull;
}

/** A person shortens the wait between the stages; prod runs nothing until that is promoted, too. */
export async function editStrategy(tour: Tour): Promise<Checkout> {
  tour.story.say("a person edits it: half an hour between the stages will do");
  const pull = await proposeEdit(tour, {
    title: "Wait half an hour between the stages",
    branch: "shorter-wait",
    path: "strategies/harbour.yaml",
    edit: (text) => text.replace("afterStageWaitInSeconds: 3600", "afterStageWaitInSeconds: 1800"),
  });
  return merge(tour, pull);
}

/** A pull request of a person that changes one file. */
export async function proposeEdit(
  tour: Tour,
  change: {
    readonly title: string;
    readonly branch: string;
    readonly path: string;
    readonly edit: (text: string) => string;
  },
): Promise<PullRequest> {
  const { title, branch, path, edit } = change;
  await commitEdit(tour, branch, path, edit);
  return tour.repository.send<PullRequest>("POST", "/pulls", { title, head: branch, base: "main" });
}

/** Somebody pushes a release that no pull request carried: the run is refused before it exists. */
export async function startUnreviewed(tour: Tour): Promise<StepResult> {
  const commit = await commitEdit(tour, "unreviewed", "releases/prod.yaml", (text) =>
    text.replace(/generation: (\d+)/, (_, now) => `generation: ${Number(now) + 1}`),
  );
  const checkout = await checkOut(tour, commit);
  return runAction(tour, "prod", "update-run", checkout, { operation: "run", environment: "prod" });
}

/** Commits a change of one file of main to a new branch, and returns the commit. */
async function commitEdit(
  { repository }: Tour,
  branch: string,
  path: string,
  edit: (text: string) => string,
): Promise<string> {
  const { object } = await repository.get<{ object: { sha: string } }>("/git/ref/heads/main");
  await repository.send("POST", "/git/refs", { ref: `refs/heads/${branch}`, sha: object.sha });
  const file = await repository.get<{ content: string; sha: string }>(`/contents/${path}`);
  const text = edit(Buffer.from(file.content, "base64").toString("utf8"));
  const { commit } = await repository.send<{ commit: { sha: string } }>(
    "PUT",
    `/contents/${path}`,
    { message: path, branch, sha: file.sha, content: Buffer.from(text).toString("base64") },
  );
  return commit.sha;
}

export type Quarantined = StatusDocument["environments"][number]["quarantined"][number];

/** Waits until the functions have proved stage 1 and approved the gate after it. */
export async function awaitApproval(tour: Tour): Promise<void> {
  const gate = await until(
    "the gate after stage 1 to be approved",
    async () =>
      (await readProd(tour))?.runs[0]?.stages[0]?.gates.find(
        ({ approvedAt }) => approvedAt !== undefined,
      ),
    { explain: () => tour.functions.log() },
  );
  tour.story.say(
    `the soak is over and every node of stage 1 is proved: the functions approved "${gate.displayName}"`,
  );
}

/** Waits until the functions have flagged the node that could not be drained. */
export async function awaitQuarantine(tour: Tour): Promise<Quarantined> {
  const node = await until(
    "the issue of the quarantined node",
    async () =>
      (await readProd(tour))?.quarantined.find(
        ({ issue, resolvedAt }) => issue !== undefined && resolvedAt === undefined,
      ),
    { explain: () => tour.functions.log() },
  );
  tour.story.chapter("A node cannot be drained: it is quarantined, and the run stops");
  tour.story.say(`node ${node.node} holds pod ${node.pod}, kept by budget ${node.pdb}`);
  tour.story.say(`issue #${node.issue} names it, with the three remedies`);
  return node;
}

/** The operator adjusts the budget, takes the label off, and lets AKS finish the pool. */
export async function repair(tour: Tour, node: Quarantined): Promise<void> {
  const operator = await operatorOf(tour.azure, node.cluster);
  const [namespace = "", budget = ""] = node.pdb?.split("/") ?? [];
  await operator.allowOneDisruption(namespace, budget);
  await operator.releaseNode(node.node);
  await operator.updatePool(node.nodePool);
  tour.story.say(
    "the operator lets the budget allow one disruption, takes the label off, updates the pool",
  );
  await until(
    `pool ${node.nodePool} to be restored`,
    async () => (await operator.poolState(node.nodePool)) === "Succeeded",
    { explain: () => operator.poolState(node.nodePool) },
  );
  tour.story.say(`pool ${node.nodePool} is Succeeded again`);
}

export async function resume(tour: Tour, checkout: Checkout): Promise<StepResult> {
  const inputs = { operation: "resume", environment: "prod", ...FOLLOW };
  return runAction(tour, "prod", "update-run", checkout, inputs);
}

export async function readProd(tour: Tour) {
  return (await readStatus(tour)).environments.find(({ name }) => name === "prod");
}

/** What is not proved yet, each in a few words. */
async function unproved(tour: Tour): Promise<readonly string[]> {
  const environment = await readProd(tour);
  const members = environment?.runs[0]?.stages.flatMap((stage) => stage.members) ?? [];
  const issues =
    await tour.repository.get<readonly { number: number; title: string }[]>("/issues?state=open");
  return [
    ...(members.length === 0 ? ["the status tells of no member"] : []),
    ...members
      .filter(({ outcome }) => outcome !== "pass")
      .map(({ name, outcome }) => `${name}: ${outcome ?? "not looked at"}`),
    ...(environment?.quarantined ?? [])
      .filter(({ resolvedAt }) => resolvedAt === undefined)
      .map(({ node }) => `${node} is quarantined`),
    ...issues.map(({ number, title }) => `#${number} is open: ${title}`),
  ];
}

/** The functions prove what is left, take the last snapshots and close the issue. */
export async function awaitProof(tour: Tour): Promise<void> {
  await until(
    "every member to be proved and the issue to be closed",
    async () => (await unproved(tour)).length === 0,
    { explain: async () => `${(await unproved(tour)).join("; ")}\n${tour.functions.log()}` },
  );
  await until("the last events to be delivered", async () => {
    const { pending } = await tour.azure.control<{ pending: number }>("GET", "/events");
    return pending === 0;
  });
  tour.story.say("the functions have proved every pool, taken its snapshot and closed the issue");
}
