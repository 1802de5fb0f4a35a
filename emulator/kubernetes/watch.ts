import { chooseRepresentation } from "./accept.ts";
import type { Representation } from "./accept.ts";
import type { ObjectPredicate } from "./field-selector.ts";
import type { Change, ChangeType, Journal } from "./journal.ts";
import { apiVersionOf } from "./resource.ts";
import { renderObject } from "./representation.ts";
import { parseSelection } from "./selection.ts";
import { badRequest, failureStatus, gone } from "./status.ts";
import type { ReadRequest } from "./read.ts";
import type { WireReply, WireRequest } from "../service.ts";

/** Half of the real server's least time of a watch: clients start over at once. */
const DEFAULT_TIMEOUT_SECONDS = 900;
const MAX_TIMEOUT_SECONDS = 3_600;
/** A client that reads no more must not fill the memory; the real server ends such watches too. */
const MAX_BACKLOG = 10_000;

/** Answers a stream of JSON lines: what is there or has changed since, then every change as it happens. */
export function watchObjects(read: ReadRequest, name: string | undefined): WireReply {
  const { request, journal, namespace } = read;
  const form = chooseRepresentation(request.headers.accept, request.query.get("includeobject"));
  const selected = parseSelection(request, journal.resource, { namespace, name });
  const lines = new LineQueue(request.signal, timeoutMilliseconds(request));
  const encode = (type: string, object: object): void =>
    lines.push(JSON.stringify({ type, object }));
  const watcher = new Watcher({ read, form, selected, encode });
  if (watcher.begin()) lines.onEnd(journal.watch((change) => watcher.deliver(change)));
  else lines.end();
  return { status: 200, headers: { "Content-Type": "application/json" }, body: lines.drain() };
}

interface WatcherOptions {
  readonly read: ReadRequest;
  readonly form: Representation;
  readonly selected: ObjectPredicate;
  readonly encode: (type: string, object: object) => void;
}

/** Turns the changes of a kind into the events of one client's selection. */
class Watcher {
  readonly #journal: Journal;
  readonly #options: WatcherOptions;
  /** Keys that the client believes to exist: a change may move an object into or out of the selection. */
  readonly #known = new Set<string>();

  constructor(options: WatcherOptions) {
    this.#journal = options.read.journal;
    this.#options = options;
  }

  /** Sends what the client missed; false when that is no longer known and the client must list again. */
  begin(): boolean {
    const { query } = this.#options.read.request;
    const version = query.get("resourceversion") ?? "";
    const initial = query.get("sendinitialevents") === "true";
    if (version !== "" && !/^\d+$/.test(version)) {
      throw badRequest(
        `Invalid value: ${JSON.stringify(version)}: resourceVersion is not a number`,
      );
    }
    const matching = this.#journal.all().filter(([, object]) => this.#options.selected(object));
    if (initial || version === "" || version === "0") {
      for (const [key, object] of matching) this.deliver({ type: "ADDED", key, object });
      if (initial) this.#bookmark();
      return true;
    }
    return this.#catchUp(
      Number(version),
      matching.map(([key]) => key),
    );
  }

  deliver({ type, key, object }: Change): void {
    const matches = type !== "DELETED" && this.#options.selected(object);
    const known = this.#known.has(key);
    if (matches) {
      this.#known.add(key);
      this.#send(known ? "MODIFIED" : "ADDED", object);
    } else if (known) {
      this.#known.delete(key);
      this.#send("DELETED", object);
    }
  }

  #catchUp(version: number, present: readonly string[]): boolean {
    const missed = this.#journal.since(version);
    if (!missed) {
      const message = `too old resource version: ${version} (${this.#journal.version})`;
      this.#options.encode("ERROR", failureStatus(gone(message)));
      return false;
    }
    const isNew = new Set(missed.filter(({ type }) => type === "ADDED").map(({ key }) => key));
    for (const key of present) if (!isNew.has(key)) this.#known.add(key);
    for (const change of missed) this.#replay(change);
    return true;
  }

  /** What left the selection before the watch began goes untold: whether it was in it is not kept. */
  #replay(change: Change): void {
    const wasKnown = change.type === "DELETED" && this.#options.selected(change.object);
    if (wasKnown) this.#known.add(change.key);
    this.deliver(change);
  }

  #send(type: ChangeType, object: object): void {
    const { read, form, encode } = this.#options;
    encode(type, renderObject(object, this.#journal.resource, form, read.now()));
  }

  /** Tells a client that asked for the present state as events that it is complete. */
  #bookmark(): void {
    const { resource, version } = this.#journal;
    const annotations = { "k8s.io/initial-events-end": "true" };
    const metadata = { resourceVersion: String(version), annotations };
    this.#options.encode("BOOKMARK", {
      kind: resource.kind,
      apiVersion: apiVersionOf(resource),
      metadata,
    });
  }
}

/** In real time, as clients count it. */
function timeoutMilliseconds(request: WireRequest): number {
  const given = Number(request.query.get("timeoutseconds") ?? DEFAULT_TIMEOUT_SECONDS);
  const seconds = Number.isFinite(given) && given > 0 ? given : DEFAULT_TIMEOUT_SECONDS;
  return Math.min(seconds, MAX_TIMEOUT_SECONDS) * 1_000;
}

/** Lines between the world, which writes them at any time, and the socket, which takes them in turn. */
class LineQueue {
  readonly #lines: string[] = [];
  readonly #signal: AbortSignal;
  readonly #timer: NodeJS.Timeout;
  readonly #abort = (): void => this.end();
  #wake: (() => void) | undefined;
  #ended = false;
  #release: (() => void) | undefined;

  constructor(signal: AbortSignal, timeout: number) {
    this.#signal = signal;
    this.#timer = setTimeout(this.#abort, timeout);
    this.#timer.unref();
    if (signal.aborted) this.end();
    else signal.addEventListener("abort", this.#abort, { once: true });
  }

  push(line: string): void {
    if (this.#ended) return;
    if (this.#lines.length >= MAX_BACKLOG) this.end();
    else this.#lines.push(`${line}\n`);
    this.#wake?.();
  }

  onEnd(release: () => void): void {
    if (this.#ended) release();
    else this.#release = release;
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#signal.removeEventListener("abort", this.#abort);
    this.#release?.();
    this.#wake?.();
  }

  async *drain(): AsyncGenerator<string> {
    try {
      for (;;) {
        const text = this.#lines.splice(0).join("");
        if (text !== "") yield text;
        else if (this.#ended) return;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      this.end();
    }
  }
}
