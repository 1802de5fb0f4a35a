import { quotaFamily } from "../../shared/simulator/machine-supply.ts";
import type { JsonObject } from "../arm/json.ts";

interface VmSize {
  readonly name: string;
  readonly vcpus: number;
  readonly memoryGib: number;
  readonly isArm: boolean;
}

/** Series of which node pools are usually made: name around the number of vCPUs, and memory for each of them. */
const SERIES: readonly (readonly [before: string, after: string, gibPerVcpu: number])[] = [
  ["Standard_D", "s_v3", 4],
  ["Standard_D", "as_v5", 4],
  ["Standard_D", "ds_v5", 4],
  ["Standard_D", "ps_v5", 4],
  ["Standard_D", "s_v5", 4],
  ["Standard_E", "as_v5", 8],
  ["Standard_E", "ds_v5", 8],
  ["Standard_E", "s_v5", 8],
  ["Standard_F", "s_v2", 2],
];
const VCPUS = [2, 4, 8, 16, 32, 48, 64];

/** Source: learn.microsoft.com/azure/virtual-machines/sizes */
export const VM_SIZES: readonly VmSize[] = SERIES.flatMap(([before, after, gibPerVcpu]) =>
  VCPUS.map((vcpus) => ({
    name: `${before}${vcpus}${after}`,
    vcpus,
    memoryGib: vcpus * gibPerVcpu,
    isArm: after.includes("p"),
  })),
);

/** As `az vm list-sizes` shows it. */
export function vmSizeBody({ name, vcpus, memoryGib }: VmSize): JsonObject {
  return {
    name,
    numberOfCores: vcpus,
    memoryInMB: memoryGib * 1_024,
    maxDataDiskCount: Math.min(64, vcpus * 2),
    osDiskSizeInMB: 1_047_552,
    resourceDiskSizeInMB: 0,
  };
}

/** As `az vm list-skus` shows it. */
export function skuBody({ name, vcpus, memoryGib, isArm }: VmSize, location: string): JsonObject {
  const capabilities = {
    vCPUs: vcpus,
    MemoryGB: memoryGib,
    PremiumIO: "True",
    CpuArchitectureType: isArm ? "Arm64" : "x64",
    HyperVGenerations: "V1,V2",
    AcceleratedNetworkingEnabled: "True",
  };
  return {
    resourceType: "virtualMachines",
    name,
    tier: "Standard",
    size: name.replace("Standard_", ""),
    family: quotaFamily(name),
    locations: [location],
    locationInfo: [{ location, zones: ["1", "2", "3"], zoneDetails: [] }],
    capabilities: Object.entries(capabilities).map(([key, value]) => ({
      name: key,
      value: String(value),
    })),
    restrictions: [],
  };
}
