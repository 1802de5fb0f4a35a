import type { UpdateStage, UpdateStrategy } from "../documents.ts";
import type { Finding } from "../finding.ts";
import { MAX_CONCURRENCY_PATTERN, MAX_GROUPS_PER_STAGE, MAX_WAIT_SECONDS } from "../limits.ts";
import type { Declared } from "../parse.ts";
import { boundEnvironments, repeated, report, type LintInput, type Problem } from "../rule.ts";
import { resolveStages } from "../strategy.ts";

/** Fleet's own limits on stages and groups. Source: azure-rest-api-specs, fleet, stable/2026-06-01. */
export function stageLimits({ strategies }: LintInput): readonly Finding[] {
  return strategies.flatMap((strategy) => [
    ...noStages(strategy),
    ...duplicateStages(strategy),
    ...strategy.value.spec.stages.flatMap((stage, index) =>
      [...groupCount(stage, index), ...concurrency(stage, index), ...wait(stage, index)].map(
        (problem) => report(strategy, problem),
      ),
    ),
  ]);
}

function noStages(strategy: Declared<UpdateStrategy>): readonly Finding[] {
  if (strategy.value.spec.stages.length > 0) return [];
  const message = `strategy ${strategy.value.metadata.name} has no stage`;
  const remedy = "declare at least one stage with a group";
  return [report(strategy, { code: "no-stages", path: ["spec", "stages"], message, remedy })];
}

function duplicateStages(strategy: Declared<UpdateStrategy>): readonly Finding[] {
  const names = strategy.value.spec.stages.map(({ name }) => name);
  return repeated(names).map((index) =>
    report(strategy, {
      code: "duplicate-stage",
      path: ["spec", "stages", index, "name"],
      message: `stage ${names[index]} exists already in this strategy`,
      remedy: "give each stage its own name",
    }),
  );
}

function groupCount({ name, groups }: UpdateStage, index: number): readonly Problem[] {
  const path = ["spec", "stages", index, "groups"];
  if (groups.length === 0) {
    const message = `stage ${name} has no update group`;
    return [{ code: "no-groups", path, message, remedy: "name at least one, or remove the stage" }];
  }
  if (groups.length <= MAX_GROUPS_PER_STAGE) return [];
  const message = `stage ${name} has ${groups.length} update groups, Fleet accepts ${MAX_GROUPS_PER_STAGE}`;
  return [{ code: "too-many-groups", path, message, remedy: "split the stage into two" }];
}

function concurrency(stage: UpdateStage, index: number): readonly Problem[] {
  const places = [
    { path: ["spec", "stages", index], value: stage.maxConcurrency },
    ...stage.groups.map(({ maxConcurrency }, group) => ({
      path: ["spec", "stages", index, "groups", group],
      value: maxConcurrency,
    })),
  ];
  return places
    .filter(({ value }) => value !== undefined && !MAX_CONCURRENCY_PATTERN.test(value))
    .map(({ path, value }) => ({
      code: "bad-max-concurrency",
      path: [...path, "maxConcurrency"],
      message: `maxConcurrency ${JSON.stringify(value)} is neither a count nor a percentage`,
      remedy: 'write a whole number from 1, such as "5", or "1%" to "100%"',
    }));
}

function wait(
  { afterStageWaitInSeconds: seconds }: UpdateStage,
  index: number,
): readonly Problem[] {
  if (seconds === undefined || (seconds >= 0 && seconds <= MAX_WAIT_SECONDS)) return [];
  return [
    {
      code: "bad-wait",
      path: ["spec", "stages", index, "afterStageWaitInSeconds"],
      message: `a wait of ${seconds} seconds is out of range`,
      remedy: `write 0 to ${MAX_WAIT_SECONDS}`,
    },
  ];
}

/** A group upgrades once in a run. */
export function groupsInTwoStages(input: LintInput): readonly Finding[] {
  return input.strategies.flatMap((strategy) => {
    const groups = groupPlaces(strategy.value.spec.stages);
    const names = groups.map(({ name }) => name);
    return repeated(names).flatMap((index) => {
      const group = groups[index];
      const first = groups[names.indexOf(names[index] ?? "")];
      if (!group || !first) return [];
      const path = ["spec", "stages", group.stage, "groups", group.group, "name"];
      const message = `update group ${group.name} is in stage ${first.stageName} already`;
      const remedy = "keep it in one stage";
      return [report(strategy, { code: "group-in-two-stages", path, message, remedy })];
    });
  });
}

/** Two declared groups that an environment maps to one group of its fleet. */
export function groupsMappedTwice(input: LintInput): readonly Finding[] {
  const { workspace } = input;
  if (!workspace) return [];
  return boundEnvironments(input).flatMap(({ environment, index, strategy }) => {
    const declared = groupPlaces(strategy.value.spec.stages);
    const names = groupPlaces(resolveStages(strategy.value, environment.groups)).map(
      ({ name }) => name,
    );
    return repeated(names).flatMap((place) => {
      const first = declared[names.indexOf(names[place] ?? "")];
      const other = declared[place];
      if (!first || !other || first.name === other.name) return [];
      const key = Object.hasOwn(environment.groups, other.name) ? other.name : first.name;
      const message = `${first.name} and ${other.name} of strategy ${strategy.value.metadata.name} are both ${names[place]} here`;
      const remedy = "map each to a group of its own";
      const path = ["spec", "environments", index, "groups", key];
      return [report(workspace, { code: "group-in-two-stages", path, message, remedy })];
    });
  });
}

function groupPlaces(stages: readonly UpdateStage[]): readonly {
  readonly name: string;
  readonly stage: number;
  readonly stageName: string;
  readonly group: number;
}[] {
  return stages.flatMap(({ name: stageName, groups }, stage) =>
    groups.map(({ name }, group) => ({ name, stage, stageName, group })),
  );
}
