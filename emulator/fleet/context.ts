import { armKey } from "../../shared/core/arm-id.ts";
import type { Fleet } from "../../shared/simulator/model.ts";
import { fleetId } from "../arm/ids.ts";
import { textAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import type { Operations } from "../arm/operations.ts";
import type { ArmRequest } from "../arm/provider.ts";
import { notFound } from "../arm/refusal.ts";
import type { ResourceStore, StoredResource } from "../arm/store.ts";
import type { Environment } from "../service.ts";
import type { RunAnswers } from "./run-answers.ts";

/** What the parts of the fleet provider share: one store for all types, since ids tell them apart. */
export interface FleetContext {
  readonly environment: Environment;
  readonly operations: Operations;
  readonly resources: ResourceStore;
  readonly runAnswers: RunAnswers;
  /** Of auto-upgrade profiles, by the key of their id. */
  readonly autoUpgrades: Map<string, AutoUpgradeStatus>;
}

export interface AutoUpgradeStatus {
  /** Versions that were out when the profile last looked. */
  readonly seen: readonly string[];
  /** `autoUpgradeProfileStatus` on the wire. */
  readonly shown: JsonObject;
}

export interface FleetTarget {
  /** In the case of its creation. */
  readonly id: string;
  readonly stored: StoredResource;
  readonly fleet: Fleet;
}

export function fleetIdOf(request: ArmRequest): string {
  const name = request.segments[0]?.[1] ?? "";
  return fleetId(request.subscription, request.resourceGroup ?? "", name);
}

export function requireFleet(context: FleetContext, request: ArmRequest): FleetTarget {
  const asked = fleetIdOf(request);
  const stored = context.resources.get(asked);
  const fleet = context.environment.world.fleets.get(armKey(asked));
  if (!stored || !fleet) throw notFound(asked);
  return { id: stored.id, stored, fleet };
}

export function locationOf(stored: StoredResource): string {
  return textAt(stored.body, "location") ?? "westeurope";
}

/** Name of the child that a request is about, such as an update run's. */
export function childName(request: ArmRequest): string {
  return request.segments[1]?.[1] ?? "";
}
