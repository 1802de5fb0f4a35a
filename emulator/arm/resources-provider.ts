import { Deployments } from "../deployments/provider.ts";
import type { DeploymentsOptions } from "../deployments/provider.ts";
import { unknownType } from "./refusal.ts";
import type { ResourceProvider } from "./provider.ts";
import { ScopeTags } from "./tags.ts";
import type { TagsOptions } from "./tags.ts";

/** The part of `Microsoft.Resources` that has types of its own: tags of scopes, and deployments of templates. */
export function createResourcesProvider(
  options: TagsOptions & DeploymentsOptions,
): ResourceProvider {
  const tags = new ScopeTags(options);
  const deployments = new Deployments(options);
  return {
    namespace: "Microsoft.Resources",
    handle(request) {
      const [[type = ""] = []] = request.segments;
      switch (type) {
        case "tags":
          return tags.handle(request);
        case "deployments":
          return deployments.handle(request);
        default:
          throw unknownType("Microsoft.Resources", request);
      }
    },
    deleteGroup: (subscription, group) => deployments.deleteGroup(subscription, group),
  };
}
