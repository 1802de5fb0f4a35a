import { armKey } from "../../shared/core/arm-id.ts";
import type { Cluster, Transition } from "../../shared/simulator/model.ts";
import type { Environment } from "../service.ts";
import { Journal } from "./journal.ts";
import type { Revision } from "./journal.ts";
import { objectKey } from "./object.ts";
import type { Resource } from "./resource.ts";

/** A cluster that has run for a while has written this much before anybody looked. */
const FIRST_REVISION = 1_000;

interface ClusterJournals {
  readonly cluster: Cluster;
  readonly revision: Revision;
  readonly changes: Revision;
  readonly byResource: Map<Resource, Journal>;
}

type ObjectTransition = Extract<Transition, { kind: "object" }>;

/** The journals of all clusters that somebody has looked at, kept in step with the world. */
export class Journals {
  readonly #environment: Environment;
  readonly #clusters = new Map<string, ClusterJournals>();
  #listening = false;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** The journal of a kind, up to date. */
  open(cluster: Cluster, resource: Resource): Journal {
    this.#listen();
    const journals = this.#of(cluster);
    const known = journals.byResource.get(resource);
    if (known) {
      known.refresh();
      return known;
    }
    const { revision, changes } = journals;
    const now = (): number => this.#environment.world.now;
    const journal = new Journal({ resource, cluster, revision, changes, now });
    journals.byResource.set(resource, journal);
    return journal;
  }

  #of(cluster: Cluster): ClusterJournals {
    const key = armKey(cluster.id);
    const known = this.#clusters.get(key);
    // A cluster may be deleted and created again under its name.
    if (known?.cluster === cluster) return known;
    const created = {
      cluster,
      revision: { current: FIRST_REVISION },
      changes: { current: 0 },
      byResource: new Map(),
    };
    this.#clusters.set(key, created);
    return created;
  }

  /** The world builds object transitions only while somebody listens. */
  #listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    this.#environment.world.subscribe((transition) => {
      if (!("cluster" in transition)) return;
      const journals = this.#clusters.get(armKey(transition.cluster));
      if (!journals) return;
      journals.changes.current += 1;
      if (transition.kind === "object") follow(journals, transition);
    });
  }
}

function follow(journals: ClusterJournals, transition: ObjectTransition): void {
  const key = objectKey(transition.namespace, transition.name);
  for (const [resource, journal] of journals.byResource) {
    if (!resource.dependsOn.includes(transition.resource)) continue;
    if (resource.changes === "told") journal.tell(key, transition.change === "DELETED");
    else if (journal.watched) journal.refresh();
  }
}
