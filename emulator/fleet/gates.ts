import { guidFrom } from "../guid.ts";
import type { Gate } from "../../shared/simulator/model.ts";
import { objectAt, textAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { page } from "../arm/paging.ts";
import { checkPreconditions, FLEET_PRECONDITION } from "../arm/preconditions.ts";
import { ArmError } from "../arm/provider.ts";
import type { ArmRequest } from "../arm/provider.ts";
import { armTime } from "../arm/time.ts";
import { changing, invalid, methodNotAllowed, notFound } from "../arm/refusal.ts";
import type { WireReply } from "../service.ts";
import { fleetApi } from "./api-version.ts";
import type { FleetApi } from "./api-version.ts";
import { childName, locationOf, requireFleet } from "./context.ts";
import type { FleetContext, FleetTarget } from "./context.ts";

export function handleGates(context: FleetContext, request: ArmRequest): WireReply {
  const api = fleetApi(request.apiVersion);
  if (api === "plain") {
    throw new ArmError(
      400,
      "NoRegisteredProviderFound",
      `No registered resource provider found for API version '${request.apiVersion}' and type 'fleets/gates'. ` +
        "The supported api-versions are '2025-04-01-preview, 2026-02-01-preview, 2026-06-01, 2026-06-02-preview'.",
    );
  }
  const target = requireFleet(context, request);
  const name = childName(request).toLowerCase();
  if (name === "") return listGates(context, request, target);
  const gate = target.fleet.gates.get(name);
  if (!gate) throw notFound(`${target.id}/gates/${name}`);
  switch (request.method) {
    case "GET":
      return { status: 200, body: renderGate(target, gate, api) };
    case "PATCH":
      return patchGate(context, request, target, gate);
    default:
      throw methodNotAllowed(request.method);
  }
}

function listGates(context: FleetContext, request: ArmRequest, target: FleetTarget): WireReply {
  if (request.method !== "GET") throw methodNotAllowed(request.method);
  const api = fleetApi(request.apiVersion);
  const gates = [...target.fleet.gates.values()].map((gate) => renderGate(target, gate, api));
  return page(request, gates, { origin: context.environment.origin() });
}

/** The state Pending → Completed is the approval. A long-running operation in form, though it is over at once. */
function patchGate(
  context: FleetContext,
  request: ArmRequest,
  target: FleetTarget,
  gate: Gate,
): WireReply {
  checkPreconditions(request.wire.headers, gateEtag(target, gate), FLEET_PRECONDITION);
  const asked = textAt(objectAt(request.body, "properties"), "state");
  if (asked !== "Completed") {
    throw invalid(`The state of a gate can be set to 'Completed' only, not to '${asked ?? ""}'.`);
  }
  if (gate.state !== "Completed") changing(() => target.fleet.completeGate(gate.name));
  const api = fleetApi(request.apiVersion);
  const current = (): JsonObject =>
    renderGate(target, target.fleet.gates.get(gate.name) ?? gate, api);
  const operation = context.operations.timed(
    {
      subscription: request.subscription,
      location: locationOf(target.stored),
      endsAt: context.environment.pacer.now(),
    },
    () => ({ status: 200, body: current() }),
  );
  const headers = context.operations.track(operation, request.apiVersion);
  return { status: 202, headers, body: current() };
}

function gateEtag({ id }: FleetTarget, gate: Gate): string {
  return `"${guidFrom(`${id}/gates/${gate.name} ${gate.state}`)}"`;
}

function renderGate(target: FleetTarget, gate: Gate, api: FleetApi): JsonObject {
  const { id } = target;
  return {
    eTag: gateEtag(target, gate),
    id: `${id}/gates/${gate.name}`,
    name: gate.name,
    type: "Microsoft.ContainerService/fleets/gates",
    properties: {
      provisioningState: "Succeeded",
      displayName: gate.displayName,
      gateType: gate.gateType,
      ...(api === "preview" ? scheduledStart(gate) : {}),
      target: {
        id: `${id}/updateRuns/${gate.run}`,
        updateRunProperties: {
          name: gate.run,
          stage: gate.stage,
          ...(gate.group === undefined ? {} : { group: gate.group }),
          timing: gate.timing,
        },
      },
      state: gate.state,
    },
  };
}

function scheduledStart({ scheduledStart: scheduled }: Gate): JsonObject {
  if (scheduled === undefined) return {};
  const absoluteStartTime = armTime(scheduled.absoluteStartTime);
  return { scheduledStartProperties: { ...scheduled, absoluteStartTime } };
}
