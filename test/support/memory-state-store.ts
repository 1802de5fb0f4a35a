import type { StateStore, StoredRow } from "../../shared/core/state-store.ts";

/** The state store's contract in memory, for tests of decisions that remember. */
export function memoryStateStore(): StateStore {
  const partitions = new Map<string, Map<string, { value: string; etag: string }>>();
  let revision = 0;
  const rowsOf = (partition: string) => {
    const rows = partitions.get(partition) ?? new Map<string, { value: string; etag: string }>();
    partitions.set(partition, rows);
    return rows;
  };
  const stored = <T>(row: string, entry: { value: string; etag: string }): StoredRow<T> => ({
    row,
    value: JSON.parse(entry.value) as T,
    etag: entry.etag,
  });
  const write = (partition: string, row: string, value: unknown): string => {
    const etag = String(++revision);
    rowsOf(partition).set(row, { value: JSON.stringify(value), etag });
    return etag;
  };
  return {
    async get<T>(partition: string, row: string) {
      const entry = rowsOf(partition).get(row);
      return entry && stored<T>(row, entry);
    },
    async list<T>(partition: string) {
      return [...rowsOf(partition)].map(([row, entry]) => stored<T>(row, entry));
    },
    async insert(partition, row, value) {
      return rowsOf(partition).has(row) ? undefined : write(partition, row, value);
    },
    async replace(partition, row, value, etag) {
      return rowsOf(partition).get(row)?.etag === etag ? write(partition, row, value) : undefined;
    },
    async remove(partition, row, etag) {
      const standing = rowsOf(partition).get(row);
      if (standing && etag !== undefined && standing.etag !== etag) return false;
      rowsOf(partition).delete(row);
      return true;
    },
  };
}
