import { painter } from "../terminal.ts";
import { digest, isProgress } from "./digest.ts";

/** What the tour tells while it runs. */
export interface Story {
  chapter(title: string): void;
  say(line: string): void;
  /** Opens the log of a step. */
  step(title: string): StepLog;
  /** Everything that was told or left out, line by line. */
  log(): string;
}

export interface StepLog {
  line(text: string): void;
  end(): void;
}

export interface StoryOptions {
  readonly write: (line: string) => void;
  /** Every line of every step as it stands in a job's log, instead of its digest. */
  readonly verbose: boolean;
  /** Characters of a line of the terminal. */
  readonly width: number;
}

/** News of a run comes a handful of lines at a time, so long after the last one it is told. */
const IDLE_MILLISECONDS = 150;
const INDENT = "   ";
const STEP_INDENT = "   | ";
/** A line that is longer than this many of the terminal's is cut: the log has it whole. */
const MAX_WRAPPED = 3;

export function createStory({ write, verbose, width }: StoryOptions): Story {
  const paint = painter();
  const log: string[] = [];
  const told = new Set<string>();
  let pending: string[] = [];
  let idle: NodeJS.Timeout | undefined;
  let chapters = 0;

  const tell = (text: string, indent: string, show = (line: string) => line) => {
    for (const line of wrap(text, width - indent.length)) write(show(`${indent}${line}`.trimEnd()));
  };
  const flush = () => {
    clearTimeout(idle);
    for (const line of digest(pending, told)) tell(line, STEP_INDENT, (text) => paint(text, "dim"));
    pending = [];
  };
  const say = (line: string) => {
    flush();
    log.push(`${INDENT}${line}`);
    tell(line, INDENT);
  };
  const take = (line: string) => {
    log.push(`${STEP_INDENT}${line}`);
    if (verbose) {
      write(`${STEP_INDENT}${line}`);
      return;
    }
    pending.push(line);
    clearTimeout(idle);
    if (isProgress(line)) idle = setTimeout(flush, IDLE_MILLISECONDS);
  };
  return {
    chapter(title) {
      flush();
      const heading = `${++chapters}. ${title}`;
      log.push("", heading);
      write(`\n${paint(heading, "bold")}`);
    },
    say,
    step(title) {
      say(title);
      return { line: (text) => void (text.trim() !== "" && take(text)), end: flush };
    },
    log: () => `${log.join("\n").trimStart()}\n`,
  };
}

/** Breaks at spaces; what follows the first line is indented. */
function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && `${last} ${word}`.length <= width)
      lines.push(`${lines.pop()} ${word}`);
    else lines.push(last === undefined ? word : `  ${word}`);
  }
  if (lines.length <= MAX_WRAPPED) return lines;
  const last = (lines[MAX_WRAPPED - 1] ?? "").slice(0, width - 2);
  return [...lines.slice(0, MAX_WRAPPED - 1), `${last} …`];
}

const nothing = (): void => {};
export const silentStory: Story = {
  chapter: nothing,
  say: nothing,
  step: () => ({ line: nothing, end: nothing }),
  log: () => "",
};
