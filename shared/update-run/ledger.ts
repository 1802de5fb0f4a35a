import { digest } from "../core/digest.ts";
import { oncePer } from "../core/once-per.ts";
import type { StateStore } from "../core/state-store.ts";
import type { MemberRecord } from "./gate.ts";
import type { UpdateRun } from "./ports.ts";
import { waitingGates } from "./state.ts";

/** How a gate of ours came to be approved. Times are ISO 8601, by Azure's clock. */
export interface GateRecord {
  readonly displayName: string;
  readonly stage: string;
  readonly approvedAt?: string;
  readonly approvedBy?: string;
  readonly evidence?: readonly string[];
  /** The checks refuse it: a person is needed, waiting alone does not help. */
  readonly held?: true;
  /** Why it is left alone, as of `at`. */
  readonly reason?: string;
  readonly at: string;
}

export interface RunRecord {
  /** Commit whose declarations the run was created from. */
  readonly commit: string;
  readonly environment: string;
  readonly runId: string;
  /** The run is over and everything after it is done: nothing to look at any more. */
  readonly closedAt?: string;
  /** ISO 8601: when to look even if nothing is heard. */
  readonly nextCheckAt?: string;
  /** Digest of what Azure said of the run at the last look that came to its end. */
  readonly seen?: string;
}

interface CheckRecord {
  readonly said: string;
}

/** What the functions remember of one update run: one partition, readable rows. */
export interface Ledger {
  readonly run: RunRecord | undefined;
  readonly members: ReadonlyMap<string, MemberRecord>;
  /** Names of nodes that were unhealthy before the run, by member. */
  readonly baselines: ReadonlyMap<string, readonly string[]>;
  /** Workloads that were not available before the run, by member. */
  readonly workloadBaselines: ReadonlyMap<string, readonly string[]>;
  readonly gates: ReadonlyMap<string, GateRecord>;
  /** Digest of what the check of the run says. */
  readonly said: string | undefined;
}

/** Gates that our checks refuse, by name. One that a person approved in the meantime holds nothing any more. */
export function heldGates(
  run: UpdateRun,
  gates: ReadonlyMap<string, GateRecord>,
): readonly (readonly [string, GateRecord])[] {
  const waiting = new Set(waitingGates(run).map(({ gateId }) => gateId.split("/").at(-1)));
  return [...gates].filter(([name, gate]) => gate.held && waiting.has(name));
}

/** The partition of a run: its name for the reader, a digest of its id for uniqueness among fleets. */
export const ledgerPartition = oncePer(
  ({ id, name }: Pick<UpdateRun, "id" | "name">) =>
    `run:${name}:${digest(id.toLowerCase()).slice(0, 8)}`,
);

export async function readLedger(
  store: Pick<StateStore, "list">,
  partition: string,
): Promise<Ledger> {
  const rows = await store.list<unknown>(partition);
  const under = <T>(prefix: string): ReadonlyMap<string, T> =>
    new Map(
      rows
        .filter(({ row }) => row.startsWith(`${prefix}:`))
        .map(({ row, value }) => [row.slice(prefix.length + 1), value as T]),
    );
  return {
    run: rows.find(({ row }) => row === "run")?.value as RunRecord | undefined,
    members: under<MemberRecord>("member"),
    baselines: under<readonly string[]>("baseline"),
    workloadBaselines: under<readonly string[]>("workloads"),
    gates: under<GateRecord>("gate"),
    said: (rows.find(({ row }) => row === "check")?.value as CheckRecord | undefined)?.said,
  };
}

/** A lost race may be tried again this often; every writer writes what it saw, so the last one wins. */
const MAX_WRITES = 5;

/** Writes a row whatever stood there: each row states what was seen last. */
export async function writeRow(
  store: StateStore,
  partition: string,
  row: string,
  value: unknown,
): Promise<void> {
  await changeRow(store, { partition, row }, () => value);
}

/** Writes a row that keeps something of what stood there. */
export async function changeRow<T>(
  store: StateStore,
  { partition, row }: { readonly partition: string; readonly row: string },
  change: (before: T | undefined) => T,
): Promise<void> {
  for (let attempt = 0; attempt < MAX_WRITES; attempt++) {
    const existing = await store.get<T>(partition, row);
    const value = change(existing?.value);
    const written = existing
      ? await store.replace(partition, row, value, existing.etag)
      : await store.insert(partition, row, value);
    if (written) return;
  }
}
