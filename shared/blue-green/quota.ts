import type { ArmId } from "../core/arm-id.ts";

/** One limit of a region, in vCPUs; `cores` is that of all VM families together. */
export interface VcpuQuota {
  readonly name: string;
  readonly used: number;
  readonly limit: number;
}

/** Quotas that cannot be read are told, never taken for none or for enough. */
export type RegionQuotas =
  | { readonly readable: true; readonly quotas: readonly VcpuQuota[] }
  | { readonly readable: false; readonly reason: string };

export interface QuotaPort {
  /** Of the region that a cluster is in. */
  readQuotas(cluster: ArmId, location: string): Promise<RegionQuotas>;
}

/** What a second pool of these nodes asks of the region's quota. */
export type QuotaVerdict =
  | { readonly kind: "enough" }
  | { readonly kind: "unknown"; readonly reason: string }
  | { readonly kind: "short"; readonly reason: string };

const TOTAL = "cores";
/**
 * `Standard_D4ds_v5`: family letters, vCPUs, features, accelerator, version. Sizes before version 3 count
 * otherwise (DS4_v2 has 8 vCPUs), so they tell nothing here.
 * Source: https://learn.microsoft.com/azure/virtual-machines/vm-naming-conventions
 */
const VM_SIZE = /^standard_([a-z]+)(\d+)(?:-\d+)?([a-z]*)((?:_[a-z]+\d+[a-z]*)?)_v([3-9]|\d{2})$/i;

export function judgeQuota(
  region: RegionQuotas,
  { vmSize, count }: { readonly vmSize: string; readonly count: number },
): QuotaVerdict {
  const [, letters = "", vcpus = "", features = "", accelerator = "", version = ""] =
    VM_SIZE.exec(vmSize) ?? [];
  if (vcpus === "")
    return { kind: "unknown", reason: `the name ${vmSize} does not tell its vCPUs` };
  if (!region.readable) {
    return { kind: "unknown", reason: `the quota cannot be read: ${region.reason}` };
  }
  const needed = Number(vcpus) * count;
  const family = `standard${letters}${features}${accelerator.slice(1)}v${version}family`;
  const short = region.quotas.find(
    ({ name, used, limit }) =>
      [TOTAL, family.toLowerCase()].includes(name.toLowerCase()) && limit - used < needed,
  );
  if (short === undefined) return { kind: "enough" };
  const { name, used, limit } = short;
  return {
    kind: "short",
    reason: `${needed} vCPUs of ${name} are needed, ${limit - used} of ${limit} are free`,
  };
}
