/** What can be wrong with a declared document. A closed list: tests and documentation name each. */
export type FindingCode =
  // The file or document cannot be read.
  | "too-large"
  | "too-many-documents"
  | "empty-file"
  | "syntax"
  | "duplicate-key"
  | "unresolved-alias"
  | "unknown-kind"
  | "unknown-api-version"
  | "missing-field"
  | "unknown-field"
  | "wrong-type"
  | "invalid-value"
  | "unquoted-text"
  // Names, and what refers to them.
  | "bad-name"
  | "duplicate-workspace"
  | "duplicate-strategy"
  | "duplicate-release"
  | "duplicate-environment"
  | "duplicate-member"
  | "unknown-strategy"
  | "unknown-environment"
  | "environment-without-release"
  | "unknown-group"
  | "promotion-cycle"
  | "not-a-fleet"
  | "run-name-too-long"
  | "digest-mismatch"
  // Stages, groups, gates, waits.
  | "no-stages"
  | "no-groups"
  | "duplicate-stage"
  | "group-in-two-stages"
  | "too-many-groups"
  | "bad-max-concurrency"
  | "bad-max-allowed-failures"
  | "failures-tolerated"
  | "failures-stop-the-run"
  | "failures-reach-next-stage"
  | "bad-gate-name"
  | "bad-wait"
  | "stage-without-barrier"
  | "unknown-stage"
  | "gate-not-in-stage"
  | "gate-nobody-approves"
  | "bad-tolerance"
  | "check-not-described"
  | "bad-team-check"
  | "bad-duration"
  | "bad-may-shorten"
  | "bad-freeze"
  // Versions and pins.
  | "missing-kubernetes-version"
  | "bad-kubernetes-version"
  | "missing-node-images"
  | "bad-image-family"
  | "bad-image-version"
  | "image-repeats-family"
  | "duplicate-image-family"
  | "pins-not-used"
  | "images-not-pinned"
  | "nothing-declared"
  // What only the live fleet can tell.
  | "member-in-no-stage"
  | "group-without-members"
  | "pin-expired"
  | "pin-expires-soon"
  | "kubernetes-version-unsupported";

export type Severity = "error" | "warning";

/** Line and column count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** One problem of a declared file, for a person: where, what, and what to do. */
export interface Finding extends Position {
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly message: string;
  readonly remedy: string;
  readonly file: string;
}

export function formatFinding(finding: Finding): string {
  const { file, line, column, severity, code, message, remedy } = finding;
  return `${file}:${line}:${column} ${severity} ${code} ${message} — ${remedy}`;
}

/** By file and place, so that findings of several rules read in the order of the text. */
export function compareFindings(a: Finding, b: Finding): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line || a.column - b.column;
}
