import type { WireReply } from "../service.ts";
import type { JsonObject } from "./json.ts";
import { textAt } from "./json.ts";
import { meets, parseFilter } from "./list-filter.ts";
import { ArmError } from "./provider.ts";
import { invalid, methodNotAllowed } from "./refusal.ts";

/** Source: learn.microsoft.com, naming rules for resource groups */
const NAME = /^[-\p{L}\p{Nd}_.()]{0,89}[-\p{L}\p{Nd}_()]$/u;

interface ResourceGroup {
  readonly name: string;
  readonly location: string;
  readonly body: JsonObject;
}

export class ResourceGroups {
  readonly #subscription: string;
  readonly #groups = new Map<string, ResourceGroup>();

  constructor(subscription: string) {
    this.#subscription = subscription;
  }

  /** Makes a group unless there is one already. */
  ensure(name: string, location: string): void {
    if (!this.#groups.has(name.toLowerCase())) this.#put(name, { location });
  }

  /** Throws what ARM answers for anything below a group that does not exist. */
  require(name: string): void {
    if (this.#groups.has(name.toLowerCase())) return;
    throw new ArmError(
      404,
      "ResourceGroupNotFound",
      `Resource group '${name}' could not be found.`,
    );
  }

  /** What a group says of itself; throws when it is not there. */
  bodyOf(name: string): JsonObject {
    return this.#render(this.#get(name));
  }

  /** All, or those with the tag of a `$filter`. */
  list(filter: string | undefined): WireReply {
    const conditions = parseFilter(filter);
    const groups = [...this.#groups.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const value = groups
      .map((group) => this.#render(group))
      .filter((group) => meets(group, conditions));
    return { status: 200, body: { value } };
  }

  /** Everything but DELETE, which the service of ARM carries out with the providers. */
  handle(method: string, name: string, body: JsonObject): WireReply {
    switch (method) {
      case "HEAD":
        return { status: this.#groups.has(name.toLowerCase()) ? 204 : 404 };
      case "GET":
        return { status: 200, body: this.#render(this.#get(name)) };
      case "PATCH": {
        const { body: before } = this.#get(name);
        return { status: 200, body: this.#render(this.#put(name, { ...before, ...body })) };
      }
      case "PUT": {
        const existed = this.#groups.has(name.toLowerCase());
        return { status: existed ? 200 : 201, body: this.#render(this.#put(name, body)) };
      }
      default:
        throw methodNotAllowed(method);
    }
  }

  delete(name: string): void {
    this.require(name);
    this.#groups.delete(name.toLowerCase());
  }

  #get(name: string): ResourceGroup {
    this.require(name);
    const group = this.#groups.get(name.toLowerCase());
    if (!group) throw new Error(`resource group ${name} vanished`);
    return group;
  }

  #put(name: string, body: JsonObject): ResourceGroup {
    if (!NAME.test(name)) throw invalid(`The resource group name '${name}' is not valid.`);
    const before = this.#groups.get(name.toLowerCase());
    const location = textAt(body, "location") ?? before?.location;
    if (location === undefined) {
      throw invalid("The location property is required for this definition.", "LocationRequired");
    }
    const group: ResourceGroup = { name: before?.name ?? name, location, body };
    this.#groups.set(name.toLowerCase(), group);
    return group;
  }

  #render({ name, location, body }: ResourceGroup): JsonObject {
    return {
      ...body,
      id: `/subscriptions/${this.#subscription}/resourceGroups/${name}`,
      name,
      type: "Microsoft.Resources/resourceGroups",
      location,
      properties: { provisioningState: "Succeeded" },
    };
  }
}
