import { armKey } from "../../shared/core/arm-id.ts";
import type { Operations } from "../arm/operations.ts";
import { clusterId } from "../arm/ids.ts";
import { withoutUndefined } from "../arm/json.ts";
import type { ArmRequest } from "../arm/provider.ts";
import { changing, methodNotAllowed } from "../arm/refusal.ts";
import { ResourceStore } from "../arm/store.ts";
import type { Scenario } from "../scenario.ts";
import type { Environment, WireReply } from "../service.ts";
import { subnetId } from "../network/virtual-networks.ts";
import { absentTypeReply } from "./absent-types.ts";
import { accessProfile } from "./access-profiles.ts";
import { addressesHeld } from "./addresses.ts";
import { applyAutoUpgrade } from "./auto-upgrade.ts";
import { handleClusters } from "./clusters.ts";
import type { AksContext } from "./context.ts";
import { machines } from "./machines.ts";
import { handleMaintenanceConfigurations } from "./maintenance-configurations.ts";
import { handlePools } from "./pools.ts";
import { commandResult } from "./run-command.ts";
import { handleSnapshots } from "./snapshots.ts";
import {
  availablePoolVersions,
  clusterUpgradeProfile,
  kubernetesVersions,
  orchestrators,
  poolUpgradeProfile,
} from "./upgrade-profiles.ts";

/** The managed cluster half of Microsoft.ContainerService. */
export interface Aks {
  /** Undefined: a type that is not of AKS. */
  handle(request: ArmRequest): WireReply | undefined;
  deleteGroup(subscription: string, resourceGroup: string): void;
  /** Addresses that nodes and pods hold, by key of their subnet. */
  addressesHeld(): ReadonlyMap<string, number>;
}

const POST_TARGETS = new Set([
  "managedclusters",
  "managedclusters/accessprofiles",
  "managedclusters/agentpools",
]);

export function createAks(
  environment: Environment,
  operations: Operations,
  scenario: Scenario,
): Aks {
  const context: AksContext = {
    environment,
    operations,
    clusters: new ResourceStore(),
    pools: new ResourceStore(),
    snapshots: new ResourceStore(),
    maintenance: new ResourceStore(),
    commands: new Map(),
  };
  rememberScenario(context, scenario);
  return {
    handle: (request) => route(context, request),
    deleteGroup: (subscription, resourceGroup) => deleteGroup(context, subscription, resourceGroup),
    addressesHeld: () => addressesHeld(context),
  };
}

function route(context: AksContext, request: ArmRequest): WireReply | undefined {
  const type = request.segments.map(([name]) => name).join("/");
  if (request.action !== undefined && !POST_TARGETS.has(type)) return undefined;
  switch (type) {
    case "managedclusters":
      return handleClusters(context, request);
    case "managedclusters/agentpools":
      return handlePools(context, request);
    case "managedclusters/commandresults":
      return commandResult(context, request);
    case "managedclusters/maintenanceconfigurations":
      return handleMaintenanceConfigurations(context, request);
    case "managedclusters/agentpools/machines":
      return readOnly(request, () => machines(context, request));
    case "managedclusters/availableagentpoolversions":
      return readOnly(request, () => availablePoolVersions(context, request));
    case "snapshots":
      return handleSnapshots(context, request);
    case "managedclusters/upgradeprofiles":
      return readOnly(request, () => clusterUpgradeProfile(context, request));
    case "managedclusters/agentpools/upgradeprofiles":
      return readOnly(request, () => poolUpgradeProfile(context, request));
    case "locations/kubernetesversions":
      return readOnly(request, () => kubernetesVersions(context));
    case "locations/orchestrators":
      return readOnly(request, () => orchestrators(context, request));
    case "locations/osoptions":
      return readOnly(request, () => osOptions(request));
    case "managedclusters/accessprofiles":
      return accessProfile(context, request);
    default:
      return absentTypeReply(context, request);
  }
}

/** What clients of 2024 and before ask for; newer versions have it no longer. */
function osOptions({ wire }: ArmRequest): WireReply {
  const osOptionPropertyList = [
    { osType: "Linux", enableFipsImage: true },
    { osType: "Windows", enableFipsImage: false },
  ];
  const type = "Microsoft.ContainerService/locations/osOptions";
  const body = { id: wire.path, name: "default", type, properties: { osOptionPropertyList } };
  return { status: 200, body };
}

function readOnly(request: ArmRequest, read: () => WireReply): WireReply {
  if (request.method !== "GET") throw methodNotAllowed(request.method);
  return read();
}

/** Clusters of the scenario are given as if somebody had PUT them: ids in the scenario's case. */
function rememberScenario(context: AksContext, scenario: Scenario): void {
  const { subscription, pacer } = context.environment;
  for (const cluster of scenario.clusters ?? []) {
    const id = clusterId(subscription, cluster.resourceGroup, cluster.name);
    const autoUpgradeProfile = cluster.autoUpgradeProfile ?? {
      upgradeChannel: "none",
      nodeOSUpgradeChannel: "None",
    };
    const { networkProfile } = cluster;
    const properties = withoutUndefined({
      autoUpgradeProfile,
      networkProfile: networkProfile && withoutUndefined(networkProfile),
    });
    const body = withoutUndefined({ tags: cluster.tags, properties });
    const made = context.environment.world.clusters.get(armKey(id));
    if (made) applyAutoUpgrade(made, { autoUpgradeProfile });
    context.clusters.put({ id, body, at: pacer.now(), by: "scenario" });
    for (const { name, ...pool } of cluster.pools) {
      const written = withoutUndefined({
        vnetSubnetID: subnetId(scenario, subscription, pool.vnetSubnetID),
        podSubnetID: subnetId(scenario, subscription, pool.podSubnetID),
        podIPAllocationMode: pool.podIPAllocationMode,
      });
      if (Object.keys(written).length === 0) continue;
      context.pools.put({
        id: `${id}/agentPools/${name}`,
        body: written,
        at: pacer.now(),
        by: "scenario",
      });
    }
  }
}

function deleteGroup(context: AksContext, subscription: string, resourceGroup: string): void {
  const scope = clusterId(subscription, resourceGroup, "").toLowerCase();
  for (const [key, cluster] of context.environment.world.clusters) {
    if (key.startsWith(scope)) changing(() => cluster.delete());
  }
  const group = `/subscriptions/${subscription}/resourceGroups/${resourceGroup}`;
  for (const snapshot of context.snapshots.under(group)) context.snapshots.delete(snapshot.id);
}
