import { FleetwrightError } from "../../shared/core/errors.ts";
import { counted } from "../../shared/core/markdown.ts";
import { planCheckName, planHash, planOf } from "../../shared/update-run/plan.ts";
import type { Plan } from "../../shared/update-run/plan.ts";
import type { PreflightReport } from "../../shared/update-run/preflight/judge.ts";
import { preflightFailure, renderPreflight } from "../../shared/update-run/preflight/render.ts";
import type { Report } from "../runner/report.ts";
import { lookAhead } from "./preflight.ts";
import { needsDeclaration } from "./step.ts";
import type { Step } from "./step.ts";

/**
 * Looks ahead and writes nothing to Azure. On a pull request it leaves the plan behind as a check of its
 * head: what is merged must be what was reviewed.
 */
export async function preflight(step: Step): Promise<Report> {
  const { deps, target } = step;
  const declared = needsDeclaration(target);
  const plan = planOf(declared, await deps.fleet.listMembers(target.fleet));
  const report = await lookAhead(step);
  const summary = render(step, plan, report);
  const check = await record(step, plan, report, summary);
  const blocked = report.judgements.filter(({ verdict }) => verdict === "block");
  return {
    outputs: {
      "run-name": plan.run,
      "plan-hash": planHash(plan),
      verdict: report.verdict,
      changed: "false",
      preflight: JSON.stringify(
        report.judgements.map(({ rule, verdict, concerns }) => ({
          rule,
          verdict,
          concerns: concerns.slice(0, MAX_CONCERNS),
        })),
      ),
      "check-url": check ?? "",
      unchecked: JSON.stringify(report.unchecked),
    },
    summary,
    annotations: report.judgements
      .filter(({ verdict }) => verdict !== "block")
      .map((judgement) => ({
        kind: "warning",
        title: judgement.rule,
        message: `${preflightFailure(judgement)}: ${judgement.remedy}`,
        ...(target.releaseFile !== undefined && { file: target.releaseFile }),
      })),
    ...(blocked.length > 0 && {
      failure: new FleetwrightError(
        blocked.every(({ rule }) => rule === "frozen") ? "frozen" : "preflight-failed",
        `preflight speaks against ${plan.run}: ${blocked.map(preflightFailure).join("; ")}`,
        { remedy: blocked.map(({ rule, remedy }) => `${rule}: ${remedy}`).join("; ") },
      ),
    }),
  };
}

/** Concerns of one rule in the JSON output: outputs of a job share 1 MB. */
const MAX_CONCERNS = 100;

function render({ target }: Step, plan: Plan, report: PreflightReport): string {
  const images = plan.spec.nodeImageSelection.customNodeImageVersions ?? [];
  const stages = plan.stages.map(({ name }) => name).join(" → ");
  return `${[
    `## Preflight of \`${plan.run}\`: ${report.verdict}`,
    `Environment **${target.environment}** · ${counted(plan.members.length, "member")} · ${stages || "one by one"} · ${[plan.spec.upgradeType, plan.spec.kubernetesVersion, ...images].filter(Boolean).join(" · ")}`,
    renderPreflight(report),
    `Plan \`${planHash(plan)}\``,
  ].join("\n\n")}\n`;
}

/** The check is about what was reviewed: what speaks against a run today may be gone on the day it starts. */
async function record(
  { deps, target }: Step,
  plan: Plan,
  report: PreflightReport,
  summary: string,
): Promise<string | undefined> {
  const head = await deps.readReviewedHead();
  if (head === undefined) return undefined;
  if (deps.records === undefined) {
    throw new FleetwrightError("invalid-input", "the plan of this pull request cannot be kept", {
      remedy: "give the step a github-token and the job `permissions: checks: write`",
    });
  }
  const { checks } = await deps.records();
  const { url } = await checks.create(head, {
    name: planCheckName(target.environment),
    outcome: report.verdict === "block" ? "neutral" : "success",
    title: `${plan.run}: ${report.verdict}, ${counted(plan.members.length, "member")}`,
    summary,
    data: plan,
  });
  deps.runner.log(`the plan of ${plan.run} stands in ${url}`);
  return url;
}
