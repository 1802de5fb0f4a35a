import type { Fleet, StageSpec, World } from "../shared/simulator/model.ts";
import { benchWorld, clusterSpec } from "./fleet-shape.ts";
import type { FleetShape } from "./fleet-shape.ts";

export interface Simulated {
  /** Of the simulation alone, in which everything is built, too. */
  readonly milliseconds: number;
  /** Virtual time of the last end. */
  readonly end: number;
}

/** Told of each world that is about to move, with what begins at its start. */
export type Observe = (world: World) => void;

const FAR_FUTURE = Number.MAX_SAFE_INTEGER;
const FLEET_STAGES = 10;
const FLEET_GROUPS = 20;
export const AFTER_STAGE_WAIT_SECONDS = 3_600;

/** Clusters do not interact while they upgrade: each gets a world of its own, and is forgotten when done. */
export function upgradeApart(shape: FleetShape, observe?: Observe): Simulated {
  const began = performance.now();
  let end = 0;
  for (let index = 0; index < shape.clusters; index++) {
    const world = benchWorld();
    const cluster = world.addCluster(clusterSpec(shape, index));
    observe?.(world);
    const operation = cluster.upgrade({ type: "NodeImageOnly" });
    world.advanceTo(FAR_FUTURE);
    if (operation.status !== "Succeeded") throw new Error(`cluster ${index}: ${operation.status}`);
    end = Math.max(end, operation.endedAt ?? FAR_FUTURE);
    world.removeCluster(cluster.id);
  }
  return { milliseconds: performance.now() - began, end };
}

/** One update run over the whole fleet in one world: stages in sequence, groups beside each other. */
export function upgradeByRun(shape: FleetShape, observe?: Observe): Simulated {
  const began = performance.now();
  const world = benchWorld();
  const fleet = world.addFleet("/fleets/fleet");
  for (let index = 0; index < shape.clusters; index++) join(world, fleet, shape, index);
  observe?.(world);
  const run = fleet.createRun({
    name: "run",
    stages: stages(),
    upgrade: { type: "NodeImageOnly" },
    nodeImageSelection: { type: "Latest" },
  });
  run.start();
  world.advanceTo(FAR_FUTURE);
  const end = run.status.completedTime;
  if (end === undefined) throw new Error(`the run ended ${run.status.state}`);
  return { milliseconds: performance.now() - began, end };
}

function join(world: World, fleet: Fleet, shape: FleetShape, index: number): void {
  const spec = clusterSpec(shape, index);
  world.addCluster(spec);
  const place = index % (FLEET_STAGES * FLEET_GROUPS);
  fleet.putMember({
    name: `member-${String(index).padStart(6, "0")}`,
    clusterId: spec.id,
    group: groupName(Math.floor(place / FLEET_GROUPS), place % FLEET_GROUPS),
  });
}

/** Indices of clusters by stage and group: placed in turn, taken by name within their group. */
export function stagesOf({ clusters }: FleetShape): number[][][] {
  return Array.from({ length: FLEET_STAGES }, (_, stage) =>
    Array.from({ length: FLEET_GROUPS }, (_group, group) =>
      Array.from({ length: clusters }, (_member, index) => index).filter(
        (index) => index % (FLEET_STAGES * FLEET_GROUPS) === stage * FLEET_GROUPS + group,
      ),
    ),
  );
}

function stages(): StageSpec[] {
  return Array.from({ length: FLEET_STAGES }, (_, stage) => ({
    name: `stage-${stage}`,
    groups: Array.from({ length: FLEET_GROUPS }, (_group, group) => ({
      name: groupName(stage, group),
    })),
    afterStageWaitInSeconds: AFTER_STAGE_WAIT_SECONDS,
  }));
}

function groupName(stage: number, group: number): string {
  return `group-${stage}-${group}`;
}
