import { ArmError } from "../arm/provider.ts";

/** What a template is refused with before anything is deployed. */
export function invalidTemplate(why: string): ArmError {
  return new ArmError(400, "InvalidTemplate", `Deployment template validation failed: '${why}'.`);
}
