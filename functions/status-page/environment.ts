import type { EnvironmentStatus } from "../../shared/status/status.ts";
import { currentRun, headline, heldNodes } from "../../shared/status/headline.ts";
import { html, type Html } from "./html.ts";
import { earlierRuns, runSection } from "./run.ts";
import { state, table } from "./table.ts";
import { when } from "./time.ts";

export function environmentSection(environment: EnvironmentStatus, at: string, id: string): Html {
  const run = currentRun(environment);
  const others = environment.runs.filter((one) => one !== run);
  return html`<section class="environment" aria-labelledby="${id}">
    <h2 id="${id}" tabindex="-1">${environment.name}</h2>
    <p class="headline" data-name="${environment.name}">${headline(environment)}</p>
    ${environment.problem !== undefined && html`<p class="alarm">${environment.problem}.</p>`}
    ${pins(environment)} ${quarantine(environment)} ${run && runSection(run, at, `${id}-run`)}
    ${earlierRuns(others, environment.name)}
  </section>`;
}

function pins({ fleet, generation, kubernetesVersion, nodeImages }: EnvironmentStatus): Html {
  return html`<dl class="pins">
    <div>
      <dt>Fleet</dt>
      <dd>${lastSegment(fleet)}</dd>
    </div>
    <div>
      <dt>Release</dt>
      <dd>${generation === undefined ? "none declared" : `generation ${generation}`}</dd>
    </div>
    ${
      kubernetesVersion !== undefined &&
      html`<div>
        <dt>Kubernetes</dt>
        <dd>${kubernetesVersion}</dd>
      </div>`
    }
    ${Object.entries(nodeImages).map(
      ([family, version]) =>
        html`<div>
          <dt>${family}</dt>
          <dd>${version}</dd>
        </div>`,
    )}
  </dl>`;
}

function quarantine(environment: EnvironmentStatus): Html {
  const held = heldNodes(environment);
  const resolved = environment.quarantined.length - held.length;
  const proof =
    resolved > 0 &&
    html`<p>${resolved} earlier ${resolved === 1 ? "node is" : "nodes are"} proved again.</p>`;
  if (held.length === 0) return html`${proof}`;
  return html`<h3>Quarantined nodes</h3>
    ${table({
      caption: `Quarantined nodes of ${environment.name}`,
      key: `${environment.name} quarantine`,
      heads: ["Node", "State", "Cluster", "Node pool", "Kept by", "Since", "Issue"],
      rows: held.map(quarantineRow),
    })}${proof}`;
}

type Quarantined = EnvironmentStatus["quarantined"][number];

function quarantineRow(node: Quarantined): Html {
  const blocker = [node.pod && `pod ${node.pod}`, node.pdb && `budget ${node.pdb}`];
  const kept = blocker.filter((part) => part !== undefined && part !== "").join(", ");
  return html`<tr>
    <th scope="row">${node.node}</th>
    <td>${state(node.releasedAt ? "released" : "held")}</td>
    <td>${lastSegment(node.cluster)}</td>
    <td>${node.nodePool}</td>
    <td>${kept || node.cause}</td>
    <td>${when(node.since)}</td>
    <td>${issueLink(node)}</td>
  </tr>`;
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
