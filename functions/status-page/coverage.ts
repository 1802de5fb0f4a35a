import { compareVersions } from "../../shared/core/node-image.ts";
import { coverageOf } from "../../shared/promotion/lookout.ts";
import { imageExpiry } from "../../shared/snapshot/expiry.ts";
import type { Status } from "../../shared/status/status.ts";
import { html, type Html } from "./html.ts";
import { state, table } from "./table.ts";
import { day, when } from "./time.ts";

/** Which region offers which node image, since when, and until when it is valid. */
export function coverageSection({ nodeImages }: Status): Html {
  const coverage = coverageOf(nodeImages);
  const regions = [...coverage.keys()].toSorted();
  const families = [
    ...new Set([...coverage.values()].flatMap((one) => [...one.keys()])),
  ].toSorted();
  if (regions.length === 0) return html``;
  return html`<section aria-labelledby="images">
    <h2 id="images" tabindex="-1">Node images by region</h2>
    ${table({
      caption: "Newest node image of each family in each region",
      key: "images",
      heads: ["Image family", ...regions],
      rows: families.map((family) => {
        const newest = newestOf(
          regions.flatMap((region) => coverage.get(region)?.get(family) ?? []),
        );
        const cells = regions.map((region) =>
          cell({ nodeImages, region, family, version: coverage.get(region)?.get(family), newest }),
        );
        return html`<tr>
          <th scope="row">${family}</th>
          ${cells}
        </tr>`;
      }),
    })}
  </section>`;
}

function newestOf(versions: readonly string[]): string | undefined {
  return versions.toSorted(compareVersions).at(-1);
}

function cell(place: {
  readonly nodeImages: Status["nodeImages"];
  readonly region: string;
  readonly family: string;
  readonly version: string | undefined;
  readonly newest: string | undefined;
}): Html {
  const { region, family, version, newest } = place;
  if (version === undefined) return html`<td>${state("none")}</td>`;
  const record = place.nodeImages.find(
    (image) => image.region === region && image.nodeImageVersion === `${family}-${version}`,
  );
  const expiry = imageExpiry(`${family}-${version}`);
  return html`<td>
    ${version} ${version !== newest && state("older")}<br /><small
      >noticed
      ${when(record?.noticedAt)}${
        expiry !== undefined && html`, valid until ${day(new Date(expiry))}`
      }</small
    >
  </td>`;
}
