import type { EmulatorReady, FunctionsReady, LocalAzure } from "./local-azure.ts";

/** What the Bicep of infra/ deploys, as the ARM requests that it comes down to. */

const EVENT_GRID_VERSION = "2025-02-15";
const ROLLING_EVENTS = [
  "Microsoft.ContainerService.NodePoolRollingStarted",
  "Microsoft.ContainerService.NodePoolRollingSucceeded",
  "Microsoft.ContainerService.NodePoolRollingFailed",
];
const GATE_EVENTS = [
  "Microsoft.ResourceNotifications.AKSResources.FleetGateCreated",
  "Microsoft.ResourceNotifications.AKSResources.FleetGateUpdated",
];

export interface Deployment {
  readonly resourceGroup: string;
  readonly location: string;
  readonly clusterIds: readonly string[];
}

/** Creates the custom topic and returns the endpoint that events are published to. */
export async function deployTopic(azure: LocalAzure, deployment: Deployment): Promise<string> {
  const topic = await azure.arm<{ properties: { endpoint: string } }>(
    "PUT",
    topicPath(azure, deployment),
    {
      location: deployment.location,
      properties: { inputSchema: "CloudEventSchemaV1_0" },
    },
  );
  return topic.properties.endpoint;
}

/** Subscribes the functions to the topic, to each cluster, and to the gates of the subscription. */
export async function deploySubscriptions(
  azure: LocalAzure,
  deployment: Deployment,
  functions: FunctionsReady,
): Promise<void> {
  const subscription = `/subscriptions/${azure.emulator.subscription}`;
  const topic = topicPath(azure, deployment).split("?")[0] ?? "";
  await subscribe(azure, topic, webhook(functions, "on-node-image-released"), []);
  for (const cluster of deployment.clusterIds) {
    await subscribe(azure, cluster, webhook(functions, "on-node-pool-rolling"), ROLLING_EVENTS);
  }
  await azure.arm("PUT", systemTopicPath(azure, deployment), {
    location: "global",
    properties: {
      source: subscription,
      topicType: "Microsoft.ResourceNotifications.AKSResources",
    },
  });
  await azure.arm(
    "PUT",
    systemTopicPath(azure, deployment).replace("?", "/eventSubscriptions/on-fleet-gate?"),
    eventSubscription(webhook(functions, "on-fleet-gate"), GATE_EVENTS),
  );
}

function topicPath(azure: LocalAzure, { resourceGroup }: Deployment): string {
  return `/subscriptions/${azure.emulator.subscription}/resourceGroups/${resourceGroup}/providers/Microsoft.EventGrid/topics/fleetwright?api-version=${EVENT_GRID_VERSION}`;
}

function systemTopicPath(azure: LocalAzure, { resourceGroup }: Deployment): string {
  return `/subscriptions/${azure.emulator.subscription}/resourceGroups/${resourceGroup}/providers/Microsoft.EventGrid/systemTopics/fleetwright-gates?api-version=${EVENT_GRID_VERSION}`;
}

async function subscribe(
  azure: LocalAzure,
  scope: string,
  endpointUrl: string,
  includedEventTypes: readonly string[],
): Promise<void> {
  const path = `${scope}/providers/Microsoft.EventGrid/eventSubscriptions/fleetwright?api-version=${EVENT_GRID_VERSION}`;
  await azure.arm("PUT", path, eventSubscription(endpointUrl, includedEventTypes));
}

function eventSubscription(endpointUrl: string, includedEventTypes: readonly string[]): unknown {
  return {
    properties: {
      destination: { endpointType: "WebHook", properties: { endpointUrl } },
      eventDeliverySchema: "CloudEventSchemaV1_0",
      ...(includedEventTypes.length > 0 ? { filter: { includedEventTypes } } : {}),
    },
  };
}

function webhook(functions: FunctionsReady, functionName: string): string {
  const query = new URLSearchParams({ functionName, code: functions.eventGridKey });
  return `${functions.url}/runtime/webhooks/EventGrid?${query.toString()}`;
}

/** App settings of the function app, as infra/ would write them. */
export function functionSettings(
  azure: LocalAzure,
  options: { readonly topic: string; readonly repository: string; readonly githubToken: string },
): Readonly<Record<string, string>> {
  return {
    ...cloudSettings(azure.emulator),
    IDENTITY_ENDPOINT: azure.emulator.msi,
    IDENTITY_HEADER: "local",
    AzureWebJobsStorage__tableServiceUri: azure.storage.table,
    AzureWebJobsStorage__credential: "managedidentity",
    FLEETWRIGHT_REPOSITORY: options.repository,
    FLEETWRIGHT_TOPIC_ENDPOINT: options.topic,
    GITHUB_API_URL: azure.emulator.github,
    FLEETWRIGHT_GITHUB_TOKEN: options.githubToken,
  };
}

/** How a process finds this cloud instead of the public one: settings alone. */
export function cloudSettings(emulator: EmulatorReady): Readonly<Record<string, string>> {
  return {
    AZURE_RESOURCE_MANAGER_ENDPOINT: emulator.arm,
    AZURE_AUTHORITY_HOST: new URL(emulator.authority).origin,
    NODE_EXTRA_CA_CERTS: emulator.ca,
  };
}
