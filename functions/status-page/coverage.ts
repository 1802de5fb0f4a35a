import { offersOf, type Offer } from "../../shared/status/node-images.ts";
import type { Status } from "../../shared/status/status.ts";
import { html, type Html } from "./html.ts";
import { matrix } from "./table.ts";
import { when } from "./time.ts";

/** Which region offers which node image, since when, until when it is valid, and who pins it. */
export function coverageSection(status: Status): Html {
  const offers = offersOf(status);
  const regions = [...new Set(offers.map(({ region }) => region))].toSorted();
  const families = [...new Set(offers.map(({ family }) => family))];
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
          cell(offers.find((one) => one.family === family && one.region === region)),
        ),
      })),
    })}
  </section>`;
}

function cell(offer: Offer | undefined): Html {
  if (offer === undefined) return html`<span class="state idle">none</span>`;
  const { version, older, pinnedBy, noticedAt, validity } = offer;
  return html`<span class="version">${version}</span
    >${older && html` <span class="state busy">older</span>`}${pinnedBy.map((name) => html` <span class="state idle">pinned by ${name}</span>`)}<small
      >noticed ${when(noticedAt)}${validity !== undefined && html`, ${validity}`}</small
    >`;
}
