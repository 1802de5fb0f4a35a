import { invalid } from "../arm/refusal.ts";

/** Source: specification of Microsoft.ContainerService/fleets */
const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
export const MAX_FLEET_NAME = 63;
export const MAX_CHILD_NAME = 50;

/** Throws unless a name is one that the fleet service takes. */
export function checkName(kind: string, name: string, maxLength = MAX_CHILD_NAME): void {
  if (name.length >= 1 && name.length <= maxLength && NAME.test(name)) return;
  throw invalid(
    `The ${kind} name '${name}' is invalid: it has 1 to ${maxLength} characters and matches ${NAME.source}.`,
  );
}
