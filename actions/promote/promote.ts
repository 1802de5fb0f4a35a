import { lint } from "../../shared/declaration/lint.ts";
import { parseDeclarations } from "../../shared/declaration/parse.ts";
import { promote, type PromoteDeps } from "../../shared/promotion/promote.ts";
import { findEnvironment } from "../runner/declared.ts";
import { errorsOf, refusal } from "../runner/findings.ts";
import { assertSubscription } from "../runner/identity.ts";
import type { Report } from "../runner/report.ts";
import type { Runner } from "../runner/run-action.ts";
import { reportPromotion } from "./report-promotion.ts";

export const OPERATIONS = ["plan", "promote"] as const;
export const AUTO_MERGE = ["off", "squash", "merge", "rebase"] as const;

export interface PromoteInputs {
  readonly operation: (typeof OPERATIONS)[number];
  readonly environment: string;
  readonly requiredChecks: readonly string[];
  readonly autoMerge: (typeof AUTO_MERGE)[number];
  readonly expediteReason: string | undefined;
  /** Login of whoever started the workflow. */
  readonly actor: string | undefined;
  readonly subscriptionId: string | undefined;
}

/** What is promoted is what the default branch declares: the head is read from GitHub, not from a checkout. */
export async function promoteRelease(
  inputs: PromoteInputs,
  deps: PromoteDeps & { readonly runner: Runner },
): Promise<Report> {
  const { repository, runner } = deps;
  const head = await repository.head();
  const declarations = parseDeclarations(await repository.readDeclarations(head));
  const findings = [...declarations.findings, ...lint(declarations, {})];
  if (errorsOf(findings).length > 0) return refusal(findings, runner.log);
  const target = findEnvironment(declarations, inputs.environment);
  assertSubscription(inputs.subscriptionId, target.fleet);
  runner.leaves(`at most a pull request for ${target.name} was opened or updated`);
  const result = await promote(deps, declarations, head, {
    environment: target.name,
    planOnly: inputs.operation === "plan",
    requiredChecks: inputs.requiredChecks,
    autoMerge: inputs.autoMerge === "off" ? undefined : inputs.autoMerge,
    expediteReason:
      inputs.expediteReason && `${inputs.expediteReason} (${inputs.actor ?? "the workflow"})`,
  });
  return reportPromotion(target.name, result, runner.log);
}
