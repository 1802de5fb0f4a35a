import { declaredRunName, MAX_RETRIES, parseRunName, retryName } from "../declaration/strategy.ts";
import type { UpdateRun, UpdateRunSpec, UpdateStage } from "./ports.ts";
import { isActive, membersOf } from "./state.ts";

export interface RetryPlan {
  readonly kind: "retry";
  readonly name: string;
  /** The same pins. */
  readonly spec: UpdateRunSpec;
  /** Those stages and groups in which a member failed, with their gates and waits. */
  readonly stages: readonly UpdateStage[];
  /** What failed. */
  readonly members: readonly string[];
}

export type RetryDecision =
  | RetryPlan
  | { readonly kind: "nothing" | "running"; readonly run: UpdateRun }
  | { readonly kind: "exhausted" };

/**
 * What a retry has to do: repeat what failed in the last attempt. A person's skips and what never began
 * are not repeated. A retry that was prepared but not started is the next one still.
 */
export function planRetry(first: UpdateRun, runs: readonly UpdateRun[]): RetryDecision {
  const attempts = attemptsOf(first, runs);
  const last = attempts.at(-1) ?? first;
  if (isActive(last.status.state)) return { kind: "running", run: last };
  const prepared = last.name !== first.name && last.status.state === "NotStarted";
  const source = prepared ? (attempts.at(-2) ?? first) : last;
  const failed = membersOf(source).filter(({ member }) => member.state === "Failed");
  if (failed.length === 0) return { kind: "nothing", run: last };
  const number = prepared ? numberOf(last) : numberOf(last) + 1;
  if (number > MAX_RETRIES) return { kind: "exhausted" };
  const groups = new Set(failed.map(({ group }) => group));
  const stages = (first.stages ?? []).flatMap((stage) => narrowed(stage, groups));
  const { upgradeType, kubernetesVersion, nodeImageSelection } = first;
  return {
    kind: "retry",
    name: retryName(first.name, number),
    spec: {
      // One by one, the run has no stages that could be named.
      ...(first.stages !== undefined && stages.length > 0 && { stages }),
      upgradeType,
      ...(kubernetesVersion !== undefined && { kubernetesVersion }),
      nodeImageSelection: pinnedSelection(first, nodeImageSelection),
    },
    stages,
    members: failed.map(({ member }) => member.name),
  };
}

/** What Azure chose for the first attempt is what the retry brings: choosing again would bring another image. */
function pinnedSelection(
  { selectedImages }: UpdateRun,
  selection: UpdateRun["nodeImageSelection"],
): UpdateRun["nodeImageSelection"] {
  if (selection.type !== "Consistent" || !selectedImages?.length) return selection;
  return { type: "Custom", customNodeImageVersions: selectedImages.toSorted() };
}

function attemptsOf(first: UpdateRun, runs: readonly UpdateRun[]): readonly UpdateRun[] {
  const name = declaredRunName(first.name);
  const retries = runs.filter((run) => run.name !== name && declaredRunName(run.name) === name);
  return [first, ...retries.toSorted((a, b) => numberOf(a) - numberOf(b))];
}

function numberOf({ name }: UpdateRun): number {
  return parseRunName(name)?.retry ?? Number(/-r(\d)$/.exec(name)?.[1] ?? 0);
}

function narrowed(stage: UpdateStage, groups: ReadonlySet<string>): readonly UpdateStage[] {
  const left = stage.groups.filter(({ name }) => groups.has(name));
  return left.length === 0 ? [] : [{ ...stage, groups: left }];
}
