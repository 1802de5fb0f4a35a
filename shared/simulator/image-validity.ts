import { DAY } from "../core/duration.ts";
import { parseNodeImage } from "../core/node-image.ts";
import type { Instant } from "./model.ts";

/** Source: learn.microsoft.com/azure/kubernetes-fleet/concepts-update-orchestration, node image selection */
export const IMAGE_VALID_DAYS = 90;

export function isExpired(nodeImageVersion: string, now: Instant): boolean {
  const published = imagePublishedAt(nodeImageVersion);
  return published !== undefined && now - published > IMAGE_VALID_DAYS * DAY;
}

/** `…-202606.16.0` is from 16 June 2026, Windows' `…-20348.3207.250214` from 14 February 2025. */
function imagePublishedAt(nodeImageVersion: string): Instant | undefined {
  const { version } = parseNodeImage(nodeImageVersion);
  const linux = /^(\d{4})(\d{2})\.(\d{2})\./.exec(version);
  if (linux) return Date.UTC(Number(linux[1]), Number(linux[2]) - 1, Number(linux[3]));
  const windows = /\.(\d{2})(\d{2})(\d{2})$/.exec(version);
  if (windows)
    return Date.UTC(2000 + Number(windows[1]), Number(windows[2]) - 1, Number(windows[3]));
  return undefined;
}
