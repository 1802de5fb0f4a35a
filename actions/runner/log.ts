import { info } from "@actions/core";

/**
 * Lines for the job's log, and no words for the runner: what Azure, a pod or a file says may look like one of its
 * commands, `::name::` at the start of a line or `##[name]` anywhere in it.
 * Source: https://github.com/actions/runner (ActionCommand.cs)
 */
export function log(text: string): void {
  for (const line of text.split(/\r\n|\r|\n/)) {
    const started = line.trimStart().startsWith("::") ? `| ${line}` : line;
    info(started.replaceAll("##[", "# #["));
  }
}
