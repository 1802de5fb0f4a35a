/** No style attribute stands in the page: the policy allows this sheet, by its digest, and nothing else. */
export const STYLE = `
:root { color-scheme: light dark; --paper: #f7f8fa; --card: #fff; --ink: #1d2129; --muted: #56606b; --line: #e1e5ea;
  --field: #fff; --edge: #8a939d; --link: #0b5cad; --good: #14652a; --busy: #0b5cad; --bad: #a8182b; --good-bar: #57b878;
  --busy-bar: #4c9be8; --bad-bar: #df5b5b; --idle-bar: #dfe4ea; --wait-bar: #aeb7c2; --gate-bar: #a488dd; }
@media (prefers-color-scheme: dark) { :root { --paper: #0f1216; --card: #171b21; --ink: #e8ecf1; --muted: #9aa5b1;
  --line: #2b323b; --field: #11151a; --edge: #66717d; --link: #86bdf5; --good: #82d79a; --busy: #86bdf5; --bad: #ffa3a0;
  --good-bar: #3c9a5b; --busy-bar: #3679c4; --bad-bar: #c94b4b; --idle-bar: #2b323b; --wait-bar: #626d79; --gate-bar: #8263c5; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 74rem; padding: 0 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
  overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
a { color: var(--link); text-underline-offset: .15em; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: .25rem; }
.skip { position: absolute; left: -100vw; } .skip:focus { left: 1rem; top: .5rem; background: var(--card); padding: .5rem; }
.unseen, details.group caption, .alarm caption, .matrix caption { position: absolute; width: 1px; height: 1px;
  overflow: hidden; clip-path: inset(50%); }
header { display: flex; flex-wrap: wrap; gap: .5rem 1.25rem; align-items: center; padding: 1.1rem 0 .75rem; }
h1 { font-size: 1.25rem; margin: 0; letter-spacing: -.01em; }
h2 { font-size: 1.5rem; line-height: 1.25; margin: 0; letter-spacing: -.015em; }
h3 { font-size: 1.1rem; margin: 2rem 0 .6rem; } h4 { font-size: 1rem; margin: 1.75rem 0 .4rem; }
header p, .muted, caption { margin: 0; color: var(--muted); }
.muted { font-size: .9rem; }
.tools { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; margin-left: auto; }
.tools[hidden] { display: none; }
.tools label { color: var(--muted); font-size: .9rem; }
input, button, select { font: inherit; font-size: .9rem; color: inherit; background: var(--field); border: 1px solid var(--edge);
  border-radius: .5rem; padding: .3rem .65rem; min-height: 2.5rem; }
button { cursor: pointer; } button[aria-pressed=true] { background: var(--ink); color: var(--paper); }
nav ul, .facts { padding: 0; margin: 0; list-style: none; } nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; }
nav a { display: inline-block; padding: .5rem 0; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .9rem; padding: 1.4rem 1.6rem; margin: 1rem 0; }
.headline { font-size: 1.05rem; margin: .3rem 0 0; color: var(--muted); }
.pins { display: flex; flex-wrap: wrap; gap: .75rem 2.25rem; margin: 1.1rem 0 1.25rem; }
dt { color: var(--muted); font-size: .8rem; } dd { margin: 0; font-weight: 500; }
small { display: block; color: var(--muted); font-size: .8rem; font-weight: 400; }
.alarm { background: color-mix(in srgb, var(--bad-bar) 9%, var(--card)); border: 1px solid color-mix(in srgb, var(--bad-bar) 35%, var(--card));
  border-radius: .6rem; padding: .6rem .9rem; margin: .9rem 0; } .alarm h3 { margin: 0 0 .25rem; }
.progress { display: block; width: 100%; height: .6rem; border-radius: .3rem; margin: .2rem 0 .6rem; background: var(--idle-bar); }
.progress .good { fill: var(--good-bar); } .progress .busy { fill: var(--busy-bar); } .progress .bad { fill: var(--bad-bar); }
.progress .idle { fill: none; }
.state { display: inline-block; font-size: .8rem; font-weight: 600; line-height: 1.5; white-space: nowrap; padding: 0 .55rem;
  border-radius: 1rem; background: color-mix(in srgb, currentColor 9%, transparent); }
h3 .state, h4 .state { vertical-align: .1em; margin-left: .25rem; }
.good { color: var(--good); } .busy { color: var(--busy); } .bad { color: var(--bad); } .idle { color: var(--muted); }
.state.bad::before { content: "! "; } .state.good::before { content: "\\2713  "; }
.facts li { padding: .15rem 0; font-size: .925rem; } .facts .state { margin-right: .35rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
caption { text-align: left; font-size: .8rem; padding: .1rem 0 .25rem; }
th, td { text-align: left; vertical-align: top; padding: .5rem 1rem .5rem 0; border-top: 1px solid var(--line); }
thead th { color: var(--muted); font-weight: 500; font-size: .8rem; border-top: 0; padding-bottom: .3rem; }
tbody th { font-weight: 600; } time { white-space: nowrap; }
th:last-child, td:last-child { padding-right: 0; }
.list { overflow-wrap: break-word; } .list td:last-child { width: 40%; } .alarm .list td:last-child { width: auto; }
@media (min-width: 46.01rem) { .group .list { table-layout: fixed; } .group th:nth-child(1) { width: 14%; } .group th:nth-child(2) { width: 10%; }
  .group th:nth-child(3) { width: 11%; } .group th:nth-child(4) { width: 21%; } .group th:nth-child(5) { width: 6%; } .group th:nth-child(6) { width: 38%; } }
.scroll { overflow-x: auto; max-width: 100%; } .matrix { min-width: 32rem; } .matrix tbody th { min-width: 11rem; } .version { font-weight: 500; }
details.group, .earlier { margin: .35rem 0; }
summary { cursor: pointer; padding: .45rem 0; color: var(--muted); font-size: .925rem; } details[hidden] { display: none; }
.timeline { position: relative; margin: 1.25rem 0 1.5rem; padding-top: 1.4rem; }
.timeline .grid { position: absolute; inset: 0 0 0 12rem; } .timeline .grid svg { width: 100%; height: 100%; display: block; }
.timeline line { stroke: var(--line); } .timeline .now { stroke: var(--ink); stroke-dasharray: 3 3; }
.timeline text { font-size: .72rem; fill: var(--muted); }
.timeline .stage { position: relative; margin: .6rem 0 .1rem; font-size: .85rem; font-weight: 600; }
.lane { position: relative; display: grid; grid-template-columns: 12rem 1fr; align-items: center; min-height: 1.5rem; }
.lane span { font-size: .85rem; color: var(--muted); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; padding-right: .75rem; }
.lane svg { display: block; width: 100%; height: .8rem; overflow: visible; }
.bar { height: .8rem; rx: .2rem; fill: var(--busy-bar); stroke: var(--card); stroke-width: 1; }
.bar.Completed, .bar.Skipped { fill: var(--good-bar); } .bar.Failed, .bar.Stopped { fill: var(--bad-bar); }
.bar.wait { fill: var(--wait-bar); } .bar.planned { fill: none; stroke: var(--wait-bar); stroke-dasharray: 3 3; }
.bar.gate { fill: var(--gate-bar); height: .4rem; transform: translateY(.2rem); }
footer { margin-top: 2rem; color: var(--muted); font-size: .85rem; }
@media (max-width: 46rem) {
  body { padding: 0 .75rem 3rem; } .card { padding: 1.1rem 1rem; border-radius: .75rem; } .tools { margin: 0; width: 100%; }
  .tools input { flex: 1 1 8rem; min-width: 0; }
  .pins { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem 1rem; }
  .list thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  .list, .list tbody, .list caption { display: block; } .list tr { display: flex; flex-wrap: wrap; gap: .1rem .9rem; align-items: baseline;
    padding: .6rem 0; border-top: 1px solid var(--line); } .list tr[hidden] { display: none; }
  .list th, .list td, .list td:last-child, .alarm .list td:last-child { display: block; border: 0; padding: 0; width: auto; }
  .list td { order: 1; } .list tbody th, .list td[data-label=State], .list td[data-label=Verdict] { order: 0; }
  .list tbody th { flex: 1 1 55%; } .list td:last-child { flex-basis: 100%; }
  .list td[data-label]::before { content: attr(data-label) " "; color: var(--muted); font-size: .8rem; }
  .list td[data-label=State]::before, .list td[data-label=Verdict]::before, .list td[data-label=Why]::before,
  .list td[data-label=Reason]::before, .list td[data-label=When]::before, .list td[data-label=Upgrade]::before { content: none; }
  h3 .state, h4 .state { margin-left: 0; }
  .timeline .grid { inset: 0; } .lane { grid-template-columns: 1fr; padding: .15rem 0 .3rem; }
  .lane span, .timeline .stage { background: var(--card); justify-self: start; width: fit-content; max-width: 100%; } .timeline .minor text { display: none; }
}
@media (forced-colors: active) { .bar, .progress rect { forced-color-adjust: none; } }
@media print { .tools, nav, .skip { display: none; } .card { break-inside: avoid-page; border: 0; padding: 0; } }
`;
