import { afterEach, expect, test } from "vitest";
import { PacedClock } from "../../emulator/clock.ts";
import type { ClockSpeed } from "../../emulator/clock.ts";
import { createWorld } from "../../shared/simulator/world.ts";

const START = Date.UTC(2026, 6, 1);
let clock: PacedClock | undefined;
let real = 0;
const errors: unknown[] = [];

function startClock(speed: ClockSpeed): PacedClock {
  real = 0;
  errors.length = 0;
  const world = createWorld({ seed: 1, start: START });
  const onError = (error: unknown): void => {
    errors.push(error);
  };
  clock = new PacedClock({ world, speed, onError, realNow: () => real });
  return clock;
}
afterEach(() => clock?.close());

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("virtual time runs by the factor, and stands still within one turn of the event loop", async () => {
  const pacer = startClock(60);
  real = 1_000;
  await nextTurn();
  expect(pacer.now()).toBe(START + 60_000);
  real = 2_000;
  expect(pacer.now()).toBe(START + 60_000);
  await nextTurn();
  expect(pacer.now()).toBe(START + 120_000);
});

test("a clock that is paced anew goes on from where it was", async () => {
  const pacer = startClock(600);
  const due: number[] = [];
  pacer.at(START + 602_000, () => due.push(pacer.now() - START));
  real = 1_000;
  pacer.pace(1);
  expect(pacer.factor).toBe(1);
  expect(pacer.now()).toBe(START + 600_000);
  real = 2_500;
  await nextTurn();
  expect(pacer.now()).toBe(START + 601_500);
  pacer.pace(0);
  real = 9_000;
  await nextTurn();
  expect(due).toEqual([]);
  pacer.advance(500);
  expect(due).toEqual([602_000]);
});

test("a manual clock moves by hand alone, and runs what is due in order", () => {
  const pacer = startClock("manual");
  const order: string[] = [];
  pacer.at(START + 2_000, () => order.push(`b ${pacer.now() - START}`));
  pacer.at(START + 1_000, () => {
    order.push(`a ${pacer.now() - START}`);
    pacer.at(START + 1_500, () => order.push(`a2 ${pacer.now() - START}`));
  });
  pacer.at(START + 2_000, () => order.push("c"));
  const cancel = pacer.at(START + 1_200, () => order.push("cancelled"));
  cancel();
  real = 1_000_000;
  pacer.advance(5_000);
  expect(order).toEqual(["a 1000", "a2 1500", "b 2000", "c"]);
  expect(pacer.now()).toBe(START + 5_000);
});

test("a task that throws is reported and stops nobody else", () => {
  const pacer = startClock("manual");
  let ran = false;
  pacer.at(START + 1, () => {
    throw new Error("broken");
  });
  pacer.at(START + 2, () => {
    ran = true;
  });
  pacer.advance(10);
  expect(ran).toBe(true);
  expect(errors).toEqual([new Error("broken")]);
});

test("time wakes by itself for what is due", async () => {
  const pacer = startClock(1_000);
  const done = new Promise<number>((resolve) => {
    pacer.at(START + 20_000, () => resolve(pacer.now()));
  });
  real = 20;
  expect(await done).toBeGreaterThanOrEqual(START + 20_000);
});
