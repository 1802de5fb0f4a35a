import type { Principal } from "../service.ts";

/**
 * Does one of the principal's grants hold the action at the scope or above it? Actions compare without
 * case, `*` stands for any text, as in an Azure role definition.
 */
export function isAllowed(principal: Principal, action: string, scope: string): boolean {
  return principal.grants.some(
    (grant) =>
      covers(grant.scope, scope) &&
      grant.actions.some((pattern) => matches(pattern, action)) &&
      !grant.notActions?.some((pattern) => matches(pattern, action)),
  );
}

function covers(granted: string, scope: string): boolean {
  const above = granted.toLowerCase().replace(/\/+$/, "");
  const below = scope.toLowerCase().replace(/\/+$/, "");
  return below === above || below.startsWith(`${above}/`);
}

const compiled = new Map<string, RegExp>();

function matches(pattern: string, action: string): boolean {
  let expression = compiled.get(pattern);
  if (!expression) {
    const literal = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
    expression = new RegExp(`^${literal.join(".*")}$`, "i");
    compiled.set(pattern, expression);
  }
  return expression.test(action);
}
