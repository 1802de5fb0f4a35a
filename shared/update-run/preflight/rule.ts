import type { PreflightFacts } from "./facts.ts";

/**
 * `block`: nothing is created or started. `wait`: not yet, asked again. `skip`: the members concerned
 * are taken out of the run before it starts. `warn`: told, no more.
 */
export type PreflightVerdict = "block" | "wait" | "skip" | "warn";

export interface Concern {
  /** The member's name, or what else is concerned. */
  readonly subject: string;
  readonly message: string;
  /** Present where leaving the member out would help. */
  readonly member?: string;
}

export interface PreflightRule {
  readonly name: string;
  /** The first is the default. */
  readonly verdicts: readonly [PreflightVerdict, ...PreflightVerdict[]];
  readonly remedy: string;
  /** Pure. */
  judge(facts: PreflightFacts): readonly Concern[];
}
