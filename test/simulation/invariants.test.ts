import { expect, test } from "vitest";
import { QUARANTINED, UPGRADE_STATUS_LABEL } from "../../shared/core/kubernetes-labels.ts";
import { cloudOf } from "./cloud.ts";
import { GitHub } from "./github.ts";
import { watchInvariants } from "./invariants.ts";
import type { Simulation } from "./simulate.ts";
import { declaredFiles, setStage } from "./stage.ts";
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
