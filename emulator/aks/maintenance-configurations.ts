import { WINDOW_NAMES } from "../../shared/simulator/maintenance-window.ts";
import type { WindowName } from "../../shared/simulator/model.ts";
import { armTime } from "../arm/time.ts";
import { objectAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { page } from "../arm/paging.ts";
import type { ArmRequest } from "../arm/provider.ts";
import { invalid, methodNotAllowed, notFound } from "../arm/refusal.ts";
import type { StoredResource } from "../arm/store.ts";
import type { WireReply } from "../service.ts";
import { requireCluster } from "./context.ts";
import type { AksContext, ClusterTarget } from "./context.ts";
import { parseMaintenanceWindow } from "./maintenance-window.ts";

/** Weekly releases of AKS itself: kept, and without effect on upgrades. */
const DEFAULT_NAME = "default";

/** Synchronous on every method, as the specification says. */
export function handleMaintenanceConfigurations(
  context: AksContext,
  request: ArmRequest,
): WireReply {
  const target = requireCluster(context, request);
  const asked = request.segments[1]?.[1];
  if (asked === undefined) return list(context, request, target);
  const name = properName(asked);
  const id = `${target.id}/maintenanceConfigurations/${name}`;
  switch (request.method) {
    case "GET": {
      const stored = context.maintenance.get(id);
      if (!stored) throw notFound(id);
      return { status: 200, body: render(stored) };
    }
    case "PUT":
      return put(context, request, target, name);
    case "DELETE":
      if (name !== DEFAULT_NAME) target.cluster.setMaintenanceWindow(name, undefined);
      return { status: context.maintenance.delete(id) ? 200 : 204 };
    default:
      throw methodNotAllowed(request.method);
  }
}

function list(context: AksContext, request: ArmRequest, { id }: ClusterTarget): WireReply {
  if (request.method !== "GET") throw methodNotAllowed(request.method);
  const found = context.maintenance.under(`${id}/maintenanceConfigurations`).map(render);
  return page(request, found, { origin: context.environment.origin() });
}

function put(
  context: AksContext,
  request: ArmRequest,
  target: ClusterTarget,
  name: WindowName | typeof DEFAULT_NAME,
): WireReply {
  const at = context.environment.pacer.now();
  const properties = objectAt(request.body, "properties");
  if (name !== DEFAULT_NAME) {
    const today = armTime(at).slice(0, 10);
    const window = parseMaintenanceWindow(objectAt(properties, "maintenanceWindow"), today);
    target.cluster.setMaintenanceWindow(name, window);
  }
  const id = `${target.id}/maintenanceConfigurations/${name}`;
  const by = request.principal.clientId;
  const stored = context.maintenance.put({ id, body: { properties }, at, by });
  // Clients before 2023 know no 201 here.
  return { status: 200, body: render(stored) };
}

function properName(asked: string): WindowName | typeof DEFAULT_NAME {
  const names = [...WINDOW_NAMES, DEFAULT_NAME] as const;
  const found = names.find((name) => name.toLowerCase() === asked.toLowerCase());
  if (found) return found;
  throw invalid(`The maintenance configuration '${asked}' is not one of ${names.join(", ")}.`);
}

function render(stored: StoredResource): JsonObject {
  return {
    ...stored.body,
    id: stored.id,
    name: stored.name,
    type: "Microsoft.ContainerService/managedClusters/maintenanceConfigurations",
  };
}
