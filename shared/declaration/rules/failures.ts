import { OUR_GATE_PREFIX, type UpdateStage, type UpdateStrategy } from "../documents.ts";
import type { Finding } from "../finding.ts";
import { MAX_ALLOWED_FAILURES_PATTERN } from "../limits.ts";
import type { Declared } from "../parse.ts";
import { report, type LintInput, type Problem } from "../rule.ts";
import type { Path } from "../source-map.ts";

/** A place that may tolerate failed members. */
interface Level {
  readonly what: string;
  readonly path: Path;
  readonly allowed: string | undefined;
}

/**
 * Fleet goes on past failed members where a strategy lets it; our rule is that a failed member holds. What comes
 * of the two together is said at the field. Source of Fleet's part: learn.microsoft.com/azure/kubernetes-fleet/faq
 */
export function toleratedFailures({ strategies }: LintInput): readonly Finding[] {
  return strategies.flatMap((strategy) =>
    strategy.value.spec.stages
      .flatMap((_, index) => findingsOfStage(strategy, index))
      .map((problem) => report(strategy, problem)),
  );
}

function findingsOfStage({ value }: Declared<UpdateStrategy>, index: number): readonly Problem[] {
  const { stages } = value.spec;
  const stage = stages[index];
  if (stage === undefined) return [];
  const levels = levelsOf(stage, index);
  const bad = levels.filter(({ allowed = "0" }) => !MAX_ALLOWED_FAILURES_PATTERN.test(allowed));
  if (bad.length > 0) return bad.map(badNumber);
  const [ofStage, ...ofGroups] = levels;
  const tolerant = levels.filter(tolerates);
  const [first] = tolerant;
  if (ofStage === undefined || first === undefined) return [];
  // Both have to put up with a failure, or the first one stops the run.
  const useless = tolerant.filter((level) =>
    level === ofStage ? !ofGroups.some(tolerates) : !tolerates(ofStage),
  );
  if (useless.length > 0) return useless.map((level) => stopsAnyway(level, stage));
  const next = stages[index + 1];
  if (next !== undefined && !isGated(stage, next)) return [reachesNext(first, stage, next)];
  return [tolerated(first, stage, next, isApproved(value, stage, next))];
}

function levelsOf(stage: UpdateStage, index: number): readonly Level[] {
  const path: Path = ["spec", "stages", index];
  return [
    { what: `stage ${stage.name}`, path, allowed: stage.maxAllowedFailures },
    ...stage.groups.map(({ name, maxAllowedFailures }, group) => ({
      what: `group ${name}`,
      path: [...path, "groups", group],
      allowed: maxAllowedFailures,
    })),
  ];
}

function tolerates({ allowed }: Level): boolean {
  return isAllowing(allowed);
}

function isAllowing(allowed = "0"): boolean {
  return Number.parseInt(allowed, 10) > 0;
}

/** A gate behind every group that may have failed members, of our own or a person's. */
function isGated(stage: UpdateStage, next: UpdateStage): boolean {
  const has = (gates: UpdateStage["afterGates"]): boolean => (gates?.length ?? 0) > 0;
  const tolerant = stage.groups.filter(({ maxAllowedFailures: allowed }) => isAllowing(allowed));
  return (
    has(stage.afterGates) ||
    has(next.beforeGates) ||
    tolerant.every(({ afterGates }) => has(afterGates)) ||
    next.groups.every(({ beforeGates }) => has(beforeGates))
  );
}

function isApproved(
  { verification = {} }: UpdateStrategy,
  stage: UpdateStage,
  next: UpdateStage | undefined,
): boolean {
  const ours = [verification[stage.name]?.approves, next && verification[next.name]?.approves];
  const gates = [...(stage.afterGates ?? []), ...(next?.beforeGates ?? [])];
  return gates.some(
    ({ displayName }) => displayName.startsWith(OUR_GATE_PREFIX) && ours.includes(displayName),
  );
}

function badNumber({ path, allowed }: Level): Problem {
  return {
    code: "bad-max-allowed-failures",
    path: [...path, "maxAllowedFailures"],
    message: `maxAllowedFailures ${JSON.stringify(allowed)} is neither a count nor a percentage`,
    remedy: 'write a whole number from 0, such as "2", or "0%" to "100%"',
  };
}

function membersOf(allowed = "0"): string {
  if (allowed.endsWith("%")) return `failures of ${allowed} of its members`;
  return allowed === "1" ? "1 failed member" : `${allowed} failed members`;
}

function stopsAnyway({ what, path, allowed }: Level, stage: UpdateStage): Problem {
  const isStage = what === `stage ${stage.name}`;
  const other = isStage ? "none of its groups does" : `stage ${stage.name} does not`;
  return {
    code: "failures-stop-the-run",
    severity: "warning",
    path: [...path, "maxAllowedFailures"],
    message: `${what} tolerates ${membersOf(allowed)}, but ${other}: each level counts for itself, and the first failure stops the run`,
    remedy: `set maxAllowedFailures of ${isStage ? "its groups" : `stage ${stage.name}`} too, or remove this one`,
  };
}

function reachesNext(
  { what, path, allowed }: Level,
  stage: UpdateStage,
  next: UpdateStage,
): Problem {
  return {
    code: "failures-reach-next-stage",
    path: [...path, "maxAllowedFailures"],
    message: `${what} tolerates ${membersOf(allowed)}, and no gate stands between ${stage.name} and ${next.name}: Fleet would begin ${next.name} while they are failed`,
    remedy: `add a gate to the afterGates of ${stage.name}, or set "0"`,
  };
}

function tolerated(
  { what, path, allowed }: Level,
  stage: UpdateStage,
  next: UpdateStage | undefined,
  isOurs: boolean,
): Problem {
  const keeps =
    next === undefined
      ? "the run then counts as failed here, although Fleet calls it Completed"
      : isOurs
        ? `the gate before ${next.name} then stays closed until each is skipped, or a person approves it`
        : `whoever approves the gate before ${next.name} decides what that means`;
  return {
    code: "failures-tolerated",
    severity: "warning",
    path: [...path, "maxAllowedFailures"],
    message: `${what} tolerates ${membersOf(allowed)}: Fleet upgrades the rest of ${stage.name} past them; ${keeps}`,
    remedy: 'nothing, if that is meant; "0" stops the run at the first failure',
  };
}
