import { expect, test } from "vitest";
import { FleetwrightError } from "../../shared/core/errors.ts";
import { followRun } from "../../shared/update-run/follow.ts";
import type { FleetPort, UpdateRun } from "../../shared/update-run/ports.ts";
import { FLEET, gate, member, stage, status, updateRun } from "./run-builder.ts";

/** A fleet that answers one look after the other, and stays with the last. */
function following(looks: readonly (UpdateRun | Error | undefined)[], detachAfter = 1e9) {
  let time = 0;
  let look = 0;
  const troubles: string[] = [];
  const told: string[] = [];
  const pauses: number[] = [];
  const getRun = async () => {
    const answer = looks[Math.min(look++, looks.length - 1)];
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const follow = (startedFrom?: UpdateRun) =>
    followRun(
      {
        fleet: { getRun } as Partial<FleetPort> as FleetPort,
        sleep: async (pause) => {
          pauses.push(pause);
          time += pause;
        },
        elapsed: () => time,
        onProgress: ({ text }) => void told.push(text),
        onTrouble: (error) => void troubles.push(error.message),
      },
      {
        fleet: FLEET,
        name: "dev-3-1a2b3c4d",
        pollIntervalMilliseconds: 30_000,
        detachAfterMilliseconds: detachAfter,
        ...(startedFrom && { startedFrom }),
      },
    );
  return { follow, troubles, told, pauses, looks: () => look };
}

const busy = () => new FleetwrightError("throttled", "slow down");

test("ends with the run, each change told once", async () => {
  const trial = following([updateRun("Running"), updateRun("Running"), updateRun("Completed")]);
  const { run, ended } = await trial.follow();
  expect([run.status.state, ended]).toEqual(["Completed", "finished"]);
  expect(trial.told).toEqual(["run dev-3-1a2b3c4d: Running", "run dev-3-1a2b3c4d: Completed"]);
  expect(trial.pauses).toEqual([2_000, 30_000]);
});

test("a resumed run still shows its old failure: that is not its end", async () => {
  const failed = updateRun("Failed");
  const trial = following([
    failed,
    failed,
    updateRun("Running", { etag: '"2"' }),
    updateRun("Completed", { etag: '"3"' }),
  ]);
  expect((await trial.follow(failed)).run.status.state).toBe("Completed");
});

test("a run that fails again at once is seen by its ETag", async () => {
  const failed = updateRun("Failed");
  const trial = following([failed, updateRun("Failed", { etag: '"2"' })]);
  await trial.follow(failed);
  expect(trial.looks()).toBe(2);
});

test("a start that changes nothing is believed after a bound of looks", async () => {
  const failed = updateRun("Failed");
  const trial = following([failed]);
  expect((await trial.follow(failed)).run.status.state).toBe("Failed");
  expect(trial.looks()).toBe(10);
});

test("a state nobody has heard of is waited for", async () => {
  const strange = updateRun("Paused" as "Running");
  const trial = following([strange, updateRun("Completed")]);
  expect((await trial.follow()).run.status.state).toBe("Completed");
});

test("detaches after its bound and leaves the run as it is", async () => {
  const trial = following([updateRun("Pending")], 60_000);
  expect(await trial.follow()).toMatchObject({
    ended: "detached",
    run: { status: { state: "Pending" } },
  });
  expect(trial.pauses.reduce((sum, pause) => sum + pause)).toBeLessThanOrEqual(60_000);
});

test("lives through troubles, and gives up on the tenth in a row", async () => {
  const nine = Array.from({ length: 9 }, busy);
  const lucky = following([...nine, updateRun("Running"), ...nine, updateRun("Completed")]);
  expect((await lucky.follow()).ended).toBe("finished");
  expect(lucky.troubles).toHaveLength(18);
  await expect(following([...nine, busy()]).follow()).rejects.toMatchObject({ code: "throttled" });
});

test.each([
  ["a deleted run", [updateRun("Running"), undefined], "not-found"],
  ["a lost permission", [new FleetwrightError("unauthorized", "no")], "unauthorized"],
])("%s ends the following at once", async (_, looks, code) => {
  await expect(following(looks).follow()).rejects.toMatchObject({ code });
});

const without = (message: string) =>
  member("m1", "Pending", { error: { code: "NodeImageVersionNotAvailable", message } });
const running = (...members: ReturnType<typeof member>[]) =>
  updateRun("Running", { stageStatuses: [stage("canary", "Running", members)] });

test("a run that only waits for what its regions lack is given up after a few looks", async () => {
  const next = member("m2", "NotStarted");
  const trial = following([running(without("not in westeurope"), next)]);
  expect(await trial.follow()).toMatchObject({ ended: "stuck" });
  expect(trial.looks()).toBe(3);
  expect(trial.told.join()).toContain("m1: Pending (not in westeurope)");
});

test.each([
  ["a member at work", running(without("not there"), member("m2", "Running"))],
  ["a closed window", running(member("m1", "Pending", { message: "next window opens at: …" }))],
  [
    "a gate",
    updateRun("Pending", {
      stageStatuses: [
        stage("canary", "Pending", [without("not there")], {
          beforeGates: [gate("CAB", "Pending", true)],
        }),
      ],
    }),
  ],
  [
    "an after-stage wait",
    updateRun("Running", {
      stageStatuses: [
        stage("canary", "Running", [], {
          afterStageWait: { ...status("Running"), waitDurationInSeconds: 60 },
        }),
        stage("rest", "Running", [without("not there")]),
      ],
    }),
  ],
])("%s is waited for", async (_, look) => {
  const trial = following([look, look, look, look, updateRun("Completed")]);
  expect((await trial.follow()).ended).toBe("finished");
});

test("a member that is tried again in between is waited for", async () => {
  const stuck = running(without("not there"));
  const trial = following([
    stuck,
    stuck,
    running(member("m1", "Running")),
    stuck,
    stuck,
    updateRun("Completed"),
  ]);
  expect((await trial.follow()).ended).toBe("finished");
});
