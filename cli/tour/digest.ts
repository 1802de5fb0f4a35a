import { withoutStop } from "../../shared/core/errors.ts";
import { counted } from "../../shared/core/markdown.ts";

/**
 * The log of a step in short, for a person who follows the whole story: what belongs together is one line, what was
 * told already is told no more. Everything stands in the tour's log. Pure but for `told`, the memory of the tour.
 */
export function digest(lines: readonly string[], told: Set<string>): readonly string[] {
  const short: string[] = [];
  for (let index = 0; index < lines.length;) {
    const kind = kindOf(lines[index] ?? "");
    const run = lines.slice(index).findIndex((line) => kindOf(line) !== kind);
    const end = run < 0 ? lines.length : index + run;
    short.push(...TELLERS[kind](lines.slice(index, end), told));
    index = end;
  }
  return short;
}

type Kind = "progress" | "snapshot" | "other";
type Teller = (lines: readonly string[], told: Set<string>) => readonly string[];

const TELLERS: Readonly<Record<Kind, Teller>> = {
  progress: tellProgress,
  snapshot: tellSnapshots,
  other: tellOthers,
};

const PROGRESS = /^\d{4}-\d\d-\d\d (\d\d:\d\d):\d\dZ {2}(.+?): ([A-Z][a-zA-Z]+)(?: \((.*)\))?$/s;
const SNAPSHOT = /^took (\S+) of (\S+)$/;
/** `44 min 43 s` or `44 min 43 s; why`: how long it took says nothing of a part of a stage. */
const TOOK = /^\d+ (?:d|h|min|s)(?: \d+ (?:h|min|s))?(?:; |$)/;

function kindOf(line: string): Kind {
  if (isProgress(line)) return "progress";
  return SNAPSHOT.test(line) ? "snapshot" : "other";
}

export function isProgress(line: string): boolean {
  return PROGRESS.test(line);
}

interface Change {
  readonly at: string;
  /** The run or the stage, then what is in it. */
  readonly path: readonly string[];
  readonly state: string;
  readonly note: string;
}

/** What happened between two looks at a run: a line for each stage, and one when the run ends. */
function tellProgress(lines: readonly string[], told: Set<string>): readonly string[] {
  const changes = lines.map(parseChange);
  const scopes = [...new Set(changes.map(({ path }) => path[0] ?? ""))];
  // The run's own line comes last: it is the sum.
  const inOrder = scopes.toSorted((a, b) => Number(isRun(a)) - Number(isRun(b)));
  return inOrder.flatMap((scope) =>
    tellScope(
      scope,
      changes.filter(({ path }) => path[0] === scope),
      told,
    ),
  );
}

function parseChange(line: string): Change {
  const [, at = "", label = "", state = "", note = ""] = PROGRESS.exec(line) ?? [];
  return { at, path: label.split(" / "), state, note };
}

function isRun(scope: string): boolean {
  return scope.startsWith("run ");
}

/** States of a run or a stage that its parts tell better. */
const SILENT = new Set(["Running", "Pending", "Stopping"]);

function tellScope(
  scope: string,
  changes: readonly Change[],
  told: Set<string>,
): readonly string[] {
  const own = changes.find(({ path }) => path.length === 1);
  const parts = changes.filter(isTold);
  const ended = own !== undefined && !SILENT.has(own.state) ? own : undefined;
  if (ended === undefined && parts.length === 0) return [];
  const sentences = [
    ...gather(parts),
    ...(ended ? [`${isRun(scope) ? "" : "stage "}${ended.state}${took(ended.note)}`] : []),
  ];
  const reasons = [...parts, ...(ended ? [ended] : [])].map(({ note }) => note.replace(TOOK, ""));
  const at = changes.reduce((latest, one) => (one.at > latest ? one.at : latest), "");
  return [
    `${at}  ${scope}: ${sentences.join("; ")}`,
    ...news(reasons.filter(isReason), told).map((reason) => `why: ${reason}`),
  ];
}

/** Members, gates and waits; a group's state is its members'. */
function isTold({ path }: Change): boolean {
  return (
    path.length === 3 || (path.length === 2 && / gate "|^after-stage wait$/.test(path[1] ?? ""))
  );
}

/** `texel, galway Completed`: parts that came to the same state. */
function gather(parts: readonly Change[]): readonly string[] {
  const names = new Map<string, string[]>();
  for (const { path, state } of parts) {
    names.set(state, [...(names.get(state) ?? []), path.at(-1) ?? ""]);
  }
  return [...names].map(([state, all]) => `${all.join(", ")} ${state}`);
}

function took(note: string): string {
  const duration = (TOOK.exec(note)?.[0] ?? "").replace(/; $/, "");
  return duration === "" ? "" : ` (${duration})`;
}

/** A wait's note is its length. */
function isReason(note: string): boolean {
  return note !== "" && !/^[\d a-z;]+$/.test(note);
}

function tellSnapshots(lines: readonly string[]): readonly string[] {
  const byImage = new Map<string, number>();
  for (const line of lines) {
    const [, , image = ""] = SNAPSHOT.exec(line) ?? [];
    byImage.set(image, (byImage.get(image) ?? 0) + 1);
  }
  return [...byImage].map(([image, count]) => `took ${counted(count, "snapshot")} of ${image}`);
}

/** Fewer lines that are left out need no line themselves. */
const MIN_REPEATED = 3;

function tellOthers(lines: readonly string[], told: Set<string>): readonly string[] {
  const fresh = news(lines, told);
  const short = fresh.map((line) => {
    const rest = withoutTold(line, told);
    return shorten(rest === line || news([rest], told).length > 0 ? rest : "");
  });
  const repeated = lines.length - fresh.length;
  return [
    ...short.filter((line) => line !== ""),
    ...(repeated < MIN_REPEATED ? [] : [`(${counted(repeated, "line")} as before)`]),
  ];
}

/** Those that are told for the first time. */
function news(texts: readonly string[], told: Set<string>): readonly string[] {
  return texts.filter((text) => {
    const isNew = !told.has(text);
    told.add(text);
    return isNew;
  });
}

const PREFLIGHT = "preflight warn ";
const WARNING = "warning: ";
/** Shorter ones are words, not reasons. */
const MIN_REASON_LENGTH = 60;

/** An annotation repeats what the log said, and adds what to do; an error repeats the reason that Azure gave. */
function withoutTold(line: string, told: Set<string>): string {
  const warned = [...told].find(
    (one) =>
      one.startsWith(PREFLIGHT) && line.startsWith(`${WARNING}${one.slice(PREFLIGHT.length)}: `),
  );
  if (warned !== undefined) {
    const [rule = ""] = warned.slice(PREFLIGHT.length).split(":", 1);
    return `→ ${rule}: ${line.slice(WARNING.length + warned.length - PREFLIGHT.length + 2)}`;
  }
  // Its full stop gives way to what an error adds.
  const reason = [...told]
    .map(withoutStop)
    .find((one) => one.length >= MIN_REASON_LENGTH && one !== line && line.includes(one));
  return reason === undefined ? line : line.replace(reason, "…");
}

const ARM_ID = /\/subscriptions\/[^\s:,;]+\/([^\s/:,;]+)/g;

const MAX_ITEMS = 3;

/** Resource ids by their name, long lists by their beginning and their length. */
function shorten(line: string): string {
  const items = line.replaceAll(ARM_ID, "$1").split("; ");
  if (items.length <= MAX_ITEMS) return items.join("; ");
  return `${items[0]}; and ${items.length - 1} more`;
}
