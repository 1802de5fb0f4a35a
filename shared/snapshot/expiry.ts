import { DAY } from "../core/duration.ts";
import { parseNodeImage } from "../core/node-image.ts";

/** Source: https://learn.microsoft.com/azure/kubernetes-fleet/concepts-update-orchestration (node images) */
const IMAGE_VALID_DAYS = 90;

/**
 * When AKS stops upgrading to an image, in milliseconds since the Unix epoch; undefined when its version
 * tells no date. `…-202606.16.0` is of 16 June 2026, Windows' `…-20348.3207.250214` of 14 February 2025.
 */
export function imageExpiry(nodeImageVersion: string): number | undefined {
  const published = publishedAt(parseNodeImage(nodeImageVersion).version);
  return published === undefined ? undefined : published + IMAGE_VALID_DAYS * DAY;
}

function publishedAt(version: string): number | undefined {
  const linux = /^(\d{4})(\d{2})\.(\d{2})\./.exec(version);
  if (linux !== null) return Date.UTC(Number(linux[1]), Number(linux[2]) - 1, Number(linux[3]));
  const windows = /\.(\d{2})(\d{2})(\d{2})$/.exec(version);
  if (windows === null) return undefined;
  return Date.UTC(2_000 + Number(windows[1]), Number(windows[2]) - 1, Number(windows[3]));
}
