import { HOUR, SECOND } from "../../shared/core/duration.ts";
import { EVICTION_RETRY_MILLISECONDS } from "../../shared/drain/drain.ts";
import type { DrainSettings } from "../../shared/drain/drain.ts";
import { duration, flag } from "./inputs.ts";

/** What every drain asks of a person: drain-timeout, delete-emptydir-data, delete-bare-pods. */
export function readDrainConsent(): Pick<
  DrainSettings,
  "timeoutMilliseconds" | "deleteEmptyDirData" | "deleteBarePods"
> {
  return {
    timeoutMilliseconds: duration("drain-timeout", { min: SECOND, max: 24 * HOUR }),
    deleteEmptyDirData: flag("delete-emptydir-data"),
    deleteBarePods: flag("delete-bare-pods"),
  };
}

/** No slower than kubectl, no more often than the step looks anyway. */
export function evictionRetry(pollIntervalMilliseconds: number): number {
  return Math.min(EVICTION_RETRY_MILLISECONDS, pollIntervalMilliseconds);
}
