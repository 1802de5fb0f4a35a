import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator } from "../support/emulator.ts";
import { createJob } from "../support/job.ts";
import type { Job } from "../support/job.ts";
import { FAMILY, files, FLEET, NEW, OLD, OPERATOR, release, scenario, SUBJECT } from "./harbour.ts";

/** Hours of virtual time pass in a few real seconds. */
const CLOCK_FACTOR = 5_000;

let emulator: TestEmulator;
let job: Job;

beforeAll(async () => {
  emulator = await startTestEmulator({ scenario, clock: CLOCK_FACTOR });
  job = await createJob({ files, azure: emulator, clientId: OPERATOR, subject: SUBJECT });
});
afterAll(async () => {
  await job.close();
  await emulator.close();
});

interface AuditEntry {
  readonly operation: string;
  readonly write: boolean;
  readonly service: string;
}

/** Writes to ARM since the last call. */
async function writes(): Promise<readonly string[]> {
  const { entries } = (await emulator.control("GET", "/audit")) as {
    entries: readonly AuditEntry[];
  };
  const all = entries.filter(({ write, service }) => write && service === "arm");
  const fresh = all.slice(counted).map(({ operation }) => operation);
  counted = all.length;
  return fresh;
}
let counted = 0;

const dev = { environment: "dev", "reviewed-plan": "off" };
const follow = { ...dev, "poll-interval": "1s" };

test("a rollout: each step changes what it says, and nothing the second time", async () => {
  const early = await job.run("update-run", { operation: "create", ...dev });
  expect(early.outputs["failure-reason"]).toBe("not-found");
  expect(early.annotations.at(-1)?.message).toContain("apply the declared strategies first");
  expect(await writes()).toEqual([]);

  const applied = await job.run("strategy", { operation: "apply" });
  expect(applied).toMatchObject({ exitCode: 0, outputs: { changed: "true" } });
  const names = JSON.parse(applied.outputs["strategy-names"] ?? "") as { dev: { canary: string } };
  expect(names.dev.canary).toMatch(/^canary-[0-9a-f]{8}$/);
  expect(await writes()).toEqual(["PUT fleets/updateStrategies"]);
  const again = await job.run("strategy", { operation: "apply" });
  expect(again).toMatchObject({ exitCode: 0, outputs: { changed: "false" } });

  const outgoing = { operation: "take", environment: "dev", kind: "outgoing" };
  expect(await writes()).toEqual([]);
  const taken = await job.run("snapshot", outgoing);
  expect(taken).toMatchObject({ exitCode: 0, outputs: { taken: "4", captured: "0" } });
  expect(await writes()).toEqual(Array.from({ length: 4 }, () => "PUT snapshots"));
  const captured = await job.run("snapshot", outgoing);
  expect(captured).toMatchObject({ exitCode: 0, outputs: { taken: "0", captured: "4" } });
  expect(await writes()).toEqual([]);

  const proven = { operation: "take", environment: "dev", kind: "proven" };
  const unproven = await job.run("snapshot", proven);
  expect(unproven).toMatchObject({ exitCode: 0, outputs: { taken: "0", changed: "false" } });
  expect(unproven.outputs["refused"]).toContain(`the node pool runs ${FAMILY}-${OLD}`);

  const ran = await job.run("update-run", { operation: "run", ...follow });
  expect(ran.log).toContain("update run dev-1-");
  expect(ran).toMatchObject({
    exitCode: 0,
    outputs: {
      "run-name": expect.stringMatching(/^dev-1-[0-9a-f]{8}$/),
      "run-id": expect.stringContaining(`${FLEET}/updateRuns/dev-1-`),
      state: "Completed",
      changed: "true",
      detached: "false",
      "failure-reason": "",
      "failed-members": "[]",
    },
  });
  expect(ran.log).toMatch(/2026-07-\d\d \d\d:\d\d:\d\dZ {2}canary \/ canary \/ quay-1: Completed/);
  expect(ran.log).toMatch(/canary \/ after-stage wait: Completed \(10 min/);
  expect(ran.summary).toContain("**Completed**: 2 members, 2 Completed.");
  expect(await writes()).toEqual(["PUT fleets/updateRuns", "POST fleets/updateRuns/start"]);

  for (const operation of ["run", "create", "start", "follow", "resume", "stop"]) {
    const repeated = await job.run("update-run", { operation, ...follow });
    expect(repeated).toMatchObject({
      exitCode: 0,
      outputs: { changed: "false", state: "Completed" },
    });
  }
  expect(await writes()).toEqual([]);

  const proved = await job.run("snapshot", proven);
  expect(proved).toMatchObject({ exitCode: 0, outputs: { taken: "4" } });
  const [id] = JSON.parse(proved.outputs["snapshot-ids"] ?? "[]") as string[];
  expect(id).toMatch(/snapshots\/proven-quay-\d-(app|system)-[0-9a-f]{8}$/);
  expect(proved.log).toContain(`${FAMILY}-${NEW}`);
});

test("a family without a pin stops the run before it exists", async () => {
  await job.write({
    "releases/dev.yaml": release(2, "20348.3932.250712").replace(
      FAMILY,
      "AKSWindows-2022-containerd",
    ),
  });
  const { exitCode, outputs, annotations } = await job.run("update-run", {
    operation: "run",
    ...follow,
  });
  expect([exitCode, outputs["failure-reason"]]).toEqual([1, "preflight-failed"]);
  expect(annotations.at(-1)?.message).toContain(FAMILY);
  expect((await writes()).filter((operation) => operation.includes("updateRuns"))).toEqual([]);
});
