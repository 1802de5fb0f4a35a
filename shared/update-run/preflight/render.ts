import { counted, markdownTable } from "../../core/markdown.ts";
import type { Judgement, PreflightReport } from "./judge.ts";

/** Concerns that are named per rule; the rest is counted. */
const MAX_NAMED = 10;

/** What spoke against the run, as a table: worst first. */
export function renderPreflight({ judgements, atTarget, unchecked }: PreflightReport): string {
  const rows = [
    ...judgements.map(({ verdict, rule, concerns, remedy }) => [
      verdict,
      rule,
      named(concerns),
      remedy,
    ]),
    ...(atTarget.length === 0
      ? []
      : [
          ["note", "at-target", atTargetNote(atTarget), "nothing: the run leaves them as they are"],
        ]),
  ];
  return [
    ...(judgements.length === 0 ? ["Nothing speaks against the run."] : []),
    ...(rows.length === 0 ? [] : [markdownTable(["Verdict", "Rule", "What", "What to do"], rows)]),
    ...(unchecked.length === 0 ? [] : [`Not checked: ${unchecked.join("; ")}.`]),
  ].join("\n\n");
}

/** One line per rule and per thing that was not looked at, for the log. */
export function preflightLines({
  judgements,
  atTarget,
  unchecked,
}: PreflightReport): readonly string[] {
  return [
    ...judgements.map(
      ({ verdict, rule, concerns }) => `preflight ${verdict} ${rule}: ${named(concerns)}`,
    ),
    ...(atTarget.length === 0 ? [] : [`preflight note: ${atTargetNote(atTarget)}`]),
    ...unchecked.map((sentence) => `preflight not checked: ${sentence}`),
  ];
}

/** Of at least one member. */
export function atTargetNote(members: readonly string[]): string {
  const rest = members.length - MAX_NAMED;
  const shown = members.slice(0, MAX_NAMED).join(", ");
  return `at the target already: ${shown}${rest > 0 ? ` and ${rest} more` : ""}`;
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
