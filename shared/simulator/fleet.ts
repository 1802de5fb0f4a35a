import type { SimulatedCluster } from "./cluster.ts";
import type { Kernel } from "./kernel.ts";
import { SimulationError } from "./model.ts";
import type { Fleet, Gate, Member, RunSpec, Transition } from "./model.ts";
import { guid } from "./random.ts";
import type { FleetLink } from "./run-context.ts";
import { SimulatedRun } from "./update-run.ts";

/** Source: learn.microsoft.com/azure/kubernetes-fleet/faq */
const MAX_MEMBERS = 1_000;

type OpenGate = { -readonly [Key in keyof Gate]: Gate[Key] };

export interface FleetWorld {
  readonly kernel: Kernel;
  findCluster(id: string): SimulatedCluster | undefined;
  /** The fleet that has the cluster, if one does. */
  fleetOf(clusterId: string): string | undefined;
}

export class SimulatedFleet implements Fleet {
  readonly id: string;
  readonly members = new Map<string, Member>();
  readonly runs = new Map<string, SimulatedRun>();
  readonly gates = new Map<string, OpenGate>();
  readonly #world: FleetWorld;
  #gatesMade = 0;

  constructor(world: FleetWorld, id: string) {
    this.#world = world;
    this.id = id;
  }

  putMember(member: Parameters<Fleet["putMember"]>[0]): Member {
    const cluster = this.#world.findCluster(member.clusterId);
    if (cluster === undefined) {
      throw new SimulationError("NotFound", `Managed cluster ${member.clusterId} was not found.`);
    }
    this.#requireFree(member.name, cluster);
    const stored: Member = {
      name: member.name,
      cluster,
      group: member.group,
      labels: member.labels ?? {},
    };
    this.members.set(member.name, stored);
    return stored;
  }

  #requireFree(name: string, cluster: SimulatedCluster): void {
    const existing = this.members.get(name);
    if (existing !== undefined && existing.cluster !== cluster) {
      throw conflict(`Member '${name}' is another cluster: a member's cluster cannot change.`);
    }
    if (existing !== undefined) return;
    const fleet = this.#world.fleetOf(cluster.id);
    if (fleet !== undefined) throw conflict(`${cluster.id} is a member of ${fleet} already.`);
    if (this.members.size >= MAX_MEMBERS) {
      throw conflict(`A fleet has at most ${MAX_MEMBERS} members.`);
    }
  }

  removeMember(name: string): void {
    if (this.members.delete(name)) return;
    throw new SimulationError("NotFound", `Member '${name}' was not found.`);
  }

  createRun(spec: RunSpec): SimulatedRun {
    if (this.runs.has(spec.name)) throw conflict(`Update run '${spec.name}' exists already.`);
    const run = new SimulatedRun(this.#link(), spec);
    this.runs.set(spec.name, run);
    return run;
  }

  #link(): FleetLink {
    return {
      kernel: this.#world.kernel,
      fleetId: this.id,
      candidates: () =>
        [...this.members.values()].map(({ name, cluster, group, labels }) => ({
          name,
          clusterId: cluster.id,
          group,
          labels,
        })),
      clusterOf: (clusterId) => this.#world.findCluster(clusterId),
      openGate: (gate) => this.#openGate(gate),
      openOnTime: (gateId) => {
        if (this.gates.get(gateId)?.state === "Pending") this.completeGate(gateId);
      },
      skipGate: (gateId) => this.#closeGate(gateId, "Skipped"),
    };
  }

  #openGate(gate: Omit<Gate, "name" | "state">): string {
    const name = guid(this.#world.kernel.seed, `${this.id}/gates/${this.#gatesMade++}`);
    this.gates.set(name, { ...gate, name, state: "Pending" });
    this.#announceGate(name, "Created");
    return name;
  }

  #closeGate(name: string, state: "Skipped" | "Completed"): void {
    const gate = this.gates.get(name);
    if (gate === undefined) return;
    gate.state = state;
    this.#announceGate(name, "Updated");
  }

  completeGate(name: string): void {
    const gate = this.gates.get(name);
    if (gate === undefined) throw new SimulationError("NotFound", `Gate '${name}' was not found.`);
    if (gate.state === "Completed") return;
    if (gate.state === "Skipped") {
      throw new SimulationError("OperationNotAllowed", `Gate '${name}' was skipped.`);
    }
    this.#closeGate(name, "Completed");
    this.runs.get(gate.run)?.passGate(name);
  }

  /** A run under way may be removed: its clusters finish what they are doing, its gates go with it. */
  removeRun(name: string): void {
    const run = this.runs.get(name);
    if (run === undefined) {
      throw new SimulationError("NotFound", `Update run '${name}' was not found.`);
    }
    run.alive = false;
    this.runs.delete(name);
    for (const gate of this.gates.values()) {
      if (gate.run !== name) continue;
      this.gates.delete(gate.name);
      this.#announceGate(gate.name, "Deleted");
    }
  }

  #announceGate(
    gate: string,
    change: Extract<Transition, { readonly kind: "gate" }>["change"],
  ): void {
    const { hub, timeline } = this.#world.kernel;
    if (!hub.listening) return;
    hub.emit({ at: timeline.now, kind: "gate", fleet: this.id, gate, change });
  }
}

function conflict(message: string): SimulationError {
  return new SimulationError("Conflict", message);
}
