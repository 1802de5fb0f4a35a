import { compareVersions } from "../core/node-image.ts";
import { SimulatedCluster } from "./cluster.ts";
import { SimulatedFleet } from "./fleet.ts";
import { Hub } from "./hub.ts";
import { SimulatedImageCatalog } from "./images.ts";
import type { Kernel } from "./kernel.ts";
import { MachineSupply } from "./machine-supply.ts";
import { SimulationError } from "./model.ts";
import type { ClusterSpec, Transition, World, WorldOptions } from "./model.ts";
import { DEFAULT_DURATIONS, DEFAULT_KUBERNETES_VERSIONS, DEFAULT_RULES } from "./rules.ts";
import { Timeline } from "./timeline.ts";

export function createWorld(options: WorldOptions): World {
  return new SimulatedWorld(options);
}

class SimulatedWorld implements World {
  readonly clusters = new Map<string, SimulatedCluster>();
  readonly fleets = new Map<string, SimulatedFleet>();
  readonly #kernel: Kernel;
  readonly #versions: string[];

  constructor(options: WorldOptions) {
    const timeline = new Timeline(options.start);
    const hub = new Hub();
    this.#versions = (options.kubernetesVersions ?? DEFAULT_KUBERNETES_VERSIONS).toSorted(
      compareVersions,
    );
    this.#kernel = {
      seed: options.seed,
      timeline,
      hub,
      rules: { ...DEFAULT_RULES, ...options.rules },
      durations: { ...DEFAULT_DURATIONS, ...options.durations },
      images: new SimulatedImageCatalog(timeline, (region, nodeImageVersion) => {
        hub.emit({ at: timeline.now, kind: "image", region, nodeImageVersion });
        this.#considerAutoUpgrades();
      }),
      machines: new MachineSupply(options.quotas, options.capacities),
      kubernetesVersions: this.#versions,
      place: options.place,
    };
  }

  get now(): number {
    return this.#kernel.timeline.now;
  }
  get rules(): Kernel["rules"] {
    return this.#kernel.rules;
  }
  get images(): Kernel["images"] {
    return this.#kernel.images;
  }
  get machines(): Kernel["machines"] {
    return this.#kernel.machines;
  }
  get kubernetesVersions(): readonly string[] {
    return this.#kernel.kubernetesVersions;
  }

  nextAt(): number | undefined {
    return this.#kernel.timeline.nextAt();
  }
  advanceTo(time: number): void {
    this.#kernel.timeline.advanceTo(time);
  }
  subscribe(listener: (transition: Transition) => void): () => void {
    return this.#kernel.hub.subscribe(listener);
  }

  addCluster(spec: ClusterSpec): SimulatedCluster {
    if (this.#find(spec.id) !== undefined) {
      throw new SimulationError("Conflict", `Managed cluster ${spec.id} exists already.`);
    }
    const cluster = new SimulatedCluster(this.#kernel, spec, () => this.removeCluster(spec.id));
    this.clusters.set(spec.id, cluster);
    return cluster;
  }

  /** ARM ids are compared without their case. */
  #find(id: string): SimulatedCluster | undefined {
    const exact = this.clusters.get(id);
    if (exact !== undefined) return exact;
    const wanted = id.toLowerCase();
    return [...this.clusters.values()].find((cluster) => cluster.id.toLowerCase() === wanted);
  }

  removeCluster(id: string): void {
    const cluster = this.clusters.get(id);
    if (cluster === undefined) {
      throw new SimulationError("NotFound", `Managed cluster ${id} was not found.`);
    }
    this.clusters.delete(id);
    cluster.vanish();
  }

  releaseKubernetesVersion(version: string): void {
    if (this.#versions.includes(version)) return;
    this.#versions.push(version);
    this.#versions.sort(compareVersions);
    this.#kernel.hub.emit({ at: this.now, kind: "version", kubernetesVersion: version });
    this.#considerAutoUpgrades();
  }

  #considerAutoUpgrades(): void {
    for (const cluster of this.clusters.values()) cluster.considerAutoUpgrade();
  }

  addFleet(id: string): SimulatedFleet {
    if (this.fleets.has(id)) throw new SimulationError("Conflict", `Fleet ${id} exists already.`);
    const fleet = new SimulatedFleet(
      {
        kernel: this.#kernel,
        findCluster: (clusterId) => this.#find(clusterId),
        fleetOf: (clusterId) => this.#fleetOf(clusterId),
      },
      id,
    );
    this.fleets.set(id, fleet);
    return fleet;
  }

  #fleetOf(clusterId: string): string | undefined {
    for (const fleet of this.fleets.values()) {
      for (const { cluster } of fleet.members.values()) {
        if (cluster.id === clusterId) return fleet.id;
      }
    }
    return undefined;
  }

  removeFleet(id: string): void {
    const fleet = this.fleets.get(id);
    if (fleet === undefined) throw new SimulationError("NotFound", `Fleet ${id} was not found.`);
    for (const name of fleet.runs.keys()) fleet.removeRun(name);
    this.fleets.delete(id);
  }
}
