import { describe, expect, test } from "vitest";
import { HOUR, MINUTE } from "../../shared/core/duration.ts";
import type { Logger } from "../../shared/core/logger.ts";
import {
  announce,
  readUntold,
  sendMessages,
  type Delivery,
  type Message,
  type Notice,
} from "../../shared/core/outbox.ts";
import { memoryStateStore } from "../support/memory-state-store.ts";

const START = Date.parse("2026-07-10T09:00:00Z");
const REFUSED: Delivery = { delivered: false, reason: "the webhook answers 500" };

function notice(key: string): Notice {
  return { environment: "dev", key, text: `${key} is done`, at: "2026-07-10T08:59:00Z" };
}

/** Two machines share what is remembered and the webhook; each may die in the middle of anything. */
function stage() {
  const received: Message[] = [];
  const lines: string[] = [];
  const world = { now: START, answer: { delivered: true } as Delivery };
  const line = (level: string) => (message: string) => void lines.push(`${level}: ${message}`);
  const logger: Logger = { info: line("info"), warn: line("warn"), error: line("error") };
  const store = memoryStateStore();
  const deps = {
    store,
    logger,
    clock: { now: () => world.now },
    notifier: {
      async send(message: Message): Promise<Delivery> {
        received.push(message);
        return world.answer;
      },
    },
  };
  return { received, lines, world, store, deps };
}

describe("a message", () => {
  test("is sent once, however often it is announced and however many send at once", async () => {
    const { deps, received } = stage();
    await Promise.all([announce(deps, [notice("canary")]), announce(deps, [notice("canary")])]);
    await Promise.all([sendMessages(deps), sendMessages(deps)]);
    await announce(deps, [notice("canary")]);
    await sendMessages(deps);
    expect(received).toEqual([
      { id: expect.any(String), text: "dev: canary is done", at: "2026-07-10T08:59:00Z" },
    ]);
  });

  test("is not lost when its sender dies before it is sent", async () => {
    const { deps, received, world } = stage();
    await announce(deps, [notice("canary")]);
    const dying = {
      async send(): Promise<Delivery> {
        throw new Error("killed");
      },
    };
    await expect(sendMessages({ ...deps, notifier: dying })).rejects.toThrow("killed");
    await sendMessages(deps);
    expect(received).toHaveLength(0);
    world.now += 2 * MINUTE;
    await sendMessages(deps);
    expect(received).toHaveLength(1);
  });

  test("is sent again with the same id when its sender dies before it confirms", async () => {
    const { deps, received, world, store } = stage();
    await announce(deps, [notice("canary")]);
    const insert = () => Promise.reject(new Error("killed"));
    await expect(sendMessages({ ...deps, store: { ...store, insert } })).rejects.toThrow("killed");
    world.now += 2 * MINUTE;
    await sendMessages(deps);
    await sendMessages(deps);
    expect(received).toHaveLength(2);
    expect(received[1]).toEqual(received[0]);
  });

  test("that was confirmed is not sent again, though its sender died before the outbox was cleared", async () => {
    const { deps, received, world, store } = stage();
    await announce(deps, [notice("canary")]);
    const remove = () => Promise.reject(new Error("killed"));
    await expect(sendMessages({ ...deps, store: { ...store, remove } })).rejects.toThrow("killed");
    world.now += 2 * MINUTE;
    await sendMessages(deps);
    expect(received).toHaveLength(1);
    expect(await store.list("outbox")).toEqual([]);
  });

  test("that is refused is tried again after 2, 4, 8 … minutes, and shown until it arrives", async () => {
    const { deps, received, world, store } = stage();
    await announce(deps, [notice("canary")]);
    expect(await readUntold(store)).toEqual([]);
    world.answer = REFUSED;
    const triedAfter: number[] = [];
    for (let minute = 0; minute <= 20; minute++) {
      world.now = START + minute * MINUTE;
      const before = received.length;
      await sendMessages(deps);
      if (received.length > before) triedAfter.push(minute);
    }
    expect(triedAfter).toEqual([0, 2, 6, 14]);
    expect(await readUntold(store)).toMatchObject([{ tries: 4, reason: REFUSED.reason }]);
    world.answer = { delivered: true };
    world.now += HOUR;
    await sendMessages(deps);
    expect(await readUntold(store)).toEqual([]);
  });

  test("that nobody takes for a day is given up, which the log and whoever asks are told", async () => {
    const { deps, received, lines, world, store } = stage();
    await announce(deps, [notice("canary")]);
    world.answer = REFUSED;
    const sweep = async (hours: number): Promise<void> => {
      for (const end = world.now + hours * HOUR; world.now < end; world.now += HOUR / 4)
        await sendMessages(deps);
    };
    await sweep(26);
    expect(received).toHaveLength(13);
    expect(lines.filter((line) => line.startsWith("error"))).toEqual(["error: message given up"]);
    expect(await readUntold(store)).toMatchObject([{ givenUpAt: expect.any(String) }]);
    world.answer = { delivered: true };
    await sweep(80);
    // It is not told any more, not even when the same fact is found again.
    await announce(deps, [notice("canary")]);
    await sweep(1);
    expect(received).toHaveLength(13);
    expect(await readUntold(store)).toEqual([]);
  });

  test("that is one of too many for one look is sent by the next", async () => {
    const { deps, received } = stage();
    await announce(
      deps,
      Array.from({ length: 12 }, (_, index) => notice(`stage-${index}`)),
    );
    await sendMessages(deps);
    expect(received).toHaveLength(10);
    await sendMessages(deps);
    expect(new Set(received.map(({ text }) => text)).size).toBe(12);
  });

  test("is neither recorded nor sent where nobody asked to be told", async () => {
    const { deps, store } = stage();
    const { notifier: _nobody, ...silent } = deps;
    await announce(silent, [notice("canary")]);
    await sendMessages(silent);
    expect(await store.list("outbox")).toEqual([]);
  });
});
