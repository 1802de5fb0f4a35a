import { HOUR } from "../../shared/core/duration.ts";
import { readDrainConsent } from "../runner/drain-inputs.ts";
import { duration, optionalCount } from "../runner/inputs.ts";
import type { BlueGreenInputs } from "./request.ts";

/** How blue is emptied, and how fast. */
export function readDrain(): BlueGreenInputs["drain"] {
  return {
    ...readDrainConsent(),
    batchSize: optionalCount("batch-size", { min: 1, max: 100 }) ?? 1,
    paceMilliseconds: duration("pace", { min: 0, max: 24 * HOUR }),
    gracePeriodSeconds: optionalCount("grace-period", { min: 0, max: 86_400 }),
  };
}
