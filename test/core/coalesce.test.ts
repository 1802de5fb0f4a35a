import { expect, test } from "vitest";
import { coalesce } from "../../shared/core/coalesce.ts";
import { memoryStateStore } from "../support/memory-state-store.ts";

function setUp() {
  const time = { now: 1_000_000 };
  const store = memoryStateStore();
  const call = (holder: string, work: (knocked: boolean) => Promise<void>) =>
    coalesce({ store, wallClock: { now: () => time.now }, holder }, "runs:prod", work);
  return { time, call, store };
}

test("a burst becomes the holder's round and one more, never two at once", async () => {
  const { call } = setUp();
  let running = 0;
  let rounds = 0;
  let most = 0;
  const work = async (): Promise<void> => {
    most = Math.max(most, ++running);
    rounds++;
    await new Promise((resolve) => setTimeout(resolve, 5));
    running--;
  };
  const done = await Promise.all(Array.from({ length: 50 }, (_, index) => call(`h${index}`, work)));
  expect(most).toBe(1);
  expect(done.filter(Boolean).length).toBeGreaterThanOrEqual(1);
  expect(rounds).toBeGreaterThanOrEqual(2);
  expect(rounds).toBeLessThan(10);
});

test("a lease whose holder died is taken over when it expires", async () => {
  const { time, call } = setUp();
  let taken = false;
  void call("dies", () => new Promise(() => {}));
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await call("early", async () => void (taken = true))).toBe(false);
  time.now += 61_000;
  expect(await call("late", async () => void (taken = true))).toBe(true);
  expect(taken).toBe(true);
});

test("work that fails releases the lease and tells its error", async () => {
  const { call } = setUp();
  await expect(call("a", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await call("b", async () => {})).toBe(true);
});

test("work is told whether somebody knocked for its round, also when the holder of that time died", async () => {
  const { time, call } = setUp();
  const told: boolean[] = [];
  await call("a", async (knocked) => {
    told.push(knocked);
    if (told.length === 1) await call("b", async () => {});
  });
  expect(told).toEqual([false, true]);
  void call("dies", () => new Promise(() => {}));
  await new Promise((resolve) => setTimeout(resolve, 5));
  await call("knocks", async () => {});
  time.now += 61_000;
  await call("late", async (knocked) => void told.push(knocked));
  expect(told).toEqual([false, true, true]);
});

test("the row of a lease goes with its holder", async () => {
  const { call, store } = setUp();
  await call("a", async () => {
    expect(await store.list("lease")).toHaveLength(1);
  });
  expect(await store.list("lease")).toEqual([]);
});
