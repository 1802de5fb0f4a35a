import { SimulationError } from "./model.ts";
import type { Capacity, Machines, Quota } from "./model.ts";

/** The quota of all vCPUs of a region, beside those of its VM families. */
const TOTAL = "cores";

/** The machines of all regions: who has how many, how many the subscription may have, and how many there are. */
export class MachineSupply implements Machines {
  /** `region|vmSize` → machines. */
  readonly #used = new Map<string, number>();
  readonly #quotas: readonly Quota[];
  readonly #capacities = new Map<string, number>();

  constructor(quotas: readonly Quota[] = [], capacities: readonly Capacity[] = []) {
    this.#quotas = quotas.map((quota) => ({ ...quota, region: quota.region.toLowerCase() }));
    for (const capacity of capacities) this.setCapacity(capacity);
  }

  setCapacity({ region, vmSize, machines }: Capacity): void {
    this.#capacities.set(keyOf(region, vmSize), machines);
  }

  take(region: string, vmSize: string, machines = 1): void {
    const key = keyOf(region, vmSize);
    this.#used.set(key, (this.#used.get(key) ?? 0) + machines);
  }

  /** How many more of the size Azure could allocate there. */
  free(region: string, vmSize: string): number {
    const key = keyOf(region, vmSize);
    const there = this.#capacities.get(key) ?? Infinity;
    return Math.max(0, there - (this.#used.get(key) ?? 0));
  }

  usedVcpus(region: string): ReadonlyMap<string, number> {
    const wanted = region.toLowerCase();
    const used = new Map([[TOTAL, 0]]);
    for (const [key, machines] of this.#used) {
      const [place, vmSize = ""] = key.split("|");
      if (place !== wanted || machines === 0) continue;
      for (const name of [TOTAL, familyOf(vmSize)]) {
        used.set(name, (used.get(name) ?? 0) + machines * vcpusOf(vmSize));
      }
    }
    return used;
  }

  quota(region: string, name: string): number | undefined {
    const quota = this.#quotas.find(
      (one) => one.region === region.toLowerCase() && one.name.toLowerCase() === name.toLowerCase(),
    );
    return quota?.limit;
  }

  /** Refuses machines (by VM size) that the quotas do not leave room for, in the words of AKS. */
  requireQuota(region: string, wanted: ReadonlyMap<string, number>): void {
    if (!this.#quotas.some((quota) => quota.region === region.toLowerCase())) return;
    const used = this.usedVcpus(region);
    for (const [name, requested] of vcpusByQuota(wanted)) {
      const limit = this.quota(region, name);
      const left = limit === undefined ? Infinity : Math.max(0, limit - (used.get(name) ?? 0));
      if (requested <= left) continue;
      const shortage =
        name === TOTAL
          ? `Insufficient regional vcpu quota left for location ${region}. left regional vcpu quota ${left}, requested quota ${requested}.`
          : `Insufficient vcpu quota requested ${requested}, remaining ${left} for family ${name} for region ${region}.`;
      throw new SimulationError(
        "ErrCode_InsufficientVCPUQuota",
        `${shortage} Surge nodes would also consume vcpu quota: a smaller maxSurge, or maxUnavailable, needs less.`,
      );
    }
  }
}

function keyOf(region: string, vmSize: string): string {
  return `${region}|${vmSize}`.toLowerCase();
}

function vcpusByQuota(wanted: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const vcpus = new Map<string, number>();
  for (const [vmSize, machines] of wanted) {
    if (machines <= 0) continue;
    for (const name of [TOTAL, familyOf(vmSize)]) {
      vcpus.set(name, (vcpus.get(name) ?? 0) + machines * vcpusOf(vmSize));
    }
  }
  return vcpus;
}

/** `Standard_D4ds_v5` has four. */
function vcpusOf(vmSize: string): number {
  return Number(/\d+/.exec(vmSize)?.[0] ?? 0);
}

/** `Standard_D4ds_v5` is of `standardDDSv5Family`. */
function familyOf(vmSize: string): string {
  const [, series = "", version = ""] = vmSize.split("_");
  const letters = series.replace(/\d+/, "");
  return `standard${letters.toUpperCase()}${version.toLowerCase()}Family`;
}
