import type { UpdateRun } from "../../shared/simulator/model.ts";
import type { ResourceStore, StoredResource } from "../arm/store.ts";
import type { WireReply } from "../service.ts";

/** Everything that the answer to a GET of a run is made of. */
export interface AnswerBasis {
  readonly run: UpdateRun;
  readonly runStored: StoredResource;
  readonly resources: ResourceStore;
  /** Does the api-version of the request show gates? */
  readonly gates: boolean;
}

interface Answer {
  readonly revision: number;
  readonly runStored: StoredResource;
  readonly changes: number;
  readonly gates: boolean;
  readonly reply: WireReply;
}

/** Followers ask for a run again and again while nothing happens: the text is made once per revision. */
export class RunAnswers {
  readonly #latest = new WeakMap<UpdateRun, Answer>();

  reply(basis: AnswerBasis, render: () => object): WireReply {
    const known = this.#latest.get(basis.run);
    if (known !== undefined && isCurrent(known, basis)) return known.reply;
    const reply: WireReply = {
      status: 200,
      headers: { "Content-Type": "application/json; charset=utf-8" },
      body: Buffer.from(JSON.stringify(render())),
    };
    const { run, runStored, resources, gates } = basis;
    const { changes } = resources;
    this.#latest.set(run, { revision: run.revision, runStored, changes, gates, reply });
    return reply;
  }
}

function isCurrent(known: Answer, { run, runStored, resources, gates }: AnswerBasis): boolean {
  return (
    known.revision === run.revision &&
    known.runStored === runStored &&
    known.changes === resources.changes &&
    known.gates === gates
  );
}
