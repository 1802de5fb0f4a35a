import { canonicalJson } from "../../shared/core/digest.ts";
import type { RunSpec, UpdateRun } from "../../shared/simulator/model.ts";
import { isObject, objectAt, textAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { page } from "../arm/paging.ts";
import { checkPreconditions, FLEET_PRECONDITION } from "../arm/preconditions.ts";
import { ArmError } from "../arm/provider.ts";
import type { ArmRequest } from "../arm/provider.ts";
import { changing, invalid, methodNotAllowed, notFound } from "../arm/refusal.ts";
import { etagOf, systemData } from "../arm/store.ts";
import type { StoredResource } from "../arm/store.ts";
import type { WireReply } from "../service.ts";
import { fleetApi, strategyOf, writtenStrategy } from "./api-version.ts";
import { childName, requireFleet } from "./context.ts";
import type { FleetContext, FleetTarget } from "./context.ts";
import { checkName } from "./names.ts";
import { renderRunStatus } from "./run-status.ts";
import { parseRunSpec, parseSkipTargets } from "./run-spec.ts";
import { readStrategy } from "./strategies.ts";

interface RunTarget extends FleetTarget {
  readonly runStored: StoredResource;
  readonly run: UpdateRun;
}

/** Runs are synchronous, too: PUT 201 or 200, start, stop and skip 200, DELETE 200 with an empty body. */
export function handleRuns(context: FleetContext, request: ArmRequest): WireReply {
  const target = requireFleet(context, request);
  if (childName(request) === "") return listRuns(context, request, target);
  switch (request.method) {
    case "GET":
      return getRun(context, request, requireRun(context, request, target));
    case "PUT":
      return putRun(context, request, target);
    case "DELETE":
      return deleteRun(context, request, target);
    case "POST":
      return actOnRun(context, request, requireRun(context, request, target));
    default:
      throw methodNotAllowed(request.method);
  }
}

function getRun(context: FleetContext, request: ArmRequest, target: RunTarget): WireReply {
  const { resources, runAnswers } = context;
  const { run, runStored } = target;
  const basis = { run, runStored, resources, api: fleetApi(request.apiVersion) };
  return runAnswers.reply(basis, () => renderRun(context, request, target));
}

function listRuns(context: FleetContext, request: ArmRequest, target: FleetTarget): WireReply {
  if (request.method !== "GET") throw methodNotAllowed(request.method);
  const bodies = context.resources.under(`${target.id}/updateRuns`).flatMap((runStored) => {
    const run = target.fleet.runs.get(runStored.name);
    return run ? [renderRun(context, request, { ...target, runStored, run })] : [];
  });
  return page(request, bodies, { origin: context.environment.origin() });
}

function runId(target: FleetTarget, name: string): string {
  return `${target.id}/updateRuns/${name}`;
}

function findRun(context: FleetContext, target: FleetTarget, name: string): RunTarget | undefined {
  const runStored = context.resources.get(runId(target, name));
  const run = runStored && target.fleet.runs.get(runStored.name);
  return runStored && run ? { ...target, runStored, run } : undefined;
}

function requireRun(context: FleetContext, request: ArmRequest, target: FleetTarget): RunTarget {
  const found = findRun(context, target, childName(request));
  if (!found) throw notFound(runId(target, childName(request)));
  return found;
}

function putRun(context: FleetContext, request: ArmRequest, target: FleetTarget): WireReply {
  const name = childName(request);
  checkName("update run", name);
  const existing = findRun(context, target, name);
  checkPreconditions(request.wire.headers, existing && runEtag(existing), FLEET_PRECONDITION);
  const asked = ownStrategy(request, objectAt(request.body, "properties"), existing);
  const properties = withStrategy(context, asked, existing);
  const by = request.principal.clientId;
  const after = writeRun(context, by, target, { name, properties, body: request.body });
  return { status: existing ? 200 : 201, body: renderRun(context, request, after) };
}

function ownStrategy(
  request: ArmRequest,
  properties: JsonObject,
  existing: RunTarget | undefined,
): JsonObject {
  if (!isObject(properties["strategy"])) return properties;
  const before = existing && objectAt(objectAt(existing.runStored.body, "properties"), "strategy");
  const api = fleetApi(request.apiVersion);
  return {
    ...properties,
    strategy: writtenStrategy(api, objectAt(properties, "strategy"), before),
  };
}

export interface RunBody {
  readonly name: string;
  readonly body: JsonObject;
  readonly properties: JsonObject;
}

/** Creates a run, or changes one that has not been started; what it does not know it keeps in any state. */
export function writeRun(
  context: FleetContext,
  by: string,
  target: FleetTarget,
  { name, body, properties }: RunBody,
): RunTarget {
  const existing = findRun(context, target, name);
  const spec = parseRunSpec(name, properties);
  const after = { ...body, properties: { ...origin(existing), ...properties } };
  if (existing) {
    if (canonicalJson(existing.runStored.body) === canonicalJson(after)) return existing;
    if (canonicalJson(existing.run.spec) !== canonicalJson(spec)) replaceSpec(existing.run, spec);
  }
  const run = existing?.run ?? changing(() => target.fleet.createRun(spec));
  const at = context.environment.pacer.now();
  const runStored = context.resources.put({ id: runId(target, name), body: after, at, by });
  return { ...target, run, runStored };
}

/** A read-only field: which profile generated the run stays, whatever a later PUT says. */
function origin(existing: RunTarget | undefined): JsonObject {
  const properties = existing && objectAt(existing.runStored.body, "properties");
  const id = properties && textAt(properties, "autoUpgradeProfileId");
  return id === undefined ? {} : { autoUpgradeProfileId: id };
}

function replaceSpec(run: UpdateRun, spec: RunSpec): void {
  const { state } = run.status;
  if (state !== "NotStarted") {
    const message = `The update run '${run.name}' is '${state}': it can be changed until it is started.`;
    throw new ArmError(409, "OperationNotAllowed", message);
  }
  changing(() => run.replace(spec));
}

/**
 * A strategy that is named by its id is copied at creation: later changes of it do not reach the run, whose own
 * copy may be edited. Source: API reference, `UpdateRunProperties.updateStrategyId`
 */
export function withStrategy(
  context: FleetContext,
  properties: JsonObject,
  existing?: RunTarget,
): JsonObject {
  const id = textAt(properties, "updateStrategyId");
  if (id === undefined) return properties;
  const before = existing ? objectAt(existing.runStored.body, "properties") : {};
  const isSame = textAt(before, "updateStrategyId")?.toLowerCase() === id.toLowerCase();
  if (isObject(properties["strategy"])) {
    if (isSame) return properties;
    throw invalid("Setting both updateStrategyId and strategy is invalid.");
  }
  return { ...properties, strategy: isSame ? before["strategy"] : readStrategy(context, id) };
}

function deleteRun(context: FleetContext, request: ArmRequest, target: FleetTarget): WireReply {
  const found = findRun(context, target, childName(request));
  if (!found) return { status: 204 };
  checkPreconditions(request.wire.headers, runEtag(found), FLEET_PRECONDITION);
  changing(() => target.fleet.removeRun(found.run.name));
  context.resources.delete(found.runStored.id);
  return { status: 200 };
}

function actOnRun(context: FleetContext, request: ArmRequest, target: RunTarget): WireReply {
  checkPreconditions(request.wire.headers, runEtag(target), FLEET_PRECONDITION);
  switch (request.action) {
    case "start": {
      // The answer shows the run as it was, with the ETag it had; the next GET shows it running.
      const before = renderRun(context, request, target);
      changing(() => target.run.start());
      return { status: 200, body: before };
    }
    case "stop":
      changing(() => target.run.stop());
      break;
    case "skip": {
      const targets = parseSkipTargets(request.body);
      changing(() => target.run.skip(targets));
      break;
    }
    default:
      throw methodNotAllowed(`POST ${request.action ?? ""}`);
  }
  return { status: 200, body: renderRun(context, request, target) };
}

function runEtag({ runStored, run }: RunTarget): string {
  return etagOf(runStored, run.revision);
}

function renderRun(context: FleetContext, request: ArmRequest, target: RunTarget): JsonObject {
  const { runStored, run, id: fleet } = target;
  const properties = objectAt(runStored.body, "properties");
  const api = fleetApi(request.apiVersion);
  const strategy = properties["strategy"] ? objectAt(properties, "strategy") : undefined;
  return {
    ...runStored.body,
    eTag: runEtag(target),
    id: runStored.id,
    name: runStored.name,
    type: "Microsoft.ContainerService/fleets/updateRuns",
    systemData: systemData(runStored),
    properties: {
      ...properties,
      ...(strategy ? { strategy: strategyOf(api, strategy) } : {}),
      provisioningState: "Succeeded",
      status: renderRunStatus(run, {
        api,
        gateId: (name) => `${fleet}/gates/${name}`,
        clusterId: (member) => clusterIdOf(context, fleet, member),
      }),
    },
  };
}

/** As the member names its cluster; the world's own spelling once the member is gone. */
function clusterIdOf(
  context: FleetContext,
  fleet: string,
  member: { readonly name: string; readonly clusterId: string },
): string {
  const stored = context.resources.get(`${fleet}/members/${member.name}`);
  const named = stored && textAt(objectAt(stored.body, "properties"), "clusterResourceId");
  return named ?? member.clusterId;
}
