import { afterEach, expect, test } from "vitest";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator } from "../support/emulator.ts";
import type { Job } from "../support/job.ts";
import { files, FLEET, GROUP, scenario } from "./harbour.ts";
import { hostRepository } from "./hosted-repository.ts";
import type { HostedRepository } from "./hosted-repository.ts";
import { killedOnItsWay, writesOf } from "./repair.ts";

/** A runner dies at any call: the step, run again and again, comes to the end that it would have come to at once. */
const CLUSTERS = `${GROUP}/providers/Microsoft.ContainerService/managedClusters`;
const TIMEOUT_MILLISECONDS = 120_000;
const declared = {
  ...files,
  "fleetwright.yaml": files["fleetwright.yaml"].replace(
    "{name: dev,",
    "{name: dev, members: [{name: quay-1, group: canary}, {name: quay-2, group: blue}],",
  ),
};
const DEV = { environment: "dev" };
const POOL = {
  "cluster-id": `${CLUSTERS}/quay-1`,
  "node-pool": "app",
  "poll-interval": "1s",
  "max-surge": "1",
};
const RUN = { ...DEV, "poll-interval": "1s", "reviewed-plan": "off" };

type Inputs = Readonly<Record<string, string>>;

interface Case {
  readonly name: string;
  /** Steps that make ready what this one needs. */
  readonly before?: readonly (readonly [action: string, inputs: Inputs])[];
  readonly action: string;
  readonly inputs: Inputs;
  /** Moves a member before, so that it has to be moved back. */
  readonly moved?: boolean;
}

const APPLY = ["strategy", { operation: "apply" }] as const;
const TAKE = ["snapshot", { operation: "take", ...DEV, kind: "outgoing" }] as const;
const DONE = ["update-run", { operation: "run", ...RUN }] as const;

const CASES: readonly Case[] = [
  { name: "strategy apply", action: "strategy", inputs: { operation: "apply" }, moved: true },
  { name: "snapshot take", action: "snapshot", inputs: TAKE[1] },
  {
    name: "node-pool upgrade-node-image",
    action: "node-pool",
    inputs: { operation: "upgrade-node-image", ...POOL },
  },
  {
    name: "node-pool delete",
    action: "node-pool",
    inputs: {
      operation: "delete",
      "cluster-id": POOL["cluster-id"],
      "node-pool": "app",
      "poll-interval": "1s",
    },
  },
  {
    name: "node-pool add",
    action: "node-pool",
    inputs: {
      operation: "add",
      ...POOL,
      "node-pool": "extra",
      "kubernetes-version": "1.33.5",
      "vm-size": "Standard_D4ds_v5",
      count: "1",
    },
  },
  { name: "update-run run", before: [APPLY], action: "update-run", inputs: DONE[1] },
  {
    name: "update-run skip",
    before: [APPLY, ["update-run", { operation: "create", ...RUN }]],
    action: "update-run",
    inputs: { operation: "skip", ...RUN, targets: "Member:quay-2", reason: "in dry dock" },
  },
  {
    name: "update-run roll-back",
    before: [APPLY, TAKE, DONE],
    action: "update-run",
    inputs: { operation: "roll-back", ...RUN, reason: "the tide is wrong" },
  },
];

let emulator: TestEmulator;
let repository: HostedRepository;
afterEach(async () => {
  await repository.close();
  await emulator.close();
});

async function prepare({ before = [], moved = false }: Case): Promise<Job> {
  emulator = await startTestEmulator({ scenario, clock: 5_000 });
  repository = await hostRepository(emulator, declared);
  const main = await repository.call<{ object: { sha: string } }>("GET", "/git/ref/heads/main");
  const job = await repository.jobAt(declared, { commit: main.object.sha });
  for (const [action, inputs] of before) {
    const { exitCode, annotations } = await job.run(action, inputs);
    expect({ exitCode, annotations }).toMatchObject({ exitCode: 0 });
  }
  if (moved) {
    await emulator.call(`${FLEET}/members/quay-2?api-version=2026-06-01`, {
      method: "PATCH",
      body: { properties: { group: "elsewhere" } },
    });
  }
  return job;
}

/** What is there in the end, without times and ids that differ from run to run. */
async function picture(): Promise<unknown> {
  const list = async (path: string, version = "2026-06-01") =>
    (
      (await emulator.call(`${path}?api-version=${version}`)).json as {
        readonly value: readonly { name: string; properties: Record<string, unknown> }[];
      }
    ).value;
  const pools = [...emulator.environment.world.clusters.values()].flatMap(({ name, pools: all }) =>
    [...all.values()].map((pool) => [
      `${name}/${pool.name}`,
      pool.count,
      pool.nodeImageVersion,
      pool.provisioningState,
      pool.upgradeSettings.maxSurge,
    ]),
  );
  const runs = (await list(`${FLEET}/updateRuns`)).map(({ name, properties }) => [
    name,
    statesOf(properties["status"]),
  ]);
  const checks = await repository.call<{ check_runs: readonly { name: string }[] }>(
    "GET",
    "/commits/main/check-runs?per_page=100",
  );
  return {
    pools,
    runs,
    strategies: (await list(`${FLEET}/updateStrategies`)).map(({ name }) => name),
    members: (await list(`${FLEET}/members`)).map(({ name, properties }) => [
      name,
      properties["group"],
    ]),
    snapshots: (
      await list(`${GROUP}/providers/Microsoft.ContainerService/snapshots`, "2026-04-01")
    ).map(({ name }) => name),
    checks: [...new Set(checks.check_runs.map(({ name }) => name))].toSorted(),
  };
}

/** States of a run and of everything in it, in order. */
function statesOf(status: unknown): readonly unknown[] {
  return [...JSON.stringify(status).matchAll(/"state":"(\w+)"/g)].map(([, state]) => state);
}

test.each(CASES)(
  "$name, killed at each call in turn, comes to the same end, and then sends nothing",
  async (one) => {
    const undisturbed = await prepare(one);
    expect((await undisturbed.run(one.action, one.inputs)).exitCode).toBe(0);
    const expected = await picture();
    await repository.close();
    await emulator.close();

    const job = await prepare(one);
    const { action, inputs } = one;
    const { result, kills } = await killedOnItsWay(emulator, job, {
      action,
      inputs,
      at: "each-call-in-turn",
    });
    expect(result).toMatchObject({ exitCode: 0, outputs: { "failure-reason": "" } });
    expect(kills).toBeGreaterThan(1);
    expect(await picture()).toEqual(expected);
    const sent = await writesOf(emulator);
    const again = await job.run(action, inputs);
    expect(again).toMatchObject({ exitCode: 0, outputs: { changed: "false" } });
    expect(await writesOf(emulator)).toEqual(sent);
  },
  TIMEOUT_MILLISECONDS,
);
