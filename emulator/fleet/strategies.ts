import { objectAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { page } from "../arm/paging.ts";
import { checkPreconditions, FLEET_PRECONDITION } from "../arm/preconditions.ts";
import type { ArmRequest } from "../arm/provider.ts";
import { invalid, methodNotAllowed, notFound } from "../arm/refusal.ts";
import { etagOf, systemData } from "../arm/store.ts";
import type { StoredResource } from "../arm/store.ts";
import type { WireReply } from "../service.ts";
import { fleetApi, strategyOf, writtenStrategy } from "./api-version.ts";
import { childName, requireFleet } from "./context.ts";
import type { FleetContext } from "./context.ts";
import { checkName } from "./names.ts";
import { parseStages } from "./stages.ts";

/** Strategies are synchronous: PUT 201 or 200, DELETE 200 with an empty body, as recorded. */
export function handleStrategies(context: FleetContext, request: ArmRequest): WireReply {
  const { id: fleetId } = requireFleet(context, request);
  const name = childName(request);
  if (name === "") return listStrategies(context, request, fleetId);
  const id = `${fleetId}/updateStrategies/${name}`;
  const existing = context.resources.get(id);
  if (request.method === "GET") {
    if (!existing) throw notFound(id);
    return { status: 200, body: render(request, existing) };
  }
  checkPreconditions(request.wire.headers, existing && etagOf(existing), FLEET_PRECONDITION);
  switch (request.method) {
    case "PUT": {
      checkName("strategy", name);
      const properties = objectAt(request.body, "properties");
      const strategy = writtenStrategy(
        fleetApi(request.apiVersion),
        objectAt(properties, "strategy"),
        existing && readStrategy(context, id),
      );
      parseStages(strategy);
      const at = context.environment.pacer.now();
      const by = request.principal.clientId;
      const body = { ...request.body, properties: { ...properties, strategy } };
      const stored = context.resources.put({ id, body, at, by });
      return { status: existing ? 200 : 201, body: render(request, stored) };
    }
    case "DELETE":
      return { status: context.resources.delete(id) ? 200 : 204 };
    default:
      throw methodNotAllowed(request.method);
  }
}

function listStrategies(context: FleetContext, request: ArmRequest, fleetId: string): WireReply {
  if (request.method !== "GET") throw methodNotAllowed(request.method);
  const found = context.resources.under(`${fleetId}/updateStrategies`);
  const bodies = found.map((stored) => render(request, stored));
  return page(request, bodies, { origin: context.environment.origin() });
}

/** The `strategy` of a stored strategy, whole: runs copy it when they are created. */
export function readStrategy(context: FleetContext, id: string): JsonObject {
  const stored = context.resources.get(id);
  if (!stored)
    throw invalid(`The update strategy '${id}' was not found.`, "UpdateStrategyNotFound");
  return objectAt(objectAt(stored.body, "properties"), "strategy");
}

function render(request: ArmRequest, stored: StoredResource): JsonObject {
  const properties = objectAt(stored.body, "properties");
  const strategy = objectAt(properties, "strategy");
  return {
    ...stored.body,
    eTag: etagOf(stored),
    id: stored.id,
    name: stored.name,
    type: "Microsoft.ContainerService/fleets/updateStrategies",
    systemData: systemData(stored),
    properties: {
      ...properties,
      strategy: strategyOf(fleetApi(request.apiVersion), strategy),
      provisioningState: "Succeeded",
    },
  };
}
