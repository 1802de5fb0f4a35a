import { armKey } from "../../shared/core/arm-id.ts";
import type { JsonObject } from "../arm/json.ts";
import { ArmError } from "../arm/provider.ts";
import type { ArmRequest, ResourceProvider } from "../arm/provider.ts";
import { methodNotAllowed, notFound } from "../arm/refusal.ts";
import { subnetNamed } from "../scenario.ts";
import type { Scenario, ScenarioNetwork } from "../scenario.ts";

/** Azure keeps the first four addresses and the last of each subnet. */
const RESERVED = 5;

export interface NetworkOptions {
  readonly subscription: string;
  readonly networks: readonly ScenarioNetwork[];
  /** Addresses that nodes and pods hold now, by key of their subnet. */
  held(): ReadonlyMap<string, number>;
}

/**
 * `Microsoft.Network/virtualNetworks`, to read: networks, subnets and `usages`, which counts addresses. A full subnet
 * is told, not enforced. Source: https://learn.microsoft.com/rest/api/virtualnetwork/virtual-networks/list-usage
 */
export function createNetworkProvider(options: NetworkOptions): ResourceProvider {
  return {
    namespace: "Microsoft.Network",
    handle(request) {
      const [[type, name], [child, childName] = []] = request.segments as Segments;
      if (type !== "virtualnetworks") throw unknown(request);
      if (request.method !== "GET") throw methodNotAllowed(request.method);
      const networks = networksIn(options, request.resourceGroup);
      if (name === undefined) return { status: 200, body: { value: networks.map(body(options)) } };
      const id = networkId(options.subscription, {
        name,
        resourceGroup: request.resourceGroup ?? "",
      });
      const network = networks.find((one) => one.name.toLowerCase() === name.toLowerCase());
      if (network === undefined) throw notFound(id);
      if (child === undefined) return { status: 200, body: body(options)(network) };
      if (child === "usages") return { status: 200, body: { value: usages(options, network) } };
      if (child !== "subnets") throw unknown(request);
      return { status: 200, body: subnets(options, network, childName) };
    },
  };
}

type Segments = readonly [Segment, Segment?];
type Segment = readonly [type: string, name: string | undefined];

function networksIn({ networks }: NetworkOptions, group: string | undefined) {
  return networks.filter(
    ({ resourceGroup }) =>
      group === undefined || resourceGroup.toLowerCase() === group.toLowerCase(),
  );
}

function body({ subscription }: NetworkOptions): (network: ScenarioNetwork) => JsonObject {
  return (network) => ({
    id: networkId(subscription, network),
    name: network.name,
    type: "Microsoft.Network/virtualNetworks",
    location: network.location,
    properties: {
      provisioningState: "Succeeded",
      subnets: network.subnets.map((subnet) => subnetBody(subscription, network, subnet)),
    },
  });
}

function subnets(
  { subscription }: NetworkOptions,
  network: ScenarioNetwork,
  name: string | undefined,
): JsonObject {
  const all = network.subnets.map((subnet) => subnetBody(subscription, network, subnet));
  if (name === undefined) return { value: all };
  const found = all.find((subnet) => String(subnet["name"]).toLowerCase() === name.toLowerCase());
  if (found === undefined) throw notFound(`${networkId(subscription, network)}/subnets/${name}`);
  return found;
}

function subnetBody(
  subscription: string,
  network: ScenarioNetwork,
  { name, addressPrefix }: ScenarioNetwork["subnets"][number],
): JsonObject {
  return {
    id: `${networkId(subscription, network)}/subnets/${name}`,
    name,
    type: "Microsoft.Network/virtualNetworks/subnets",
    properties: { addressPrefix, provisioningState: "Succeeded" },
  };
}

function usages({ subscription, held }: NetworkOptions, network: ScenarioNetwork): JsonObject[] {
  const byNodes = held();
  return network.subnets.map(({ name, addressPrefix, used = 0 }) => {
    const id = `${networkId(subscription, network)}/subnets/${name}`;
    const bits = Number(addressPrefix.split("/")[1]);
    return {
      id,
      currentValue: used + (byNodes.get(armKey(id)) ?? 0),
      limit: 2 ** (32 - bits) - RESERVED,
      name: { value: "SubnetSpace", localizedValue: "Subnet size and usage" },
      unit: "Count",
    };
  });
}

function networkId(
  subscription: string,
  { name, resourceGroup }: Pick<ScenarioNetwork, "name" | "resourceGroup">,
): string {
  return `/subscriptions/${subscription}/resourceGroups/${resourceGroup}/providers/Microsoft.Network/virtualNetworks/${name}`;
}

/** The ARM id of a subnet of the scenario, given as `network/subnet` or by its id. */
export function subnetId(
  scenario: Scenario,
  subscription: string,
  name: string | undefined,
): string | undefined {
  const found = name === undefined ? undefined : subnetNamed(scenario, name);
  return found && `${networkId(subscription, found.network)}/subnets/${found.subnet}`;
}

function unknown({ segments }: ArmRequest): ArmError {
  const type = segments.map(([name]) => name).join("/");
  return new ArmError(
    404,
    "InvalidResourceType",
    `The resource type '${type}' could not be found in the namespace 'Microsoft.Network'.`,
  );
}
