import type { LogLine } from "./core.ts";

/** One line per entry, whatever the message holds: line breaks become ` | `. */
export function renderLogLine(line: LogLine, now: number): string {
  const { level, functionName, invocationId, message } = line;
  return [
    new Date(now).toISOString(),
    level,
    functionName ?? "host",
    ...(invocationId === undefined ? [] : [invocationId.slice(0, 8)]),
    message.trim().replace(/\s*\n\s*/g, " | "),
  ].join(" ");
}
