import { FleetwrightError } from "../core/errors.ts";
import type { SkipTarget, UpdateRun, UpdateStatus } from "./ports.ts";
import { membersOf } from "./state.ts";

const TYPES: readonly SkipTarget["type"][] = ["Member", "Group", "Stage", "AfterStageWait"];
/** A run has that many members at most. */
const MAX_TARGETS = 1_000;

/** `Member:quay-1 Group:blue Stage:rest AfterStageWait:canary`, as `az fleet updaterun skip --targets` takes it. */
export function parseSkipTargets(text: string): readonly SkipTarget[] {
  const words = text.split(/[\s,]+/).filter((word) => word !== "");
  if (words.length > MAX_TARGETS) {
    throw new FleetwrightError("invalid-input", `input targets names ${words.length} targets`, {
      remedy: `name ${MAX_TARGETS} at most; a group or a stage takes all of its members along`,
    });
  }
  return words.map(parseSkipTarget);
}

function parseSkipTarget(word: string): SkipTarget {
  const cut = word.indexOf(":");
  const type = TYPES.find((known) => known.toLowerCase() === word.slice(0, cut).toLowerCase());
  const name = word.slice(cut + 1);
  if (type !== undefined && name !== "") return { type, name };
  throw new FleetwrightError("invalid-input", `input targets holds ${JSON.stringify(word)}`, {
    remedy: `write TYPE:NAME, with a type of ${TYPES.join(", ")}`,
  });
}

export function formatSkipTarget({ type, name }: SkipTarget): string {
  return `${type}:${name}`;
}

/** The targets that are not skipped already; one that the run does not have, or that is done, is an error. */
export function skippable(run: UpdateRun, targets: readonly SkipTarget[]): readonly SkipTarget[] {
  return targets.filter((target) => {
    const found = statusOf(run, target);
    if (found === undefined) {
      throw new FleetwrightError(
        "invalid-input",
        `update run ${run.name} has no ${formatSkipTarget(target)}`,
        { subject: run.id, remedy: `it has ${namesOf(run, target.type).join(", ") || "none"}` },
      );
    }
    if (found.state === "Completed") {
      throw new FleetwrightError("conflict", `${formatSkipTarget(target)} is Completed`, {
        subject: run.id,
        remedy: "what is done cannot be skipped",
      });
    }
    return found.state !== "Skipped";
  });
}

/** Names in one message. */
const MAX_NAMES = 20;

function namesOf(run: UpdateRun, type: SkipTarget["type"]): readonly string[] {
  return partsOf(run, type)
    .map(({ name }) => name)
    .slice(0, MAX_NAMES);
}

function statusOf(run: UpdateRun, { type, name }: SkipTarget): UpdateStatus | undefined {
  return partsOf(run, type).find((part) => part.name === name)?.status;
}

function partsOf(
  run: UpdateRun,
  type: SkipTarget["type"],
): readonly { readonly name: string; readonly status: UpdateStatus }[] {
  const named = ({ name, ...status }: UpdateStatus & { readonly name: string }) => ({
    name,
    status,
  });
  switch (type) {
    case "Member":
      return membersOf(run).map(({ member }) => named(member));
    case "Group":
      return run.stageStatuses.flatMap(({ groups }) => groups.map(named));
    case "Stage":
      return run.stageStatuses.map(named);
    case "AfterStageWait":
      return run.stageStatuses.flatMap(({ name, afterStageWait }) =>
        afterStageWait === undefined ? [] : [{ name, status: afterStageWait }],
      );
  }
}
