import { compareVersions, parseNodeImage } from "../../shared/core/node-image.ts";
import { armKey } from "../../shared/core/arm-id.ts";
import type { NodePool } from "../../shared/simulator/model.ts";
import { guidFrom } from "../guid.ts";
import { objectAt, textAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { ArmError } from "../arm/provider.ts";
import type { StoredResource } from "../arm/store.ts";
import { armTime } from "../arm/time.ts";
import type { AutoUpgradeStatus, FleetContext, FleetTarget } from "./context.ts";
import { MAX_CHILD_NAME } from "./names.ts";
import { withStrategy, writeRun } from "./runs.ts";

/** Hexadecimal digits at the end of a generated run's name, as recorded. */
const SUFFIX_LENGTH = 7;
const FLEET_MANAGER = "fleet auto-upgrade";
const PROFILE_ID = /^(.+)\/autoUpgradeProfiles\/[^/]+$/i;

/** What a profile upgrades to at present: one Kubernetes version, or node images, one per family. */
export interface UpgradeGoal {
  readonly kubernetesVersion: string | undefined;
  readonly versions: readonly string[];
}

/** A run that exists already is returned unchanged; a new one is not started. */
export function generateRun(
  context: FleetContext,
  target: FleetTarget,
  profile: StoredResource,
  by: string,
): { readonly id: string; readonly name: string } {
  const properties = objectAt(profile.body, "properties");
  const goal = goalOf(context, target, properties);
  const name = runName(profile, textAt(properties, "channel") ?? "", goal);
  const id = `${target.id}/updateRuns/${name}`;
  if (!context.resources.get(id)) {
    const run = withStrategy(context, runProperties(profile, properties, goal));
    writeRun(context, by, target, { name, body: {}, properties: run });
  }
  return { id, name };
}

function runName(profile: StoredResource, channel: string, goal: UpgradeGoal): string {
  const newest = goal.versions.map((one) => parseNodeImage(one).version || one).at(-1) ?? "none";
  const label = newest.replaceAll(".", "-");
  const seed = `${profile.id} ${channel} ${goal.versions.join(" ")}`;
  const readable = `auto-${profile.name}-${channel}-${label}`.toLowerCase();
  const kept = readable.slice(0, MAX_CHILD_NAME - SUFFIX_LENGTH - 1);
  return `${kept}-${guidFrom(seed).slice(0, SUFFIX_LENGTH)}`;
}

export function goalOf(
  context: FleetContext,
  { fleet }: FleetTarget,
  properties: JsonObject,
): UpgradeGoal {
  const { world } = context.environment;
  const kubernetesVersion = targetVersion(world.kubernetesVersions, properties);
  if (kubernetesVersion !== undefined) return { kubernetesVersion, versions: [kubernetesVersion] };
  const clusters = [...fleet.members.values()].map(({ cluster }) => cluster);
  const regions = [...new Set(clusters.map(({ region }) => region))];
  const pools = clusters.flatMap(({ pools: of }) => [...of.values()]);
  const moved = isSecurityPatch(properties) ? pools.filter(isLinux) : pools;
  const families = new Set(moved.map(({ imageFamily }) => imageFamily));
  const common = [...families].map((family) => world.images.latestCommon(regions, family));
  const versions = common.filter((version) => version !== undefined).toSorted();
  return { kubernetesVersion: undefined, versions };
}

function isSecurityPatch(properties: JsonObject): boolean {
  return textAt(properties, "channel") === "SecurityPatch";
}

function isLinux({ osType }: NodePool): boolean {
  return osType === "Linux";
}

/** Undefined for the channels that move node images only. */
function targetVersion(supported: readonly string[], properties: JsonObject): string | undefined {
  const channel = textAt(properties, "channel");
  if (channel === "NodeImage" || channel === "SecurityPatch") return undefined;
  const newest = supported.toSorted(compareVersions).at(-1) ?? "";
  const wanted =
    channel === "TargetKubernetesVersion"
      ? (textAt(properties, "targetKubernetesVersion") ?? "")
      : channel === "Stable"
        ? previousMinor(newest)
        : minor(newest);
  const patches = supported.filter((version) => minor(version) === minor(wanted));
  return patches.toSorted(compareVersions).at(-1) ?? newest;
}

function minor(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}

function previousMinor(version: string): string {
  const [major, number] = version.split(".");
  return `${major}.${Number(number) - 1}`;
}

function runProperties(
  profile: StoredResource,
  properties: JsonObject,
  { kubernetesVersion, versions }: UpgradeGoal,
): JsonObject {
  const strategyId = textAt(properties, "updateStrategyId");
  const upgrade =
    kubernetesVersion === undefined
      ? { type: "NodeImageOnly" }
      : { type: "Full", kubernetesVersion };
  const patch = isSecurityPatch(properties) && versions.length > 0;
  // Named, so that pools of Windows, whose images are not, are passed over.
  const consistent = patch
    ? { type: "Custom", customNodeImageVersions: versions.map((version) => ({ version })) }
    : { type: "Consistent" };
  const selection =
    kubernetesVersion === undefined
      ? consistent
      : { type: "Latest", ...objectAt(properties, "nodeImageSelection") };
  return {
    autoUpgradeProfileId: profile.id,
    ...(strategyId === undefined ? {} : { updateStrategyId: strategyId }),
    managedClusterUpdate: { upgrade, nodeImageSelection: selection },
  };
}

/** A release makes every profile that is enabled, and that it moves, create and start its run. */
export function watchReleases(context: FleetContext): void {
  const { world, pacer } = context.environment;
  let isDue = false;
  world.subscribe(({ kind }) => {
    if (isDue || (kind !== "image" && kind !== "version")) return;
    isDue = true;
    // Not from within the release: whoever listens hears of that first.
    pacer.at(pacer.now(), () => {
      isDue = false;
      triggerAll(context);
    });
  });
}

function triggerAll(context: FleetContext): void {
  for (const [key, status] of context.autoUpgrades) {
    const profile = context.resources.get(key);
    const target = profile && targetOf(context, profile);
    if (!profile || !target) context.autoUpgrades.delete(key);
    else context.autoUpgrades.set(key, trigger(context, target, profile, status));
  }
}

function targetOf(context: FleetContext, profile: StoredResource): FleetTarget | undefined {
  const id = PROFILE_ID.exec(profile.id)?.[1] ?? "";
  const stored = context.resources.get(id);
  const fleet = context.environment.world.fleets.get(armKey(id));
  return stored && fleet ? { id, stored, fleet } : undefined;
}

function trigger(
  context: FleetContext,
  target: FleetTarget,
  profile: StoredResource,
  before: AutoUpgradeStatus,
): AutoUpgradeStatus {
  const properties = objectAt(profile.body, "properties");
  const { versions } = goalOf(context, target, properties);
  const isNew = versions.length > 0 && versions.join() !== before.seen.join();
  if (!isNew) return before;
  if (properties["disabled"] === true) return { ...before, seen: versions };
  const common = {
    lastTriggeredAt: armTime(context.environment.pacer.now()),
    lastTriggerUpgradeVersions: versions,
  };
  try {
    const { name } = generateRun(context, target, profile, FLEET_MANAGER);
    target.fleet.runs.get(name)?.start();
    return { seen: versions, shown: { ...common, lastTriggerStatus: "Succeeded" } };
  } catch (error) {
    if (!(error instanceof ArmError)) throw error;
    const lastTriggerError = { code: error.code, message: error.message };
    const failed = { ...common, lastTriggerStatus: "Failed", lastTriggerError };
    return { seen: versions, shown: failed };
  }
}
