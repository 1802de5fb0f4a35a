import { gzipSync } from "node:zlib";
import type { WireReply } from "../service.ts";

/** Different lists kept per kind: whole, by pool, by node, and a few more; the oldest makes room. */
const MAX_ANSWERS = 8;
/** The API server packs answers from here on, at the lowest level. Source: kubernetes.io, APIResponseCompression */
const PACKED_FROM_BYTES = 128 * 1024;

export interface ListQuestion {
  /** Tells one list of a kind from another. */
  readonly text: string;
  readonly acceptsGzip: boolean;
}

interface Answer {
  readonly plain: Buffer;
  packed?: Buffer;
}

/**
 * The lists of one kind that were sent last. Clients ask for the same list again and again while nothing
 * happens in the cluster: its text is made once for everything that the answer is made of (`basis`).
 */
export class ListAnswers {
  readonly #answers = new Map<string, Answer>();
  #basis = "";

  reply(basis: string, question: ListQuestion, make: () => object): WireReply {
    if (basis !== this.#basis) this.#answers.clear();
    this.#basis = basis;
    const answer = this.#answers.get(question.text) ?? this.#keep(question.text, make());
    const headers = { "Content-Type": "application/json; charset=utf-8" };
    if (!question.acceptsGzip || answer.plain.length < PACKED_FROM_BYTES) {
      return { status: 200, headers, body: answer.plain };
    }
    answer.packed ??= gzipSync(answer.plain, { level: 1 });
    return {
      status: 200,
      headers: { ...headers, "Content-Encoding": "gzip", Vary: "Accept-Encoding" },
      body: answer.packed,
    };
  }

  #keep(question: string, list: object): Answer {
    const [oldest] = this.#answers.keys();
    if (this.#answers.size >= MAX_ANSWERS && oldest !== undefined) this.#answers.delete(oldest);
    const answer: Answer = { plain: Buffer.from(JSON.stringify(list)) };
    this.#answers.set(question, answer);
    return answer;
  }
}
