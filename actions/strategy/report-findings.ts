import { FleetwrightError } from "../../shared/core/errors.ts";
import { counted } from "../../shared/core/markdown.ts";
import { formatFinding } from "../../shared/declaration/finding.ts";
import type { Finding } from "../../shared/declaration/finding.ts";
import { annotationsOf, errorsOf, findingOutputs, findingsTable } from "../runner/findings.ts";
import type { Report } from "../runner/report.ts";

export const FAIL_ON = ["error", "warning", "never"] as const;
export type FailOn = (typeof FAIL_ON)[number];

/** Findings as annotations, log, table and JSON; whether they fail the step is the user's choice. */
export function reportFindings(
  findings: readonly Finding[],
  failOn: FailOn,
  log: (line: string) => void,
): Report {
  for (const finding of findings) log(formatFinding(finding));
  const errors = errorsOf(findings).length;
  const warnings = findings.length - errors;
  const failing = failOn === "never" ? 0 : failOn === "error" ? errors : findings.length;
  const counts = `${counted(errors, "error")}, ${counted(warnings, "warning")}`;
  const verdict = `**${counts}.**`;
  return {
    outputs: { changed: "false", ...findingOutputs(findings) },
    annotations: annotationsOf(findings),
    summary: `## Declared documents\n\n${verdict}\n\n${findingsTable(findings)}\n`,
    ...(failing > 0 && {
      failure: new FleetwrightError(
        "invalid-declaration",
        `the declared documents have ${counts}`,
        { remedy: "see the annotations" },
      ),
    }),
  };
}
