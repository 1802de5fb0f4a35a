import {
  listByFleet,
  updateAsync as updateMember,
} from "@azure/arm-containerservicefleet/api/fleetMembers";
import { skip, start, stop } from "@azure/arm-containerservicefleet/api/updateRuns";
import type { FleetMember as WireMember } from "@azure/arm-containerservicefleet/models";
import { parseArmId } from "../core/arm-id.ts";
import type { ArmId } from "../core/arm-id.ts";
import { FleetwrightError } from "../core/errors.ts";
import type { StrategyRemover } from "../update-run/apply-strategy.ts";
import type { FleetMember, FleetPort, UpdateStage } from "../update-run/ports.ts";
import { toleratesFailures } from "../update-run/tolerance.ts";
import type { ArmClient, ArmContext } from "./arm-client.ts";
import { fromRunSpec, toGate, toRun, toStrategy } from "./fleet-wire.ts";
import { asObject } from "./json.ts";
import {
  createResource,
  deleteResource,
  FLEET_PREVIEW_API_VERSION,
  getResource,
  listResources,
  patchResource,
  replaceResource,
} from "./raw-fleet.ts";

/** The version that arm-containerservicefleet 2.0.0 models. */
const SDK_API_VERSION = "2025-03-01";

/** Azure Kubernetes Fleet Manager over ARM. */
export function createFleetPort(arm: ArmClient): FleetPort & StrategyRemover {
  return {
    ...members(arm),
    ...strategies(arm),
    ...runs(arm),
    ...gates(arm),
    deleteStrategy: (fleet, name, etag) =>
      deleteResource(arm, `${fleet}/updateStrategies/${name}`, etag),
  };
}

function members(arm: ArmClient): Pick<FleetPort, "listMembers" | "setMemberGroup"> {
  return {
    async listMembers(fleet) {
      const { context, group, name } = locate(arm, fleet);
      const found: FleetMember[] = [];
      for await (const member of listByFleet(context, group, name)) found.push(toMember(member));
      return found;
    },
    async setMemberGroup(fleet, member, updateGroup, etag) {
      const id = `${fleet}/members/${member}`;
      if (updateGroup === undefined) return clearGroup(arm, id, etag);
      const { context, group, name } = locate(arm, fleet);
      const change = { properties: { group: updateGroup } };
      await arm.attempt(id, "Microsoft.ContainerService/fleets/members/write", () =>
        updateMember(context, group, name, member, change, { ifMatch: etag, ...polling(arm) }),
      );
    },
  };
}

/** A PATCH cannot take a field away: the member is written again without its group. */
async function clearGroup(arm: ArmClient, id: ArmId, etag: string): Promise<void> {
  const resource = await getResource(arm, id);
  if (resource === undefined) {
    throw new FleetwrightError("not-found", `${id} does not exist`, { subject: id });
  }
  const { group: _group, ...properties } = asObject(resource["properties"]);
  await replaceResource(arm, id, { properties }, etag);
}

function strategies(
  arm: ArmClient,
): Pick<FleetPort, "listStrategies" | "getStrategy" | "createStrategy"> {
  return {
    async listStrategies(fleet) {
      return (await listResources(arm, `${fleet}/updateStrategies`)).map(toStrategy);
    },
    async getStrategy(fleet, name, { previews } = { previews: false }) {
      const version = previews ? FLEET_PREVIEW_API_VERSION : undefined;
      const resource = await getResource(arm, `${fleet}/updateStrategies/${name}`, version);
      return resource && toStrategy(resource);
    },
    async createStrategy(fleet, name, stages) {
      const body = { properties: { strategy: { stages } } };
      const id = `${fleet}/updateStrategies/${name}`;
      return toStrategy(await createResource(arm, id, body, versionFor(stages)));
    },
  };
}

/** A version that knows every field: one that does not would drop it. */
function versionFor(stages: readonly UpdateStage[]): string | undefined {
  return toleratesFailures(stages) ? FLEET_PREVIEW_API_VERSION : undefined;
}

type Runs = "listRuns" | "getRun" | "createRun" | "startRun" | "stopRun" | "skip";

function runs(arm: ArmClient): Pick<FleetPort, Runs> {
  const action = (name: string) => `Microsoft.ContainerService/fleets/updateRuns/${name}/action`;
  return {
    async listRuns(fleet) {
      return (await listResources(arm, `${fleet}/updateRuns`)).map(toRun);
    },
    async getRun(fleet, name) {
      const resource = await getResource(arm, `${fleet}/updateRuns/${name}`);
      return resource && toRun(resource);
    },
    async createRun(fleet, name, spec) {
      const id = `${fleet}/updateRuns/${name}`;
      const version = versionFor(spec.stages ?? []);
      return toRun(await createResource(arm, id, fromRunSpec(spec), version));
    },
    async startRun(fleet, run, etag) {
      const { context, group, name } = locate(arm, fleet);
      const options = { ...polling(arm), ...(etag === undefined ? {} : { ifMatch: etag }) };
      await arm.attempt(`${fleet}/updateRuns/${run}`, action("start"), () =>
        start(context, group, name, run, options),
      );
    },
    async stopRun(fleet, run) {
      const { context, group, name } = locate(arm, fleet);
      await arm.attempt(`${fleet}/updateRuns/${run}`, action("stop"), () =>
        stop(context, group, name, run, polling(arm)),
      );
    },
    async skip(fleet, run, targets) {
      const { context, group, name } = locate(arm, fleet);
      const body = { targets: targets.map((target) => ({ ...target })) };
      await arm.attempt(`${fleet}/updateRuns/${run}`, action("skip"), () =>
        skip(context, group, name, run, body, polling(arm)),
      );
    },
  };
}

function gates(arm: ArmClient): Pick<FleetPort, "listGates" | "getGate" | "approveGate"> {
  return {
    async listGates(fleet) {
      return (await listResources(arm, `${fleet}/gates`)).map(toGate);
    },
    async getGate(id) {
      const resource = await getResource(arm, id);
      return resource && toGate(resource);
    },
    async approveGate(id, etag) {
      await patchResource(arm, id, { properties: { state: "Completed" } }, etag);
    },
  };
}

function locate(
  arm: ArmClient,
  fleet: ArmId,
): { readonly context: ArmContext; readonly group: string; readonly name: string } {
  const { subscription, resourceGroup, name } = parseArmId(fleet);
  return { context: arm.context(subscription, SDK_API_VERSION), group: resourceGroup, name };
}

function polling(arm: ArmClient): { readonly updateIntervalInMs: number } {
  return { updateIntervalInMs: arm.pollIntervalMs };
}

function toMember(member: WireMember): FleetMember {
  return {
    name: member.name ?? "",
    clusterId: member.properties?.clusterResourceId ?? "",
    group: member.properties?.group || undefined,
    etag: member.eTag ?? "",
  };
}
