import type { Scenario } from "../../emulator/scenario.ts";

/** Virtual seconds per real one: an hour's wait takes six seconds, a kubelet's pause none. */
export const CLOCK = "600";

export const FAMILY = "AKSUbuntu-2204gen2containerd";
/** Released at the start in every region. */
export const OLD_IMAGE = `${FAMILY}-202606.16.0`;
/** For tests to release. */
export const NEW_IMAGE = `${FAMILY}-202606.26.0`;

/** Every phase takes the same time wherever it happens: tests follow states, not times. */
const minute = { median: 60_000, sigma: 0 };
const second = { median: 1_000, sigma: 0 };

export function scenarioWith(
  parts: Pick<Scenario, "clusters" | "fleets" | "images" | "principals">,
): Scenario {
  return {
    // The Fleet document upgrades to 1.26.0, the one on rolling upgrades from 1.30 to 1.31.
    kubernetesVersions: ["1.25.11", "1.26.0", "1.30.9", "1.31.8", "1.32.9", "1.33.5"],
    resourceGroups: [{ name: "myResourceGroup", location: "eastus" }],
    images: ["eastus", "westeurope"].map((region) => ({ region, version: OLD_IMAGE })),
    durations: {
      controlPlane: minute,
      surgeCreate: minute,
      drain: second,
      reimage: minute,
      surgeDelete: second,
      nodeCreate: minute,
    },
    ...parts,
  };
}
