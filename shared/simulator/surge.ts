import type { UpgradeSettings } from "./model.ts";
import { SimulationError } from "./model.ts";

const AMOUNT = /^(\d+)(%?)$/;

/** Integer, or percentage of `total` rounded up. */
export function amountOf(text: string, total: number): number {
  return Math.ceil(exactAmountOf(text, total));
}

/** Integer, or percentage of `total` rounded down. */
export function flooredAmountOf(text: string, total: number): number {
  return Math.floor(exactAmountOf(text, total));
}

function exactAmountOf(text: string, total: number): number {
  const match = AMOUNT.exec(text);
  if (match === null) throw invalid(`"${text}" is neither a number nor a percentage.`);
  const number = Number(match[1]);
  return match[2] === "%" ? (number * total) / 100 : number;
}

export interface Width {
  /** Surge nodes to work with. */
  readonly surge: number;
  /** Nodes that may be away at once when there is no surge. */
  readonly unavailable: number;
  /** Blocked nodes after which nothing more is begun; undefined: when they hold all surge nodes. */
  readonly blocked: number | undefined;
}

/** All are capped by the nodes that are left to upgrade. */
export function upgradeWidth(
  settings: UpgradeSettings,
  nodes: { readonly count: number; readonly toUpgrade: number },
): Width {
  const surge = amountOf(settings.maxSurge, nodes.count);
  const { maxBlockedNodes } = settings;
  return {
    surge: Math.min(surge, nodes.toUpgrade),
    unavailable: surge > 0 ? 0 : inPlace(settings, nodes),
    blocked:
      maxBlockedNodes === undefined
        ? undefined
        : Math.max(1, Math.min(amountOf(maxBlockedNodes, nodes.count), nodes.toUpgrade)),
  };
}

/**
 * The width of an upgrade for whose surge the region has no machines, when `maxUnavailable` says how to go on
 * without (preview); undefined when it does not.
 */
export function fallbackWidth(
  settings: UpgradeSettings,
  nodes: { readonly count: number; readonly toUpgrade: number },
): Width | undefined {
  if (amountOf(settings.maxUnavailable, nodes.count) === 0) return undefined;
  const { blocked } = upgradeWidth(settings, nodes);
  return { surge: 0, unavailable: inPlace(settings, nodes), blocked };
}

function inPlace(
  { maxUnavailable }: UpgradeSettings,
  { count, toUpgrade }: { readonly count: number; readonly toUpgrade: number },
): number {
  return Math.min(Math.max(1, amountOf(maxUnavailable, count)), toUpgrade);
}

/** Ranges of the API reference of `AgentPoolUpgradeSettings`, for a pool of so many nodes. */
export function validateUpgradeSettings(settings: UpgradeSettings, count: number): void {
  const surge = amountOf(settings.maxSurge, 100);
  const unavailable = amountOf(settings.maxUnavailable, 100);
  if (surge === 0 && unavailable === 0) {
    throw invalid("maxSurge and maxUnavailable cannot both be 0.");
  }
  refuseFewBlockedNodes(settings, count);
  requireRange("drainTimeoutInMinutes", settings.drainTimeoutInMinutes, [5, 1440]);
  requireRange("nodeSoakDurationInMinutes", settings.nodeSoakDurationInMinutes, [0, 30]);
}

/** "This must always be greater than or equal to maxSurge": no pool has more nodes than it has. */
function refuseFewBlockedNodes(
  { maxBlockedNodes, maxSurge }: UpgradeSettings,
  count: number,
): void {
  if (maxBlockedNodes === undefined) return;
  const [blocked, surge] = [maxBlockedNodes, maxSurge].map((one) =>
    Math.min(count, amountOf(one, count)),
  );
  if ((blocked ?? 0) >= (surge ?? 0)) return;
  throw invalid(`maxBlockedNodes ${maxBlockedNodes} cannot be less than maxSurge ${maxSurge}.`);
}

function requireRange(name: string, value: number, [low, high]: readonly [number, number]): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  throw invalid(`${name} must be a whole number from ${low} to ${high}, not ${value}.`);
}

function invalid(message: string): SimulationError {
  return new SimulationError("InvalidParameter", message);
}
