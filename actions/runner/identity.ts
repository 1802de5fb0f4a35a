import { parseArmId } from "../../shared/core/arm-id.ts";
import type { ArmId } from "../../shared/core/arm-id.ts";
import { FleetwrightError } from "../../shared/core/errors.ts";
import { optionalText } from "./inputs.ts";

/** Whom a step acts as, and where at most. */
export interface IdentityInputs {
  readonly clientId: string | undefined;
  readonly tenantId: string | undefined;
  readonly subscriptionId: string | undefined;
}

export function readIdentity(): IdentityInputs {
  return {
    clientId: optionalText("client-id"),
    tenantId: optionalText("tenant-id"),
    subscriptionId: optionalText("subscription-id"),
  };
}

/** A step that was told its subscription touches no other one, whatever the repository declares. */
export function assertSubscription(allowed: string | undefined, fleet: ArmId): void {
  const { subscription } = parseArmId(fleet);
  if (allowed === undefined || allowed.toLowerCase() === subscription.toLowerCase()) return;
  throw new FleetwrightError(
    "invalid-input",
    `the fleet ${fleet} is not in the subscription ${allowed} of the input subscription-id`,
    { subject: fleet, remedy: "correct the declared fleet or the input" },
  );
}
