import { armKey, sameArmId } from "../../shared/core/arm-id.ts";
import { MINUTE, SECOND } from "../../shared/core/duration.ts";
import { objectAt, textAt, textsAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { page } from "../arm/paging.ts";
import { checkPreconditions, FLEET_PRECONDITION } from "../arm/preconditions.ts";
import { ArmError } from "../arm/provider.ts";
import type { ArmRequest } from "../arm/provider.ts";
import { changing, invalid, methodNotAllowed, notFound } from "../arm/refusal.ts";
import { etagOf, systemData } from "../arm/store.ts";
import type { StoredResource } from "../arm/store.ts";
import type { WireReply } from "../service.ts";
import { childName, locationOf, requireFleet } from "./context.ts";
import type { FleetContext, FleetTarget } from "./context.ts";
import { memberLabels } from "./member-labels.ts";
import { checkName } from "./names.ts";

/** Joining takes about half a minute in recordings. */
const JOINING = 30 * SECOND;
/** "Some minutes" in recordings: as long as a control plane takes at least. */
const SETTLING = 3 * MINUTE;
const LEAVING = 10 * SECOND;
/** Source: learn.microsoft.com/azure/kubernetes-fleet/faq, fleets take 1,000 members; they come in one page. */
const MAX_MEMBERS = 1_000;

export function handleMembers(context: FleetContext, request: ArmRequest): WireReply {
  const target = requireFleet(context, request);
  if (childName(request) === "") return listMembers(context, request, target);
  switch (request.method) {
    case "GET":
      return reply(200, context, requireMember(context, request, target));
    case "PUT":
      return putMember(context, request, target);
    case "PATCH":
      return patchMember(context, request, target);
    case "DELETE":
      return deleteMember(context, request, target);
    default:
      throw methodNotAllowed(request.method);
  }
}

function listMembers(context: FleetContext, request: ArmRequest, { id }: FleetTarget): WireReply {
  if (request.method !== "GET") throw methodNotAllowed(request.method);
  const members = context.resources.under(`${id}/members`);
  const bodies = members.map((stored) => render(context, stored));
  return page(request, bodies, { origin: context.environment.origin(), pageSize: MAX_MEMBERS });
}

function putMember(context: FleetContext, request: ArmRequest, target: FleetTarget): WireReply {
  const name = childName(request);
  checkName("member", name);
  const id = `${target.id}/members/${name}`;
  const existing = context.resources.get(id);
  checkPreconditions(request.wire.headers, existing && etagOf(existing), FLEET_PRECONDITION);
  const properties = objectAt(request.body, "properties");
  joinCluster(context, target, name, properties, existing);
  const now = context.environment.pacer.now();
  const endsAt = existing ? now : now + JOINING;
  const stored = context.resources.put({
    id,
    body: request.body,
    at: now,
    by: request.principal.clientId,
    ...(existing ? {} : { busyUntil: endsAt }),
  });
  if (!existing) settleInAt(context, textAt(properties, "clusterResourceId") ?? "", endsAt);
  const location = locationOf(target.stored);
  const operation = context.operations.timed({
    subscription: request.subscription,
    location,
    endsAt,
  });
  const { Location: _location, ...headers } = context.operations.track(
    operation,
    request.apiVersion,
  );
  return reply(existing ? 200 : 201, context, stored, headers);
}

/** The cluster is Updating for some minutes once it has joined: a run started at once meets a busy cluster. */
function settleInAt(context: FleetContext, clusterId: string, time: number): void {
  context.environment.pacer.at(time, () => {
    const cluster = context.environment.world.clusters.get(armKey(clusterId));
    const busy = [cluster, ...(cluster?.pools.values() ?? [])].some((one) => {
      return one?.provisioningState !== "Succeeded";
    });
    if (cluster && !busy && cluster.powerState === "Running") {
      cluster.settleIn("JoinFleet", SETTLING);
    }
  });
}

function joinCluster(
  context: FleetContext,
  target: FleetTarget,
  name: string,
  properties: JsonObject,
  existing: StoredResource | undefined,
): void {
  const clusterId = textAt(properties, "clusterResourceId");
  if (clusterId === undefined) throw invalid("properties.clusterResourceId is required.");
  const before = existing && textAt(objectAt(existing.body, "properties"), "clusterResourceId");
  if (before !== undefined && !sameArmId(before, clusterId)) {
    throw invalid("Changing property 'properties.clusterResourceId' is not allowed.");
  }
  const cluster = context.environment.world.clusters.get(armKey(clusterId));
  if (cluster === undefined) {
    throw invalid(`The cluster '${clusterId}' was not found.`, "ClusterNotFound");
  }
  refuseSecondFleet(context, target, name, clusterId);
  if (!existing && target.fleet.members.size >= MAX_MEMBERS) {
    throw invalid(`A fleet takes ${MAX_MEMBERS} members.`, "QuotaExceeded");
  }
  const group = textAt(properties, "group");
  if (group !== undefined) checkName("group", group);
  const labels = memberLabels({ name, clusterId }, cluster, textsAt(properties, "labels"));
  changing(() =>
    target.fleet.putMember({
      name,
      clusterId: armKey(clusterId),
      ...(group === undefined ? {} : { group }),
      labels,
    }),
  );
}

function refuseSecondFleet(
  context: FleetContext,
  { id }: FleetTarget,
  name: string,
  clusterId: string,
): void {
  for (const [fleetKey, fleet] of context.environment.world.fleets) {
    for (const member of fleet.members.values()) {
      const isSame = fleetKey === armKey(id) && member.name === name;
      if (!isSame && sameArmId(member.cluster.id, clusterId)) {
        const message = `The cluster '${clusterId}' is a member of a fleet already: '${member.name}'.`;
        throw new ArmError(409, "ClusterAlreadyJoined", message);
      }
    }
  }
}

/** Synchronous; as recorded, it resets the time of creation. */
function patchMember(context: FleetContext, request: ArmRequest, target: FleetTarget): WireReply {
  const before = requireMember(context, request, target);
  checkPreconditions(request.wire.headers, etagOf(before), FLEET_PRECONDITION);
  const merged = Object.entries({
    ...objectAt(before.body, "properties"),
    ...objectAt(request.body, "properties"),
  });
  // A merge patch: null takes a field away.
  const properties = Object.fromEntries(merged.filter(([, value]) => value !== null));
  joinCluster(context, target, before.name, properties, before);
  const at = context.environment.pacer.now();
  const body = { ...before.body, properties };
  const by = request.principal.clientId;
  return reply(200, context, context.resources.put({ id: before.id, body, at, by }));
}

function deleteMember(context: FleetContext, request: ArmRequest, target: FleetTarget): WireReply {
  const stored = context.resources.get(`${target.id}/members/${childName(request)}`);
  if (!stored) return { status: 204 };
  checkPreconditions(request.wire.headers, etagOf(stored), FLEET_PRECONDITION);
  changing(() => target.fleet.removeMember(stored.name));
  context.resources.delete(stored.id);
  const operation = context.operations.timed({
    subscription: request.subscription,
    location: locationOf(target.stored),
    endsAt: context.environment.pacer.now() + LEAVING,
  });
  const headers = context.operations.track(operation, request.apiVersion);
  const body = { ...render(context, stored) };
  const leaving = { ...objectAt(body, "properties"), provisioningState: "Leaving" };
  return { status: 202, headers, body: { ...body, properties: leaving } };
}

function requireMember(
  context: FleetContext,
  request: ArmRequest,
  { id }: FleetTarget,
): StoredResource {
  const memberId = `${id}/members/${childName(request)}`;
  const found = context.resources.get(memberId);
  if (!found) throw notFound(memberId);
  return found;
}

function reply(
  status: number,
  context: FleetContext,
  stored: StoredResource,
  headers: Readonly<Record<string, string>> = {},
): WireReply {
  return { status, headers, body: render(context, stored) };
}

function render(context: FleetContext, stored: StoredResource): JsonObject {
  const joined = context.environment.pacer.now() >= stored.busyUntil;
  return {
    ...stored.body,
    eTag: etagOf(stored),
    id: stored.id,
    name: stored.name,
    type: "Microsoft.ContainerService/fleets/members",
    systemData: systemData(stored),
    properties: {
      ...objectAt(stored.body, "properties"),
      provisioningState: joined ? "Succeeded" : "Joining",
      status: {},
    },
  };
}
