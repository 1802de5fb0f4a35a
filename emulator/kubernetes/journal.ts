import type { Cluster, Instant } from "../../shared/simulator/model.ts";
import { guidFrom } from "../guid.ts";
import { ListAnswers } from "./list-answers.ts";
import { managersOf } from "./managed-fields.ts";
import { isJsonObject, toTime } from "./object.ts";
import type { JsonObject, KubernetesObject } from "./object.ts";
import type { Resource, View } from "./resource.ts";

/** Changes kept for watches that begin at an older version; the real server keeps five minutes. */
const MAX_HISTORY = 1_000;

export type ChangeType = "ADDED" | "MODIFIED" | "DELETED";

export interface Change {
  readonly type: ChangeType;
  readonly key: string;
  readonly object: KubernetesObject;
}

/** Counts up; the writes of one cluster, as etcd's revision does, are shared by its journals. */
export interface Revision {
  current: number;
}

interface Entry {
  source: unknown;
  version: number;
  generation: number;
  createdAt: Instant;
  phase: string;
  phaseSince: Instant | undefined;
  /** Text of what was last seen, of kinds whose changes are found by comparing. */
  print: string;
  specPrint: string;
}

interface Past {
  readonly version: number;
  readonly type: ChangeType;
  readonly key: string;
  readonly entry: Entry;
}

export interface JournalOptions {
  readonly resource: Resource;
  readonly cluster: Cluster;
  readonly revision: Revision;
  /** Counts everything that happened in the cluster, told or not. */
  readonly changes: Revision;
  readonly now: () => Instant;
}

/**
 * What clients may know about the objects of one kind in one cluster: the version of each, and the
 * last changes. It begins when somebody first asks, so that a cluster nobody looks at costs nothing.
 */
export class Journal {
  readonly resource: Resource;
  readonly lists = new ListAnswers();
  readonly #cluster: Cluster;
  readonly #revision: Revision;
  readonly #changes: Revision;
  readonly #now: () => Instant;
  readonly #entries = new Map<string, Entry>();
  readonly #history: Past[] = [];
  readonly #listeners = new Set<(change: Change) => void>();
  /** The oldest version from which every later change is still known. */
  #knownFrom: number;

  constructor(options: JournalOptions) {
    this.resource = options.resource;
    this.#cluster = options.cluster;
    this.#revision = options.revision;
    this.#changes = options.changes;
    this.#now = options.now;
    this.#knownFrom = options.revision.current;
    for (const [key, source] of this.resource.sources(this.#cluster)) {
      this.#entries.set(key, this.#newEntry(source, this.#cluster.createdAt, undefined));
    }
  }

  get watched(): boolean {
    return this.#listeners.size > 0;
  }

  get version(): number {
    return this.#revision.current;
  }

  /** Changes with everything that an object of this kind may show, but for ages. */
  get basis(): string {
    const beat = this.resource.beatMilliseconds;
    const beats = beat === undefined ? 0 : Math.floor(this.#now() / beat);
    return `${this.#revision.current}/${this.#changes.current}/${beats}`;
  }

  /** A transition named this object. */
  tell(key: string, deleted: boolean): void {
    const source = this.resource.sources(this.#cluster).get(key);
    this.#note(key, deleted ? undefined : source, true);
  }

  /** Finds what nobody told: other objects changed what these show, or the keys moved on. */
  refresh(): void {
    const sources = this.resource.sources(this.#cluster);
    for (const [key, source] of sources) {
      if (this.resource.changes === "compared" || !this.#entries.has(key)) {
        this.#note(key, source, false);
      }
    }
    if (sources.size === this.#entries.size) return;
    for (const key of this.#entries.keys()) {
      if (!sources.has(key)) this.#note(key, undefined, false);
    }
  }

  /** All objects by key, in the order in which etcd keeps them. */
  all(): readonly (readonly [key: string, object: KubernetesObject])[] {
    const entries = [...this.#entries].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return entries.map(([key, entry]) => [key, this.#body(key, entry)]);
  }

  get(key: string): KubernetesObject | undefined {
    const entry = this.#entries.get(key);
    return entry && this.#body(key, entry);
  }

  /** The net changes after a version; undefined when they are no longer known. */
  since(version: number): readonly Change[] | undefined {
    if (version < this.#knownFrom) return undefined;
    const last = new Map<string, { readonly past: Past; readonly isNew: boolean }>();
    for (const past of this.#history) {
      if (past.version <= version) continue;
      const first = last.get(past.key);
      last.delete(past.key);
      last.set(past.key, { past, isNew: first?.isNew ?? past.type === "ADDED" });
    }
    return [...last.values()].flatMap(({ past, isNew }) => this.#netChange(past, isNew));
  }

  watch(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #netChange(past: Past, isNew: boolean): Change[] {
    if (past.type === "DELETED" && isNew) return [];
    const type = past.type === "DELETED" ? "DELETED" : isNew ? "ADDED" : "MODIFIED";
    return [{ type, key: past.key, object: this.#body(past.key, past.entry) }];
  }

  #note(key: string, source: unknown, told: boolean): void {
    const entry = this.#entries.get(key);
    if (source === undefined) {
      if (!entry) return;
      this.#entries.delete(key);
      this.#publish("DELETED", key, this.#nextVersion({ ...entry }));
    } else if (!entry) {
      const created = this.#nextVersion(this.#newEntry(source, this.#now(), this.#now()));
      this.#entries.set(key, created);
      this.#publish("ADDED", key, created);
    } else if (this.#update(entry, source) || (told && this.resource.changes === "told")) {
      this.#publish("MODIFIED", key, this.#nextVersion(entry));
    }
  }

  #newEntry(source: unknown, createdAt: Instant, phaseSince: Instant | undefined): Entry {
    const phase = this.resource.phase(source, this.#cluster);
    const entry = { source, createdAt, phase, phaseSince, generation: 1 };
    const prints = this.#prints(source, phaseSince);
    return { ...entry, ...prints, version: this.#revision.current };
  }

  /** Takes over what changed; says whether a comparison found anything. */
  #update(entry: Entry, source: unknown): boolean {
    entry.source = source;
    const phase = this.resource.phase(source, this.#cluster);
    if (phase !== entry.phase) {
      entry.phase = phase;
      entry.phaseSince = this.#now();
    }
    const prints = this.#prints(source, entry.phaseSince);
    if (prints.specPrint !== entry.specPrint) entry.generation += 1;
    const changed = prints.print !== entry.print;
    Object.assign(entry, prints);
    return changed;
  }

  #prints(source: unknown, phaseSince: Instant | undefined): Pick<Entry, "print" | "specPrint"> {
    if (this.resource.changes === "told") return { print: "", specPrint: "" };
    const object: JsonObject = { ...this.resource.render(source, this.#view(phaseSince)) };
    return { print: JSON.stringify(object), specPrint: JSON.stringify(object.spec) ?? "" };
  }

  #nextVersion(entry: Entry): Entry {
    this.#revision.current += 1;
    entry.version = this.#revision.current;
    return entry;
  }

  #publish(type: ChangeType, key: string, entry: Entry): void {
    this.#history.push({ version: entry.version, type, key, entry });
    if (this.#history.length > MAX_HISTORY) this.#knownFrom = this.#history.shift()?.version ?? 0;
    if (!this.watched) return;
    const object = this.#body(key, entry);
    for (const listener of this.#listeners) listener({ type, key, object });
  }

  #view(phaseSince: Instant | undefined): View {
    return { cluster: this.#cluster, now: this.#now(), phaseSince };
  }

  #body(key: string, entry: Entry): KubernetesObject {
    const object = this.resource.render(entry.source, this.#view(entry.phaseSince));
    const hasGeneration = this.resource.changes === "compared" && entry.specPrint !== "";
    const uid =
      object.metadata?.uid ??
      guidFrom(`${this.#cluster.id}/${this.resource.plural}/${key}/${entry.createdAt}`);
    const managedFields = managersOf(this.#cluster, this.resource, uid);
    const metadata = {
      uid,
      creationTimestamp: toTime(entry.createdAt),
      ...object.metadata,
      ...(hasGeneration && { generation: entry.generation }),
      resourceVersion: String(entry.version),
      ...(managedFields.length > 0 && { managedFields: [...managedFields] }),
    };
    return withObservedGeneration({ ...object, metadata }, entry.generation);
  }
}

/** Every controller of this world has seen the latest spec at once. */
function withObservedGeneration<Body extends KubernetesObject>(
  object: Body & { readonly status?: unknown },
  generation: number,
): Body {
  const { status } = object;
  if (!isJsonObject(status) || !("observedGeneration" in status)) return object;
  const conditions = Array.isArray(status.conditions)
    ? status.conditions.map((condition: unknown) =>
        isJsonObject(condition) && "observedGeneration" in condition
          ? { ...condition, observedGeneration: generation }
          : condition,
      )
    : status.conditions;
  return { ...object, status: { ...status, conditions, observedGeneration: generation } };
}
