import { compareVersions } from "../../shared/core/node-image.ts";
import { invalid } from "../arm/refusal.ts";

/** `1.33` means its newest patch; a full version must be supported. */
export function resolveVersion(supported: readonly string[], asked: string): string {
  if (supported.includes(asked)) return asked;
  const patches = supported.filter((version) => version.startsWith(`${asked}.`));
  const newest = patches.toSorted(compareVersions).at(-1);
  if (newest !== undefined) return newest;
  throw invalid(
    `Version ${asked} is not supported in this region. Please use [az aks get-versions] command to get the supported version list.`,
    "K8sVersionNotSupported",
  );
}

/** The newest patch of the minor version before the newest, as AKS chooses. */
export function defaultVersion(supported: readonly string[]): string {
  const newest = minorOf(supported.toSorted(compareVersions).at(-1) ?? "1.33.5");
  const before = supported.filter((version) => minorOf(version) < newest);
  return (before.length > 0 ? before : supported).toSorted(compareVersions).at(-1) ?? "1.33.5";
}

/** Where a control plane may go: newer patches of its minor version, and the next minor version. */
export function upgradesFrom(supported: readonly string[], current: string): string[] {
  return supported
    .filter((version) => compareVersions(version, current) > 0)
    .filter((version) => minorOf(version) - minorOf(current) <= 1)
    .toSorted(compareVersions);
}

/** Where a node pool may go: not past its control plane. */
export function poolUpgradesFrom(
  supported: readonly string[],
  current: string,
  controlPlane: string,
): string[] {
  return supported
    .filter((version) => compareVersions(version, current) > 0)
    .filter((version) => compareVersions(version, controlPlane) <= 0)
    .toSorted(compareVersions);
}

export function isMinorSupported(supported: readonly string[], version: string): boolean {
  return supported.some((one) => minorOf(one) === minorOf(version));
}

function minorOf(version: string): number {
  return Number(version.split(".")[1] ?? 0);
}
