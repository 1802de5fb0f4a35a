import { compareVersions } from "../../shared/core/node-image.ts";
import type { Cluster, Gate, Transition, World } from "../../shared/simulator/model.ts";
import { clusterId } from "../arm/ids.ts";
import { guidFrom } from "../guid.ts";
import type { GridEvent } from "./grid-event.ts";
import { AKS_RESOURCES_TOPIC_TYPE, CLUSTER_TOPIC_TYPE } from "./topic-types.ts";

/** An event that a resource of Azure emits by itself, before it is known who listens. */
export interface SystemEvent {
  readonly topicType: string;
  readonly source: string;
  readonly event: GridEvent;
}

type GateTransition = Extract<Transition, { kind: "gate" }>;
type PoolTransition = Extract<Transition, { kind: "pool" }>;

/** As the payloads of the documents say it; the tables spell `AKSResources`. */
const GATE_TYPE_PREFIX = "Microsoft.ResourceNotifications.AksResources.FleetGate";
/** The version that the documents' payload names. */
const GATE_API_VERSION = "2025-04-01-preview";

/** What Azure would publish for a change of the world; none for changes that it keeps to itself. */
export function systemEventsOf(
  world: World,
  transition: Transition,
  sequence: number,
): readonly SystemEvent[] {
  const id = guidFrom(`event ${sequence} ${transition.kind} ${transition.at}`);
  if (transition.kind === "version") return versionEvents(world, transition.at, id);
  const event =
    transition.kind === "pool"
      ? poolEvent(world, transition, id)
      : transition.kind === "gate"
        ? gateEvent(world, transition, id)
        : undefined;
  return event ? [event] : [];
}

/** Each cluster is told what there is now, whether it can go there or not (azure-docs, event-schema-aks.md). */
function versionEvents(world: World, at: number, id: string): readonly SystemEvent[] {
  const versions = world.kubernetesVersions.toSorted(compareVersions);
  const minor = (version: string | undefined) => version?.split(".").slice(0, 2).join(".") ?? "";
  const data = {
    latestSupportedKubernetesVersion: versions.at(-1) ?? "",
    latestStableKubernetesVersion: versions.at(-1) ?? "",
    lowestMinorKubernetesVersion: minor(versions[0]),
    latestPreviewKubernetesVersion: "",
  };
  return [...world.clusters.values()].map((cluster) => {
    const source = clusterArmId(cluster);
    return {
      topicType: CLUSTER_TOPIC_TYPE,
      source,
      event: {
        id: guidFrom(`${id} ${cluster.id}`),
        source,
        type: "Microsoft.ContainerService.NewKubernetesVersionAvailable",
        subject: cluster.name,
        time: new Date(at).toISOString(),
        dataVersion: "1",
        attributes: { data },
      },
    };
  });
}

function poolEvent(world: World, transition: PoolTransition, id: string): SystemEvent | undefined {
  const cluster = world.clusters.get(transition.cluster);
  if (!cluster || !transition.change.startsWith("Rolling")) return undefined;
  const source = clusterArmId(cluster);
  return {
    topicType: CLUSTER_TOPIC_TYPE,
    source,
    event: {
      id,
      source,
      type: `Microsoft.ContainerService.NodePool${transition.change}`,
      subject: cluster.name,
      time: new Date(transition.at).toISOString(),
      dataVersion: "1",
      attributes: { data: { nodePoolName: transition.pool } },
    },
  };
}

/** The world keeps ids in lower case; events spell the provider as Azure does. */
function clusterArmId(cluster: Cluster): string {
  const [, , subscription = "", , resourceGroup = ""] = cluster.id.split("/");
  return clusterId(subscription, resourceGroup, cluster.name).replace(
    "/resourcegroups/",
    "/resourceGroups/",
  );
}

function gateEvent(world: World, transition: GateTransition, id: string): SystemEvent | undefined {
  const [, , subscription = "", , resourceGroup = "", , , , fleetName = ""] =
    transition.fleet.split("/");
  const fleet = `/subscriptions/${subscription}/resourceGroups/${resourceGroup}/providers/Microsoft.ContainerService/fleets/${fleetName}`;
  const gate = world.fleets.get(transition.fleet)?.gates.get(transition.gate);
  const gateId = `${fleet}/gates/${transition.gate}`;
  const time = new Date(transition.at).toISOString();
  const source = `/subscriptions/${subscription}`;
  return {
    topicType: AKS_RESOURCES_TOPIC_TYPE,
    source,
    event: {
      id,
      source,
      type: `${GATE_TYPE_PREFIX}${transition.change}`,
      subject: gateId,
      time,
      dataVersion: "1",
      attributes: {
        data: {
          resourceInfo: {
            id: gateId,
            name: transition.gate,
            type: "Microsoft.ContainerService/fleets/gates",
            ...(gate === undefined ? {} : { properties: gateProperties(fleet, gate) }),
          },
          operationalInfo: { resourceEventTime: time },
          apiVersion: GATE_API_VERSION,
        },
      },
    },
  };
}

function gateProperties(fleet: string, gate: Gate): object {
  const { displayName, gateType, state, run, stage, group, timing } = gate;
  return {
    displayName,
    gateType,
    provisioningState: "Succeeded",
    state,
    target: {
      id: `${fleet}/updateRuns/${run}`,
      updateRunProperties: { name: run, stage, ...(group === undefined ? {} : { group }), timing },
    },
  };
}
