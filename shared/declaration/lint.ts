import { compareFindings, type Finding } from "./finding.ts";
import type { Declarations } from "./parse.ts";
import type { LiveFleets, Rule } from "./rule.ts";
import { environments } from "./rules/environments.ts";
import { toleratedFailures } from "./rules/failures.ts";
import { gates, stagesWithoutBarrier, verifications } from "./rules/gates.ts";
import { groupsWithoutMembers, membersInNoStage } from "./rules/members.ts";
import { badNames, duplicateMembers, duplicateNames } from "./rules/names.ts";
import { releases } from "./rules/releases.ts";
import { groupsInTwoStages, groupsMappedTwice, stageLimits } from "./rules/stages.ts";
import { versions } from "./rules/versions.ts";

export type { LiveFleets } from "./rule.ts";

const RULES: readonly Rule[] = [
  badNames,
  duplicateNames,
  duplicateMembers,
  stageLimits,
  toleratedFailures,
  groupsInTwoStages,
  groupsMappedTwice,
  stagesWithoutBarrier,
  gates,
  verifications,
  environments,
  releases,
  versions,
  membersInNoStage,
  groupsWithoutMembers,
];

/** A green check of a wrong folder would be worse than none. */
const NOTHING_DECLARED: Finding = {
  code: "nothing-declared",
  severity: "error",
  message: "there is no declared file here",
  remedy: "name the folder that holds fleetwright.yaml, strategies/ and releases/",
  file: "fleetwright.yaml",
  line: 1,
  column: 1,
};

function isEmpty({ workspace, strategies, releases, refused }: Declarations): boolean {
  return !workspace && strategies.length + releases.length + refused.length === 0;
}

/**
 * What is wrong with documents that each have the right shape, in the order of the text. Without live
 * facts only the files are judged. Pure.
 */
export function lint(declarations: Declarations, live: LiveFleets = {}): readonly Finding[] {
  const input = { ...declarations, live };
  if (isEmpty(declarations)) return [NOTHING_DECLARED];
  return RULES.flatMap((rule) => rule(input)).toSorted(compareFindings);
}
