import { SimulationError } from "./model.ts";
import type { Capacity, Machines, Quota } from "./model.ts";

/** The quota of all vCPUs of a region, beside those of its VM families. */
const TOTAL = "cores";

/** Machines of one size in one region. */
export class MachineStock {
  used = 0;
  there = Infinity;

  /** How many more Azure could allocate. */
  get free(): number {
    return Math.max(0, this.there - this.used);
  }
}

/** The machines of all regions: who has how many, how many the subscription may have, and how many there are. */
export class MachineSupply implements Machines {
  /** By `region|vmSize`. */
  readonly #stocks = new Map<string, MachineStock>();
  readonly #quotas: readonly Quota[];

  constructor(quotas: readonly Quota[] = [], capacities: readonly Capacity[] = []) {
    this.#quotas = quotas.map((quota) => ({ ...quota, region: quota.region.toLowerCase() }));
    for (const capacity of capacities) this.setCapacity(capacity);
  }

  setCapacity({ region, vmSize, machines }: Capacity): void {
    this.stockOf(region, vmSize).there = machines;
  }

  stockOf(region: string, vmSize: string): MachineStock {
    const key = `${region}|${vmSize}`.toLowerCase();
    const known = this.#stocks.get(key);
    if (known !== undefined) return known;
    const stock = new MachineStock();
    this.#stocks.set(key, stock);
    return stock;
  }

  usedVcpus(region: string): ReadonlyMap<string, number> {
    const wanted = region.toLowerCase();
    const used = new Map([[TOTAL, 0]]);
    for (const [key, stock] of this.#stocks) {
      const [place, vmSize = ""] = key.split("|");
      if (place !== wanted || stock.used === 0) continue;
      for (const name of [TOTAL, quotaFamily(vmSize)]) {
        used.set(name, (used.get(name) ?? 0) + stock.used * vcpusOf(vmSize));
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

function vcpusByQuota(wanted: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const vcpus = new Map<string, number>();
  for (const [vmSize, machines] of wanted) {
    if (machines <= 0) continue;
    for (const name of [TOTAL, quotaFamily(vmSize)]) {
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
export function quotaFamily(vmSize: string): string {
  const [, series = "", version = ""] = vmSize.split("_");
  const letters = series.replace(/\d+/, "");
  return `standard${letters.toUpperCase()}${version.toLowerCase()}Family`;
}
