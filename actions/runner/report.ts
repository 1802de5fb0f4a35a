import { error, notice, setOutput, summary, warning } from "@actions/core";

export interface Annotation {
  readonly kind: "error" | "warning" | "notice";
  readonly message: string;
  readonly title?: string;
  /** Relative to the workspace. */
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

/** What a step hands over: scalars first, then JSON; markdown; and, when it failed, why. */
export interface Report {
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly annotations?: readonly Annotation[];
  readonly failure?: Error;
}

/** GitHub shows ten of a kind per step and drops the others without a word. */
const MAX_ANNOTATIONS_PER_KIND = 10;
/** Above 1 MiB GitHub drops the whole summary. */
const MAX_SUMMARY_BYTES = 1_000_000;
const WRITERS = { error, warning, notice };

export async function publish(report: Report): Promise<void> {
  for (const [name, value] of Object.entries(report.outputs)) setOutput(name, value);
  annotate(report.annotations ?? [], report.failure === undefined ? 0 : 1);
  await writeSummary(report.summary);
}

/** `reserved`: errors that are still to come, such as the failure itself. */
function annotate(annotations: readonly Annotation[], reserved: number): void {
  for (const kind of ["error", "warning", "notice"] as const) {
    const ofKind = annotations.filter((annotation) => annotation.kind === kind);
    const room = MAX_ANNOTATIONS_PER_KIND - (kind === "error" ? reserved : 0);
    const shown = ofKind.length > room ? room - 1 : ofKind.length;
    for (const { message, title, file, line, column } of ofKind.slice(0, shown)) {
      WRITERS[kind](message, {
        ...(title !== undefined && { title }),
        ...(file !== undefined && { file }),
        ...(line !== undefined && { startLine: line }),
        ...(column !== undefined && { startColumn: column }),
      });
    }
    const rest = ofKind.length - shown;
    if (rest > 0) WRITERS[kind](`${rest} more: see the job summary`);
  }
}

async function writeSummary(markdown: string): Promise<void> {
  // A runner too old for summaries, or none at all: the log says the same.
  if (process.env["GITHUB_STEP_SUMMARY"] === undefined || markdown === "") return;
  await summary.addRaw(cutToBytes(markdown, MAX_SUMMARY_BYTES), true).write();
}

function cutToBytes(text: string, limit: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return text;
  const lastLine = bytes.lastIndexOf("\n", limit);
  return `${bytes.subarray(0, Math.max(lastLine, 0)).toString()}\n\nThe rest is left out for length.`;
}
