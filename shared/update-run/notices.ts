import type { Notice } from "../core/outbox.ts";
import type { GateRecord } from "./ledger.ts";
import type { StageStatus, UpdateRun } from "./ports.ts";
import { passedOver } from "./tolerance.ts";

/** What a look left behind: the run as Azure tells it, and what is about to be recorded of it. */
export interface NoticeInput {
  readonly environment: string;
  readonly run: UpdateRun;
  /** Completed, proved and captured. */
  readonly closed: boolean;
  /** ISO 8601, by Azure's clock. */
  readonly at: string;
}

/** What is worth telling about a run as such. Pure, and level-triggered: it states facts, not changes. */
export function noticesOf({ environment, run, closed, at }: NoticeInput): readonly Notice[] {
  const { name, status } = run;
  const about = (key: string, text: string, since = at): Notice => ({
    environment,
    key: `${name}:${key}`,
    text,
    at: since,
  });
  const end = status.completedTime ?? "";
  return [
    ...run.stageStatuses
      .filter(({ state }) => state === "Completed")
      .map((stage) => about(`stage:${stage.name}`, doneText(run, stage), stage.completedTime)),
    // A run that is resumed and ends badly again has another time of its end.
    ...endingOf(run).map(({ key, text }) => about(`${key}:${end}`, text, status.completedTime)),
    ...(closed ? [about("done", `update run ${name} is done and proved`)] : []),
  ];
}

function endingOf(run: UpdateRun): readonly { readonly key: string; readonly text: string }[] {
  const { name, status } = run;
  const why = status.error ? `: ${status.error.message}` : "";
  if (status.state === "Failed") return [{ key: "failed", text: `${name} failed${why}` }];
  if (status.state === "Stopped")
    return [{ key: "stopped", text: `${name} is held: it was stopped` }];
  const passed = passedOver(run).length;
  if (passed === 0) return [];
  return [{ key: "failed", text: `${name} went on past members that failed: ${passed}` }];
}

function doneText(run: UpdateRun, stage: StageStatus): string {
  const members = stage.groups.flatMap((group) => group.members);
  const failed = members.filter(({ state }) => state === "Failed").length;
  const bad = failed === 0 ? "" : `, ${failed} of them failed`;
  return `${stage.name} of ${run.name} is done (${members.length} members${bad})`;
}

/** A gate that our checks refuse, once however often they do so. */
export function heldNotice(
  environment: string,
  { name: run }: Pick<UpdateRun, "name">,
  gate: string,
  { displayName, stage, reason, at }: Pick<GateRecord, "displayName" | "stage" | "reason" | "at">,
): Notice {
  return {
    environment,
    key: `${run}:held:${gate}`,
    text: `${run} is held at the gate "${displayName}" of ${stage}: ${reason ?? "no reason is known"}`,
    at,
  };
}
