import { compareVersions } from "../core/node-image.ts";

export type ProposeMode = "manual" | "patch" | "minor";

/** What an environment could move to, and whether that is proposed, only told, or waits for what soaks there. */
export interface VersionCandidate {
  readonly version: string;
  readonly kind: "propose" | "tell" | "queue";
}

/**
 * The Kubernetes version that an environment could move to: the newest patch of its minor version, or with
 * `minor` the newest patch of the next one, since AKS upgrades no minor version past the next. Pure.
 *
 * @param supported what each region of the environment supports: only what all of them have counts.
 */
export function findVersion(
  current: string,
  supported: readonly (readonly string[])[],
  mode: ProposeMode,
): VersionCandidate | undefined {
  const everywhere = (supported[0] ?? []).filter((version) =>
    supported.every((region) => region.includes(version)),
  );
  const patch = newest(everywhere, current, minorOf(current));
  const minor = newest(everywhere, current, nextMinor(current));
  const proposed = mode === "minor" ? (minor ?? patch) : mode === "patch" ? patch : undefined;
  if (proposed !== undefined) return { version: proposed, kind: "propose" };
  const told = minor ?? patch;
  return told === undefined ? undefined : { version: told, kind: "tell" };
}

function newest(versions: readonly string[], current: string, minor: string): string | undefined {
  return versions
    .filter((version) => minorOf(version) === minor && compareVersions(version, current) > 0)
    .toSorted(compareVersions)
    .at(-1);
}

/** `1.33` of `1.33.5`. */
export function minorOf(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}

function nextMinor(version: string): string {
  const [major = "1", minor = "0"] = version.split(".");
  return `${major}.${Number(minor) + 1}`;
}
