import { describe, expect, test } from "vitest";
import { digest } from "../../cli/tour/digest.ts";
import { createStory } from "../../cli/tour/story.ts";

const DRAIN =
  "Drain node aks-apps-1 failed when evicting pod tide-forecast failed with Too Many Requests error.";

describe("a run's progress", () => {
  test("is one line for each stage and look, without the groups", () => {
    const lines = [
      "2026-07-06 14:42:40Z  run prod-2: Running",
      "2026-07-06 14:42:40Z  stage1 / group-1a: Running",
      "2026-07-06 14:42:41Z  stage1 / group-1a / texel: Running",
      "2026-07-06 14:43:03Z  stage1 / group-1b / galway: Completed (21 min 37 s)",
      "2026-07-06 14:43:03Z  stage2: Running",
      "2026-07-06 14:43:42Z  stage2 / group-2a / cork: Running",
    ];
    expect(digest(lines, new Set())).toEqual([
      "14:43  stage1: texel Running; galway Completed",
      "14:43  stage2: cork Running",
    ]);
  });

  test("ends with the run, and tells a reason once however many parts carry it", () => {
    const lines = [
      `2026-07-06 17:16:12Z  run prod-2: Failed (2 h 54 min; ${DRAIN})`,
      `2026-07-06 17:16:12Z  stage2: Failed (1 h 4 min; ${DRAIN})`,
      `2026-07-06 17:16:12Z  stage2 / group-2c: Failed (1 h 4 min; ${DRAIN})`,
      `2026-07-06 17:16:12Z  stage2 / group-2c / rotterdam: Failed (44 min 43 s; ${DRAIN})`,
      `error: update run prod-2 failed, first rotterdam: ${DRAIN.slice(0, -1)}: resume it`,
    ];
    expect(digest(lines, new Set())).toEqual([
      "17:16  stage2: rotterdam Failed; stage Failed (1 h 4 min)",
      `why: ${DRAIN}`,
      "17:16  run prod-2: Failed (2 h 54 min)",
      "error: update run prod-2 failed, first rotterdam: …: resume it",
    ]);
  });

  test("shows gates and waits", () => {
    const lines = [
      "2026-07-06 15:10:00Z  stage1: Pending",
      '2026-07-06 15:10:00Z  stage1 / after gate "fleetwright: verified": Pending',
      "2026-07-06 15:10:00Z  stage1 / after-stage wait: Running (1 h)",
    ];
    expect(digest(lines, new Set())).toEqual([
      '15:10  stage1: after gate "fleetwright: verified" Pending; after-stage wait Running',
    ]);
  });
});

test("snapshots are counted by image", () => {
  const took = (name: string) => `took /subscriptions/s/snapshots/${name} of Ubuntu-1`;
  expect(digest([took("a"), took("b"), "pruned none"], new Set())).toEqual([
    "took 2 snapshots of Ubuntu-1",
    "pruned none",
  ]);
});

test("a warning is told once in a tour, its remedy once, its long list by the first", () => {
  const told = new Set<string>();
  const pools =
    "a: pool on Schedule; b: pool on Schedule; c: pool on Schedule; d: pool on Schedule";
  const lines = [
    `preflight warn pool-on-schedule: ${pools}`,
    `warning: pool-on-schedule: ${pools}: set Cordon`,
  ];
  expect(digest(lines, told)).toEqual([
    "preflight warn pool-on-schedule: a: pool on Schedule; and 3 more",
    "→ pool-on-schedule: set Cordon",
  ]);
  expect(digest([lines[0] ?? ""], told)).toEqual([]);
});

test("resource ids are told by their name, and what was told before is counted", () => {
  const told = new Set<string>();
  const lines = ["pass a", "pass b", "pass c"];
  expect(
    digest(["see /subscriptions/s/resourceGroups/g/providers/p/fleets/harbour: ok"], told),
  ).toEqual(["see harbour: ok"]);
  digest(lines, told);
  expect(digest([...lines, "pass d"], told)).toEqual(["pass d", "(3 lines as before)"]);
});

describe("the story", () => {
  function tell(verbose: boolean, width = 40) {
    const written: string[] = [];
    const story = createStory({ write: (line) => written.push(line), verbose, width });
    story.chapter("An act");
    const log = story.step("▸ actions/update-run run");
    log.line("2026-07-06 14:42:40Z  stage1 / group-1a: Running");
    log.line("2026-07-06 14:42:41Z  stage1 / group-1a / texel: Running");
    log.end();
    story.say("one two three four five six seven eight nine ten");
    return { written, log: story.log() };
  }

  test("breaks lines at the terminal's width, and keeps in the log what it leaves out", () => {
    const { written, log } = tell(false);
    expect(written).toEqual([
      "\n1. An act",
      "   ▸ actions/update-run run",
      "   | 14:42  stage1: texel Running",
      "   one two three four five six seven",
      "     eight nine ten",
    ]);
    expect(log).toContain("2026-07-06 14:42:40Z  stage1 / group-1a: Running\n");
  });

  test("tells every line when it is asked to", () => {
    expect(tell(true).written).toContain("   | 2026-07-06 14:42:40Z  stage1 / group-1a: Running");
  });
});
