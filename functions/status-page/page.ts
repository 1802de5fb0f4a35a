import { createHash } from "node:crypto";
import { currentRun } from "../../shared/status/headline.ts";
import type { EnvironmentStatus, Status } from "../../shared/status/status.ts";
import { coverageSection } from "./coverage.ts";
import { environmentSection } from "./environment.ts";
import { html, verbatim, type Html } from "./html.ts";
import { SCRIPT } from "./script.ts";
import { badge, toneOf } from "./state.ts";
import { STYLE } from "./style.ts";
import { readable } from "./time.ts";

/** The status as one document: no asset is fetched, nothing is sent but the question for news. Pure. */
export function renderPage(status: Status): string {
  const names = status.environments.map(({ name }) => name).join(", ");
  return html`${verbatim("<!doctype html>")}
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Fleetwright${names !== "" && `: ${names}`}</title>
        <link rel="icon" href="data:," />
        ${STYLE_ELEMENT}
      </head>
      <body>
        <a class="skip" href="#content">Skip to the environments</a>
        <header>
          <h1>Fleetwright</h1>
          <p id="as-of">
            As of <time datetime="${status.at}">${readable(Date.parse(status.at))}</time>
          </p>
          <div class="tools" id="tools" role="search" hidden>
            <label for="tone">Show</label>
            <select id="tone">
              <option value="">all members</option>
              <option value="bad">what needs a person</option>
              <option value="busy">what is under way</option>
              <option value="good">what is done</option>
              <option value="idle">what has not begun</option>
            </select>
            <label class="unseen" for="filter">Filter members</label>
            <input
              id="filter"
              type="search"
              placeholder="Filter members"
              autocomplete="off"
              spellcheck="false"
            />
            <button id="pause" type="button" aria-pressed="false">Pause updates</button>
            <span id="matches" role="status"></span>
          </div>
          <p id="freshness" role="status"></p>
        </header>
        <nav aria-label="Sections" id="environments">${links(status)}</nav>
        <main id="content" tabindex="-1">${sections(status)}</main>
        <p id="news" class="unseen" aria-live="polite"></p>
        <footer>
          <p>
            Times are those of Azure, in UTC. The same as JSON: add <code>format=json</code> to the
            address.
          </p>
        </footer>
        ${SCRIPT_ELEMENT}
      </body>
    </html> `.toString();
}

/** Instead of the status, when it cannot be read at all. */
export function renderProblem(message: string, remedy: string | undefined): string {
  return html`${verbatim("<!doctype html>")}
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Fleetwright: no status</title>
        <link rel="icon" href="data:," />
        ${STYLE_ELEMENT}
      </head>
      <body>
        <main>
          <h1>Fleetwright cannot tell the status</h1>
          <p class="alarm">${message}${remedy !== undefined && `: ${remedy}`}.</p>
        </main>
      </body>
    </html> `.toString();
}

/** The policy knows them by their digest, in which every space counts. */
const STYLE_ELEMENT = verbatim(`<style>${STYLE}</style>`);
const SCRIPT_ELEMENT = verbatim(`<script>${SCRIPT}</script>`);

const idOf = (index: number): string => `environment-${index + 1}`;

function links(status: Status): Html {
  return html`<ul>
    ${status.environments.map(
      (environment, index) =>
        html`<li><a href="#${idOf(index)}">${environment.name}</a>${restless(environment)}</li>`,
    )}${status.nodeImages.length > 0 && html`<li><a href="#images">Node images</a></li>`}
  </ul>`;
}

/** What is under way, or needs a person, shows before anybody scrolls. */
function restless(environment: EnvironmentStatus): Html {
  if (environment.problem !== undefined) return html` ${badge("unknown")}`;
  const state = currentRun(environment)?.state;
  return state === undefined || toneOf(state) === "good" ? html`` : html` ${badge(state)}`;
}

function sections(status: Status): Html {
  if (status.environments.length === 0) {
    return html`<p>No environment is declared: fleetwright.yaml of the repository names them.</p>`;
  }
  return html`${status.environments.map((environment, index) =>
    environmentSection(environment, status, idOf(index)),
  )}
  ${coverageSection(status)}`;
}

/** Nothing runs and nothing is loaded but what this folder wrote; no other page may frame it. */
const POLICY = [
  "default-src 'none'",
  `style-src '${digestOf(STYLE)}'`,
  `script-src '${digestOf(SCRIPT)}'`,
  "connect-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** The address holds the key: it is neither stored nor told to whom a link leads. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": POLICY,
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-robots-tag": "noindex",
  vary: "accept",
};

function digestOf(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}

/** A browser asks for HTML by name; programs that ask for anything, or for JSON, get JSON. */
export function wantsPage(accept: string | null, format: string | null): boolean {
  if (format !== null) return format === "html";
  return /\btext\/html\b/i.test(accept ?? "") && !/\bapplication\/json\b/i.test(accept ?? "");
}
