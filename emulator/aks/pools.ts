import type { Cluster, NodePool, Operation, PoolChange } from "../../shared/simulator/model.ts";
import { isOlderImage } from "../../shared/simulator/images.ts";
import { objectAt, textAt, textListAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { page } from "../arm/paging.ts";
import { AKS_PRECONDITION, checkPreconditions } from "../arm/preconditions.ts";
import type { ArmRequest } from "../arm/provider.ts";
import { changing, invalid, methodNotAllowed } from "../arm/refusal.ts";
import type { WireReply } from "../service.ts";
import { clusterOperation, putHeaders, requireCluster, requirePool } from "./context.ts";
import type { AksContext, ClusterTarget, PoolTarget } from "./context.ts";
import { resolveVersion } from "./kubernetes-versions.ts";
import { askedSnapshot, newPoolSpec, poolChange, poolEtag, poolProperties } from "./pool-body.ts";
import { isPreviewField, knownFields } from "./pool-previews.ts";
import { systemProblem, upgradeProblem, useProblem } from "./snapshot-rules.ts";
import type { SnapshotContent } from "./snapshot-rules.ts";
import { readSnapshot } from "./snapshots.ts";

export function handlePools(context: AksContext, request: ArmRequest): WireReply {
  if (request.segments[1]?.[1] === undefined) return listPools(context, request);
  if (request.method === "POST") return actOnPool(context, request);
  switch (request.method) {
    case "GET":
      return { status: 200, body: renderPool(context, request, requirePool(context, request)) };
    case "PUT":
      return putPool(context, request);
    case "DELETE":
      return deletePool(context, request);
    default:
      throw methodNotAllowed(request.method);
  }
}

export function renderPool(
  context: AksContext,
  { apiVersion }: ArmRequest,
  { poolId, cluster, pool }: PoolTarget,
): JsonObject {
  return {
    id: poolId,
    name: pool.name,
    type: "Microsoft.ContainerService/managedClusters/agentPools",
    properties: poolProperties(cluster, pool, { stored: storedPool(context, poolId), apiVersion }),
  };
}

/** What callers wrote about a pool; `{}` for one that came with the scenario. */
export function storedPool(context: AksContext, poolId: string): JsonObject {
  return context.pools.get(poolId)?.body ?? {};
}

function listPools(context: AksContext, request: ArmRequest): WireReply {
  if (request.method !== "GET") throw methodNotAllowed(request.method);
  const target = requireCluster(context, request);
  const pools = [...target.cluster.pools.values()].map((pool) =>
    renderPool(context, request, {
      ...target,
      pool,
      poolId: `${target.id}/agentPools/${pool.name}`,
    }),
  );
  return page(request, pools, { origin: context.environment.origin(), emptyLastPage: true });
}

function putPool(context: AksContext, request: ArmRequest): WireReply {
  const target = requireCluster(context, request);
  const name = request.segments[1]?.[1]?.toLowerCase() ?? "";
  const existing = target.cluster.pools.get(name);
  const poolId = `${target.id}/agentPools/${name}`;
  const etag = existing && poolEtag(target.cluster, existing, storedPool(context, poolId));
  checkPreconditions(request.wire.headers, etag, AKS_PRECONDITION);
  const properties = knownFields(objectAt(request.body, "properties"), request.apiVersion);
  const operation = existing
    ? updatePool(context, target, existing, { properties, apiVersion: request.apiVersion })
    : addPool(context, target, { name, properties });
  // What was written about an earlier pool of this name: kept until now, for its deletion may have failed.
  if (!existing) context.pools.delete(poolId);
  rememberPool(context, request, poolId, properties);
  const tracked = clusterOperation(request, target.cluster, [operation]);
  return {
    status: existing ? 200 : 201,
    headers: putHeaders(context, request, tracked),
    body: renderPool(context, request, requirePool(context, request)),
  };
}

/** Gone with the autoscaler: AKS shows no bounds of a pool that does not scale by itself. */
const OF_AUTOSCALER = new Set(["minCount", "maxCount"]);

export function rememberPool(
  context: AksContext,
  request: ArmRequest,
  poolId: string,
  properties: JsonObject,
): void {
  const at = context.environment.pacer.now();
  // A caller whose api-version does not know a field leaves it as it is; null resets it.
  const merged = Object.entries({ ...storedPool(context, poolId), ...properties });
  const isFixed = properties["enableAutoScaling"] === false;
  const body = Object.fromEntries(
    merged.filter(
      ([key, value]) =>
        value !== null && !isPreviewField(key) && !(isFixed && OF_AUTOSCALER.has(key)),
    ),
  );
  context.pools.put({ id: poolId, body, at, by: request.principal.clientId });
}

export function addPool(
  context: AksContext,
  { cluster }: ClusterTarget,
  { name, properties }: { readonly name: string; readonly properties: JsonObject },
): Operation {
  const spec = poolSpec(context, {
    name,
    properties,
    controlPlane: cluster.kubernetesVersion,
    defaultMode: "User",
  });
  return changing(() => cluster.addPool(spec));
}

export function poolSpec(
  context: AksContext,
  input: {
    readonly name: string;
    readonly properties: JsonObject;
    readonly controlPlane: string;
    readonly defaultMode: "System" | "User";
  },
): ReturnType<typeof newPoolSpec> {
  const { world } = context.environment;
  const snapshot = snapshotAskedFor(context, input.properties);
  const asked = textAt(input.properties, "orchestratorVersion");
  const kubernetesVersion =
    asked === undefined
      ? (snapshot?.kubernetesVersion ?? input.controlPlane)
      : resolveVersion([...world.kubernetesVersions, input.controlPlane], asked);
  const spec = newPoolSpec({ ...input, kubernetesVersion, snapshot });
  if (snapshot) {
    const now = context.environment.pacer.now();
    const supportedVersions = world.kubernetesVersions;
    refuse(useProblem({ snapshot, vmSize: spec.vmSize, now, supportedVersions }));
    refuse(systemProblem(snapshot, spec));
  }
  return spec;
}

function snapshotAskedFor(
  context: AksContext,
  properties: JsonObject,
): SnapshotContent | undefined {
  const id = askedSnapshot(properties);
  return typeof id === "string" ? readSnapshot(context, id) : undefined;
}

export function updatePool(
  context: AksContext,
  { cluster }: ClusterTarget,
  pool: NodePool,
  { properties, apiVersion }: { readonly properties: JsonObject; readonly apiVersion: string },
): Operation {
  if (asksForRollback(pool, properties, apiVersion)) {
    return changing(() => cluster.rollBackPool(pool.name));
  }
  const change = changeOf(context, pool, properties);
  return changing(() => cluster.updatePool(pool.name, change));
}

/** Read-only before; since then a value other than the present one asks for a roll-back. */
const FIRST_WITH_ROLLBACK = "2025-08-02";

/**
 * The Kubernetes version may be named as well, the present one or the recently used one.
 * Source: API reference, `nodeImageVersion` of agent pools: only recently used versions are allowed.
 */
function asksForRollback(pool: NodePool, properties: JsonObject, apiVersion: string): boolean {
  const image = textAt(properties, "nodeImageVersion");
  const isKnown = apiVersion.slice(0, FIRST_WITH_ROLLBACK.length) >= FIRST_WITH_ROLLBACK;
  if (image === undefined || image === pool.nodeImageVersion || !isKnown) return false;
  const version = textAt(properties, "orchestratorVersion");
  const { recentlyUsed } = pool;
  const named = [pool.kubernetesVersion, recentlyUsed?.kubernetesVersion].some(
    (one) => version === undefined || one === version || one?.startsWith(`${version}.`),
  );
  const snapshot = askedSnapshot(properties);
  const isKept = typeof snapshot !== "string" || snapshot === pool.snapshotId;
  // Whoever upgrades sends the image along that he read before.
  if (!named || !isKept) return false;
  if (image === recentlyUsed?.nodeImageVersion) return true;
  throw invalid(
    `nodeImageVersion '${image}' is not among the recently used versions of the agent pool '${pool.name}'.`,
  );
}

/** What a PUT asks of an existing pool, its version and snapshot included. */
export function changeOf(context: AksContext, pool: NodePool, properties: JsonObject): PoolChange {
  const { world } = context.environment;
  const asked = textAt(properties, "orchestratorVersion");
  const version =
    asked === undefined
      ? pool.kubernetesVersion
      : resolveVersion([...world.kubernetesVersions, pool.kubernetesVersion], asked);
  const upgrade = version === pool.kubernetesVersion ? {} : { kubernetesVersion: version };
  const base: PoolChange = { ...poolChange(pool, properties), ...upgrade };
  const named = askedSnapshot(properties);
  const snapshotId = named === undefined ? forgottenSnapshot(pool, base) : named;
  if (snapshotId === undefined || snapshotId?.toLowerCase() === pool.snapshotId?.toLowerCase()) {
    return base;
  }
  if (snapshotId === null) return pool.snapshotId === undefined ? base : { ...base, snapshotId };
  const snapshot = readSnapshot(context, snapshotId);
  if (asked !== undefined && version !== snapshot.kubernetesVersion) {
    throw invalid(
      `orchestratorVersion ${version} differs from the snapshot's ${snapshot.kubernetesVersion}.`,
    );
  }
  refuse(upgradeProblem({ ...rulesFor(context, pool), snapshot, nodeImageOnly: false }));
  const { kubernetesVersion, nodeImageVersion, id } = snapshot;
  return { ...base, kubernetesVersion, nodeImageVersion, snapshotId: id };
}

/** `az aks nodepool upgrade --kubernetes-version` leaves creationData out of its PUT: that drops the snapshot. */
function forgottenSnapshot(pool: NodePool, change: PoolChange): null | undefined {
  return change.kubernetesVersion === undefined || pool.snapshotId === undefined ? undefined : null;
}

function rulesFor(
  context: AksContext,
  pool: NodePool,
): Omit<Parameters<typeof upgradeProblem>[0], "snapshot" | "nodeImageOnly"> {
  const { world, pacer } = context.environment;
  return {
    pool,
    now: pacer.now(),
    supportedVersions: world.kubernetesVersions,
    allowDowngrade: world.rules.allowSnapshotDowngrade,
  };
}

function refuse(problem: string | undefined): void {
  if (problem !== undefined) throw invalid(problem);
}

function deletePool(context: AksContext, request: ArmRequest): WireReply {
  const { cluster } = requireCluster(context, request);
  const name = request.segments[1]?.[1]?.toLowerCase() ?? "";
  if (!cluster.pools.has(name)) return { status: 204 };
  const { poolId, pool } = requirePool(context, request);
  const etag = poolEtag(cluster, pool, storedPool(context, poolId));
  checkPreconditions(request.wire.headers, etag, AKS_PRECONDITION);
  const ignoreBudgets = request.wire.query.get("ignore-pod-disruption-budget") === "true";
  const operation = changing(() => cluster.deletePool(name, { ignoreBudgets }));
  const tracked = clusterOperation(request, cluster, [operation]);
  return { status: 202, headers: context.operations.track(tracked, request.apiVersion) };
}

function actOnPool(context: AksContext, request: ArmRequest): WireReply {
  const target = requirePool(context, request);
  const operation = changing(() => beginAction(context, request, target));
  const result = (): WireReply => poolOrNothing(context, request, target.cluster);
  const tracked = clusterOperation(request, target.cluster, [operation], result);
  return {
    status: 202,
    headers: context.operations.track(tracked, request.apiVersion),
    body: renderPool(context, request, requirePool(context, request)),
  };
}

function poolOrNothing(context: AksContext, request: ArmRequest, cluster: Cluster): WireReply {
  const name = request.segments[1]?.[1]?.toLowerCase() ?? "";
  if (!cluster.pools.has(name)) return { status: 204 };
  return { status: 200, body: renderPool(context, request, requirePool(context, request)) };
}

function beginAction(
  context: AksContext,
  request: ArmRequest,
  { cluster, pool }: PoolTarget,
): Operation {
  switch (request.action) {
    case "upgradenodeimageversion":
      return upgradeNodeImage(context, request, { cluster, pool });
    case "deletemachines":
      return cluster.deleteMachines(pool.name, machineNames(request.body));
    case "abort":
      return cluster.abortPool(pool.name);
    default:
      throw methodNotAllowed(`POST ${request.action ?? ""}`);
  }
}

function machineNames(body: JsonObject): readonly string[] {
  const names = textListAt(body, "machineNames");
  if (names && names.length > 0) return names;
  throw invalid("machineNames must list at least one machine.");
}

/** To the snapshot that the `AKSSnapshotId` header names, or to the newest image of the region. */
function upgradeNodeImage(
  context: AksContext,
  request: ArmRequest,
  { cluster, pool }: { readonly cluster: Cluster; readonly pool: NodePool },
): Operation {
  const header = request.wire.headers["akssnapshotid"];
  if (typeof header === "string" && header !== "") {
    const snapshot = readSnapshot(context, header);
    refuse(upgradeProblem({ ...rulesFor(context, pool), snapshot, nodeImageOnly: true }));
    return cluster.upgradeNodeImage(pool.name, snapshot.nodeImageVersion, snapshot.id);
  }
  const latest = context.environment.world.images.latest(cluster.region, pool.imageFamily);
  // An image from another region's snapshot may be ahead of its own region: it stays.
  const stays = latest === undefined || isOlderImage(latest, pool.nodeImageVersion);
  return cluster.upgradeNodeImage(pool.name, stays ? pool.nodeImageVersion : latest);
}
