/**
 * Names of update runs, strategies, stages, groups and environments: at most 50 characters.
 * Source: Azure/azure-rest-api-specs, Microsoft.ContainerService/fleet, stable/2026-06-01.
 */
export const MAX_NAME_CHARACTERS = 50;
export const NAME_PATTERN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/** "Maximum of 50 update groups per stage." Source: aka.ms/kubernetes-fleet/concepts-update-orchestration */
export const MAX_GROUPS_PER_STAGE = 50;

/** Same specification: `maxConcurrency` is a count or a percentage of the members. */
export const MAX_CONCURRENCY_PATTERN = /^(?:([1-9]\d*)|([1-9]\d?|100)%)$/;

/** 2026-06-02-preview of that specification: `maxAllowedFailures`, "n >= 0" or "0 <= p <= 100". */
export const MAX_ALLOWED_FAILURES_PATTERN = /^(?:\d{1,4}|(?:\d{1,2}|100)%)$/;

/** Same specification: a gate's display name has 1 to 100 characters. */
export const MAX_GATE_NAME_CHARACTERS = 100;

/** `afterStageWaitInSeconds` is an int32. */
export const MAX_WAIT_SECONDS = 2_147_483_647;

/** Upgrades to a node image can fail 90 days after its publication. Source: the same concepts page. */
export const NODE_IMAGE_VALID_DAYS = 90;

/** A pin is announced this long before it expires: two weekly images and a promotion fit in. */
export const NODE_IMAGE_WARNING_DAYS = 14;

/** Each namespace is three lists per member and look; a handler has 30 s. */
export const MAX_CHECKED_NAMESPACES = 10;
