import { armKey } from "../../shared/core/arm-id.ts";
import type { ArmId } from "../../shared/core/arm-id.ts";
import { FleetwrightError } from "../../shared/core/errors.ts";
import { compareVersions, parseNodeImage } from "../../shared/core/node-image.ts";
import { readClusters } from "../../shared/snapshot/fleet-clusters.ts";
import type { FleetMember, UpdateStage } from "../../shared/update-run/ports.ts";
import type { Azure } from "../azure.ts";

/** A fleet as it stands, as far as a first workspace is made of it. */
export interface ObservedFleet {
  readonly environment: string;
  readonly fleet: ArmId;
  readonly members: readonly FleetMember[];
  /** Stages of the strategy that the fleet has already, when one was chosen. */
  readonly strategy: { readonly name: string; readonly stages: readonly UpdateStage[] } | undefined;
  /** The newest version that some pool runs, by image family. */
  readonly nodeImages: Readonly<Record<string, string>>;
  /** The newest that a cluster runs. */
  readonly kubernetesVersion: string | undefined;
}

export interface FleetToRead {
  readonly environment: string;
  readonly fleet: ArmId;
  /** Name of an update strategy of the fleet; undefined: the only one, or none. */
  readonly strategy: string | undefined;
}

export async function observeFleet(
  { fleets, inventory }: Azure,
  { environment, fleet, strategy }: FleetToRead,
): Promise<ObservedFleet> {
  const members = await fleets.listMembers(fleet);
  if (members.length === 0) throw withoutMembers(fleet);
  const strategies = await fleets.listStrategies(fleet);
  const chosen = chooseStrategy(fleet, strategies, strategy);
  const clusters = await readClusters(
    inventory,
    members.map(({ clusterId }) => clusterId),
  );
  const pools = clusters.flatMap(({ nodePools }) => nodePools);
  return {
    environment,
    fleet,
    members,
    strategy: chosen && { name: chosen.name, stages: chosen.stages },
    nodeImages: newestImages(pools.map(({ nodeImageVersion }) => nodeImageVersion)),
    kubernetesVersion: newest(clusters.map(({ kubernetesVersion }) => kubernetesVersion)),
  };
}

function chooseStrategy<T extends { readonly name: string }>(
  fleet: ArmId,
  strategies: readonly T[],
  name: string | undefined,
): T | undefined {
  if (name === undefined) return strategies.length === 1 ? strategies[0] : undefined;
  const found = strategies.find((one) => armKey(one.name) === armKey(name));
  if (found !== undefined) return found;
  throw new FleetwrightError("not-found", `${fleet} has no update strategy ${name}`, {
    subject: fleet,
    remedy:
      strategies.length === 0
        ? "leave --strategy away: one is made of the members' update groups"
        : `it has ${strategies.map((one) => one.name).join(", ")}`,
  });
}

/** What some pool runs already is what a first release can promise everywhere. */
function newestImages(images: readonly string[]): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const image of images) {
    const { family, version } = parseNodeImage(image);
    if (family === "") continue;
    const known = found[family];
    if (known === undefined || compareVersions(version, known) > 0) found[family] = version;
  }
  return found;
}

function newest(versions: readonly string[]): string | undefined {
  return versions
    .filter((version) => version !== "")
    .toSorted(compareVersions)
    .at(-1);
}

function withoutMembers(fleet: ArmId): FleetwrightError {
  return new FleetwrightError("not-found", `${fleet} has no members`, {
    subject: fleet,
    remedy: "join clusters first: az fleet member create --update-group canary …",
  });
}
