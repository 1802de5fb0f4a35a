import { counted } from "../core/markdown.ts";
import { runCheckName } from "./checks.ts";
import type { Check, CheckPort } from "./checks.ts";
import type { UpdateRun } from "./ports.ts";
import { isTerminal, membersOf, waitingGates } from "./state.ts";
import { isFailed, passedOver } from "./tolerance.ts";

/** A job's own token: GitHub lets nobody but it end a check that it began. */
const JOB_APP = "github-actions";

/**
 * The check that a step leaves behind when it stops waiting for a run: the one that the functions keep
 * of it, so that they finish it. With the token of an App it stays
 * open until that App ends it. One that a job's own token began could be ended by nobody else, and would
 * stand open for ever: it is closed as neutral, and whoever sees the end adds another one.
 */
export async function detachedCheck(
  checks: CheckPort,
  commit: string,
  run: UpdateRun,
  environment: string,
): Promise<Check> {
  const name = runCheckName(environment);
  const known = await checks.newest(commit, name);
  if (known !== undefined && isKept(known, run)) return known;
  const check = {
    name,
    externalId: run.name,
    title: `${run.name} is ${run.status.state}: ${told(run)}`,
    summary: `Update run \`${run.name}\` of ${environment} goes on in Azure; the step stopped waiting for it. Whoever sees its end finishes this check: the functions, or a step with \`operation: follow\`.`,
    data: { detached: true },
  };
  const opened = await checks.create(commit, { ...check, outcome: "in-progress" });
  return opened.app === JOB_APP ? checks.create(commit, { ...check, outcome: "neutral" }) : opened;
}

/** Somebody follows the run by this check already, or has seen its end since the run was read. */
function isKept({ externalId, outcome }: Check, run: UpdateRun): boolean {
  return externalId === run.name && ["in-progress", "neutral", "success"].includes(outcome);
}

/** Ends the check of a run that was left detached; undefined when there is none, or somebody ended it. */
export async function finishRunCheck(
  checks: CheckPort,
  commit: string,
  run: UpdateRun,
  environment: string,
): Promise<Check | undefined> {
  if (!isTerminal(run.status.state)) return undefined;
  const name = runCheckName(environment);
  const open = await checks.newest(commit, name);
  const isOpen = open?.outcome === "in-progress" || open?.outcome === "neutral";
  if (!isOpen || open.externalId !== run.name) return undefined;
  const why = run.status.error === undefined ? "" : ` ${run.status.error.message}`;
  return checks.create(commit, {
    name,
    externalId: run.name,
    outcome: run.status.state === "Completed" && !isFailed(run) ? "success" : "failure",
    title: `${run.name} is ${run.status.state}: ${told(run)}`,
    summary: `Update run \`${run.name}\` is ${run.status.state}.${why}`,
  });
}

function told(run: UpdateRun): string {
  const members = membersOf(run);
  const done = members.filter(({ member }) => isTerminal(member.state)).length;
  const gates = waitingGates(run).map(({ displayName }) => `"${displayName}"`);
  const waiting = gates.length === 0 ? "" : `, waits for ${gates.join(" and ")}`;
  const passed = passedOver(run).length;
  const failed = passed === 0 ? "" : `, ${passed} of them failed`;
  return `${done} of ${counted(members.length, "member")} done${failed}${waiting}`;
}
