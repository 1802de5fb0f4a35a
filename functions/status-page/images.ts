import { compareVersions } from "../../shared/core/node-image.ts";
import { coverageOf } from "../../shared/promotion/lookout.ts";
import type { ImageRecord } from "../../shared/promotion/lookout.ts";

/** The newest version of an image family, and the regions that offer it. */
export interface Newest {
  readonly version: string;
  readonly regions: readonly string[];
}

export function newestOf(images: readonly ImageRecord[], family: string): Newest | undefined {
  const offered = [...coverageOf(images)].flatMap(([region, families]) => {
    const version = families.get(family);
    return version === undefined ? [] : [{ region, version }];
  });
  const version = offered
    .map((one) => one.version)
    .toSorted(compareVersions)
    .at(-1);
  if (version === undefined) return undefined;
  const regions = offered.filter((one) => one.version === version).map(({ region }) => region);
  return { version, regions: regions.toSorted() };
}
