import { FleetwrightError } from "../../shared/core/errors.ts";
import { counted, markdownTable } from "../../shared/core/markdown.ts";
import { formatFinding } from "../../shared/declaration/finding.ts";
import type { Finding } from "../../shared/declaration/finding.ts";
import type { Annotation, Report } from "./report.ts";

/** Rows of the findings table: more is a page that nobody reads. */
const MAX_ROWS = 200;
/** Findings in the JSON output: outputs of a job share 1 MB. */
const MAX_FINDINGS_IN_OUTPUT = 200;

export function errorsOf(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ severity }) => severity === "error");
}

export function annotationsOf(findings: readonly Finding[]): readonly Annotation[] {
  return findings.map(({ severity, code, message, remedy, file, line, column }) => ({
    kind: severity,
    title: code,
    message: `${message}: ${remedy}`,
    file,
    line,
    column,
  }));
}

/** Worst first. */
export function findingsTable(findings: readonly Finding[]): string {
  if (findings.length === 0) return "";
  const sorted = [...errorsOf(findings), ...findings.filter((f) => f.severity !== "error")];
  const rows = sorted
    .slice(0, MAX_ROWS)
    .map(({ severity, code, message, remedy, file, line, column }) => [
      severity,
      code,
      `${file}:${line}:${column}`,
      `${message}: ${remedy}`,
    ]);
  const rest = sorted.length - rows.length;
  return [
    markdownTable(["", "Code", "Where", "What and what to do"], rows),
    ...(rest > 0 ? [`${rest} more in the log.`] : []),
  ].join("\n\n");
}

export function findingOutputs(findings: readonly Finding[]): Record<string, string> {
  const errors = errorsOf(findings).length;
  return {
    errors: String(errors),
    warnings: String(findings.length - errors),
    findings: JSON.stringify(findings.slice(0, MAX_FINDINGS_IN_OUTPUT)),
  };
}

/** The report of a step that does nothing because the declared documents are not sound. */
export function refusal(findings: readonly Finding[], log: (line: string) => void): Report {
  for (const finding of findings) log(formatFinding(finding));
  const errors = counted(errorsOf(findings).length, "error");
  return {
    outputs: { changed: "false" },
    annotations: annotationsOf(findings),
    summary: `## Declared documents: ${errors}\n\nNothing was sent to Azure.\n\n${findingsTable(findings)}\n`,
    failure: new FleetwrightError(
      "invalid-declaration",
      `the declared documents have ${errors}, nothing was sent to Azure`,
      { remedy: "see the annotations" },
    ),
  };
}
