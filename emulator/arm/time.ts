import type { Instant } from "../../shared/simulator/model.ts";

/** RFC 3339 with as many decimals as are needed: Azure trims trailing zeros. */
export function armTime(instant: Instant): string {
  return new Date(instant).toISOString().replace(/\.?0+Z$/, "Z");
}

/** The same for a time that may not have come yet: absent then. */
export function armTimeIfAny(instant: Instant | undefined): string | undefined {
  return instant === undefined ? undefined : armTime(instant);
}
