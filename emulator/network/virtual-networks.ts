import { armKey } from "../../shared/core/arm-id.ts";
import type { JsonObject } from "../arm/json.ts";
import { objectAt } from "../arm/json.ts";
import type { ArmRequest, ResourceProvider } from "../arm/provider.ts";
import { invalid, methodNotAllowed, notFound, unknownType } from "../arm/refusal.ts";
import { subnetNamed } from "../scenario.ts";
import type { Scenario, ScenarioNetwork } from "../scenario.ts";
import type { WireReply } from "../service.ts";
import { isNamed, networkId, Networks } from "./networks.ts";
import type { Network, Subnet } from "./networks.ts";

/** Azure keeps the first four addresses and the last of each subnet. */
const RESERVED = 5;

export interface NetworkOptions {
  readonly subscription: string;
  readonly networks: readonly ScenarioNetwork[];
  /** Addresses that nodes and pods hold now, by key of their subnet. */
  held(): ReadonlyMap<string, number>;
}

/**
 * `Microsoft.Network/virtualNetworks`: networks, subnets and `usages`, which counts addresses. A full subnet is told,
 * not enforced. Source: https://learn.microsoft.com/rest/api/virtualnetwork/virtual-networks
 */
export function createNetworkProvider(options: NetworkOptions): ResourceProvider {
  const networks = new Networks(options.subscription, [...options.networks]);
  const held = (): ReadonlyMap<string, number> => options.held();
  return {
    namespace: "Microsoft.Network",
    handle(request) {
      const [[type, name] = [""], child] = request.segments;
      if (type !== "virtualnetworks") throw unknownType("Microsoft.Network", request);
      if (name === undefined) return list(networks, request);
      const { subscription, resourceGroup = "" } = request;
      const id = networkId(subscription, { name, resourceGroup });
      if (!child) return serveNetwork({ networks, held }, request, id);
      if (child[0] === "usages" && request.method === "GET") {
        return { status: 200, body: { value: usages(networks.get(id), held()) } };
      }
      if (child[0] !== "subnets") throw unknownType("Microsoft.Network", request);
      return serveSubnet({ networks, held }, request, { id, name: child[1] });
    },
    deleteGroup(subscription, resourceGroup) {
      const scope = `/subscriptions/${subscription}/resourceGroups/${resourceGroup}`;
      for (const { id } of networks.under(scope)) networks.delete(id);
    },
  };
}

interface Held {
  readonly networks: Networks;
  held(): ReadonlyMap<string, number>;
}

function list(networks: Networks, { method, subscription, resourceGroup }: ArmRequest): WireReply {
  if (method !== "GET") throw methodNotAllowed(method);
  const group = resourceGroup === undefined ? "" : `/resourceGroups/${resourceGroup}`;
  const found = networks.under(`/subscriptions/${subscription}${group}`);
  return { status: 200, body: { value: found.map(networkBody) } };
}

function serveNetwork(
  { networks, held }: Held,
  { method, body }: ArmRequest,
  id: string,
): WireReply {
  const isThere = networks.has(id);
  switch (method) {
    case "GET":
      return { status: 200, body: networkBody(networks.get(id)) };
    case "PUT":
      return { status: isThere ? 200 : 201, body: networkBody(networks.put(id, body)) };
    case "PATCH":
      return { status: 200, body: networkBody(networks.patch(id, { tags: body["tags"] })) };
    case "DELETE":
      if (isThere) {
        for (const subnet of networks.get(id).subnets) requireFree(held(), id, subnet);
      }
      networks.delete(id);
      return { status: isThere ? 200 : 204 };
    default:
      throw methodNotAllowed(method);
  }
}

function serveSubnet(
  { networks, held }: Held,
  { method, body }: ArmRequest,
  { id, name }: { readonly id: string; readonly name: string | undefined },
): WireReply {
  const network = networks.get(id);
  if (name === undefined) {
    if (method !== "GET") throw methodNotAllowed(method);
    return { status: 200, body: { value: network.subnets.map((one) => subnetBody(network, one)) } };
  }
  const found = network.subnets.find((one) => isNamed(one, name));
  switch (method) {
    case "GET":
      if (!found) throw notFound(`${network.id}/subnets/${name}`);
      return { status: 200, body: subnetBody(network, found) };
    case "PUT": {
      const after = networks.putSubnet(id, name, body);
      const subnet = after.subnets.find((one) => isNamed(one, name));
      return { status: found ? 200 : 201, ...(subnet && { body: subnetBody(after, subnet) }) };
    }
    case "DELETE":
      if (found) requireFree(held(), id, found);
      networks.deleteSubnet(id, name);
      return { status: found ? 200 : 204 };
    default:
      throw methodNotAllowed(method);
  }
}

/** Where nodes have addresses nothing is taken away. */
function requireFree(held: ReadonlyMap<string, number>, network: string, { name }: Subnet): void {
  const id = `${network}/subnets/${name}`;
  if ((held.get(armKey(id)) ?? 0) === 0) return;
  const message = `Subnet ${name} is in use by nodes and cannot be deleted.`;
  throw invalid(message, "InUseSubnetCannotBeDeleted");
}

function networkBody(network: Network): JsonObject {
  return {
    ...network.body,
    id: network.id,
    name: network.name,
    type: "Microsoft.Network/virtualNetworks",
    properties: {
      ...objectAt(network.body, "properties"),
      provisioningState: "Succeeded",
      subnets: network.subnets.map((subnet) => subnetBody(network, subnet)),
    },
  };
}

function subnetBody(network: Network, { name, addressPrefix, properties }: Subnet): JsonObject {
  return {
    id: `${network.id}/subnets/${name}`,
    name,
    type: "Microsoft.Network/virtualNetworks/subnets",
    properties: { ...properties, addressPrefix, provisioningState: "Succeeded" },
  };
}

function usages(network: Network, held: ReadonlyMap<string, number>): JsonObject[] {
  return network.subnets.map(({ name, addressPrefix, used }) => {
    const id = `${network.id}/subnets/${name}`;
    const bits = Number(addressPrefix.split("/")[1]);
    return {
      id,
      currentValue: used + (held.get(armKey(id)) ?? 0),
      limit: 2 ** (32 - bits) - RESERVED,
      name: { value: "SubnetSpace", localizedValue: "Subnet size and usage" },
      unit: "Count",
    };
  });
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
