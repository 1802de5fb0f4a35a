import { FleetwrightError } from "../../core/errors.ts";
import { nearest } from "../../core/nearest.ts";
import { membersAtTarget } from "./at-target.ts";
import type { PreflightFacts } from "./facts.ts";
import { FLEET_RULES } from "./fleet-rules.ts";
import { MEMBER_RULES } from "./member-rules.ts";
import type { Concern, PreflightRule, PreflightVerdict } from "./rule.ts";
import { uncheckedOf } from "./unchecked.ts";

export const PREFLIGHT_RULES: readonly PreflightRule[] = [...FLEET_RULES, ...MEMBER_RULES];

/** How rules are judged where that is not by default. */
export type PreflightChoices = ReadonlyMap<string, PreflightVerdict>;

export interface Judgement {
  readonly rule: string;
  readonly verdict: PreflightVerdict;
  readonly remedy: string;
  readonly concerns: readonly Concern[];
}

export interface PreflightReport {
  /** The worst of all; `pass` when nothing speaks against the run. */
  readonly verdict: PreflightVerdict | "pass";
  /** Only of rules that found something, worst first. */
  readonly judgements: readonly Judgement[];
  /** Members that are to be taken out of the run. */
  readonly skip: readonly string[];
  /** Members that are at their target already: the run will leave them as they are. */
  readonly atTarget: readonly string[];
  /** What was not looked at: sentences. */
  readonly unchecked: readonly string[];
}

const WORST_FIRST: readonly PreflightVerdict[] = ["block", "wait", "skip", "warn"];

/** All rules over one reading of the world. Pure. */
export function judgePreflight(
  facts: PreflightFacts,
  choices: PreflightChoices = new Map(),
): PreflightReport {
  const judgements = PREFLIGHT_RULES.map(({ name, verdicts, remedy, judge }): Judgement => ({
    rule: name,
    verdict: choices.get(name) ?? verdicts[0],
    remedy,
    concerns: judge(facts),
  }))
    .filter(({ concerns }) => concerns.length > 0)
    .toSorted((a, b) => WORST_FIRST.indexOf(a.verdict) - WORST_FIRST.indexOf(b.verdict));
  const skip = judgements
    .filter(({ verdict }) => verdict === "skip")
    .flatMap(({ concerns }) => concerns.flatMap(({ member }) => member ?? []));
  return {
    verdict: judgements[0]?.verdict ?? "pass",
    judgements,
    skip: [...new Set(skip)],
    atTarget: membersAtTarget(facts),
    unchecked: uncheckedOf(facts),
  };
}

/** `cluster-stopped=skip cluster-busy=block`: each rule takes only what makes sense for it. */
export function parsePreflightChoices(text: string): PreflightChoices {
  const choices = new Map<string, PreflightVerdict>();
  for (const word of text.split(/[\s,]+/).filter((one) => one !== "")) {
    const [name = "", wanted = ""] = word.split("=");
    const rule = PREFLIGHT_RULES.find((known) => known.name === name);
    if (rule === undefined) {
      const meant = nearest(
        name,
        PREFLIGHT_RULES.map((known) => known.name),
      );
      const guess = meant === undefined ? "" : `did you mean ${meant}? `;
      throw invalid(
        word,
        `${guess}rules are ${PREFLIGHT_RULES.map((known) => known.name).join(", ")}`,
      );
    }
    const verdict = rule.verdicts.find((known) => known === wanted);
    if (verdict === undefined) throw invalid(word, `${name} takes ${rule.verdicts.join(", ")}`);
    choices.set(name, verdict);
  }
  return choices;
}

function invalid(word: string, remedy: string): FleetwrightError {
  return new FleetwrightError(
    "invalid-input",
    `input preflight-rules holds ${JSON.stringify(word)}`,
    { remedy: `write RULE=VERDICT: ${remedy}` },
  );
}
