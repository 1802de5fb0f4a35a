import { expect, test } from "vitest";
import { silentLogger } from "../../shared/core/logger.ts";
import { keepIssue, openIssues, type KeptIssue } from "../../shared/quarantine/keep-issue.ts";
import type { Issue, IssueTracker } from "../../shared/quarantine/ports.ts";
import { memoryStateStore } from "../support/memory-state-store.ts";

const MINUTE = 60_000;

function setUp() {
  const issues: Issue[] = [];
  let minutes = 0;
  let stalled: Promise<void> | undefined;
  const tracker: IssueTracker = {
    findByMarker: async (marker) => issues.filter(({ body }) => body.includes(marker)),
    async open({ title, body }) {
      await stalled;
      issues.push({ number: issues.length + 1, title, body, state: "open", url: "u" });
      return issues.at(-1) as Issue;
    },
    async update(number, change) {
      issues[number - 1] = { ...issues[number - 1], ...change } as Issue;
    },
    comment: async () => {},
  };
  const deps = {
    store: memoryStateStore(),
    issues: tracker,
    logger: silentLogger,
    wallClock: { now: () => minutes * MINUTE },
  };
  return {
    deps,
    issues,
    pass: (more: number) => (minutes += more),
    /** Opening takes until the answer is called. */
    stall(): () => void {
      let wake = (): void => {};
      stalled = new Promise((resolve) => (wake = resolve));
      return wake;
    },
  };
}

function kept(holds: boolean): KeptIssue {
  const marker = "<!-- m -->";
  return {
    partition: "holds:prod",
    row: "run-1",
    marker,
    text: holds ? { title: "held", body: marker } : undefined,
    labels: [],
    closing: "not any more",
  };
}

test("an issue is open while its fact holds, and closed after", async () => {
  const { deps, issues } = setUp();
  expect(await keepIssue(deps, kept(false))).toBe(true);
  expect(issues).toEqual([]);
  expect(await keepIssue(deps, kept(true))).toBe(true);
  expect(await keepIssue(deps, kept(false))).toBe(true);
  expect(issues).toMatchObject([{ state: "closed" }]);
  expect(await openIssues(deps.store, "holds:prod")).toEqual([]);
});

test("one that a stalled process opens after its fact is gone is closed all the same", async () => {
  const { deps, issues, pass, stall } = setUp();
  const wake = stall();
  const late = keepIssue(deps, kept(true));
  await new Promise(setImmediate);
  pass(3);
  // The claim is over, and there is no issue to close yet.
  expect(await keepIssue(deps, kept(false))).toBe(false);
  wake();
  expect(await late).toBe(false);
  expect(issues).toMatchObject([{ state: "open" }]);
  expect(await openIssues(deps.store, "holds:prod")).toEqual(["run-1"]);
  expect(await keepIssue(deps, kept(false))).toBe(false);
  expect(issues).toMatchObject([{ state: "closed" }]);
  pass(40);
  // Nobody can wake up any more.
  expect(await keepIssue(deps, kept(false))).toBe(true);
  expect(await openIssues(deps.store, "holds:prod")).toEqual([]);
});

test("one that a stalled process opens when nobody looks is closed by the next look, however late", async () => {
  const { deps, issues, pass, stall } = setUp();
  const wake = stall();
  const late = keepIssue(deps, kept(true));
  await new Promise(setImmediate);
  pass(10);
  expect(await keepIssue(deps, kept(false))).toBe(false);
  pass(20);
  wake();
  await late;
  expect(issues).toMatchObject([{ state: "open" }]);
  pass(20);
  expect(await keepIssue(deps, kept(false))).toBe(true);
  expect(issues).toMatchObject([{ state: "closed" }]);
  expect(await openIssues(deps.store, "holds:prod")).toEqual([]);
});
