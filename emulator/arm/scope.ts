import type { ArmRequest } from "./provider.ts";

type Scoped = Pick<ArmRequest, "scope" | "subscription" | "resourceGroup">;

/** What an extension resource (a role assignment, a lock) stands on. */
export function scopeOf({ scope, subscription, resourceGroup }: Scoped): string {
  const group = resourceGroup === undefined ? "" : `/resourceGroups/${resourceGroup}`;
  return scope ?? `/subscriptions/${subscription}${group}`;
}

export function isAtOrBelow(scope: string, above: string): boolean {
  return `${scope}/`.toLowerCase().startsWith(`${above.replace(/\/+$/, "")}/`.toLowerCase());
}
