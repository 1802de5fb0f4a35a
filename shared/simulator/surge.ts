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
}

/** Both are capped by the nodes that are left to upgrade. */
export function upgradeWidth(
  settings: UpgradeSettings,
  nodes: { readonly count: number; readonly toUpgrade: number },
): Width {
  const surge = amountOf(settings.maxSurge, nodes.count);
  const unavailable = amountOf(settings.maxUnavailable, nodes.count);
  return {
    surge: Math.min(surge, nodes.toUpgrade),
    unavailable: surge > 0 ? 0 : Math.min(Math.max(1, unavailable), nodes.toUpgrade),
  };
}

/** Ranges of the API reference of `AgentPoolUpgradeSettings`. */
export function validateUpgradeSettings(settings: UpgradeSettings): void {
  const surge = amountOf(settings.maxSurge, 100);
  const unavailable = amountOf(settings.maxUnavailable, 100);
  if (surge === 0 && unavailable === 0) {
    throw invalid("maxSurge and maxUnavailable cannot both be 0.");
  }
  requireRange("drainTimeoutInMinutes", settings.drainTimeoutInMinutes, [5, 1440]);
  requireRange("nodeSoakDurationInMinutes", settings.nodeSoakDurationInMinutes, [0, 30]);
}

function requireRange(name: string, value: number, [low, high]: readonly [number, number]): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  throw invalid(`${name} must be a whole number from ${low} to ${high}, not ${value}.`);
}

function invalid(message: string): SimulationError {
  return new SimulationError("InvalidParameter", message);
}
