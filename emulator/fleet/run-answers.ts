import type { UpdateRun } from "../../shared/simulator/model.ts";
import type { ResourceStore, StoredResource } from "../arm/store.ts";
import type { WireReply } from "../service.ts";
import type { FleetApi } from "./api-version.ts";

/** Everything that the answer to a GET of a run is made of. */
export interface AnswerBasis {
  readonly run: UpdateRun;
  readonly runStored: StoredResource;
  readonly resources: ResourceStore;
  /** What the api-version of the request shows. */
  readonly api: FleetApi;
}

interface Answer {
  readonly revision: number;
  readonly runStored: StoredResource;
  readonly changes: number;
  readonly api: FleetApi;
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
    const { run, runStored, resources, api } = basis;
    const { changes } = resources;
    this.#latest.set(run, { revision: run.revision, runStored, changes, api, reply });
    return reply;
  }
}

function isCurrent(known: Answer, { run, runStored, resources, api }: AnswerBasis): boolean {
  return (
    known.revision === run.revision &&
    known.runStored === runStored &&
    known.changes === resources.changes &&
    known.api === api
  );
}
