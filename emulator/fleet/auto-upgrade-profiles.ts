import { armKey } from "../../shared/core/arm-id.ts";
import { objectAt, textAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { page } from "../arm/paging.ts";
import { checkPreconditions, FLEET_PRECONDITION } from "../arm/preconditions.ts";
import type { ArmRequest } from "../arm/provider.ts";
import { invalid, methodNotAllowed, notFound } from "../arm/refusal.ts";
import { etagOf, systemData } from "../arm/store.ts";
import type { StoredResource } from "../arm/store.ts";
import type { WireReply } from "../service.ts";
import { generateRun, goalOf } from "./auto-upgrade-runs.ts";
import { fleetApi } from "./api-version.ts";
import type { FleetApi } from "./api-version.ts";
import { childName, locationOf, requireFleet } from "./context.ts";
import type { FleetContext, FleetTarget } from "./context.ts";
import { checkName } from "./names.ts";
import { withStrategy } from "./runs.ts";

const TARGET_CHANNEL = "TargetKubernetesVersion";
const CHANNELS = ["Stable", "Rapid", "NodeImage"];
const CHANNELS_OF: Readonly<Record<FleetApi, readonly string[]>> = {
  plain: CHANNELS,
  gated: [...CHANNELS, TARGET_CHANNEL],
  preview: [...CHANNELS, TARGET_CHANNEL, "SecurityPatch"],
};
const MINOR_VERSION = /^\d+\.\d+$/;
/** A profile names no images: `Custom` is for runs. */
const SELECTIONS = ["Latest", "Consistent"];

export function handleAutoUpgradeProfiles(context: FleetContext, request: ArmRequest): WireReply {
  const target = requireFleet(context, request);
  const name = childName(request);
  if (name === "") return listProfiles(context, request, target);
  const id = `${target.id}/autoUpgradeProfiles/${name}`;
  const existing = context.resources.get(id);
  if (request.method === "PUT") return putProfile(context, request, target, { id, existing });
  if (request.method === "DELETE") {
    checkPreconditions(request.wire.headers, existing && etagOf(existing), FLEET_PRECONDITION);
    context.resources.delete(id);
    return { status: 204 };
  }
  if (!existing) throw notFound(id);
  if (request.method === "GET") return { status: 200, body: render(context, existing) };
  if (request.method === "POST" && request.action === "generateupdaterun") {
    // A synchronous 200, even for a profile that is disabled.
    const { id: runId } = generateRun(context, target, existing, request.principal.clientId);
    return { status: 200, body: { id: runId } };
  }
  throw methodNotAllowed(request.method);
}

function listProfiles(context: FleetContext, request: ArmRequest, target: FleetTarget): WireReply {
  if (request.method !== "GET") throw methodNotAllowed(request.method);
  const found = context.resources
    .under(`${target.id}/autoUpgradeProfiles`)
    .map((stored) => render(context, stored));
  return page(request, found, { origin: context.environment.origin() });
}

function putProfile(
  context: FleetContext,
  request: ArmRequest,
  target: FleetTarget,
  { id, existing }: { readonly id: string; readonly existing: StoredResource | undefined },
): WireReply {
  checkName("auto-upgrade profile", childName(request));
  checkPreconditions(request.wire.headers, existing && etagOf(existing), FLEET_PRECONDITION);
  const properties = objectAt(request.body, "properties");
  checkChannel(properties, request.apiVersion);
  // Throws when the strategy that it names is not there.
  withStrategy(context, properties);
  const at = context.environment.pacer.now();
  const by = request.principal.clientId;
  const stored = context.resources.put({ id, body: request.body, at, by });
  const before = context.autoUpgrades.get(armKey(id))?.shown ?? {};
  // What is out by now triggers nothing: a profile acts on what comes.
  const seen = goalOf(context, target, properties).versions;
  context.autoUpgrades.set(armKey(id), { seen, shown: before });
  const location = locationOf(target.stored);
  const { Location: _location, ...headers } = context.operations.track(
    context.operations.timed({ subscription: request.subscription, location, endsAt: at }),
    request.apiVersion,
  );
  return { status: existing ? 200 : 201, headers, body: render(context, stored) };
}

/** Source: specification of Microsoft.ContainerService/fleets, autoUpgradeProfiles */
function checkChannel(properties: JsonObject, apiVersion: string): void {
  const channel = textAt(properties, "channel") ?? "";
  const channels = CHANNELS_OF[fleetApi(apiVersion)];
  if (!channels.includes(channel)) {
    throw invalid(`The channel '${channel}' is not one of ${channels.join(", ")}.`);
  }
  const target = textAt(properties, "targetKubernetesVersion");
  const needsTarget = channel === TARGET_CHANNEL;
  if (needsTarget && (target === undefined || !MINOR_VERSION.test(target))) {
    throw invalid(
      `targetKubernetesVersion '${target ?? ""}' is required for the channel ${channel}, as in 1.33.`,
    );
  }
  if (!needsTarget && target !== undefined) {
    throw invalid(`targetKubernetesVersion must be empty for the channel ${channel}.`);
  }
  const selection = textAt(objectAt(properties, "nodeImageSelection"), "type");
  if (selection === undefined || SELECTIONS.includes(selection)) return;
  throw invalid(`The node image selection '${selection}' is not one of ${SELECTIONS.join(", ")}.`);
}

function render(context: FleetContext, stored: StoredResource): JsonObject {
  return {
    ...stored.body,
    eTag: etagOf(stored),
    id: stored.id,
    name: stored.name,
    type: "Microsoft.ContainerService/fleets/autoUpgradeProfiles",
    systemData: systemData(stored),
    properties: {
      ...objectAt(stored.body, "properties"),
      provisioningState: "Succeeded",
      autoUpgradeProfileStatus: context.autoUpgrades.get(armKey(stored.id))?.shown ?? {},
    },
  };
}
