import type { Audit, AuditEntry } from "./service.ts";

/** Writes kept for reading back: a tour makes hundreds, a long test some thousands. */
const MAX_AUDIT_ENTRIES = 100_000;

export interface CallCounts {
  readonly total: number;
  readonly byOperation: Readonly<Record<string, number>>;
}

/** Keeps every write, and counts every call by service and operation. */
export class AuditLog implements Audit {
  readonly #now: () => number;
  readonly #entries: AuditEntry[] = [];
  readonly #counts = new Map<AuditEntry["service"], Map<string, number>>();
  #sequence = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  get entries(): readonly AuditEntry[] {
    return this.#entries;
  }

  record(entry: Omit<AuditEntry, "at" | "sequence">): void {
    this.#sequence += 1;
    this.#count(entry.service, entry.operation);
    if (!entry.write) return;
    const at = new Date(this.#now()).toISOString();
    this.#entries.push({ sequence: this.#sequence, at, ...entry });
    if (this.#entries.length > MAX_AUDIT_ENTRIES) this.#entries.shift();
  }

  /** Calls of one service, or of all. */
  counts(service?: AuditEntry["service"]): CallCounts {
    const byOperation: Record<string, number> = {};
    for (const [name, operations] of this.#counts) {
      if (service !== undefined && name !== service) continue;
      for (const [operation, count] of operations) {
        byOperation[operation] = (byOperation[operation] ?? 0) + count;
      }
    }
    const total = Object.values(byOperation).reduce((sum, count) => sum + count, 0);
    return { total, byOperation };
  }

  services(): readonly AuditEntry["service"][] {
    return [...this.#counts.keys()];
  }

  #count(service: AuditEntry["service"], operation: string): void {
    const operations = this.#counts.get(service) ?? new Map<string, number>();
    operations.set(operation, (operations.get(operation) ?? 0) + 1);
    this.#counts.set(service, operations);
  }
}
