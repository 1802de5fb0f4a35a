import { armKey, type ArmId } from "../../shared/core/arm-id.ts";
import { MINUTE } from "../../shared/core/duration.ts";
import { toError } from "../../shared/core/errors.ts";
import type { Environment } from "../../shared/declaration/documents.ts";
import { inspectBlockedNodes } from "../../shared/quarantine/blocked-node.ts";
import type { BlockedNode } from "../../shared/quarantine/blocked-node.ts";
import { flagQuarantine } from "../../shared/quarantine/flag.ts";
import { isCleanedUp, isLeftover } from "../../shared/quarantine/leftover.ts";
import { findClusters } from "../../shared/snapshot/fleet-clusters.ts";
import type { ManagedCluster } from "../../shared/snapshot/ports.ts";
import { ledgerPartition, type RunRecord } from "../../shared/update-run/ledger.ts";
import { membersOf } from "../../shared/update-run/state.ts";
import type { App } from "./compose.ts";
import { currentDeclarations, currentRuns, environmentsOf, exclusively, inEach } from "./look.ts";

/** Each look goes through some clusters, so that 1,000 of them are seen within three hours. */
const LOOK_AGAIN_MILLISECONDS = 10 * MINUTE;
const LOOKS_FOR_ALL = 18;
/** A look ends within 30 s, and clusters that do not answer take 10 s each. */
const MAX_CLUSTERS_PER_LOOK = 60;

interface Rotation {
  readonly nextCheckAt: number;
  /** How many clusters, in the order of their ids, were looked at in this round. */
  readonly seen: number;
}

/**
 * Nodes that upgrades of earlier days left behind, cordoned, quarantined or on an old image, whether a run knows
 * of them or not: of one cluster when an event names it, otherwise of all in turn.
 */
export async function lookAtLeftovers(app: App, cluster?: ArmId): Promise<void> {
  const declarations = await currentDeclarations(app);
  const place = cluster
    ? ({ kind: "cluster", id: cluster } as const)
    : { kind: "everywhere" as const };
  await inEach(app, await environmentsOf(app, declarations, place), async (environment) => {
    const rotation = await app.store.get<Rotation>("leftovers", environment.name);
    if (!cluster && (rotation?.value.nextCheckAt ?? 0) > app.clock.now()) return;
    await exclusively(app, `leftovers:${environment.name}`, () => look(app, environment, cluster));
  });
}

async function look(app: App, environment: Environment, only: ArmId | undefined): Promise<void> {
  const rotation = await app.store.get<Rotation>("leftovers", environment.name);
  const now = app.clock.now();
  if (!only && (rotation?.value.nextCheckAt ?? 0) > now) return;
  const ids = await clustersAtRest(app, environment);
  const seen = rotation && rotation.value.seen < ids.length ? rotation.value.seen : 0;
  const size = Math.min(MAX_CLUSTERS_PER_LOOK, Math.ceil(ids.length / LOOKS_FOR_ALL));
  const turn = only ? ids.filter((id) => id === armKey(only)) : ids.slice(seen, seen + size);
  await flag(app, environment.name, await findClusters(app.inventory, turn));
  if (only) return;
  const next: Rotation = { nextCheckAt: now + LOOK_AGAIN_MILLISECONDS, seen: seen + size };
  // Whoever wrote it meanwhile has looked as well.
  if (rotation) await app.store.replace("leftovers", environment.name, next, rotation.etag);
  else await app.store.insert("leftovers", environment.name, next);
}

/** Members that no unfinished run has begun to upgrade: those are the run's own to judge, by its pins. */
async function clustersAtRest(app: App, environment: Environment): Promise<readonly string[]> {
  const members = await app.fleets.listMembers(environment.fleet);
  const busy = new Set<string>();
  for (const run of await currentRuns(app, environment)) {
    const known = await app.store.get<RunRecord>(ledgerPartition(run), "run");
    if (run.status.state === "NotStarted" || known?.value.closedAt) continue;
    const begun = membersOf(run).filter(({ member }) => member.state !== "NotStarted");
    for (const { member } of begun) busy.add(armKey(member.clusterId));
  }
  return members
    .map(({ clusterId }) => armKey(clusterId))
    .filter((key) => !busy.has(key))
    .toSorted();
}

interface Seen {
  readonly cluster: string;
  readonly clean: boolean;
  readonly blocked: readonly BlockedNode[];
}

async function flag(
  app: App,
  environment: string,
  clusters: readonly ManagedCluster[],
): Promise<void> {
  const seen = (await Promise.all(clusters.map((cluster) => inspect(app, cluster)))).flat();
  if (seen.length === 0) return;
  await flagQuarantine(app, environment, {
    at: new Date(app.clock.now()).toISOString(),
    inspected: new Set(seen.map(({ cluster }) => cluster)),
    proved: new Set(seen.filter(({ clean }) => clean).map(({ cluster }) => cluster)),
    blocked: seen.flatMap(({ blocked }) => blocked),
  });
}

/** A cluster that cannot be seen changes nothing of what is known. */
async function inspect(app: App, cluster: ManagedCluster): Promise<readonly Seen[]> {
  try {
    const nodes = await app.nodes.readNodes(cluster.id);
    if (!nodes.visible) return [];
    const blocked = await inspectBlockedNodes(app.nodes, {
      cluster: cluster.id,
      nodes,
      isLeftBehind: (node) => isLeftover(cluster, node),
      pools: cluster.nodePools,
    });
    return [{ cluster: armKey(cluster.id), clean: isCleanedUp(cluster, nodes), blocked }];
  } catch (error) {
    const why = toError(error).message;
    app.logger.warn("a cluster could not be looked at for leftovers", { cluster: cluster.id, why });
    return [];
  }
}
