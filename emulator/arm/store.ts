import type { Instant } from "../../shared/simulator/model.ts";
import { armKey } from "../../shared/core/arm-id.ts";
import { guidFrom } from "../guid.ts";
import type { JsonObject } from "./json.ts";
import { armTime } from "./time.ts";

/** Changes of state between two writes of a body: far more than one update run makes. */
const REVISIONS_OF_STATE = 2 ** 24;

/** What a caller PUT, kept whole: fields that the emulator does not know come back unchanged. */
export interface StoredResource {
  /** In the case of its creation. */
  readonly id: string;
  readonly name: string;
  readonly body: JsonObject;
  readonly createdAt: Instant;
  readonly createdBy: string;
  readonly modifiedAt: Instant;
  readonly modifiedBy: string;
  /** Grows with every write: the ETag comes from it. */
  readonly revision: number;
  /** While virtual time is before it, the resource is being made. */
  readonly busyUntil: Instant;
}

export interface NewRevision {
  readonly id: string;
  readonly body: JsonObject;
  readonly at: Instant;
  readonly by: string;
  readonly busyUntil?: Instant;
}

/** The resources of one type, by id. */
export class ResourceStore {
  readonly #resources = new Map<string, StoredResource>();
  /** Grows with every write of any resource: what was made of them holds while it stays. */
  changes = 0;

  get(id: string): StoredResource | undefined {
    return this.#resources.get(armKey(id));
  }

  put({ id, body, at, by, busyUntil }: NewRevision): StoredResource {
    const before = this.get(id);
    const after: StoredResource = {
      id: before?.id ?? id,
      name: before?.name ?? id.split("/").at(-1) ?? id,
      body,
      createdAt: before?.createdAt ?? at,
      createdBy: before?.createdBy ?? by,
      modifiedAt: at,
      modifiedBy: by,
      revision: (before?.revision ?? 0) + 1,
      busyUntil: busyUntil ?? before?.busyUntil ?? at,
    };
    this.#resources.set(armKey(id), after);
    this.changes += 1;
    return after;
  }

  delete(id: string): boolean {
    this.changes += 1;
    return this.#resources.delete(armKey(id));
  }

  /** Deletes a resource with everything below it. */
  deleteTree(id: string): void {
    for (const found of this.under(id)) this.delete(found.id);
    this.delete(id);
  }

  /** Those whose id begins with a scope, by name. */
  under(scope: string): StoredResource[] {
    const prefix = `${armKey(scope)}/`;
    const found = [...this.#resources].filter(([key]) => key.startsWith(prefix));
    return found.map(([, resource]) => resource).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }
}

export function systemData(resource: StoredResource): JsonObject {
  return {
    createdBy: resource.createdBy,
    createdByType: "Application",
    createdAt: armTime(resource.createdAt),
    lastModifiedBy: resource.modifiedBy,
    lastModifiedByType: "Application",
    lastModifiedAt: armTime(resource.modifiedAt),
  };
}

/** Cosmos-backed providers answer this quoted form; it changes with every revision, and a second life of a name has another. */
export function etagOf(resource: StoredResource, extraRevision = 0): string {
  const life = guidFrom(`${resource.id} ${resource.createdAt}`).slice(0, 8);
  const revision = (resource.revision * REVISIONS_OF_STATE + extraRevision).toString(16);
  return `"${life}-0000-0700-0000-${revision.padStart(12, "0")}"`;
}
