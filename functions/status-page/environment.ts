import { currentRun, headline, heldNodes } from "../../shared/status/headline.ts";
import { keptBy } from "../../shared/status/kept-by.ts";
import { pinNotes } from "../../shared/status/node-images.ts";
import { notesOf } from "../../shared/status/notes.ts";
import type { EnvironmentStatus, Status } from "../../shared/status/status.ts";
import { html, type Html } from "./html.ts";
import { earlierRuns, runSection } from "./run.ts";
import { badge } from "./state.ts";
import { table, type Row } from "./table.ts";
import { told, when } from "./time.ts";

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
    ${pins(environment, status)} ${quarantine(environment)}
    ${notesOf(environment).map((note) => html`<p class="muted">${told(note)}</p>`)}
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

function pin(name: string, value: Html): Html {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}

/** The pinned version, how long it is good for, and whether there is a newer one. */
function image(family: string, version: string, status: Status): Html {
  const notes = pinNotes(status, family, version);
  return html`${version}${notes.map(({ text, bad }) => html`<small class="${bad && "bad"}">${text}</small>`)}`;
}

function quarantine(environment: EnvironmentStatus): Html {
  const held = heldNodes(environment);
  if (held.length === 0) return html``;
  return html`<div class="alarm">
    <h3>Quarantined nodes</h3>
    ${table({
      caption: `Quarantined nodes of ${environment.name}`,
      key: `${environment.name} quarantine`,
      heads: ["Node", "State", "Cluster", "Node pool", "Kept by", "Since", "Issue"],
      rows: held.map(quarantineRow),
    })}
  </div>`;
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
