import { InvocationContext } from "@azure/functions";
import { trace, type Span, type SpanOptions, type Tracer } from "@opentelemetry/api";
import { afterAll, beforeAll, expect, test } from "vitest";
import { noteInSpan, traced } from "../../functions/host/telemetry.ts";

/** What an SDK would be given. */
const seen: { name: string; options: SpanOptions; ended: boolean; told: unknown[] }[] = [];

beforeAll(() => {
  const startActiveSpan = (name: string, options: SpanOptions, _parent: unknown, work: unknown) => {
    const record = { name, options, ended: false, told: [] as unknown[] };
    seen.push(record);
    const span = {
      end: () => (record.ended = true),
      recordException: (error: Error) => record.told.push(error.message),
      setStatus: (status: unknown) => record.told.push(status),
    } as unknown as Span;
    return (work as (span: Span) => unknown)(span);
  };
  const tracer = { startActiveSpan } as unknown as Tracer;
  trace.setGlobalTracerProvider({ getTracer: () => tracer });
});
afterAll(() => trace.disable());

const invocation = new InvocationContext({ functionName: "on-fleet-gate", invocationId: "i-1" });

test("a trigger is a span that names the event, and ends", async () => {
  const event = { id: "e-1", type: "FleetGateCreated" };
  expect(await traced(invocation, async () => 7, event)).toBe(7);
  expect(seen.at(-1)).toMatchObject({
    name: "on-fleet-gate",
    ended: true,
    options: {
      attributes: {
        "faas.invocation_id": "i-1",
        "cloudevents.event_id": "e-1",
        "cloudevents.event_type": "FleetGateCreated",
      },
    },
  });
});

test("what failed is told, ends the span, and is still thrown", async () => {
  const fails = traced(invocation, async () => Promise.reject(new Error("no storage")));
  await expect(fails).rejects.toThrow("no storage");
  expect(seen.at(-1)).toMatchObject({
    ended: true,
    told: ["no storage", { message: "no storage" }],
  });
});

test("without a span a note costs nothing and throws nothing", () => {
  expect(() => noteInSpan("gate approved", { evidence: ["a"], at: undefined })).not.toThrow();
});
