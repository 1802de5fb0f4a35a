import { expect, test } from "vitest";
import { judgeQuota } from "../../shared/blue-green/quota.ts";
import type { VcpuQuota } from "../../shared/blue-green/quota.ts";

const quota = (name: string, used: number, limit: number): VcpuQuota => ({ name, used, limit });
const ROOM = [quota("cores", 10, 100), quota("standardDDSv5Family", 0, 100)];

test.each<[string, number, readonly VcpuQuota[] | undefined, string]>([
  ["Standard_D4ds_v5", 22, ROOM, "enough"],
  ["Standard_D4ds_v5", 23, ROOM, "short"],
  ["Standard_D4ds_v5", 2, [quota("standardDDSv5Family", 93, 100)], "short"],
  ["Standard_D4ds_v5", 2, [quota("standardDSv5Family", 100, 100)], "enough"],
  ["standard_e4-2ds_v5", 2, [quota("standardEDSv5Family", 93, 100)], "short"],
  ["Standard_NC24ads_A100_v4", 1, [quota("StandardNCADSA100v4Family", 0, 12)], "short"],
  ["Standard_D4ds_v5", 2, undefined, "unknown"],
  ["Standard_DS4_v2", 2, ROOM, "unknown"],
  ["Standard_B2ms", 2, ROOM, "unknown"],
])("%s × %i", (vmSize, count, quotas, expected) => {
  const region =
    quotas === undefined
      ? ({ readable: false, reason: "no" } as const)
      : ({ readable: true, quotas } as const);
  expect(judgeQuota(region, { vmSize, count }).kind).toBe(expected);
});
