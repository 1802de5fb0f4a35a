import { expect, test } from "vitest";
import type { Scenario } from "../../emulator/scenario.ts";
import { startTestEmulator } from "../support/emulator.ts";
import { createJob } from "../support/job.ts";
import { files, OPERATOR, scenario, SUBJECT } from "./harbour.ts";

/** AKS grants sixty calls at once; the clock makes its one a second three. */
const CLUSTERS = 75;
const CLOCK = 3;
const TIMEOUT_MILLISECONDS = 60_000;

const [model] = scenario.clusters ?? [];
const names = Array.from({ length: CLUSTERS }, (_, index) => `quay-${index}`);
const many: Scenario = {
  ...scenario,
  throttling: true,
  clusters: names.map((name) => ({ ...model!, name })),
  fleets: [
    {
      ...scenario.fleets![0]!,
      members: names.map((name) => ({ name, cluster: name, group: "canary" })),
    },
  ],
};

test(
  "a fleet larger than what Azure grants at once is seen whole, at the pace it grants",
  async () => {
    const emulator = await startTestEmulator({ scenario: many, clock: CLOCK });
    const job = await createJob({ files, azure: emulator, clientId: OPERATOR, subject: SUBJECT });
    const { exitCode, outputs, log } = await job.run("quarantine", {
      operation: "list",
      environment: "dev",
    });
    expect({ exitCode, unseen: outputs["unseen"] }).toEqual({ exitCode: 0, unseen: "[]" });
    expect(log).toMatch(/Azure throttles \S+listClusterUserCredential/);
    await job.close();
    await emulator.close();
  },
  TIMEOUT_MILLISECONDS,
);
