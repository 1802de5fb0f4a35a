import type { StateStore, StoredRow } from "../../shared/core/state-store.ts";
import type { Sightings } from "./coverage.ts";

/** Table storage, with its ETags, where the invariants can read it. */
export interface SimStore extends StateStore {
  rows(partition: string): ReadonlyMap<string, StoredRow<unknown>>;
  partitions(): Iterable<string>;
}

interface Lease {
  readonly holder?: string;
  readonly until?: number;
}

export function createStore(
  seen: Sightings,
  written: (partition: string, row: string, value: unknown) => void,
): SimStore {
  const partitions = new Map<string, Map<string, StoredRow<unknown>>>();
  const none: ReadonlyMap<string, StoredRow<unknown>> = new Map();
  let revision = 0;
  const rowsOf = (partition: string) => partitions.get(partition) ?? none;
  const write = (partition: string, row: string, value: unknown): string => {
    const rows = partitions.get(partition) ?? new Map<string, StoredRow<unknown>>();
    partitions.set(partition, rows);
    const etag = String(++revision);
    // Nobody changes what was read, so one copy serves all readers.
    const kept = carried(value);
    rows.set(row, { row, value: kept, etag });
    written(partition, row, kept);
    return etag;
  };
  const noteTakeover = (before: unknown, after: unknown): void => {
    const [old, next] = [before as Lease, after as Lease];
    if (old.until && old.holder !== next.holder) seen.add("lease taken over");
  };
  return {
    rows: rowsOf,
    partitions: () => partitions.keys(),
    get: async <T>(partition: string, row: string) =>
      rowsOf(partition).get(row) as StoredRow<T> | undefined,
    list: async <T>(partition: string) => [...rowsOf(partition).values()] as StoredRow<T>[],
    insert: async (partition, row, value) =>
      rowsOf(partition).has(row) ? undefined : write(partition, row, value),
    async replace(partition, row, value, etag) {
      const before = rowsOf(partition).get(row);
      if (before?.etag !== etag) return undefined;
      if (partition === "lease") noteTakeover(before.value, value);
      return write(partition, row, value);
    },
    async remove(partition, row, etag) {
      const standing = rowsOf(partition).get(row);
      if (standing && etag !== undefined && standing.etag !== etag) return false;
      partitions.get(partition)?.delete(row);
      return true;
    },
  };
}

/** A copy as the wire would carry it: what JSON makes of a value that JSON can carry. */
function carried(value: unknown): unknown {
  if (value === undefined) return null;
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(carried);
  if (Object.getPrototypeOf(value) !== Object.prototype) throw new Error("a row holds plain JSON");
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const member = (value as Readonly<Record<string, unknown>>)[key];
    if (member !== undefined) copy[key] = carried(member);
  }
  return copy;
}
