import { ArmError } from "./provider.ts";
import type { ResourceProvider } from "./provider.ts";
import { invalid, notFound } from "./refusal.ts";
import { ScopeTags } from "./tags.ts";
import type { TagsOptions } from "./tags.ts";

/** The part of `Microsoft.Resources` that has types of its own: tags of scopes, and an empty list of deployments. */
export function createResourcesProvider(options: TagsOptions): ResourceProvider {
  const tags = new ScopeTags(options);
  return {
    namespace: "Microsoft.Resources",
    handle(request) {
      const type = request.segments.map(([name]) => name).join("/");
      switch (type) {
        case "tags":
          return tags.handle(request);
        case "deployments":
          if (request.method !== "GET") {
            throw invalid("Templates are not deployed here.", "DeploymentNotSupported");
          }
          if (request.segments[0]?.[1] !== undefined) throw notFound(request.wire.path);
          return { status: 200, body: { value: [] } };
        default:
          throw new ArmError(
            404,
            "InvalidResourceType",
            `The resource type '${type}' could not be found in the namespace 'Microsoft.Resources'.`,
          );
      }
    },
  };
}
