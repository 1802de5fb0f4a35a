import { DAY } from "../../shared/core/duration.ts";
import { compareVersions } from "../../shared/core/node-image.ts";
import { NODE_IMAGE_WARNING_DAYS } from "../../shared/declaration/limits.ts";
import type { Holder } from "../../shared/quarantine/record.ts";
import { imageExpiry } from "../../shared/snapshot/expiry.ts";
import { currentRun, headline, heldNodes } from "../../shared/status/headline.ts";
import type { EnvironmentStatus, Status } from "../../shared/status/status.ts";
import { html, type Html } from "./html.ts";
import { newestOf } from "./images.ts";
import { earlierRuns, runSection } from "./run.ts";
import { badge } from "./state.ts";
import { table, type Row } from "./table.ts";
import { day, when } from "./time.ts";

export function environmentSection(
  environment: EnvironmentStatus,
  status: Status,
  id: string,
): Html {
  const run = currentRun(environment);
  const others = environment.runs.filter((one) => one !== run);
  return html`<section class="card environment" aria-labelledby="${id}">
    <h2 id="${id}" tabindex="-1">${environment.name}</h2>
    <p class="headline" data-name="${environment.name}">${headline(environment)}</p>
    ${environment.problem !== undefined && html`<p class="alarm">${environment.problem}.</p>`}
    ${pins(environment, status)} ${soakNote(environment)} ${quarantine(environment)}
    ${run && runSection(run, status.at, `${id}-run`)} ${earlierRuns(others, environment.name)}
  </section>`;
}

function pins(environment: EnvironmentStatus, status: Status): Html {
  const { fleet, generation, kubernetesVersion, nodeImages } = environment;
  const release = generation === undefined ? "none declared" : `generation ${generation}`;
  return html`<dl class="pins">
    ${pin("Fleet", html`${lastSegment(fleet)}`)} ${pin("Release", html`${release}`)}
    ${kubernetesVersion !== undefined && pin("Kubernetes", html`${kubernetesVersion}`)}
    ${Object.entries(nodeImages).map(([family, version]) =>
      pin(family, image(family, version, status)),
    )}
  </dl>`;
}

/** Why a newer image is out, and nobody proposes it. */
function soakNote({ soaking }: EnvironmentStatus): Html | undefined {
  if (!soaking) return undefined;
  const { run, target, until } = soaking;
  const end = until === undefined ? html`once it is done` : html`until ${when(until)}`;
  return html`<p class="muted">
    Newer node images queue: those of ${run} soak for ${target} ${end}.
  </p>`;
}

function pin(name: string, value: Html): Html {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}

/** The pinned version, how long it is good for, and whether there is a newer one. */
function image(family: string, version: string, { nodeImages, at }: Status): Html {
  const newest = newestOf(nodeImages, family);
  const isBehind = newest !== undefined && compareVersions(newest.version, version) > 0;
  return html`${version}${expiryNote(imageExpiry(`${family}-${version}`), Date.parse(at))}${
    isBehind && html`<small>${newest.version} is out in ${newest.regions.join(", ")}</small>`
  }`;
}

function expiryNote(expiry: number | undefined, now: number): Html | undefined {
  if (expiry === undefined) return undefined;
  const until = day(new Date(expiry));
  if (expiry <= now) return html`<small class="bad">expired ${until}</small>`;
  const isSoon = expiry - now <= NODE_IMAGE_WARNING_DAYS * DAY;
  return html`<small class="${isSoon && "bad"}">valid until ${until}</small>`;
}

function quarantine(environment: EnvironmentStatus): Html {
  const held = heldNodes(environment);
  const resolved = environment.quarantined.length - held.length;
  const proof =
    resolved > 0 &&
    html`<p class="muted">
      ${resolved} earlier ${resolved === 1 ? "quarantined node is" : "quarantined nodes are"} proved
      again.
    </p>`;
  if (held.length === 0) return html`${proof}`;
  return html`<div class="alarm">
      <h3>Quarantined nodes</h3>
      ${table({
        caption: `Quarantined nodes of ${environment.name}`,
        key: `${environment.name} quarantine`,
        heads: ["Node", "State", "Cluster", "Node pool", "Kept by", "Since", "Issue"],
        rows: held.map(quarantineRow),
      })}
    </div>
    ${proof}`;
}

type Quarantined = EnvironmentStatus["quarantined"][number];

function quarantineRow(node: Quarantined): Row {
  return {
    cells: [
      node.node,
      badge(node.releasedAt ? "released" : "held"),
      lastSegment(node.cluster),
      node.nodePool,
      keptBy(node),
      when(node.since),
      issueLink(node),
    ],
  };
}

/** `pod shop/cart-0 of StatefulSet/cart, budget shop/cart: 0 may go, 1 of 1 healthy`. */
function keptBy(node: Quarantined): string {
  const holders = [node, ...(node.alsoHeldBy ?? [])].map(holderText).filter((text) => text !== "");
  return holders.join("; ") || node.cause;
}

function holderText(holder: Holder): string {
  const { pod, pdb, overlapping = [] } = holder;
  const owner = holder.owner ? ` of ${holder.owner}` : "";
  const allowed = holder.disruptionsAllowed ?? 0;
  const healthy = holder.healthyPods ?? 0;
  const required = holder.requiredPods ?? 0;
  const budgets = [pdb, ...overlapping].join(" and ");
  const parts = [
    pod && `pod ${pod}${owner}`,
    pdb && `budget ${budgets}: ${allowed} may go, ${healthy} healthy, ${required} required`,
  ];
  return parts.filter((part) => part !== undefined && part !== "").join(", ");
}

function issueLink({ node, issue, issueUrl }: Quarantined): Html {
  if (issue === undefined) return html`being opened`;
  if (!isWebAddress(issueUrl)) return html`#${issue}`;
  return html`<a href="${issueUrl}" rel="noreferrer" data-key="issue ${node}">#${issue}</a>`;
}

/** A link may name any scheme; only these two lead to a page. */
function isWebAddress(url: string | undefined): url is string {
  return url !== undefined && /^https?:\/\//i.test(url);
}

function lastSegment(id: string): string {
  return id.split("/").at(-1) || id;
}
