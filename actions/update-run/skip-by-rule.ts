import type { UpdateRun } from "../../shared/update-run/ports.ts";
import type { Judgement, PreflightReport } from "../../shared/update-run/preflight/judge.ts";
import { preflightFailure } from "../../shared/update-run/preflight/render.ts";
import { readSkips, skipOf, writeSkip } from "../../shared/update-run/skip-record.ts";
import type { SkipRecord } from "../../shared/update-run/skip-record.ts";
import { membersOf } from "../../shared/update-run/state.ts";
import { leaveOut } from "./leave-out.ts";
import { recordCommit } from "./step.ts";
import type { Step } from "./step.ts";

/** Who stands in the record of a skip that a rule of the preflight made. */
const BY = "preflight";

/** Takes the members that a rule says `skip` to out of a run that has not been started, and records why. */
export async function skipByRule(
  step: Step,
  run: UpdateRun,
  report: PreflightReport,
): Promise<UpdateRun> {
  if (report.skip.length === 0) return run;
  const left = await leaveOut(step, run, report.skip);
  await record(step, run, report.judgements);
  return left;
}

/** A check per rule, like that of a person's skip; a step that was cut off before it is made up for. */
async function record(step: Step, run: UpdateRun, judgements: readonly Judgement[]): Promise<void> {
  const { deps } = step;
  if (deps.records === undefined) return;
  const records = await deps.records();
  const commit = await recordCommit(step, records);
  const known = await readSkips(records.checks, commit, run.name);
  for (const judgement of judgements.filter(({ verdict }) => verdict === "skip")) {
    const names = unrecorded(run, judgement, known);
    if (names.length === 0) continue;
    await writeSkip(records.checks, commit, run.name, {
      by: BY,
      reason: preflightFailure(judgement),
      targets: names.map((name) => ({ type: "Member", name })),
      jobUrl: deps.job.url,
    });
  }
}

function unrecorded(
  run: UpdateRun,
  { concerns }: Judgement,
  known: readonly SkipRecord[],
): readonly string[] {
  const concerned = new Set(concerns.map(({ member }) => member));
  return membersOf(run)
    .filter(({ stage, group, member: { name } }) => {
      return concerned.has(name) && skipOf(known, { stage, group, member: name }) === undefined;
    })
    .map(({ member }) => member.name);
}
