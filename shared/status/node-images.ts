import { DAY } from "../core/duration.ts";
import { compareVersions } from "../core/node-image.ts";
import { NODE_IMAGE_WARNING_DAYS } from "../declaration/limits.ts";
import { coverageOf, type Coverage } from "../promotion/lookout.ts";
import { imageExpiry } from "../snapshot/expiry.ts";
import { day } from "./day.ts";
import type { Status } from "./status.ts";

/** The newest version of an image family, and the regions that offer it. */
interface Newest {
  readonly version: string;
  readonly regions: readonly string[];
}

function newestOf(coverage: Coverage, family: string): Newest | undefined {
  const offered = [...coverage].flatMap(([region, families]) => {
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

export interface PinNote {
  readonly text: string;
  /** A person should do something about it. */
  readonly bad: boolean;
}

/** How long a pinned image is good for, and where there is a newer one. Pure. */
export function pinNotes(
  { nodeImages, at }: Status,
  family: string,
  version: string,
): readonly PinNote[] {
  const newest = newestOf(coverageOf(nodeImages), family);
  const isBehind = newest !== undefined && compareVersions(newest.version, version) > 0;
  return [
    ...expiryNotes(imageExpiry(`${family}-${version}`), Date.parse(at)),
    ...(isBehind
      ? [{ text: `${newest.version} is out in ${newest.regions.join(", ")}`, bad: false }]
      : []),
  ];
}

function expiryNotes(expiry: number | undefined, now: number): readonly PinNote[] {
  if (expiry === undefined) return [];
  const until = day(new Date(expiry));
  if (expiry <= now) return [{ text: `expired ${until}`, bad: true }];
  const bad = expiry - now <= NODE_IMAGE_WARNING_DAYS * DAY;
  return [{ text: `valid until ${until}`, bad }];
}

/** A node image family in a region: the newest version that is offered there. */
export interface Offer {
  readonly family: string;
  readonly region: string;
  readonly version: string;
  /** Another region has a newer one. */
  readonly older: boolean;
  /** Names of environments. */
  readonly pinnedBy: readonly string[];
  /** ISO 8601. */
  readonly noticedAt: string | undefined;
  /** `valid until …` or `expired …`; undefined when the version does not say. */
  readonly validity: string | undefined;
}

/** By family, then by region. Pure. */
export function offersOf({ nodeImages, environments, at }: Status): readonly Offer[] {
  const coverage = coverageOf(nodeImages);
  const offers = [...coverage].flatMap(([region, families]) =>
    [...families].map(([family, version]): Offer => {
      const image = `${family}-${version}`;
      const record = nodeImages.find(
        (one) => one.region === region && one.nodeImageVersion === image,
      );
      return {
        family,
        region,
        version,
        older: version !== newestOf(coverage, family)?.version,
        pinnedBy: environments
          .filter((one) => one.nodeImages[family] === version)
          .map(({ name }) => name),
        noticedAt: record?.noticedAt,
        validity: expiryNotes(imageExpiry(image), Date.parse(at))[0]?.text,
      };
    }),
  );
  return offers.toSorted(
    (a, b) => a.family.localeCompare(b.family) || a.region.localeCompare(b.region),
  );
}
