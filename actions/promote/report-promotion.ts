import { counted } from "../../shared/core/markdown.ts";
import type { Judged } from "../../shared/promotion/evidence.ts";
import type { ReviewedPull } from "../../shared/promotion/ports.ts";
import type { PromotionResult } from "../../shared/promotion/promote.ts";
import { evidenceTable } from "../../shared/promotion/render-promotion.ts";
import type { Annotation, Report } from "../runner/report.ts";

/** Author of what the token of the job itself opens. */
const JOB_TOKEN_AUTHOR = "github-actions[bot]";

export function reportPromotion(
  environment: string,
  result: PromotionResult,
  log: (line: string) => void,
): Report {
  const sentence = sentenceOf(environment, result);
  log(sentence);
  const pull = "pull" in result ? result.pull : undefined;
  const judged = "judged" in result ? result.judged : undefined;
  for (const { name, outcome, detail } of judged?.evidence ?? []) {
    log(`${outcome.padEnd(4)}  ${name}: ${detail}`);
  }
  return {
    outputs: {
      verdict: result.kind,
      changed: String(result.kind === "proposed" && result.changed),
      reason: "reason" in result ? result.reason : "",
      "pull-request-number": pull === undefined ? "" : String(pull.number),
      "pull-request-url": pull?.url ?? "",
      "run-name": judged?.candidate.source.run.name ?? "",
      evidence: JSON.stringify(judged?.evidence ?? []),
      changes: JSON.stringify(changesOf(judged)),
    },
    annotations: annotationsOf(result, pull),
    summary: summaryOf(environment, sentence, judged),
  };
}

function sentenceOf(environment: string, result: PromotionResult): string {
  switch (result.kind) {
    case "up-to-date":
      return `Nothing to promote to ${environment}: ${result.reason}.`;
    case "held":
      return `${environment} is held: ${result.reason}.`;
    case "waiting":
      return `${runOf(result.judged)} is not promoted to ${environment} yet: ${result.reason}.`;
    case "planned":
      return `${runOf(result.judged)} can be promoted to ${environment}; nothing was written.`;
    case "proposed": {
      const did = result.changed ? "carries" : "carries already";
      return `Pull request #${result.pull.number} ${did} ${runOf(result.judged)} to ${environment}.`;
    }
  }
}

function runOf({ candidate }: Judged): string {
  return candidate.source.run.name;
}

function changesOf(judged: Judged | undefined) {
  if (judged === undefined) return {};
  const { nodeImages, kubernetesVersion, digest } = judged.candidate.plan;
  return { nodeImages, kubernetesVersion, strategyDigest: digest };
}

function annotationsOf(
  result: PromotionResult,
  pull: ReviewedPull | undefined,
): readonly Annotation[] {
  const found: Annotation[] = [];
  if (result.kind === "proposed" && result.autoMergeProblem !== undefined) {
    found.push({
      kind: "warning",
      title: "auto-merge",
      message: `GitHub does not merge by itself: ${result.autoMergeProblem}. Auto-merge needs the repository's setting and a branch rule that requires something`,
    });
  }
  if (result.kind === "proposed" && pull?.author === JOB_TOKEN_AUTHOR) {
    found.push({
      kind: "warning",
      title: "GITHUB_TOKEN",
      message: `pull request #${pull.number} was opened with the job's own token: GitHub starts no workflow by itself for what that token does, so neither its checks run nor, once it is merged by it, the rollout. Give \`github-token\` the token of a GitHub App (actions/create-github-app-token) with contents and pull-requests write`,
    });
  }
  return found;
}

function summaryOf(environment: string, sentence: string, judged: Judged | undefined): string {
  const head = `## Promotion to ${environment}\n\n${sentence}\n`;
  if (judged === undefined) return head;
  const { members } = judged.observed;
  return `${head}\n${evidenceTable(judged.evidence)}\n\n${counted(members.length, "member")} looked at.\n`;
}
