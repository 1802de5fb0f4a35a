import { armKey } from "../../shared/core/arm-id.ts";
import { SECOND } from "../../shared/core/duration.ts";
import { objectAt, textAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { page } from "../arm/paging.ts";
import { checkPreconditions, FLEET_PRECONDITION } from "../arm/preconditions.ts";
import type { ArmRequest } from "../arm/provider.ts";
import { invalid, methodNotAllowed } from "../arm/refusal.ts";
import { etagOf, systemData } from "../arm/store.ts";
import type { StoredResource } from "../arm/store.ts";
import type { WireReply } from "../service.ts";
import { fleetIdOf, locationOf, requireFleet } from "./context.ts";
import type { FleetContext, FleetTarget } from "./context.ts";
import { checkName, MAX_FLEET_NAME } from "./names.ts";

/** Creating a fleet without a hub takes some seconds in recordings. */
const CREATION = 20 * SECOND;
const DELETION = 20 * SECOND;
const TYPE = "/providers/Microsoft.ContainerService/fleets/";

export function handleFleets(context: FleetContext, request: ArmRequest): WireReply {
  if (request.segments[0]?.[1] === undefined) return listFleets(context, request);
  switch (request.method) {
    case "GET":
      return reply(200, context, requireFleet(context, request).stored);
    case "PUT":
      return putFleet(context, request);
    case "PATCH":
      return patchFleet(context, request);
    case "DELETE":
      return deleteFleet(context, request);
    case "POST":
      if (request.action === "listcredentials") throw invalid("The fleet has no hub cluster.");
      throw methodNotAllowed("POST");
    default:
      throw methodNotAllowed(request.method);
  }
}

function listFleets(context: FleetContext, request: ArmRequest): WireReply {
  if (request.method !== "GET") throw methodNotAllowed(request.method);
  const group =
    request.resourceGroup === undefined ? "" : `/resourceGroups/${request.resourceGroup}`;
  const found = context.resources
    .under(`/subscriptions/${request.subscription}${group}`)
    .filter(({ id }) => isFleetId(id));
  const bodies = found.map((stored) => render(context, stored));
  return page(request, bodies, { origin: context.environment.origin() });
}

function isFleetId(id: string): boolean {
  return !id.slice(id.indexOf(TYPE) + TYPE.length).includes("/");
}

function putFleet(context: FleetContext, request: ArmRequest): WireReply {
  const id = fleetIdOf(request);
  checkName("fleet", request.segments[0]?.[1] ?? "", MAX_FLEET_NAME);
  const existing = context.resources.get(id);
  const etag = existing && fleetEtag(context, existing);
  checkPreconditions(request.wire.headers, etag, FLEET_PRECONDITION);
  const location = textAt(request.body, "location");
  if (location === undefined && !existing) {
    throw invalid("The location property is required for this definition.", "LocationRequired");
  }
  const now = context.environment.pacer.now();
  if (!existing) context.environment.world.addFleet(armKey(id));
  const stored = context.resources.put({
    id,
    body: { ...(existing ? { location: locationOf(existing) } : {}), ...request.body },
    at: now,
    by: request.principal.clientId,
    ...(existing ? {} : { busyUntil: now + CREATION }),
  });
  const operation = context.operations.timed({
    subscription: request.subscription,
    location: locationOf(stored),
    endsAt: existing ? now : now + CREATION,
  });
  const { Location: _location, ...headers } = context.operations.track(
    operation,
    request.apiVersion,
  );
  return reply(existing ? 200 : 201, context, stored, headers);
}

/** Synchronous, with a new ETag, as recorded. */
function patchFleet(context: FleetContext, request: ArmRequest): WireReply {
  const { id, stored } = requireFleet(context, request);
  checkPreconditions(request.wire.headers, fleetEtag(context, stored), FLEET_PRECONDITION);
  const body = { ...stored.body, ...request.body };
  const at = context.environment.pacer.now();
  const after = context.resources.put({ id, body, at, by: request.principal.clientId });
  return reply(200, context, after);
}

function deleteFleet(context: FleetContext, request: ArmRequest): WireReply {
  const id = fleetIdOf(request);
  if (!context.resources.get(id)) return { status: 204 };
  const target = requireFleet(context, request);
  checkPreconditions(request.wire.headers, fleetEtag(context, target.stored), FLEET_PRECONDITION);
  removeFleet(context, target);
  const operation = context.operations.timed({
    subscription: request.subscription,
    location: locationOf(target.stored),
    endsAt: context.environment.pacer.now() + DELETION,
  });
  return { status: 202, headers: context.operations.track(operation, request.apiVersion) };
}

export function removeFleet(context: FleetContext, { id }: Pick<FleetTarget, "id">): void {
  context.environment.world.removeFleet(armKey(id));
  context.resources.deleteTree(id);
}

/** The ETag of a fleet moves once more when its creation ends. */
function fleetEtag(context: FleetContext, stored: StoredResource): string {
  return etagOf(stored, isReady(context, stored) ? 1 : 0);
}

function isReady(context: FleetContext, stored: StoredResource): boolean {
  return context.environment.pacer.now() >= stored.busyUntil;
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
  return {
    ...stored.body,
    eTag: fleetEtag(context, stored),
    id: stored.id,
    name: stored.name,
    type: "Microsoft.ContainerService/fleets",
    systemData: systemData(stored),
    properties: {
      ...objectAt(stored.body, "properties"),
      provisioningState: isReady(context, stored) ? "Succeeded" : "Creating",
      status: {},
    },
  };
}
