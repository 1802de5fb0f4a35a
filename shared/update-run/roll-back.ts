import { armKey } from "../core/arm-id.ts";
import { digest } from "../core/digest.ts";
import { FleetwrightError } from "../core/errors.ts";
import { parseNodeImage } from "../core/node-image.ts";
import { rollBackName, rolledBackRunName } from "../declaration/strategy.ts";
import { byTime } from "../snapshot/find.ts";
import type { ManagedCluster, NodePoolSnapshot } from "../snapshot/ports.ts";
import { TAG_ENVIRONMENT, TAG_KIND } from "../snapshot/tags.ts";
import type { UpdateRun, UpdateRunSpec, UpdateStage } from "./ports.ts";
import type { Rollout } from "./rollout.ts";
import { isActive, membersOf } from "./state.ts";

export interface RollBackPlan {
  readonly name: string;
  readonly spec: UpdateRunSpec;
  readonly stages: readonly UpdateStage[];
  /** Whatever the run may have touched. */
  readonly members: readonly string[];
  readonly images: readonly string[];
}

/**
 * The way back from a run: the images that its pools ran before, by their `outgoing` snapshots, brought
 * by a run of its own in the same order, without waits and gates, since what runs now is known to be bad.
 */
export function planRollBack(input: {
  readonly run: UpdateRun;
  readonly environment: string;
  /** Of the run's members. */
  readonly clusters: readonly ManagedCluster[];
  readonly snapshots: readonly NodePoolSnapshot[];
}): RollBackPlan {
  const { run } = input;
  assertCanGoBack(run);
  const touched = membersOf(run).filter(({ member }) =>
    ["Completed", "Failed"].includes(member.state),
  );
  if (touched.length === 0) {
    throw refused(run, "has touched no member", "there is nothing to go back from");
  }
  const keys = new Set(touched.map(({ member }) => armKey(member.clusterId)));
  const clusters = input.clusters.filter(({ id }) => keys.has(armKey(id)));
  const images = imagesBefore({ ...input, clusters });
  const groups = new Set(touched.map(({ group }) => group));
  const stages = (run.stages ?? []).flatMap((stage) => bare(stage, groups));
  return {
    name: nameOf(run, images),
    stages,
    spec: {
      ...(run.stages !== undefined && { stages }),
      upgradeType: "NodeImageOnly",
      nodeImageSelection: { type: "Custom", customNodeImageVersions: images },
    },
    members: touched.map(({ member }) => member.name),
    images,
  };
}

/**
 * Node pools, by cluster and name, that a way back did not reach. Fleet may pass over pools that are "already at or
 * ahead of target", and call the run Skipped or Completed all the same.
 * Source: https://learn.microsoft.com/azure/kubernetes-fleet/howto-monitor-update-runs, message of the sample
 */
export function poolsNotBack(
  images: readonly string[],
  clusters: readonly ManagedCluster[],
): readonly string[] {
  const wanted = new Map(images.map((image) => [parseNodeImage(image).family, image]));
  return clusters.flatMap(({ name, nodePools }) =>
    nodePools
      .filter(({ nodeImageVersion }) => {
        const image = wanted.get(parseNodeImage(nodeImageVersion).family);
        return image !== undefined && image !== nodeImageVersion;
      })
      .map((pool) => `${name}/${pool.name}`),
  );
}

function assertCanGoBack(run: UpdateRun): void {
  if (isActive(run.status.state)) {
    throw refused(run, `is ${run.status.state}`, "stop it first with operation: stop, and wait");
  }
  // Source: https://learn.microsoft.com/azure/aks/upgrade-aks-cluster: versions only go up.
  if (run.upgradeType !== "NodeImageOnly") {
    throw new FleetwrightError(
      "unsupported",
      `update run ${run.name} changed the Kubernetes version, which AKS never takes back`,
      {
        subject: run.id,
        remedy: "move workloads to a pool of the older version: action blue-green",
      },
    );
  }
}

/** One image per family: what the pools ran before they came to what they run now. */
function imagesBefore(input: {
  readonly run: UpdateRun;
  readonly environment: string;
  readonly clusters: readonly ManagedCluster[];
  readonly snapshots: readonly NodePoolSnapshot[];
}): readonly string[] {
  const { run, environment, clusters } = input;
  const brought = new Set(run.nodeImageSelection.customNodeImageVersions ?? run.selectedImages);
  const ofEnvironment = input.snapshots
    .filter(({ tags }) => tags[TAG_ENVIRONMENT] === environment && tags[TAG_KIND] === "outgoing")
    .filter(({ nodeImageVersion }) => !brought.has(nodeImageVersion))
    .toSorted(byTime);
  const before = new Map<string, string>();
  for (const pool of clusters.flatMap(({ nodePools }) => nodePools)) {
    const { family } = parseNodeImage(pool.nodeImageVersion);
    const snapshot = ofEnvironment.find(
      ({ sourcePool, nodeImageVersion }) =>
        armKey(sourcePool) === armKey(pool.id) &&
        parseNodeImage(nodeImageVersion).family === family,
    );
    if (snapshot === undefined) continue;
    const image = snapshot.nodeImageVersion;
    const other = before.get(family);
    if (other !== undefined && other !== image) throw ambiguous(run, other, image);
    before.set(family, image);
  }
  if (before.size > 0) return [...before.values()].toSorted();
  throw new FleetwrightError(
    "not-found",
    `no outgoing snapshot says what the node pools of ${run.name} ran before`,
    {
      subject: run.id,
      remedy:
        "take them before each run: action snapshot, kind: outgoing; or release the older pins",
    },
  );
}

function ambiguous(run: UpdateRun, one: string, other: string): FleetwrightError {
  return refused(
    run,
    `found its node pools at different images, ${one} and ${other}`,
    "one run brings one image per family: release the older pins by pull request",
  );
}

/** The same groups side by side, without what delays or asks. */
function bare(stage: UpdateStage, groups: ReadonlySet<string>): readonly UpdateStage[] {
  const left = stage.groups
    .filter(({ name }) => groups.has(name))
    .map(({ beforeGates: _before, afterGates: _after, ...group }) => group);
  const { name, maxConcurrency, maxAllowedFailures } = stage;
  if (left.length === 0) return [];
  return [
    {
      name,
      groups: left,
      ...(maxConcurrency !== undefined && { maxConcurrency }),
      ...(maxAllowedFailures !== undefined && { maxAllowedFailures }),
    },
  ];
}

/** The same way back from the same run has the same name. */
function nameOf(run: Pick<UpdateRun, "id" | "name">, images: readonly string[]): string {
  return rollBackName(run.name, digest([armKey(run.id), images]));
}

/**
 * What is proved of a way back: that the nodes run the images which it brings, in place of the pins of the release
 * whose run it leads back from. Undefined for a run that only has such a name. Pure.
 */
export function rollBackRollout(back: UpdateRun, from: Rollout): Rollout | undefined {
  const images = back.nodeImageSelection.customNodeImageVersions ?? [];
  const name = rolledBackRunName(back.name) ?? "";
  const id = `${back.id.slice(0, back.id.lastIndexOf("/"))}/${name}`;
  if (nameOf({ id, name }, images.toSorted()) !== back.name) return undefined;
  const pins = images.map(parseNodeImage).map(({ family, version }) => [family, version]);
  return {
    ...from,
    runName: back.name,
    nodeImages: Object.fromEntries(pins),
    nodeImageSelection: "Custom",
    upgradeType: "NodeImageOnly",
    kubernetesVersion: undefined,
    // These images were proved when they came; as evidence for the next environment they would be wrong.
    captureProven: false,
  };
}

function refused(run: UpdateRun, what: string, remedy: string): FleetwrightError {
  return new FleetwrightError("conflict", `update run ${run.name} ${what}`, {
    subject: run.id,
    remedy,
  });
}
