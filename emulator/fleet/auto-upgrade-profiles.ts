import { compareVersions } from "../../shared/core/node-image.ts";
import { guidFrom } from "../guid.ts";
import { objectAt, textAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { page } from "../arm/paging.ts";
import { checkPreconditions, FLEET_PRECONDITION } from "../arm/preconditions.ts";
import type { ArmRequest } from "../arm/provider.ts";
import { invalid, methodNotAllowed, notFound } from "../arm/refusal.ts";
import { etagOf, systemData } from "../arm/store.ts";
import type { StoredResource } from "../arm/store.ts";
import type { WireReply } from "../service.ts";
import { childName, locationOf, requireFleet } from "./context.ts";
import type { FleetContext, FleetTarget } from "./context.ts";
import { checkName, MAX_CHILD_NAME } from "./names.ts";
import { withStrategy, writeRun } from "./runs.ts";

const CHANNELS = ["Stable", "Rapid", "NodeImage", "TargetKubernetesVersion", "SecurityPatch"];
/** Hexadecimal digits at the end of a generated run's name, as recorded. */
const SUFFIX_LENGTH = 7;

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
  if (request.method === "GET") return { status: 200, body: render(existing) };
  if (request.method === "POST" && request.action === "generateupdaterun") {
    return generateRun(context, request, target, existing);
  }
  throw methodNotAllowed(request.method);
}

function listProfiles(context: FleetContext, request: ArmRequest, target: FleetTarget): WireReply {
  if (request.method !== "GET") throw methodNotAllowed(request.method);
  const found = context.resources.under(`${target.id}/autoUpgradeProfiles`).map(render);
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
  const channel = textAt(properties, "channel") ?? "";
  if (!CHANNELS.includes(channel)) {
    throw invalid(`The channel '${channel}' is not one of ${CHANNELS.join(", ")}.`);
  }
  // Throws when the strategy that it names is not there.
  withStrategy(context, properties);
  const at = context.environment.pacer.now();
  const by = request.principal.clientId;
  const stored = context.resources.put({ id, body: request.body, at, by });
  const location = locationOf(target.stored);
  const { Location: _location, ...headers } = context.operations.track(
    context.operations.timed({ subscription: request.subscription, location, endsAt: at }),
    request.apiVersion,
  );
  return { status: existing ? 200 : 201, headers, body: render(stored) };
}

/** A synchronous 200 with the id of the run; a run that exists already is returned unchanged. It is not started. */
function generateRun(
  context: FleetContext,
  request: ArmRequest,
  target: FleetTarget,
  profile: StoredResource,
): WireReply {
  const properties = objectAt(profile.body, "properties");
  const channel = textAt(properties, "channel") ?? "";
  const version = targetVersion(context.environment.world.kubernetesVersions, properties);
  const label = (version ?? context.environment.world.now.toString()).replaceAll(".", "-");
  const suffix = guidFrom(`${profile.id} ${channel} ${label}`).slice(0, SUFFIX_LENGTH);
  const readable = `auto-${profile.name}-${channel}-${label}`.toLowerCase();
  const name = `${readable.slice(0, MAX_CHILD_NAME - SUFFIX_LENGTH - 1)}-${suffix}`;
  const id = `${target.id}/updateRuns/${name}`;
  if (!context.resources.get(id)) {
    const run = withStrategy(context, runProperties(profile, properties, version));
    writeRun(context, request, target, { name, body: {}, properties: run });
  }
  return { status: 200, body: { id } };
}

/** Undefined for the channels that move node images only. */
function targetVersion(supported: readonly string[], properties: JsonObject): string | undefined {
  const channel = textAt(properties, "channel");
  if (channel === "NodeImage" || channel === "SecurityPatch") return undefined;
  const newest = supported.toSorted(compareVersions).at(-1) ?? "";
  const wanted =
    channel === "TargetKubernetesVersion"
      ? (textAt(properties, "targetKubernetesVersion") ?? "")
      : channel === "Stable"
        ? previousMinor(newest)
        : minor(newest);
  const patches = supported.filter((version) => minor(version) === minor(wanted));
  return patches.toSorted(compareVersions).at(-1) ?? newest;
}

function minor(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}

function previousMinor(version: string): string {
  const [major, number] = version.split(".");
  return `${major}.${Number(number) - 1}`;
}

function runProperties(
  profile: StoredResource,
  properties: JsonObject,
  kubernetesVersion: string | undefined,
): JsonObject {
  const strategyId = textAt(properties, "updateStrategyId");
  const upgrade =
    kubernetesVersion === undefined
      ? { type: "NodeImageOnly" }
      : { type: "Full", kubernetesVersion };
  const selection =
    kubernetesVersion === undefined
      ? { type: "Consistent" }
      : { type: "Latest", ...objectAt(properties, "nodeImageSelection") };
  return {
    autoUpgradeProfileId: profile.id,
    ...(strategyId === undefined ? {} : { updateStrategyId: strategyId }),
    managedClusterUpdate: { upgrade, nodeImageSelection: selection },
  };
}

function render(stored: StoredResource): JsonObject {
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
      autoUpgradeProfileStatus: {},
    },
  };
}
