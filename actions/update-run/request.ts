import { DAY, MINUTE, SECOND } from "../../shared/core/duration.ts";
import { parsePreflightChoices } from "../../shared/update-run/preflight/judge.ts";
import { parseSkipTargets } from "../../shared/update-run/skip.ts";
import { choice, duration, optionalText, requiredText, wholeNumber } from "../runner/inputs.ts";
import { OPERATIONS } from "./step.ts";
import type { UpdateRunInputs } from "./step.ts";

/** Azure's own tools look every 30 s; ten minutes is late enough for a person who watches. */
const POLL_INTERVAL = { min: SECOND, max: 10 * MINUTE };
/** A cluster that is busy for a day is not busy, it is stuck. */
const PREFLIGHT_TIMEOUT = { min: SECOND, max: DAY };
/** No fleet has more. */
const PREFLIGHT_MEMBERS = { min: 0, max: 1_000 };
/** A job on a runner of one's own lasts five days at most. */
const DETACH_AFTER = { min: SECOND, max: 5 * DAY };

/** The step's inputs, apart from who signs in. */
export function readRequest(): Omit<UpdateRunInputs, "subscriptionId"> {
  return {
    operation: choice("operation", OPERATIONS),
    environment: requiredText("environment"),
    release: optionalText("release"),
    runName: optionalText("run-name"),
    inline: choice("strategy-as", ["named", "inline"]) === "inline",
    targets: parseSkipTargets(optionalText("targets") ?? ""),
    gate: optionalText("gate"),
    stage: optionalText("stage"),
    reason: optionalText("reason"),
    reviewedPlan: choice("reviewed-plan", ["required", "off"]),
    preflightChoices: parsePreflightChoices(optionalText("preflight-rules") ?? ""),
    preflightMembers: wholeNumber("preflight-members", PREFLIGHT_MEMBERS),
    preflightTimeoutMilliseconds: duration("preflight-timeout", PREFLIGHT_TIMEOUT),
    pollIntervalMilliseconds: duration("poll-interval", POLL_INTERVAL),
    detachAfterMilliseconds: duration("detach-after", DETACH_AFTER),
  };
}
