import { join } from "node:path";
import { cloudSettings } from "./infrastructure.ts";
import { PACKAGE_ROOT } from "./local-azure.ts";
import { operatorOf } from "./operator.ts";
import { OPERATOR_CLIENT_ID } from "./scenario.ts";
import { startStep, type RunningStep, type StepResult } from "./runner.ts";
import { ENVIRONMENT, IMAGE_FAMILY, NEW_IMAGE, REGIONS, SUBJECT, type Tour } from "./stage-set.ts";
import { readStatus, type StatusDocument } from "./status.ts";
import { until } from "./until.ts";

export interface PullRequest {
  readonly number: number;
  readonly title: string;
  readonly state: string;
  readonly html_url: string;
}

/** A new node image reaches one region, then the other; the functions propose it once both have it. */
export async function releaseNodeImage(tour: Tour): Promise<PullRequest> {
  const { azure, story, repository } = tour;
  story.chapter(`A new node image, ${NEW_IMAGE}, is released region by region`);
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
    story.say(`noticed in ${region} and published as Fleetwright.NodeImageReleased`);
  }
  const pull = await until(
    "the pull request that pins the image",
    async () => (await repository.get<readonly PullRequest[]>("/pulls?state=open"))[0],
    { explain: () => tour.functions.log() },
  );
  story.say(`pull request #${pull.number}: ${pull.title}`);
  return pull;
}

/** The reviewer merges; the job checks out the merge commit. */
export async function merge(tour: Tour, pull: PullRequest): Promise<string> {
  const { sha } = await tour.repository.send<{ sha: string }>(
    "PUT",
    `/pulls/${pull.number}/merge`,
    {
      merge_method: "squash",
    },
  );
  tour.story.chapter(`Pull request #${pull.number} is reviewed and merged as ${sha.slice(0, 8)}`);
  return tour.repository.checkout(sha);
}

/** Runs an action as a job of the repository's `prod` environment would. */
export async function startAction(
  tour: Tour,
  name: string,
  workspace: string,
  inputs: Readonly<Record<string, string>>,
): Promise<RunningStep> {
  const { azure, story } = tour;
  const oidc = await azure.control<{ requestUrl: string; requestToken: string }>("POST", "/oidc", {
    subject: SUBJECT,
  });
  story.say(`uses: fleetwright/actions/${name} (${inputs["operation"]})`);
  return startStep({
    action: join(PACKAGE_ROOT, "actions", name),
    inputs,
    workspace,
    env: {
      ...cloudSettings(azure.emulator),
      AZURE_CLIENT_ID: OPERATOR_CLIENT_ID,
      AZURE_TENANT_ID: azure.emulator.tenant,
      ACTIONS_ID_TOKEN_REQUEST_URL: oidc.requestUrl,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: oidc.requestToken,
      GITHUB_API_URL: azure.emulator.github,
      GITHUB_REPOSITORY: `${tour.repository.owner}/${tour.repository.name}`,
    },
    onLine: (line) => story.detail(line),
  });
}

export async function runAction(
  tour: Tour,
  name: string,
  workspace: string,
  inputs: Readonly<Record<string, string>>,
): Promise<StepResult> {
  const running = await startAction(tour, name, workspace, inputs);
  return running.finished;
}

/** Lints and applies the strategies, and makes sure that the way back is captured. */
export async function prepareFleet(tour: Tour, workspace: string): Promise<void> {
  for (const [action, inputs] of [
    ["strategy", { operation: "lint" }],
    ["strategy", { operation: "apply" }],
    ["snapshot", { operation: "take", environment: ENVIRONMENT, kind: "outgoing" }],
  ] as const) {
    succeed(await runAction(tour, action, workspace, inputs), `${action} ${inputs.operation}`);
  }
}

export function succeed(result: StepResult, what: string): StepResult {
  if (result.exitCode !== 0) throw new Error(`${what} failed:\n${result.log}`);
  return result;
}

const FOLLOW = { environment: ENVIRONMENT, "poll-interval": "1s", "reviewed-plan": "off" };

/** Creates, starts and follows the run; the step lives as long as the run does. */
export function startRollout(tour: Tour, workspace: string): Promise<RunningStep> {
  tour.story.chapter("The update run rolls, stage by stage");
  return startAction(tour, "update-run", workspace, { operation: "run", ...FOLLOW });
}

export type Quarantined = StatusDocument["environments"][number]["quarantined"][number];

/** Waits until the functions have proved stage 1 and approved the gate after it. */
export async function awaitApproval(tour: Tour): Promise<void> {
  const gate = await until(
    "the gate after stage 1 to be approved",
    async () =>
      (await readStatus(tour)).environments[0]?.runs[0]?.stages[0]?.gates.find(
        ({ approvedAt }) => approvedAt !== undefined,
      ),
    { explain: () => tour.functions.log() },
  );
  tour.story.say(
    `the soak is over, every node of stage 1 is proved: ${gate.approvedBy} approved "${gate.displayName}" at ${gate.approvedAt}`,
  );
}

/** Waits until the functions have flagged the node that could not be drained. */
export async function awaitQuarantine(tour: Tour): Promise<Quarantined> {
  const node = await until(
    "the issue of the quarantined node",
    async () =>
      (await readStatus(tour)).environments[0]?.quarantined.find(
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
  tour.story.chapter("The operator frees the node");
  const operator = await operatorOf(tour.azure, node.cluster);
  const [namespace = "", budget = ""] = node.pdb?.split("/") ?? [];
  await operator.allowOneDisruption(namespace, budget);
  await operator.releaseNode(node.node);
  await operator.updatePool(node.nodePool);
  tour.story.say("budget adjusted, label removed, pool updated");
  await until(
    `pool ${node.nodePool} to be restored`,
    async () => (await operator.poolState(node.nodePool)) === "Succeeded",
    { explain: () => operator.poolState(node.nodePool) },
  );
  tour.story.say(`pool ${node.nodePool} is Succeeded again`);
}

export async function resume(tour: Tour, workspace: string): Promise<StepResult> {
  tour.story.chapter("The run is resumed by name and completes");
  return runAction(tour, "update-run", workspace, { operation: "resume", ...FOLLOW });
}

/** The functions prove what is left, take the last snapshots and close the issue. */
export async function awaitProof(tour: Tour): Promise<void> {
  tour.story.chapter("The functions prove the pools and close the issue");
  await until(
    "every member to be proved and the issue to be closed",
    async () => {
      const environment = (await readStatus(tour)).environments[0];
      const members = environment?.runs[0]?.stages.flatMap((stage) => stage.members) ?? [];
      const proved = members.every(({ outcome }) => outcome === "pass");
      const resolved = environment?.quarantined.every(({ resolvedAt }) => resolvedAt);
      const issues = await tour.repository.get<readonly unknown[]>("/issues?state=open");
      return members.length > 0 && proved && resolved && issues.length === 0;
    },
    { explain: () => tour.functions.log() },
  );
  await until("the last events to be delivered", async () => {
    const { pending } = await tour.azure.control<{ pending: number }>("GET", "/events");
    return pending === 0;
  });
}
