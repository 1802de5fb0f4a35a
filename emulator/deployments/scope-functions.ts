import type { JsonObject } from "../arm/json.ts";
import { isObject } from "../arm/json.ts";
import { invalidTemplate } from "./refusal.ts";

/** Where a template is deployed: a resource group, or the subscription. */
export interface DeploymentScope {
  readonly subscription: string;
  readonly tenant: string;
  readonly resourceGroup: { readonly name: string; readonly body: JsonObject } | undefined;
}

type Given = readonly unknown[];

/** `resourceId` and the other functions whose result depends on where the template is deployed. */
export function scopeFunctions(
  scope: DeploymentScope,
): Readonly<Record<string, (...given: Given) => unknown>> {
  const subscriptionId = `/subscriptions/${scope.subscription}`;
  return {
    resourcegroup: () => {
      if (!scope.resourceGroup) throw invalidTemplate("there is no resourceGroup() here");
      return scope.resourceGroup.body;
    },
    subscription: () => ({
      id: subscriptionId,
      subscriptionId: scope.subscription,
      tenantId: scope.tenant,
      displayName: "Local Azure",
    }),
    tenant: () => ({ tenantId: scope.tenant }),
    resourceid: (...given) => resourceId(scope, given),
    subscriptionresourceid: (...given) => {
      const { before, path } = takeApart(given);
      return `/subscriptions/${before[0] ?? scope.subscription}/providers/${path}`;
    },
    tenantresourceid: (...given) => `/providers/${takeApart(given).path}`,
    extensionresourceid: (of, ...given) => `${String(of)}/providers/${takeApart(given).path}`,
  };
}

function resourceId(scope: DeploymentScope, given: Given): string {
  const { before, path } = takeApart(given);
  const group = before.at(-1) ?? scope.resourceGroup?.name;
  const subscription = before.length > 1 ? before[0] : scope.subscription;
  const below = group === undefined ? "" : `/resourceGroups/${group}`;
  return `/subscriptions/${subscription}${below}/providers/${path}`;
}

/** `('group', 'Microsoft.X/a/b', 'one', 'two')`: what stands before the type, and `Microsoft.X/a/one/b/two`. */
function takeApart(given: Given): { readonly before: readonly string[]; readonly path: string } {
  const texts = given.map(String);
  const at = texts.findIndex((text) => text.includes("/"));
  const names = texts.slice(at + 1);
  if (at < 0) throw invalidTemplate("resourceId() is given no resource type");
  return { before: texts.slice(0, at), path: resourcePath(texts[at] ?? "", names) };
}

/** The path of a resource below `providers/`: its type and its names, one after the other. */
export function resourcePath(type: string, names: readonly string[]): string {
  const [namespace = "", ...types] = type.split("/");
  if (types.length === 0 || types.length !== names.length) {
    throw invalidTemplate(
      `the resource type '${type}' and the name '${names.join("/")}' have not the same number of parts`,
    );
  }
  return [namespace, ...types.flatMap((one, index) => [one, names[index] ?? ""])].join("/");
}

/** Names that are given as one text with slashes. */
export function namesIn(name: unknown): readonly string[] {
  if (typeof name === "string" && name !== "") return name.split("/");
  throw invalidTemplate(`a resource has no name: ${isObject(name) ? "an object" : String(name)}`);
}
