import type { Sight, Sightings } from "./coverage.ts";
import type { Simulation } from "./simulate.ts";
import { FLEET } from "./cloud.ts";

const OF_NODES: Readonly<Record<string, Sight>> = {
  Quarantined: "node quarantined",
  EvictionBlocked: "budget forbade an eviction",
};

/** Notes what the schedule led to. */
export function watchOutcomes({ world, cloud, gitHub }: Simulation, seen: Sightings): void {
  world.subscribe((transition) => {
    if (transition.kind === "node") {
      const sight = OF_NODES[transition.change];
      if (sight) seen.add(sight);
    }
    if (transition.kind === "run" && transition.scope === "run") {
      if (transition.state === "Failed") seen.add("run failed");
      if (transition.state === "Completed") seen.add("run completed");
    }
    if (transition.kind === "gate" && transition.fleet === FLEET) {
      if (cloud.approvedByUs.has(transition.gate)) seen.add("gate approved by us");
    }
    if (transition.kind === "pool" && transition.change === "RollingFailed") {
      const pool = world.clusters.get(transition.cluster)?.pools.get(transition.pool);
      if (pool?.upgradeSettings.undrainableNodeBehavior === "Schedule") {
        seen.add("node left behind uncordoned");
      }
    }
  });
  gitHub.onPullUpdated = () => seen.add("pull request brought up to date");
  gitHub.onReopened = () => seen.add("issue opened again");
}

/** What is read from the end, for it leaves its mark. */
export function outcomesOf({ cloud, gitHub, told }: Simulation, seen: Sightings): void {
  if (gitHub.issues.length > 0) seen.add("issue opened");
  if (gitHub.comments.length > 0) seen.add("issue closed with proof");
  if (gitHub.dispatched.length > 0) seen.add("team asked");
  if (gitHub.issues.some(({ body }) => body.startsWith("Opened twice"))) {
    seen.add("issue opened twice, and healed");
  }
  if (told.again > 0) seen.add("message told again");
  if (told.texts.some((text) => text.includes("is held at the gate"))) seen.add("gate held");
  if (gitHub.pulls.some(({ title }) => title.includes("Kubernetes")))
    seen.add("Kubernetes version proposed");
  if (cloud.starts.some(({ kubernetesVersion }) => kubernetesVersion !== undefined))
    seen.add("Kubernetes version taken");
  if (gitHub.issues.some(({ body }) => body.includes("cause=available")))
    seen.add("Kubernetes version told in an issue");
  if (gitHub.issues.some(({ body }) => body.includes("fleetwright:support")))
    seen.add("end of support warned of");
  for (const { tags } of cloud.taken) {
    if (tags["fleetwright-kind"] === "proven") seen.add("proven snapshot taken");
    if (tags["fleetwright-kind"] === "outgoing") seen.add("outgoing snapshot taken");
  }
}
