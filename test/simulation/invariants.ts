import type { Cluster, Gate } from "../../shared/simulator/model.ts";
import { FLEET } from "./cloud.ts";
import type { Simulation } from "./simulate.ts";
import { FAMILY, quarantinedNodes } from "./stage.ts";

/** What must hold after every step, judged by the world itself and not by what the product remembers. */
export interface Invariants {
  readonly broken: readonly string[];
  check(): void;
  /** What must hold once the faults are over and the product has come to rest. */
  checkEnd(): void;
}

const HOUR = 3_600_000;

export function watchInvariants(simulation: Simulation, toldWithinHours: number): Invariants {
  const broken: string[] = [];
  const untoldSince = new Map<string, number>();
  const fail = (holds: boolean, what: string): void => {
    if (!holds) broken.push(`${new Date(simulation.now()).toISOString()} ${what}`);
  };
  simulation.world.subscribe((transition) => {
    if (transition.kind !== "gate" || transition.change !== "Updated") return;
    const gate = simulation.world.fleets.get(FLEET)?.gates.get(transition.gate);
    if (gate?.state === "Completed") checkApproval(simulation, gate, fail);
  });
  return {
    broken,
    check() {
      checkStages(simulation, fail);
      checkIssues(simulation, { untoldSince, limit: toldWithinHours * HOUR }, fail);
      checkProof(simulation, fail);
      checkSnapshots(simulation, fail);
    },
    checkEnd() {
      if (broken.length > 0) return;
      const { host, world } = simulation;
      const runs = [...(world.fleets.get(FLEET)?.runs.values() ?? [])];
      fail(runs.length > 0, "no run was ever proposed, merged and started");
      fail(
        runs.every(({ status }) => status.state === "Completed"),
        "a run did not complete",
      );
      fail(
        host.allIssues.every(({ state }) => state === "closed"),
        "an issue stays open after its node is proved",
      );
      fail(
        host.pulls.every(({ state }) => state === "merged"),
        "a pull request stays open",
      );
    },
  };
}

type Fail = (holds: boolean, what: string) => void;

/** A gate is approved only when every node before it is on the pin, Ready, schedulable, and the soak is over. */
function checkApproval(
  simulation: Simulation,
  { run, stage: name, timing }: Gate,
  fail: Fail,
): void {
  const update = simulation.world.fleets.get(FLEET)?.runs.get(run);
  const index = update?.stages.findIndex((candidate) => candidate.name === name) ?? -1;
  const stage = update?.stages[timing === "After" ? index : index - 1];
  const pin = update?.spec.nodeImageSelection.customNodeImageVersions?.[0];
  for (const member of stage?.groups.flatMap(({ members }) => members ?? []) ?? []) {
    const cluster = simulation.world.clusters.get(member.clusterId);
    fail(
      ["Completed", "Skipped"].includes(member.state),
      `a gate was approved while ${member.name} is ${member.state}`,
    );
    if (cluster)
      fail(
        isHealthy(cluster, pin),
        `a gate was approved while nodes of ${member.name} are not proved`,
      );
  }
  const wait = stage?.afterStageWait;
  const soaked =
    wait?.startTime !== undefined &&
    simulation.now() - wait.startTime >= wait.waitDurationInSeconds * 1_000;
  fail(soaked, "a gate was approved before the soak was over");
}

function isHealthy(cluster: Cluster, pin: string | undefined): boolean {
  return [...cluster.nodes.values()].every(
    (node) => node.nodeImageVersion === pin && node.phase === "Ready" && !node.unschedulable,
  );
}

/** No stage begins before the gate after the one before it is completed. */
function checkStages({ world }: Simulation, fail: Fail): void {
  for (const run of world.fleets.get(FLEET)?.runs.values() ?? []) {
    for (const [index, stage] of run.stages.entries()) {
      const before = run.stages[index - 1];
      if (!before || stage.state === "NotStarted") continue;
      const open = before.afterGates.some(
        ({ status }) => status.state !== "Completed" && status.state !== "Skipped",
      );
      fail(!open, `stage ${stage.name} of ${run.name} began before its gate was approved`);
    }
  }
}

/** One issue per cause, and every quarantined node is told of within a bounded time. */
function checkIssues(
  { world, host, now }: Simulation,
  { untoldSince, limit }: { readonly untoldSince: Map<string, number>; readonly limit: number },
  fail: Fail,
): void {
  const causes = host.allIssues.map(({ body }) => /cause=(\w+)/.exec(body)?.[1]);
  fail(new Set(causes).size === causes.length, "a cause has two issues");
  const open = host.allIssues
    .filter(({ state }) => state === "open")
    .map(({ body }) => body)
    .join("\n");
  for (const cluster of world.clusters.values()) {
    for (const node of quarantinedNodes(cluster)) {
      const key = `${cluster.name}/${node}`;
      const told = open.includes(node) || cluster.provisioningState === "UpgradingNodeImageVersion";
      if (told) untoldSince.delete(key);
      else if (!untoldSince.has(key)) untoldSince.set(key, now());
      fail(
        now() - (untoldSince.get(key) ?? now()) <= limit,
        `nobody was told of quarantined node ${key}`,
      );
    }
  }
}

/** Fleetwright closes an issue with proof: no node that it names is quarantined or on an old image. */
function checkProof({ world, host }: Simulation, fail: Fail): void {
  const proofs = host.allIssues.filter(
    ({ state, body }) => state === "closed" && body.includes("**Resolved.**"),
  );
  const pins = [...(world.fleets.get(FLEET)?.runs.values() ?? [])].flatMap(
    ({ spec }) => spec.nodeImageSelection.customNodeImageVersions ?? [],
  );
  for (const cluster of world.clusters.values()) {
    for (const node of cluster.nodes.values()) {
      if (!proofs.some(({ body }) => body.includes(node.name))) continue;
      fail(
        pins.includes(node.nodeImageVersion),
        `the issue of ${node.name} was closed before it was upgraded`,
      );
    }
  }
}

/** One snapshot per pool, kind, image; a proven one is of an image that a run pinned. */
function checkSnapshots({ cloud, world }: Simulation, fail: Fail): void {
  const keys = cloud.taken.map(
    ({ tags, sourcePool, nodeImageVersion }) =>
      `${tags["fleetwright-kind"]} ${sourcePool} ${nodeImageVersion}`,
  );
  fail(new Set(keys).size === keys.length, "a pool was captured twice");
  const pinned = new Set(
    [...(world.fleets.get(FLEET)?.runs.values() ?? [])].flatMap(
      ({ spec }) => spec.nodeImageSelection.customNodeImageVersions ?? [],
    ),
  );
  for (const { tags, nodeImageVersion } of cloud.taken) {
    const proven = tags["fleetwright-kind"] === "proven";
    fail(
      !proven || pinned.has(nodeImageVersion),
      `a proven snapshot of ${nodeImageVersion}, which no run pinned`,
    );
    fail(nodeImageVersion.startsWith(FAMILY), "a snapshot of an unknown family");
  }
}
