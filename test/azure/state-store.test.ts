import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTableStateStore } from "../../shared/azure/state-store.ts";
import { tableKey } from "../../shared/azure/table-key.ts";
import { isError } from "../../shared/core/errors.ts";
import type { StateStore } from "../../shared/core/state-store.ts";
import { startAzurite } from "./azurite.ts";
import type { Azurite } from "./azurite.ts";

const credential = { getToken: async () => null };
const RUN =
  "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg/providers/Microsoft.ContainerService/fleets/f/updateRuns/prod-42";

let azurite: Azurite;
let store: StateStore;

beforeAll(async () => {
  azurite = await startAzurite();
  store = createTableStateStore({ AzureWebJobsStorage: azurite.connection }, credential);
});

afterAll(() => azurite?.stop());

describe("a row", () => {
  it("is inserted once, read, replaced by its ETag and removed", async () => {
    expect(await store.get("runs", RUN)).toBeUndefined();
    expect(await store.insert("runs", RUN, { state: "Running", tries: 1 })).toMatch(/./);
    expect(await store.insert("runs", RUN, { state: "Lost" })).toBeUndefined();
    const first = await store.get<{ state: string }>("runs", RUN);
    expect(first?.row).toBe(RUN);
    expect(first?.value).toEqual({ state: "Running", tries: 1 });
    const second = await store.replace("runs", RUN, { state: "Done" }, first?.etag ?? "");
    expect(await store.replace("runs", RUN, { state: "Stale" }, first?.etag ?? "")).toBeUndefined();
    expect(await store.get("runs", RUN)).toEqual({
      row: RUN,
      value: { state: "Done" },
      etag: second,
    });
    await store.remove("runs", RUN);
    await store.remove("runs", RUN);
    expect(await store.get("runs", RUN)).toBeUndefined();
    expect(await store.replace("runs", RUN, {}, first?.etag ?? "")).toBeUndefined();
  });

  it("is removed as it was seen, and not when somebody wrote it since", async () => {
    const seen = (await store.insert("runs", "leased", { holder: "a" })) ?? "";
    const later = (await store.replace("runs", "leased", { holder: "b" }, seen)) ?? "";
    expect(await store.remove("runs", "leased", seen)).toBe(false);
    expect((await store.get("runs", "leased"))?.value).toEqual({ holder: "b" });
    expect(await store.remove("runs", "leased", later)).toBe(true);
    expect(await store.remove("runs", "leased", later)).toBe(true);
  });

  it("may be much larger than a property, and shrink again", async () => {
    const large = { text: "ä🚢".repeat(20_000) };
    expect(await store.insert("large", "a", large)).toMatch(/./);
    const row = await store.get<typeof large>("large", "a");
    expect(row?.value.text === large.text).toBe(true);
    expect(await store.replace("large", "a", { text: "x" }, row?.etag ?? "")).toMatch(/./);
    expect((await store.get("large", "a"))?.value).toEqual({ text: "x" });
  });

  it("that is larger than an entity is refused by name", async () => {
    const error = await store
      .insert("large", "b", "x".repeat(500_000))
      .catch((thrown: unknown) => thrown);
    expect(isError(error, "unsupported") && error.subject).toBe("large/b");
  });
});

describe("a list", () => {
  it("holds the rows of its partition only, under their own names", async () => {
    const names = ["a/b", "a?b", "a#b", "a\\b", "100%", "Ünïcode", "o'brien", "a_002fb"];
    for (const name of names) expect(await store.insert("it's/here", name, { name })).toMatch(/./);
    await store.insert("it's/there", "x", {});
    const rows = await store.list<{ name: string }>("it's/here");
    expect(rows.map((row) => row.row).toSorted()).toEqual(names.toSorted());
    expect(rows.every((row) => row.value.name === row.row && row.etag.length > 0)).toBe(true);
  });
});

describe("writers at once", () => {
  it("all count when they replace by ETag", async () => {
    await store.insert("count", "n", 0);
    const increment = async (): Promise<void> => {
      const row = await store.get<number>("count", "n");
      if (row && (await store.replace("count", "n", row.value + 1, row.etag))) return;
      await increment();
    };
    await Promise.all(Array.from({ length: 8 }, increment));
    expect((await store.get<number>("count", "n"))?.value).toBe(8);
  });
});

describe("a store without a storage account", () => {
  it("names the settings", () => {
    expect(() => createTableStateStore({}, credential)).toThrow("no storage account");
  });
});

describe("a key", () => {
  it("stays below the limit and differs for different long texts", () => {
    const long = `${RUN}/`.repeat(20);
    expect(tableKey(`${long}a`).length).toBeLessThanOrEqual(512);
    expect(tableKey(`${long}a`)).not.toBe(tableKey(`${long}b`));
  });
});
