import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import type { StateStore } from "../core/state-store.ts";
import type { QuarantineRecord } from "../quarantine/record.ts";
import { heldGates, type GateRecord } from "./ledger.ts";
import type { StageStatus, UpdateRun } from "./ports.ts";
import { passedOver } from "./tolerance.ts";

/** A chat channel, or whatever else takes one message. */
export interface Notifier {
  /**
   * `refused` only when the message surely did not arrive; `unknown` when nobody can tell. Never throws.
   *
   * @param link where to read on, for chats that make no link of an address in the text.
   */
  send(text: string, link?: string): Promise<"delivered" | "refused" | "unknown">;
}

export interface NotifyDeps {
  readonly store: StateStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Absent: nobody asked to be told. */
  readonly notifier?: Notifier;
}

/** Something worth a message. The same fact has the same key, whoever sees it and however often. */
export interface Notice {
  readonly key: string;
  readonly text: string;
  readonly link?: string;
}

/** What a look left behind: the run as Azure tells it, and what was recorded of it. */
export interface NoticeInput {
  readonly environment: string;
  readonly run: UpdateRun;
  readonly gates: ReadonlyMap<string, GateRecord>;
  readonly quarantine: readonly QuarantineRecord[];
  /** Completed, proved and captured. */
  readonly closed: boolean;
}

/** A handler has 30 s: what is left over is sent by the next look. */
const MAX_NOTICES_PER_LOOK = 10;

/** What is worth telling about a run. Pure, and level-triggered: it states facts, not changes. */
export function noticesOf(input: NoticeInput): readonly Notice[] {
  const { environment, run, gates, quarantine, closed } = input;
  const about = (key: string, text: string): Notice => ({
    key: `${run.name}:${key}`,
    text: `${environment}: ${text}`,
  });
  return [
    ...run.stageStatuses
      .filter(({ state }) => state === "Completed")
      .map((stage) => about(`stage:${stage.name}`, doneText(run, stage))),
    ...heldGates(run, gates).map(([name, gate]) => about(`held:${name}`, heldText(run, gate))),
    ...endings(run).map(({ key, text }) => about(key, text)),
    ...quarantineNotices(environment, quarantine),
    ...(closed ? [about("done", `update run ${run.name} is done and proved`)] : []),
  ];
}

function doneText(run: UpdateRun, stage: StageStatus): string {
  const members = stage.groups.flatMap((group) => group.members);
  const failed = members.filter(({ state }) => state === "Failed").length;
  const bad = failed === 0 ? "" : `, ${failed} of them failed`;
  return `${stage.name} of ${run.name} is done (${members.length} members${bad})`;
}

function heldText(run: UpdateRun, gate: GateRecord): string {
  return `${run.name} is held at the gate "${gate.displayName}" of ${gate.stage}: ${gate.reason ?? "no reason is known"}`;
}

/** A run that is resumed and ends badly again has another time of its end. */
function endings(run: UpdateRun): readonly Notice[] {
  const { name, status } = run;
  const time = status.completedTime ?? "";
  if (status.state === "Failed") {
    const why = status.error ? `: ${status.error.message}` : "";
    return [{ key: `failed:${time}`, text: `${name} failed${why}` }];
  }
  const passed = passedOver(run);
  if (passed.length > 0) {
    return [
      { key: `failed:${time}`, text: `${name} went on past members that failed: ${passed.length}` },
    ];
  }
  return status.state === "Stopped"
    ? [{ key: `stopped:${time}`, text: `${name} is held: it was stopped` }]
    : [];
}

/** One message per episode of a cause: it begins with the first node that is not resolved. */
export function quarantineNotices(
  environment: string,
  records: readonly QuarantineRecord[],
): readonly Notice[] {
  return records.flatMap((record) => quarantineNotice(environment, record));
}

function quarantineNotice(environment: string, record: QuarantineRecord): readonly Notice[] {
  const held = record.nodes.filter(({ resolvedAt }) => !resolvedAt);
  const since = held.map((node) => node.since).toSorted()[0];
  const [first] = held;
  if (!first || record.issue === undefined) return [];
  const { issueUrl } = record;
  const who =
    held.length > 1
      ? `node ${first.node} and ${held.length - 1} more are quarantined`
      : `node ${first.node} is quarantined`;
  const issue = issueUrl ?? `issue #${record.issue}`;
  const text = `${environment}: ${who} (${record.cause}): ${issue}`;
  const key = `quarantined:${record.issue}:${since}`;
  return [{ key, text, ...(issueUrl === undefined ? {} : { link: issueUrl }) }];
}

/**
 * Tells each fact once. The row is inserted before the message is sent, so that two instances, or a crash
 * in between, never send it twice; it is taken back only when the message surely did not arrive.
 *
 * @returns whether all was said that there is to say; false: the next look says more.
 */
export async function notify(
  deps: NotifyDeps,
  environment: string,
  notices: readonly Notice[],
): Promise<boolean> {
  const { notifier } = deps;
  if (!notifier) return true;
  const partition = `notices:${environment}`;
  const rows = await Promise.all(notices.map(({ key }) => deps.store.get(partition, rowOf(key))));
  const due = notices.filter((_, index) => rows[index] === undefined);
  await Promise.all(
    due.slice(0, MAX_NOTICES_PER_LOOK).map((notice) => tellOnce(deps, notifier, partition, notice)),
  );
  return due.length <= MAX_NOTICES_PER_LOOK;
}

const rowOf = (key: string): string => `notice:${key}`;

async function tellOnce(
  deps: NotifyDeps,
  notifier: Notifier,
  partition: string,
  { key, text, link }: Notice,
): Promise<void> {
  const at = new Date(deps.clock.now()).toISOString();
  if (!(await deps.store.insert(partition, rowOf(key), { at, text }))) return;
  const outcome = await notifier.send(text, link);
  if (outcome === "refused") await deps.store.remove(partition, rowOf(key));
  if (outcome === "delivered") deps.logger.info("notification sent", { key });
  else deps.logger.warn("notification not confirmed", { key, outcome });
}
