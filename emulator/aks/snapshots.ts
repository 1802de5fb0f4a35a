import type { Cluster, NodePool } from "../../shared/simulator/model.ts";
import { snapshotId } from "../arm/ids.ts";
import { objectAt, textAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { page } from "../arm/paging.ts";
import type { ArmRequest } from "../arm/provider.ts";
import { invalid, methodNotAllowed, notFound } from "../arm/refusal.ts";
import { systemData } from "../arm/store.ts";
import type { StoredResource } from "../arm/store.ts";
import type { WireReply } from "../service.ts";
import type { AksContext } from "./context.ts";
import { takeProblem } from "./snapshot-rules.ts";
import type { SnapshotContent } from "./snapshot-rules.ts";

/** Source: specification of Microsoft.ContainerService, parameter resourceName of snapshots */
const NAME = /^[a-zA-Z0-9]$|^[a-zA-Z0-9][-_a-zA-Z0-9]{0,61}[a-zA-Z0-9]$/;
const SOURCE = /^(.*\/managedClusters\/[^/]+)\/agentPools\/([^/]+)$/i;

/** Snapshots are synchronous: no headers of a long-running operation, on any method. */
export function handleSnapshots(context: AksContext, request: ArmRequest): WireReply {
  const name = request.segments[0]?.[1];
  if (name === undefined) return listSnapshots(context, request);
  const id = snapshotId(request.subscription, request.resourceGroup ?? "", name);
  switch (request.method) {
    case "GET":
      return { status: 200, body: render(requireSnapshot(context, id)) };
    case "PUT":
      return putSnapshot(context, request, id);
    case "PATCH": {
      const { body } = requireSnapshot(context, id);
      const tags = "tags" in request.body ? { tags: request.body["tags"] ?? undefined } : {};
      return { status: 200, body: render(save(context, request, id, { ...body, ...tags })) };
    }
    case "DELETE":
      return { status: context.snapshots.delete(id) ? 200 : 204 };
    default:
      throw methodNotAllowed(request.method);
  }
}

function listSnapshots(context: AksContext, request: ArmRequest): WireReply {
  if (request.method !== "GET") throw methodNotAllowed(request.method);
  const group =
    request.resourceGroup === undefined ? "" : `/resourceGroups/${request.resourceGroup}`;
  const found = context.snapshots.under(`/subscriptions/${request.subscription}${group}`);
  const { origin } = context.environment;
  return page(request, found.map(render), { origin: origin(), emptyLastPage: true });
}

function putSnapshot(context: AksContext, request: ArmRequest, id: string): WireReply {
  const name = id.split("/").at(-1) ?? "";
  if (!NAME.test(name)) throw invalid(`The snapshot name '${name}' is invalid.`);
  const location = textAt(request.body, "location");
  if (location === undefined) {
    throw invalid("The location property is required for this definition.", "LocationRequired");
  }
  const properties = objectAt(request.body, "properties");
  const sourceId = textAt(objectAt(properties, "creationData"), "sourceResourceId");
  if (sourceId === undefined)
    throw invalid("properties.creationData.sourceResourceId is required.");
  const existing = context.snapshots.get(id);
  if (existing && sameSource(existing, sourceId)) {
    // What was captured does not change: a second PUT may only set tags.
    const body = { ...existing.body, tags: request.body["tags"] };
    return { status: 200, body: render(save(context, request, id, body)) };
  }
  const { cluster, pool } = requireSource(context, sourceId);
  const problem = takeProblem(pool, cluster.region, location);
  if (problem !== undefined) throw invalid(problem);
  const captured = {
    ...request.body,
    properties: { ...properties, ...capture(pool), enableFIPS: hasFips(context, sourceId) },
  };
  return { status: 200, body: render(save(context, request, id, captured)) };
}

function sameSource(existing: StoredResource, sourceId: string): boolean {
  const creationData = objectAt(objectAt(existing.body, "properties"), "creationData");
  return textAt(creationData, "sourceResourceId")?.toLowerCase() === sourceId.toLowerCase();
}

function requireSource(context: AksContext, id: string): { cluster: Cluster; pool: NodePool } {
  const [, cluster = "", poolName = ""] = SOURCE.exec(id) ?? [];
  const found = context.environment.world.clusters.get(cluster.toLowerCase());
  const pool = found?.pools.get(poolName.toLowerCase());
  if (!found || !pool) {
    throw invalid(`The source node pool '${id}' of the snapshot was not found.`);
  }
  return { cluster: found, pool };
}

/** Only these values are copied: not count, labels, taints or upgrade settings. */
function capture(pool: NodePool): JsonObject {
  return {
    snapshotType: "NodePool",
    kubernetesVersion: pool.kubernetesVersion,
    nodeImageVersion: pool.nodeImageVersion,
    osType: pool.osType,
    osSku: pool.osSku,
    vmSize: pool.vmSize,
  };
}

/** The world does not know FIPS; the callers' words about the pool do. */
function hasFips(context: AksContext, poolId: string): boolean {
  return context.pools.get(poolId)?.body["enableFIPS"] === true;
}

function save(
  context: AksContext,
  request: ArmRequest,
  id: string,
  body: JsonObject,
): StoredResource {
  const at = context.environment.pacer.now();
  return context.snapshots.put({ id, body, at, by: request.principal.clientId });
}

function requireSnapshot(context: AksContext, id: string): StoredResource {
  const found = context.snapshots.get(id);
  if (!found) throw notFound(id);
  return found;
}

function render(snapshot: StoredResource): JsonObject {
  return {
    ...snapshot.body,
    id: snapshot.id,
    name: snapshot.name,
    type: "Microsoft.ContainerService/Snapshots",
    systemData: systemData(snapshot),
  };
}

/** The content of a snapshot that somebody wants to use; clients send its id in any case. */
export function readSnapshot(context: AksContext, id: string): SnapshotContent {
  const found = context.snapshots.get(id);
  if (!found) throw invalid(`The snapshot '${id}' was not found.`, "SnapshotNotFound");
  const properties = objectAt(found.body, "properties");
  const text = (key: string): string => textAt(properties, key) ?? "";
  return {
    id: found.id,
    kubernetesVersion: text("kubernetesVersion"),
    nodeImageVersion: text("nodeImageVersion"),
    osType: text("osType") === "Windows" ? "Windows" : "Linux",
    osSku: text("osSku"),
    vmSize: text("vmSize"),
  };
}
