/** Only `pass` approves anything. `unknown`: nobody can tell. `inconclusive`: look again. */
export type Outcome = "pass" | "fail" | "inconclusive" | "unknown";

export type CheckName = "nodes" | "workloads" | "team";

/** What one check of a strategy found; `detail` is one sentence, the evidence or the reason. */
export interface CheckResult {
  readonly check: CheckName;
  readonly outcome: Outcome;
  readonly detail: string;
}

/** Worst first: what failed says more than what could not be seen, and that more than what is not over. */
const WORST_FIRST: readonly Outcome[] = ["fail", "unknown", "inconclusive", "pass"];

/** The worst of several; without any there is no data, and that is never a pass. */
export function worstOf(outcomes: readonly Outcome[]): Outcome {
  return WORST_FIRST.find((outcome) => outcomes.includes(outcome)) ?? "unknown";
}

/** A check that the team owns: a check run on the run's commit, or a workflow that we dispatch. */
export type TeamCheck =
  | { readonly kind: "check-run"; readonly name: string }
  | { readonly kind: "workflow"; readonly file: string };

/** What the strategy wants verified of a stage, and of the gate that stands for it. */
export interface VerificationRule {
  /** Display name of our gate. */
  readonly approves: string | undefined;
  /** Share of the nodes, 0 to 1, that may be not Ready. */
  readonly toleratedNotReady: number;
  /** Namespaces whose workloads must be available; empty: the check is not wanted. */
  readonly namespaces: readonly string[];
  readonly team: TeamCheck | undefined;
  /** Judge and report; leave the gate to a person. */
  readonly observeOnly: boolean;
}
