import { FleetwrightError, toError, withoutStop } from "../shared/core/errors.ts";
import { UsageError } from "./usage.ts";

/** What a person is told of anything that a command threw. */
export function explain(thrown: unknown): string {
  const error = toError(thrown);
  if (isPortTaken(error)) {
    return `port ${error.port} is taken: choose another one, or leave --port away`;
  }
  if (error instanceof UsageError && error.synopsis !== undefined) {
    return `${error.message}\n\nUsage: ${error.synopsis}\n--help says more.`;
  }
  const remedy = error instanceof FleetwrightError ? error.remedy : undefined;
  return remedy === undefined ? error.message : `${withoutStop(error.message)}: ${remedy}`;
}

function isPortTaken(error: Error): error is Error & { readonly port: number } {
  return "code" in error && error.code === "EADDRINUSE" && "port" in error;
}
