import type { ArmId } from "../../shared/core/arm-id.ts";
import { FleetwrightError } from "../../shared/core/errors.ts";
import { counted } from "../../shared/core/markdown.ts";
import { readClusters, subscriptionsOf } from "../../shared/snapshot/fleet-clusters.ts";
import { assertAsDeclared, createRun } from "../../shared/update-run/create.ts";
import type { Word } from "../../shared/update-run/hold.ts";
import type { UpdateRun } from "../../shared/update-run/ports.ts";
import { planRollBack, poolsNotBack } from "../../shared/update-run/roll-back.ts";
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
    return proved(step, plan, {
      act: await follow(step, { did: "It was begun before; followed.", name: plan.name }),
      clusterIds: clusterIdsOf(run),
    });
  }
  const ready = await leaveOnly(step, created.run, plan.members);
  assertAsDeclared(wanted, ready);
  await record(step, run, plan, word);
  await begin(step, ready);
  const did = `${word.by} rolled ${plan.members.length} members back to ${plan.images.join(", ")}: ${word.reason}.`;
  deps.runner.log(did);
  const act = await follow(step, { did, changed: true, startedFrom: ready });
  return {
    ...(await proved(step, plan, { act, clusterIds: clusterIdsOf(run) })),
    warnings: [`the release still declares what was rolled back: revert it by pull request`],
  };
}

/** The run's word is not enough: Fleet may have passed over what is ahead of the images. */
async function proved(
  { deps }: Step,
  { members, images }: RollBackPlan,
  { act, clusterIds }: { readonly act: Act; readonly clusterIds: ReadonlyMap<string, ArmId> },
): Promise<Act> {
  if (!["Completed", "Skipped"].includes(act.run.status.state)) return act;
  const ids = members.flatMap((name) => clusterIds.get(name) ?? []);
  const left = poolsNotBack(images, await readClusters(deps.inventory, ids));
  const [first] = left;
  if (first === undefined) return act;
  const failure = new FleetwrightError(
    "run-failed",
    `${act.run.name} is ${act.run.status.state}, but ${counted(left.length, "node pool")} did not go back, first ${first}: Fleet passes over pools that are ahead of the image`,
    {
      subject: act.run.id,
      remedy:
        "create pools from the outgoing snapshots and move the workload: action blue-green; or roll each pool back in AKS within seven days of its upgrade",
    },
  );
  return { ...act, failure };
}

function clusterIdsOf(run: UpdateRun): ReadonlyMap<string, ArmId> {
  return new Map(membersOf(run).map(({ member }) => [member.name, member.clusterId]));
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
