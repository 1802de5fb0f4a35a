import type { Process } from "./process.ts";

/** What the webhook received, beside what the decisions on record promise that it will. */
export class Told {
  /** Each with a line feed, which ends it. */
  readonly texts: string[] = [];
  /** Told again although nothing kept the first time from being confirmed. */
  readonly repeated: string[] = [];
  /** Messages that arrived more than once, for whatever reason. */
  again = 0;
  readonly #due = new Set<string>();
  readonly #sent = new Map<string, { readonly process: Process; readonly troubles: number }>();

  receive(id: string, text: string, process: Process): void {
    this.texts.push(`${text}\n`);
    const before = this.#sent.get(id);
    this.#sent.set(id, { process, troubles: process.troubles });
    if (before) this.again++;
    if (!before || before.process.troubles > before.troubles || process.stalls > 0) return;
    this.repeated.push(text);
  }

  /** A row was written: what it decides is due from now on. */
  decided(partition: string, row: string, value: unknown): void {
    if (!partition.startsWith("run:") && !partition.startsWith("quarantine:")) return;
    const [kind, name] = partition.split(":");
    const decision = value as Decision;
    if (kind === "run" && row === "run" && decision.closedAt !== undefined) {
      this.#due.add(`update run ${name} is done and proved\n`);
    }
    if (kind === "run" && row.startsWith("gate:") && decision.held === true) {
      const { displayName, stage } = decision;
      this.#due.add(`${name} is held at the gate "${displayName}" of ${stage}: `);
    }
    if (kind === "quarantine" && decision.claimedUntil === undefined) {
      const held = decision.nodes?.some(({ resolvedAt }) => resolvedAt === undefined);
      if (held && decision.issueUrl !== undefined) this.#due.add(`: ${decision.issueUrl}\n`);
    }
  }

  get missing(): readonly string[] {
    return [...this.#due].filter((due) => !this.texts.some((text) => text.includes(due)));
  }
}

/** Of a run, a gate and a quarantine, what is asked of them here. */
interface Decision {
  readonly closedAt?: string;
  readonly held?: boolean;
  readonly displayName?: string;
  readonly stage?: string;
  readonly claimedUntil?: number;
  readonly issueUrl?: string;
  readonly nodes?: readonly { readonly resolvedAt?: string }[];
}
