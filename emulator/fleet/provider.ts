import { armKey } from "../../shared/core/arm-id.ts";
import { clusterId, fleetId } from "../arm/ids.ts";
import { withoutUndefined } from "../arm/json.ts";
import type { Operations } from "../arm/operations.ts";
import type { ArmRequest } from "../arm/provider.ts";
import { ResourceStore } from "../arm/store.ts";
import { clusterName } from "../scenario.ts";
import type { Scenario, ScenarioFleet } from "../scenario.ts";
import type { Environment, WireReply } from "../service.ts";
import { handleAutoUpgradeProfiles } from "./auto-upgrade-profiles.ts";
import { watchReleases } from "./auto-upgrade-runs.ts";
import type { FleetContext } from "./context.ts";
import { handleFleets, removeFleet } from "./fleets.ts";
import { handleGates } from "./gates.ts";
import { handleMembers } from "./members.ts";
import { RunAnswers } from "./run-answers.ts";
import { handleRuns } from "./runs.ts";
import { handleStrategies } from "./strategies.ts";

/** The fleet half of Microsoft.ContainerService. */
export interface FleetManager {
  /** Undefined: a type that is not of Fleet Manager. */
  handle(request: ArmRequest): WireReply | undefined;
  deleteGroup(subscription: string, resourceGroup: string): void;
}

export function createFleetManager(
  environment: Environment,
  operations: Operations,
  scenario: Scenario,
): FleetManager {
  const context: FleetContext = {
    environment,
    operations,
    resources: new ResourceStore(),
    runAnswers: new RunAnswers(),
    autoUpgrades: new Map(),
  };
  watchReleases(context);
  for (const fleet of scenario.fleets ?? []) rememberFleet(context, scenario, fleet);
  return {
    handle: (request) => route(context, request),
    deleteGroup(subscription, resourceGroup) {
      const scope = armKey(fleetId(subscription, resourceGroup, ""));
      for (const id of environment.world.fleets.keys()) {
        if (armKey(id).startsWith(`${scope}/`)) removeFleet(context, { id });
      }
    },
  };
}

function route(context: FleetContext, request: ArmRequest): WireReply | undefined {
  switch (request.segments.map(([name]) => name).join("/")) {
    case "fleets":
      return handleFleets(context, request);
    case "fleets/members":
      return handleMembers(context, request);
    case "fleets/updatestrategies":
      return handleStrategies(context, request);
    case "fleets/updateruns":
      return handleRuns(context, request);
    case "fleets/gates":
      return handleGates(context, request);
    case "fleets/autoupgradeprofiles":
      return handleAutoUpgradeProfiles(context, request);
    default:
      return undefined;
  }
}

/** Fleets of the scenario are given as if somebody had PUT them. */
function rememberFleet(context: FleetContext, scenario: Scenario, fleet: ScenarioFleet): void {
  const { subscription, pacer } = context.environment;
  const id = fleetId(subscription, fleet.resourceGroup, fleet.name);
  const at = pacer.now();
  const { resources } = context;
  resources.put({ id, body: { location: fleet.location }, at, by: "scenario" });
  for (const member of fleet.members ?? []) {
    const cluster = scenario.clusters?.find(
      ({ name }) => name.toLowerCase() === clusterName(member.cluster),
    );
    const properties = withoutUndefined({
      clusterResourceId: clusterId(subscription, cluster?.resourceGroup ?? "", cluster?.name ?? ""),
      group: member.group,
      labels: member.labels,
    });
    resources.put({ id: `${id}/members/${member.name}`, body: { properties }, at, by: "scenario" });
  }
}
