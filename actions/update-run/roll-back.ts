import { readClusters, subscriptionsOf } from "../../shared/snapshot/fleet-clusters.ts";
import { assertAsDeclared, createRun } from "../../shared/update-run/create.ts";
import type { Word } from "../../shared/update-run/hold.ts";
import type { UpdateRun } from "../../shared/update-run/ports.ts";
import { planRollBack } from "../../shared/update-run/roll-back.ts";
import type { RollBackPlan } from "../../shared/update-run/roll-back.ts";
import { membersOf } from "../../shared/update-run/state.ts";
import { follow } from "./follow.ts";
import type { Act } from "./report-run.ts";
import { leaveOnly } from "./retry.ts";
import { begin } from "./start.ts";
import { existing, needsReason, recordCommit } from "./step.ts";
import type { Step } from "./step.ts";

/** Brings the images back that the members ran before the run. Nobody reviewed it: who and why is recorded. */
export async function rollBack(step: Step): Promise<Act> {
  const { deps, target } = step;
  const word = needsReason(step);
  const run = await existing(step);
  const plan = await planOf(step, run);
  const wanted = { fleet: target.fleet, name: plan.name, spec: plan.spec, stages: plan.stages };
  deps.runner.leaves(`the way back ${plan.name} was being prepared; it is not started`);
  const created = await createRun(deps.fleet, wanted, async () => {});
  if (created.run.status.state !== "NotStarted") {
    return follow(step, { did: "It was begun before; followed.", name: plan.name });
  }
  const ready = await leaveOnly(step, created.run, plan.members);
  assertAsDeclared(wanted, ready);
  await record(step, run, plan, word);
  await begin(step, ready);
  const did = `${word.by} rolled ${plan.members.length} members back to ${plan.images.join(", ")}: ${word.reason}.`;
  deps.runner.log(did);
  const act = await follow(step, { did, changed: true, startedFrom: ready });
  return {
    ...act,
    warnings: [`the release still declares what was rolled back: revert it by pull request`],
  };
}

async function planOf({ deps, target }: Step, run: UpdateRun): Promise<RollBackPlan> {
  const ids = membersOf(run).map(({ member }) => member.clusterId);
  const clusters = await readClusters(deps.inventory, ids);
  const lists = await Promise.all(
    subscriptionsOf(ids).map((subscription) => deps.snapshots.listSnapshots(subscription)),
  );
  return planRollBack({ run, environment: target.environment, clusters, snapshots: lists.flat() });
}

async function record(
  step: Step,
  run: UpdateRun,
  { name, members, images }: RollBackPlan,
  { by, reason }: Word,
): Promise<void> {
  if (step.deps.records === undefined) return;
  const records = await step.deps.records();
  await records.checks.create(await recordCommit(step, records), {
    name: `fleetwright roll-back: ${run.name}`,
    outcome: "failure",
    title: `Rolled back by ${by}`,
    summary: `${by} rolled ${members.length} members of update run \`${run.name}\` back to ${images.map((image) => `\`${image}\``).join(", ")} with \`${name}\`: ${reason}\n\n[The job](${step.deps.job.url})`,
    data: { run: run.name, by, reason, rolledBackBy: name, members, images },
  });
}
