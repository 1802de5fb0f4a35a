import { coverageOf } from "../../shared/promotion/lookout.ts";
import { imageExpiry } from "../../shared/snapshot/expiry.ts";
import type { Status } from "../../shared/status/status.ts";
import { html, type Html } from "./html.ts";
import { newestOf } from "./images.ts";
import { matrix } from "./table.ts";
import { day, when } from "./time.ts";

/** Which region offers which node image, since when, until when it is valid, and who pins it. */
export function coverageSection(status: Status): Html {
  const coverage = coverageOf(status.nodeImages);
  const regions = [...coverage.keys()].toSorted();
  const families = [
    ...new Set([...coverage.values()].flatMap((one) => [...one.keys()])),
  ].toSorted();
  if (regions.length === 0) return html``;
  return html`<section class="card" aria-labelledby="images">
    <h2 id="images" tabindex="-1">Node images by region</h2>
    ${matrix({
      caption: "Newest node image of each family in each region",
      key: "images",
      heads: ["Image family", ...regions],
      rows: families.map((family) => ({
        head: html`${family}`,
        cells: regions.map((region) =>
          cell(status, { region, family, version: coverage.get(region)?.get(family) }),
        ),
      })),
    })}
  </section>`;
}

interface Place {
  readonly region: string;
  readonly family: string;
  readonly version: string | undefined;
}

function cell({ nodeImages, environments }: Status, { region, family, version }: Place): Html {
  if (version === undefined) return html`<span class="state idle">none</span>`;
  const image = `${family}-${version}`;
  const isOlder = version !== newestOf(nodeImages, family)?.version;
  const record = nodeImages.find((one) => one.region === region && one.nodeImageVersion === image);
  const pinnedBy = environments.filter((one) => one.nodeImages[family] === version);
  const expiry = imageExpiry(image);
  return html`<span class="version">${version}</span
    >${isOlder && html` <span class="state busy">older</span>`}${pinnedBy.map(({ name }) => html` <span class="state idle">pinned by ${name}</span>`)}<small
      >noticed
      ${when(record?.noticedAt)}${expiry !== undefined && html`, valid until ${day(new Date(expiry))}`}</small
    >`;
}
