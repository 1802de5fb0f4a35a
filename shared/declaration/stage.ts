import * as z from "zod/mini";
import { duration, field, maxAllowedFailures, maxConcurrency, named } from "./field.ts";
import {
  MAX_CHECKED_NAMESPACES,
  MAX_GATE_NAME_CHARACTERS,
  MAX_GROUPS_PER_STAGE,
  MAX_WAIT_SECONDS,
} from "./limits.ts";

/** Display names of gates that Fleetwright approves begin with this; all others belong to people. */
export const OUR_GATE_PREFIX = "fleetwright:";

const Gate = z.strictObject({
  displayName: field(
    z.string(),
    `Name of the gate, shown in Azure. Fleetwright approves only gates that the strategy's verification names; those begin with "${OUR_GATE_PREFIX}".`,
    { minLength: 1, maxLength: MAX_GATE_NAME_CHARACTERS },
  ),
  type: field(z.literal("Approval"), "The only gate type of Fleet's api-version 2026-06-01."),
});
export type Gate = z.infer<typeof Gate>;

const gates = (when: string) =>
  z.exactOptional(field(z.array(Gate), `Approvals that must be given ${when}.`));

const UpdateGroup = z.strictObject({
  name: named("Update group of the fleet's members."),
  maxConcurrency: z.exactOptional(
    maxConcurrency("Members of this group that upgrade at the same time; Azure's default is 1."),
  ),
  maxAllowedFailures: z.exactOptional(
    maxAllowedFailures(
      "Failed members of this group that Fleet goes on past; a failed member still keeps our gates closed.",
    ),
  ),
  beforeGates: gates("before this group starts"),
  afterGates: gates("after this group is done"),
});

const UpdateStage = z.strictObject({
  name: named("Name of the stage, unique in the strategy."),
  groups: field(z.array(UpdateGroup), "Update groups that run in parallel; at most 50.", {
    minItems: 1,
    maxItems: MAX_GROUPS_PER_STAGE,
  }),
  maxConcurrency: z.exactOptional(
    maxConcurrency("Members of this stage that upgrade at the same time; Azure's default is 50."),
  ),
  maxAllowedFailures: z.exactOptional(
    maxAllowedFailures(
      "Failed members of this stage, over all its groups, that Fleet goes on past.",
    ),
  ),
  afterStageWaitInSeconds: z.exactOptional(
    field(z.int(), "Seconds to wait after the stage before the next one begins.", {
      minimum: 0,
      maximum: MAX_WAIT_SECONDS,
    }),
  ),
  beforeGates: gates("before this stage starts"),
  afterGates: gates("after this stage is done"),
});
export type UpdateStage = z.infer<typeof UpdateStage>;

export const StrategySpec = z.strictObject({
  stages: field(z.array(UpdateStage), "Stages in the order in which they run.", { minItems: 1 }),
});
export type StrategySpec = z.infer<typeof StrategySpec>;

export const StageVerification = z.strictObject({
  approves: z.exactOptional(
    field(z.string(), "Display name of the stage's gate that is approved when the checks pass."),
  ),
  checks: z.exactOptional(
    field(
      z.array(z.enum(["nodes", "workloads", "team"])),
      "What must be healthy. nodes (always): each updated node is Ready, schedulable and on the target image. workloads: what runs in the namespaces under workloads is available. team: the check under team passed.",
      { default: ["nodes"] },
    ),
  ),
  workloads: z.exactOptional(
    field(
      z.strictObject({
        namespaces: field(
          z.array(z.string()),
          "Namespaces whose Deployments, StatefulSets and DaemonSets must be available on each member.",
          { minItems: 1, maxItems: MAX_CHECKED_NAMESPACES },
        ),
      }),
      "What the check workloads looks at.",
    ),
  ),
  team: z.exactOptional(
    field(
      z.strictObject({
        checkRun: z.exactOptional(
          field(
            z.string(),
            "Name of a GitHub check run on the commit that the run was created from; it must have begun after the stage's last member was done.",
          ),
        ),
        workflow: z.exactOptional(
          field(
            z.string(),
            "File of a workflow, such as smoke.yml, that is dispatched once the stage is done, with the inputs environment, run and stage.",
          ),
        ),
      }),
      "What the check team asks: a check run or a workflow that the team owns.",
    ),
  ),
  mode: z.exactOptional(
    field(
      z.enum(["enforce", "observe"]),
      "observe: judge and report, but leave the gate to a person.",
      { default: "enforce" },
    ),
  ),
  tolerate: z.exactOptional(
    field(
      z.strictObject({
        notReady: field(z.string(), 'Share of the nodes that may be not Ready, such as "1%".', {
          pattern: String.raw`^(\d{1,2}|100)%$`,
        }),
      }),
      "What does not count as a failure.",
    ),
  ),
  mayShortenTo: z.exactOptional(
    duration(
      "The after-stage wait may be cut short to this once everything is verified; never without it.",
    ),
  ),
});
export type StageVerification = z.infer<typeof StageVerification>;
