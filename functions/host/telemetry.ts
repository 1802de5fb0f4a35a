import type { InvocationContext } from "@azure/functions";
import {
  context as active,
  propagation,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
} from "@opentelemetry/api";
import { toError } from "../../shared/core/errors.ts";
import { explained } from "./one-by-one.ts";

/** Values of an attribute are cut: a span is no place for a whole document. */
const MAX_VALUE_CHARACTERS = 1_024;

interface TracedEvent {
  readonly id?: unknown;
  readonly type?: unknown;
  readonly eventType?: unknown;
  /** The distributed tracing extension of CloudEvents. */
  readonly traceparent?: unknown;
  readonly tracestate?: unknown;
}

/**
 * One span for what a trigger does, child of what called it: the event that Event Grid delivered, or the host's
 * timer. Without an OpenTelemetry SDK in the process this costs a function call (docs/deploy.md).
 */
export async function traced<T>(
  invocation: InvocationContext,
  work: () => Promise<T>,
  event: TracedEvent = {},
): Promise<T> {
  const attributes = attributesOf({
    "faas.invocation_id": invocation.invocationId,
    "cloudevents.event_id": textOf(event.id),
    "cloudevents.event_type": textOf(event.type ?? event.eventType),
  });
  const options = { kind: SpanKind.CONSUMER, attributes };
  const tracer = trace.getTracer("fleetwright");
  return tracer.startActiveSpan(
    invocation.functionName,
    options,
    callerOf(invocation, event),
    async (span) => {
      try {
        return await work();
      } catch (error) {
        const failure = { invocation: invocation.invocationId, ...explained(toError(error)) };
        invocation.error(JSON.stringify({ message: "the trigger failed", ...failure }));
        span.recordException(toError(error));
        span.setStatus({ code: SpanStatusCode.ERROR, message: toError(error).message });
        throw error;
      } finally {
        span.end();
      }
    },
  );
}

/** What the event itself says of itself is somebody else's word, and may be anything. */
function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** What was decided and done stands in the span of what asked for it: event → decision → effect. */
export function noteInSpan(message: string, fields: Readonly<Record<string, unknown>>): void {
  trace.getActiveSpan()?.addEvent(message, attributesOf(fields));
}

/** Who published the event, where it says so: the host knows only of its own delivery. */
function callerOf({ traceContext }: InvocationContext, event: TracedEvent) {
  const traceParent = textOf(event.traceparent) ?? traceContext?.traceParent;
  const traceState = textOf(event.tracestate) ?? traceContext?.traceState;
  const carrier = {
    ...(traceParent ? { traceparent: traceParent } : {}),
    ...(traceState ? { tracestate: traceState } : {}),
  };
  return propagation.extract(active.active(), carrier);
}

function attributesOf(fields: Readonly<Record<string, unknown>>): Attributes {
  const told = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(told.map(([name, value]) => [name, attribute(value)]));
}

function attribute(value: unknown): string | number | boolean {
  if (typeof value === "number" || typeof value === "boolean") return value;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.slice(0, MAX_VALUE_CHARACTERS);
}
