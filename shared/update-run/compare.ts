import { armKey } from "../core/arm-id.ts";
import { canonicalJson } from "../core/digest.ts";
import { toleratesFailures } from "./tolerance.ts";
import type { UpdateGroup, UpdateRunSpec, UpdateStage } from "./ports.ts";

/** One thing that two runs, or two strategies, do not agree on. */
export interface Difference {
  readonly field: string;
  readonly declared: string;
  readonly stored: string;
}

/** Compares what is declared with what the service stored; what the service filled in is no difference. */
export function runDifferences(
  declared: UpdateRunSpec,
  stored: UpdateRunSpec,
): readonly Difference[] {
  return differing([
    ["strategy", ...orderKeys(declared, stored)],
    ["upgrade type", declared.upgradeType, stored.upgradeType],
    ["Kubernetes version", declared.kubernetesVersion ?? "", stored.kubernetesVersion ?? ""],
    ["node image selection", declared.nodeImageSelection.type, stored.nodeImageSelection.type],
    ["node images", imagesOf(declared), imagesOf(stored)],
  ]);
}

export function stageDifferences(
  declared: readonly UpdateStage[],
  stored: readonly UpdateStage[],
): readonly Difference[] {
  // So it is nearly always, and told much sooner than what differs.
  if (JSON.stringify(declared) === JSON.stringify(stored)) return [];
  const names = new Set([...declared, ...stored].map((stage) => stage.name));
  const order = (stages: readonly UpdateStage[]) => stages.map((stage) => stage.name).join(", ");
  // The api-version that runs and lists are read with does not show it: what is not shown is not compared.
  const isShown = toleratesFailures(stored);
  const text = (stages: readonly UpdateStage[], name: string) => {
    const find = (among: readonly UpdateStage[]) => among.find((stage) => stage.name === name);
    const stage = find(stages);
    if (stage === undefined) return "";
    const compared = isShown ? stage : withoutTolerance(stage);
    return canonicalJson(withoutDefaults(compared, find(declared)));
  };
  return differing([
    ["order of stages", order(declared), order(stored)],
    ...[...names].map((name): [string, string, string] => [
      `stage ${name}`,
      text(declared, name),
      text(stored, name),
    ]),
  ]);
}

function withoutTolerance(stage: UpdateStage): UpdateStage {
  const { maxAllowedFailures: _ofStage, ...rest } = stage;
  const groups = stage.groups.map(({ maxAllowedFailures: _ofGroup, ...group }) => group);
  return { ...rest, groups };
}

export function renderDifferences(differences: readonly Difference[]): string {
  return differences
    .map(
      ({ field, declared, stored }) =>
        `${field}: declared ${declared || "nothing"}, stored ${stored || "nothing"}`,
    )
    .join("; ");
}

function differing(fields: readonly [string, string, string][]): readonly Difference[] {
  return fields
    .filter(([, declared, stored]) => declared !== stored)
    .map(([field, declared, stored]) => ({ field, declared, stored }));
}

/** A run that names no strategy may carry the same stages itself: these are compared stage by stage. */
function orderKeys(declared: UpdateRunSpec, stored: UpdateRunSpec): [string, string] {
  const keys = [orderKey(declared), orderKey(stored)] as const;
  const named = keys.every((key) => key !== IN_LINE);
  return named || keys.includes(ONE_AFTER_ANOTHER) ? [...keys] : ["", ""];
}

const IN_LINE = "stages of its own";
const ONE_AFTER_ANOTHER = "one by one";

function orderKey({ strategyId, stages }: UpdateRunSpec): string {
  if (strategyId !== undefined) return armKey(strategyId);
  return stages === undefined ? ONE_AFTER_ANOTHER : IN_LINE;
}

function imagesOf(spec: UpdateRunSpec): string {
  return (spec.nodeImageSelection.customNodeImageVersions ?? []).toSorted().join(", ");
}

/** The service may fill in concurrency, an empty wait and empty gates where nothing was declared. */
function withoutDefaults(stage: UpdateStage, declared: UpdateStage | undefined): object {
  const declaredGroup = (name: string) => declared?.groups.find((group) => group.name === name);
  return {
    ...withoutFilledIn(stage, declared),
    afterStageWaitInSeconds: stage.afterStageWaitInSeconds || undefined,
    groups: stage.groups.map((group) => withoutFilledIn(group, declaredGroup(group.name))),
  };
}

type Holder = Pick<
  UpdateGroup,
  "maxConcurrency" | "maxAllowedFailures" | "beforeGates" | "afterGates"
>;

function withoutFilledIn<T extends Holder>(holder: T, declared: Holder | undefined): object {
  const limited = declared === undefined || declared.maxConcurrency !== undefined;
  return {
    ...holder,
    maxConcurrency: limited ? holder.maxConcurrency : undefined,
    // Unset is 0, and some api-versions show neither.
    maxAllowedFailures: /^0%?$/.test(holder.maxAllowedFailures ?? "0")
      ? undefined
      : holder.maxAllowedFailures,
    beforeGates: holder.beforeGates?.length ? holder.beforeGates : undefined,
    afterGates: holder.afterGates?.length ? holder.afterGates : undefined,
  };
}
