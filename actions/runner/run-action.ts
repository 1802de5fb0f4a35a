import { setFailed, setOutput } from "@actions/core";
import { toError } from "../../shared/core/errors.ts";
import { escapeMarkdown } from "../../shared/core/markdown.ts";
import { onCancel } from "./cancellation.ts";
import { causesOf, explain, failureReason } from "./failure-reason.ts";
import { log } from "./log.ts";
import { publish } from "./report.ts";
import type { Report } from "./report.ts";

/** What an action may use of the runner beyond its inputs. */
export interface Runner {
  log(line: string): void;
  /** Says in what state Azure is left if the job is cancelled from here on. */
  leaves(sentence: string): void;
  /** What is put back first if the job is cancelled from here on; undefined when nothing has to be. */
  undoOnCancel(undo: (() => Promise<void>) | undefined): void;
}

/** The only boundary of an action: whatever happens inside ends as outputs, summary, exit code. */
export function runAction(act: (runner: Runner) => Promise<Report>): void {
  const cancellation = onCancel();
  const runner: Runner = { log, ...cancellation };
  void finish(runner, act).then(endProcess);
}

/**
 * A request that failed to connect leaves the timer of its timeout behind, which would keep a finished
 * step for minutes. Pipes are asynchronous on Windows: the process ends once the words are out.
 */
function endProcess(): void {
  process.stdout.write("", () => process.exit());
}

async function finish(runner: Runner, act: (runner: Runner) => Promise<Report>): Promise<void> {
  try {
    const report = await act(runner);
    await publish({
      ...report,
      outputs: {
        ...report.outputs,
        "failure-reason": report.failure === undefined ? "" : failureReason(report.failure),
      },
    });
    if (report.failure !== undefined) fail(report.failure);
  } catch (thrown) {
    const error = toError(thrown);
    setOutput("failure-reason", failureReason(error));
    fail(error);
    await publish({
      outputs: {},
      summary: `## Failed\n\n${escapeMarkdown(explain(error))}\n`,
    }).catch(() => {
      log("the job summary could not be written");
    });
  }
}

function fail(error: Error): void {
  for (const cause of causesOf(error)) log(`caused by: ${cause}`);
  setFailed(explain(error));
}
