import { counted } from "../core/markdown.ts";
import type { Check, CheckPort } from "./checks.ts";
import type { UpdateRun } from "./ports.ts";
import { isTerminal, membersOf, waitingGates } from "./state.ts";

/** A job's own token: GitHub lets nobody but it end a check that it began. */
const JOB_APP = "github-actions";

interface RunCheckData {
  readonly runId: string;
  readonly environment: string;
  /** Nobody has seen the end yet. */
  readonly detached: true;
}

export function runCheckName(run: string): string {
  return `fleetwright run: ${run}`;
}

/**
 * The check that a step leaves behind when it stops waiting for a run. With the token of an App it stays
 * open until that App ends it. One that a job's own token began could be ended by nobody else, and would
 * stand open for ever: it is closed as neutral, and whoever sees the end adds another one.
 */
export async function detachedCheck(
  checks: CheckPort,
  commit: string,
  run: UpdateRun,
  environment: string,
): Promise<Check> {
  const data: RunCheckData = { runId: run.id, environment, detached: true };
  const check = {
    name: runCheckName(run.name),
    title: `${run.status.state}: ${told(run)}`,
    summary: `Update run \`${run.name}\` of ${environment} goes on in Azure; the step stopped waiting for it. Whoever sees its end finishes this check: the functions, or a step with \`operation: follow\`.`,
    data,
  };
  const opened = await checks.create(commit, { ...check, outcome: "in-progress" });
  return opened.app === JOB_APP ? checks.create(commit, { ...check, outcome: "neutral" }) : opened;
}

/** Ends the check of a run that was left detached; undefined when there is none, or the run goes on. */
export async function finishRunCheck(
  checks: CheckPort,
  commit: string,
  run: UpdateRun,
): Promise<Check | undefined> {
  if (!isTerminal(run.status.state)) return undefined;
  const open = await checks.newest(commit, runCheckName(run.name));
  if ((open?.data as Partial<RunCheckData> | undefined)?.detached !== true) return undefined;
  return checks.create(commit, {
    name: runCheckName(run.name),
    outcome: run.status.state === "Completed" ? "success" : "failure",
    title: `${run.status.state}: ${told(run)}`,
    summary: `Update run \`${run.name}\` is ${run.status.state}.${run.status.error === undefined ? "" : ` ${run.status.error.message}`}`,
    data: { runId: run.id },
  });
}

function told(run: UpdateRun): string {
  const members = membersOf(run);
  const done = members.filter(({ member }) => isTerminal(member.state)).length;
  const gates = waitingGates(run).map(({ displayName }) => `"${displayName}"`);
  const waiting = gates.length === 0 ? "" : `, waits for ${gates.join(" and ")}`;
  return `${done} of ${counted(members.length, "member")} done${waiting}`;
}
