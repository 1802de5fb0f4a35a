import { describe, expect, test } from "vitest";
import { silentLogger } from "../../shared/core/logger.ts";
import { sendMessages, type Message, type Notifier } from "../../shared/core/outbox.ts";
import { heldNotice, noticesOf, type NoticeInput } from "../../shared/update-run/notices.ts";
import { reconcile, type ReconcileDeps } from "../../shared/update-run/reconcile.ts";
import type { Rollout } from "../../shared/update-run/rollout.ts";
import { memoryStateStore } from "../support/memory-state-store.ts";
import { member, stage, status, updateRun, FLEET } from "./run-builder.ts";

function input(change: Partial<NoticeInput> = {}): NoticeInput {
  return {
    environment: "dev",
    run: updateRun("Running"),
    closed: false,
    at: "2026-07-10T09:00:00Z",
    ...change,
  };
}

const failure = { ...status("Failed", "a", "b"), error: { code: "X", message: "no room" } };

const gate = { displayName: "verified", stage: "canary", at: "2026-07-10T09:00:00Z" };

test("a gate that the checks refuse is told once, whatever else they find later", () => {
  const run = updateRun("Running");
  const first = heldNotice("dev", run, "g", { ...gate, reason: "quay-1: not Ready" });
  const later = heldNotice("dev", run, "g", { ...gate, reason: "quay-2: not Ready" });
  expect(first.text).toBe(
    'dev-3-1a2b3c4d is held at the gate "verified" of canary: quay-1: not Ready',
  );
  expect(later.key).toBe(first.key);
});

describe("what is worth a message", () => {
  test.each<[string, Partial<NoticeInput>, readonly string[]]>([
    ["a run on its way is not", {}, []],
    [
      "a stage that is done",
      {
        run: updateRun("Running", {
          stageStatuses: [
            stage("canary", "Completed", [member("quay-1", "Completed")]),
            stage("rest", "Running", [member("quay-2", "Running")]),
          ],
        }),
      },
      ["canary of dev-3-1a2b3c4d is done (1 members)"],
    ],
    [
      "a run that failed",
      { run: updateRun("Failed", { status: failure }) },
      ["dev-3-1a2b3c4d failed: no room"],
    ],
    [
      "a run that was stopped",
      { run: updateRun("Stopped") },
      ["dev-3-1a2b3c4d is held: it was stopped"],
    ],
    [
      "a run that is done and proved",
      { run: updateRun("Completed"), closed: true },
      ["update run dev-3-1a2b3c4d is done and proved"],
    ],
  ])("%s", (_name, change, expected) => {
    expect(noticesOf(input(change)).map(({ text }) => text)).toEqual(expected);
  });

  test("a run that fails again after it was resumed is news again", () => {
    const keys = ["b", "c"].map((completedTime) =>
      noticesOf(input({ run: updateRun("Failed", { status: { ...failure, completedTime } }) })),
    );
    expect(keys[0]?.[0]?.key).not.toBe(keys[1]?.[0]?.key);
  });
});

/** A port that this look must not touch. */
function untouched<T extends object>(): T {
  return new Proxy({} as T, {
    get(_target, name) {
      throw new Error(`${String(name)} was not to be used`);
    },
  });
}

test("a look at a run that is done tells it, closes it, and tells it never again", async () => {
  const run = updateRun("Completed", { stageStatuses: [stage("canary", "Completed", [])] });
  const rollout: Rollout = {
    environment: "dev",
    fleet: FLEET,
    commit: "abc",
    generation: 3,
    runName: run.name,
    nodeImages: {},
    upgradeType: "NodeImageOnly",
    kubernetesVersion: undefined,
    verification: new Map(),
    captureProven: false,
    snapshotResourceGroup: undefined,
  };
  const received: Message[] = [];
  const notifier: Notifier = {
    async send(message) {
      received.push(message);
      return { delivered: true };
    },
  };
  const deps: ReconcileDeps = {
    fleets: untouched(),
    inventory: { ...untouched<ReconcileDeps["inventory"]>(), listClusters: async () => [] },
    nodes: untouched(),
    snapshots: untouched(),
    issues: untouched(),
    store: memoryStateStore(),
    clock: { now: () => 0 },
    wallClock: { now: () => 0 },
    logger: silentLogger,
    identity: "test",
    notifier,
  };
  for (let looks = 0; looks < 3; looks++) await reconcile(deps, run, rollout);
  await sendMessages(deps);
  await reconcile(deps, { ...run, status: status("Running") }, rollout);
  await sendMessages(deps);
  expect(received.map(({ text }) => text).toSorted()).toEqual([
    "dev: canary of dev-3-1a2b3c4d is done (0 members)",
    "dev: update run dev-3-1a2b3c4d is done and proved",
  ]);
});
