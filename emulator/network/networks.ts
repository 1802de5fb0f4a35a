import { armKey } from "../../shared/core/arm-id.ts";
import { objectAt, objectsAt, textAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { invalid, notFound } from "../arm/refusal.ts";
import { isAddressPrefix } from "../scenario.ts";
import type { Scenario, ScenarioNetwork } from "../scenario.ts";

export interface Subnet {
  readonly name: string;
  readonly addressPrefix: string;
  /** Addresses that others than the nodes of these clusters hold. */
  readonly used: number;
  /** What else its writer said of it. */
  readonly properties: JsonObject;
}

export interface Network {
  readonly id: string;
  readonly name: string;
  readonly body: JsonObject;
  readonly subnets: readonly Subnet[];
}

/** The virtual networks of the scenario, and those that somebody made since. */
export class Networks {
  readonly #networks = new Map<string, Network>();

  constructor(subscription: string, given: NonNullable<Scenario["virtualNetworks"]>) {
    for (const network of given) {
      const id = networkId(subscription, network);
      const { name, location = "westeurope" } = network;
      const subnets = network.subnets.map(({ used = 0, ...subnet }) => ({
        ...subnet,
        used,
        properties: {},
      }));
      this.#networks.set(armKey(id), { id, name, body: { location }, subnets });
    }
  }

  /** Those whose id begins with a scope. */
  under(scope: string): readonly Network[] {
    const prefix = `${armKey(scope)}/`;
    return [...this.#networks].filter(([key]) => key.startsWith(prefix)).map(([, one]) => one);
  }

  get(id: string): Network {
    const found = this.#networks.get(armKey(id));
    if (!found) throw notFound(id);
    return found;
  }

  has(id: string): boolean {
    return this.#networks.has(armKey(id));
  }

  /** What a PUT makes of a network: its subnets are those of the body, and keep what others hold in them. */
  put(id: string, body: JsonObject): Network {
    if (textAt(body, "location") === undefined) {
      throw invalid("The location property is required for this definition.", "LocationRequired");
    }
    const before = this.#networks.get(armKey(id));
    const { subnets: _given, ...properties } = objectAt(body, "properties");
    const subnets = objectsAt(objectAt(body, "properties"), "subnets").map((one) =>
      subnetOf(textAt(one, "name"), one, before),
    );
    const name = before?.name ?? id.split("/").at(-1) ?? id;
    const network = { id: before?.id ?? id, name, body: { ...body, properties }, subnets };
    this.#networks.set(armKey(id), network);
    return network;
  }

  putSubnet(id: string, name: string, body: JsonObject): Network {
    const network = this.get(id);
    const subnet = subnetOf(name, body, network);
    const isThere = network.subnets.some((one) => isNamed(one, name));
    const subnets = isThere
      ? network.subnets.map((one) => (isNamed(one, name) ? subnet : one))
      : [...network.subnets, subnet];
    return this.#keep({ ...network, subnets });
  }

  patch(id: string, change: JsonObject): Network {
    const network = this.get(id);
    return this.#keep({ ...network, body: { ...network.body, ...change } });
  }

  delete(id: string): void {
    this.#networks.delete(armKey(id));
  }

  deleteSubnet(id: string, name: string): void {
    const network = this.get(id);
    this.#keep({ ...network, subnets: network.subnets.filter((one) => !isNamed(one, name)) });
  }

  #keep(network: Network): Network {
    this.#networks.set(armKey(network.id), network);
    return network;
  }
}

export function isNamed(subnet: Subnet, name: string): boolean {
  return subnet.name.toLowerCase() === name.toLowerCase();
}

function subnetOf(name: string | undefined, body: JsonObject, before: Network | undefined): Subnet {
  if (name === undefined) throw invalid("A subnet has no name.", "InvalidRequestFormat");
  const { addressPrefix, addressPrefixes, ...properties } = objectAt(body, "properties");
  const [first] = Array.isArray(addressPrefixes) ? addressPrefixes : [addressPrefix];
  if (typeof first !== "string" || !isAddressPrefix(first)) {
    throw invalid(
      `The address prefix ${JSON.stringify(first)} of the subnet '${name}' is invalid: write it as 10.1.0.0/24, /2 to /29.`,
      "InvalidAddressPrefixFormat",
    );
  }
  const old = before?.subnets.find((one) => isNamed(one, name));
  return { name: old?.name ?? name, addressPrefix: first, used: old?.used ?? 0, properties };
}

export function networkId(
  subscription: string,
  { name, resourceGroup }: Pick<ScenarioNetwork, "name" | "resourceGroup">,
): string {
  return `/subscriptions/${subscription}/resourceGroups/${resourceGroup}/providers/Microsoft.Network/virtualNetworks/${name}`;
}
