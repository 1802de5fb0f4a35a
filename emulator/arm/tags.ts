import type { WireReply } from "../service.ts";
import { objectAt, textAt, textsAt } from "./json.ts";
import type { JsonObject } from "./json.ts";
import type { ArmRequest, ResourceProvider } from "./provider.ts";
import { invalid, methodNotAllowed, notFound } from "./refusal.ts";
import { resourceAt } from "./resource-at.ts";
import type { ResourceGroups } from "./resource-groups.ts";

type Tags = Readonly<Record<string, string>>;

/** Tags of one scope: a subscription, a resource group or a resource. */
interface Tagged {
  readonly id: string;
  read(): Promise<Tags>;
  write(tags: Tags): Promise<unknown>;
}

export interface TagsOptions {
  readonly providers: readonly ResourceProvider[];
  readonly groups: ResourceGroups;
}

/** `{scope}/providers/Microsoft.Resources/tags/default`: `az tag` and `az tag update --operation merge`. */
export class ScopeTags {
  readonly #options: TagsOptions;
  /** Of subscriptions, which nobody else keeps. */
  readonly #ofSubscription = new Map<string, Tags>();

  constructor(options: TagsOptions) {
    this.#options = options;
  }

  async handle(request: ArmRequest): Promise<WireReply> {
    if (request.segments[0]?.[1]?.toLowerCase() !== "default") throw notFound(request.wire.path);
    const tagged = this.#at(request);
    const given = textsAt(objectAt(request.body, "properties"), "tags") ?? {};
    switch (request.method) {
      case "GET":
        break;
      case "PUT":
        await tagged.write(given);
        break;
      case "PATCH":
        await tagged.write(changed(await tagged.read(), given, textAt(request.body, "operation")));
        break;
      case "DELETE":
        await tagged.write({});
        return { status: 200 };
      default:
        throw methodNotAllowed(request.method);
    }
    return { status: 200, body: render(tagged.id, await tagged.read()) };
  }

  #at(request: ArmRequest): Tagged {
    const { scope: id, subscription, resourceGroup } = request;
    if (id !== undefined) return this.#ofResource(request, id);
    if (resourceGroup !== undefined) return this.#ofGroup(subscription, resourceGroup);
    const key = subscription.toLowerCase();
    return {
      id: `/subscriptions/${subscription}`,
      read: async () => this.#ofSubscription.get(key) ?? {},
      write: async (tags) => this.#ofSubscription.set(key, tags),
    };
  }

  #ofGroup(subscription: string, name: string): Tagged {
    const { groups } = this.#options;
    const get = (): JsonObject => groups.handle("GET", name, {}).body as JsonObject;
    return {
      id: `/subscriptions/${subscription}/resourceGroups/${name}`,
      read: async () => textsAt(get(), "tags") ?? {},
      write: async (tags) => groups.handle("PATCH", name, { tags }),
    };
  }

  #ofResource(request: ArmRequest, id: string): Tagged {
    const { providers } = this.#options;
    return {
      id,
      read: async () =>
        textsAt(await resourceAt(providers, request, id, { method: "GET" }), "tags") ?? {},
      write: (tags) => resourceAt(providers, request, id, { method: "PATCH", body: { tags } }),
    };
  }
}

function changed(before: Tags, given: Tags, operation: string | undefined): Tags {
  switch (operation?.toLowerCase()) {
    case "merge":
      return { ...before, ...given };
    case "replace":
      return given;
    case "delete":
      return Object.fromEntries(
        Object.entries(before).filter(([name, value]) => given[name] !== value),
      );
    default:
      throw invalid("The tags operation must be 'Replace', 'Merge' or 'Delete'.");
  }
}

function render(scope: string, tags: Tags): JsonObject {
  return {
    id: `${scope}/providers/Microsoft.Resources/tags/default`,
    name: "default",
    type: "Microsoft.Resources/tags",
    properties: { tags },
  };
}
