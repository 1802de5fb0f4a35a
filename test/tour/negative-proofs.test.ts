import { afterEach, describe, expect, test } from "vitest";
import { play } from "../../cli/tour.ts";
import {
  awaitApproval,
  awaitQuarantine,
  prepareFleet,
  readProd,
  releaseNodeImage,
  runAction,
  succeed,
} from "../../cli/tour/acts.ts";
import { collectReport } from "../../cli/tour/report.ts";
import { openTour, type Tour } from "../../cli/tour/stage-set.ts";
import { silentStory } from "../../cli/tour/story.ts";
import { until } from "../../cli/tour/until.ts";
import { pinProd } from "../support/tour.ts";

// Three processes and some hours of virtual time, on a machine that other tests share.
const PATIENCE = 240_000;
const CLOCK_FACTOR = 400;
const ONE_DAY = 86_400_000;

let tour: Tour | undefined;

afterEach(async () => {
  await tour?.stop();
  tour = undefined;
});

async function open(): Promise<Tour> {
  tour = await openTour({ clockFactor: CLOCK_FACTOR, seed: 1, story: silentStory });
  return tour;
}

/** Everything up to a run that has been created and started. */
async function startRun(stage: Tour): Promise<void> {
  await releaseNodeImage(stage);
  const checkout = await pinProd(stage);
  await prepareFleet(stage, "prod", checkout);
  for (const operation of ["create", "start"]) {
    const inputs = { operation, environment: "prod" };
    succeed(await runAction(stage, "prod", "update-run", checkout, inputs), operation);
  }
}

interface RunBody {
  readonly properties: {
    readonly status: {
      readonly stages: readonly {
        readonly status: { readonly state: string };
        readonly afterStageWaitStatus?: { readonly status: { readonly state: string } };
        readonly groups: readonly { readonly status: { readonly state: string } }[];
      }[];
    };
  };
}

async function readStages(stage: Tour) {
  const list = await stage.azure.arm<{ value: readonly RunBody[] }>(
    "GET",
    `${stage.fleetIds.prod}/updateRuns?api-version=2026-06-01`,
  );
  return list.value[0]?.properties.status.stages ?? [];
}

async function proven(stage: Tour): Promise<number> {
  const { value } = await stage.azure.arm<{
    value: readonly { tags?: Readonly<Record<string, string>> }[];
  }>(
    "GET",
    `/subscriptions/${stage.azure.emulator.subscription}/providers/Microsoft.ContainerService/snapshots?api-version=2026-04-01`,
  );
  return value.filter(({ tags }) => tags?.["fleetwright-kind"] === "proven").length;
}

/** The groups of stage 1 are done and its wait is over: only the gate is left. */
async function awaitOnlyTheGate(stage: Tour): Promise<void> {
  await until("stage 1 to be done and its wait to be over", async () => {
    const [first] = await readStages(stage);
    const groupsDone = first?.groups.every(({ status }) => status.state === "Completed");
    return groupsDone && first?.afterStageWaitStatus?.status.state === "Completed";
  });
}

async function expectStageTwoNeverStarts(stage: Tour): Promise<void> {
  await stage.azure.control("POST", "/clock", { advance: ONE_DAY });
  const [, second] = await readStages(stage);
  expect(second?.status.state).toBe("NotStarted");
}

describe("stage 2 never starts", () => {
  test(
    "with the functions stopped; a day later the timers alone make good what no event told",
    async () => {
      const stage = await open();
      await startRun(stage);
      await stage.functions.stop();
      await awaitOnlyTheGate(stage);
      await expectStageTwoNeverStarts(stage);
      const { delivered } = await stage.azure.control<{ delivered: number }>("GET", "/events");
      const later = { ...stage, functions: await stage.startFunctions() };
      await awaitApproval(later);
      const held = await awaitQuarantine(later);
      expect(held.issue).toBeGreaterThan(0);
      await until("stage 1 to be proved and captured", async () => {
        const members = (await readProd(later))?.runs[0]?.stages[0]?.members ?? [];
        const proved = members.filter(({ outcome }) => outcome === "pass").length;
        return members.length > 0 && proved === members.length && (await proven(later)) >= proved;
      });
      const events = await stage.azure.control<{ delivered: number }>("GET", "/events");
      expect(events.delivered).toBe(delivered);
    },
    PATIENCE,
  );

  test(
    "with nodes that cannot be seen",
    async () => {
      const stage = await open();
      await stage.azure.control("POST", "/faults", {
        service: "kubernetes",
        status: 503,
        count: 1_000_000,
      });
      await startRun(stage);
      await awaitOnlyTheGate(stage);
      const gate = await until("the gate to be judged", async () => {
        const gates = (await readProd(stage))?.runs[0]?.stages[0]?.gates;
        return gates?.find(({ reason }) => reason?.includes("cannot be seen"));
      });
      expect(gate.approvedAt).toBeUndefined();
      await expectStageTwoNeverStarts(stage);
    },
    PATIENCE,
  );
});

test(
  "with every event delivered ten times and shuffled there is one of everything",
  async () => {
    const stage = await open();
    await stage.azure.control("POST", "/delivery", { duplicates: 9, shuffle: true });
    const report = await play(stage);
    expect(report).toMatchObject({ ok: true, problems: [] });
    const issues = await stage.repository.get<readonly { pull_request?: unknown }[]>(
      "/issues?state=all&per_page=100",
    );
    expect(issues.filter((issue) => !issue.pull_request)).toHaveLength(1);
    expect(report.pullRequests).toHaveLength(4);
    expect(report.runs).toHaveLength(3);
    const captured = report.snapshots.map(
      ({ kind, sourcePool }) => `${kind} ${sourcePool.toLowerCase()}`,
    );
    expect(captured).toHaveLength(44);
    expect(new Set(captured).size).toBe(44);
    expect(report.events.delivered).toBeGreaterThan(report.events.published * 5);
    expect(await collectReport(stage, report.refused)).toMatchObject({ ok: true });
  },
  PATIENCE,
);
