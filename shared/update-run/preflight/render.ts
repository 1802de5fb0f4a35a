import { counted, markdownTable } from "../../core/markdown.ts";
import type { Judgement, PreflightReport } from "./judge.ts";

/** Concerns that are named per rule; the rest is counted. */
const MAX_NAMED = 10;

/** What spoke against the run, as a table: worst first. */
export function renderPreflight({ judgements, unchecked }: PreflightReport): string {
  const rows = judgements.map(({ verdict, rule, concerns, remedy }) => [
    verdict,
    rule,
    named(concerns),
    remedy,
  ]);
  return [
    rows.length === 0
      ? "Nothing speaks against the run."
      : markdownTable(["Verdict", "Rule", "What", "What to do"], rows),
    ...(unchecked.length === 0 ? [] : [`Not checked: ${unchecked.join("; ")}.`]),
  ].join("\n\n");
}

/** One line per rule, for the log. */
export function preflightLines({ judgements }: PreflightReport): readonly string[] {
  return judgements.map(
    ({ verdict, rule, concerns }) => `preflight ${verdict} ${rule}: ${named(concerns)}`,
  );
}

/** The sentence of a failure: the rule's first concern, and how many more. */
export function preflightFailure({ rule, concerns }: Judgement): string {
  return `${rule}: ${named(concerns)}`;
}

function named(concerns: Judgement["concerns"]): string {
  const shown = concerns
    .slice(0, MAX_NAMED)
    .map(({ member, message }) => (member === undefined ? message : `${member}: ${message}`));
  const rest = concerns.length - shown.length;
  return `${shown.join("; ")}${rest > 0 ? ` and ${counted(rest, "more")}`.replace(/s$/, "") : ""}`;
}
