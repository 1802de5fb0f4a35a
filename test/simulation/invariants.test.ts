import { expect, test } from "vitest";
import { QUARANTINED, UPGRADE_STATUS_LABEL } from "../../shared/core/kubernetes-labels.ts";
import { cloudOf, FLEET, fleetOf } from "./cloud.ts";
import { GitHub } from "./github.ts";
import { watchInvariants } from "./invariants.ts";
import type { Simulation } from "./simulate.ts";
import { declaredFiles, OURS, setStage } from "./stage.ts";
import { createStore } from "./store.ts";
import { Told } from "./told.ts";

const HOUR = 3_600_000;

function watch() {
  const world = setStage(0);
  const now = (): number => world.now;
  const simulation: Simulation = {
    scenario: 0,
    world,
    cloud: cloudOf(world),
    gitHub: new GitHub(declaredFiles(0), now),
    store: createStore(new Set(), () => {}),
    people: {
      words: { gatesApproved: new Set(), waitsSkipped: new Set() },
      busy: false,
      act() {},
      meddle() {},
    },
    told: new Told(),
    versions: undefined,
    now,
  };
  const [cluster] = world.clusters.values();
  const [node] = cluster?.nodes.keys() ?? [];
  const invariants = watchInvariants(simulation, 6);
  return {
    simulation,
    invariants,
    after(hours: number): void {
      world.advanceTo(world.now + hours * HOUR);
      invariants.check();
    },
    label(status: string): void {
      cluster?.patchNode(node ?? "", { labels: { [UPGRADE_STATUS_LABEL]: status } });
    },
  };
}

test("a node of which nobody is told breaks the promise once its time is over", () => {
  const { invariants, after, label } = watch();
  label(QUARANTINED);
  after(0);
  after(6);
  expect(invariants.broken).toEqual([]);
  after(1);
  expect(invariants.broken).toEqual([expect.stringContaining("has not one open issue")]);
});

test("a node that is quarantined a second time has all of its time again", () => {
  const { invariants, after, label } = watch();
  label(QUARANTINED);
  after(0);
  label("");
  after(5);
  label(QUARANTINED);
  after(5);
  after(1);
  expect(invariants.broken).toEqual([]);
});

test.each([
  ["waits for its end", false, 0],
  ["has started", true, 1],
])("a gate may open while a newer run only waits: one that %s", async (_case, starts, times) => {
  const { simulation, invariants, after } = watch();
  const fleet = fleetOf(simulation.world);
  const create = (name: string) =>
    fleet.createRun({
      name,
      stages: [
        {
          name: "first",
          groups: [{ name: "one" }],
          beforeGates: [{ displayName: OURS, type: "Approval" }],
        },
      ],
      upgrade: { type: "NodeImageOnly" },
      nodeImageSelection: { type: "Latest" },
    });
  create("prod-9-00000000").start();
  after(1);
  const newer = create("prod-10-00000000");
  if (starts) newer.start();
  after(1);
  const functions = simulation.cloud.fleets("functions");
  const [gate] = await functions.listGates(FLEET);
  await functions.approveGate(gate?.id ?? "", gate?.etag ?? "");
  const told = invariants.broken.filter((what) => what.endsWith("and a newer run has started"));
  expect(told).toHaveLength(times);
});
