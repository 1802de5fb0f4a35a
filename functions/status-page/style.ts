/** No style attribute stands in the page: the policy allows this sheet, by its digest, and nothing else. */
export const STYLE = `
:root { color-scheme: light dark; --paper: #fff; --ink: #1f2328; --muted: #59636e; --line: #d1d9e0; --soft: #f6f8fa;
  --link: #0550ae; --good: #116329; --busy: #0550ae; --bad: #a40e26; --good-bar: #4ac26b; --busy-bar: #54aeff;
  --bad-bar: #e5534b; --wait-bar: #8c959f; --gate-bar: #a475f9; }
@media (prefers-color-scheme: dark) { :root { --paper: #0d1117; --ink: #f0f6fc; --muted: #9198a1; --line: #3d444d;
  --soft: #151b23; --link: #79c0ff; --good: #7ee787; --busy: #79c0ff; --bad: #ffa198; --good-bar: #2ea043;
  --busy-bar: #1f6feb; --bad-bar: #da3633; --wait-bar: #6e7681; --gate-bar: #8957e5; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 75rem; padding: 0 1rem 3rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -100vw; } .skip:focus { left: 1rem; top: .5rem; background: var(--paper); padding: .5rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
header { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; align-items: baseline; border-bottom: 1px solid var(--line);
  padding: .75rem 0; }
h1 { font-size: 1.4rem; margin: 0; } h2 { margin: 2rem 0 .25rem; } h3 { margin: 1.5rem 0 .25rem; } h4 { margin: 1.25rem 0 .25rem; }
header p { margin: 0; color: var(--muted); }
.tools { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; }
.tools[hidden] { display: none; }
input, button { font: inherit; color: inherit; background: var(--soft); border: 1px solid var(--muted); border-radius: .4rem;
  padding: .35rem .6rem; min-height: 2.5rem; }
nav ul, .facts { padding: 0; margin: .5rem 0; list-style: none; } nav ul { display: flex; flex-wrap: wrap; gap: 1rem; }
nav a { display: inline-block; padding: .35rem 0; }
.headline { font-size: 1.1rem; margin: .25rem 0; }
.pins { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin: .75rem 0; } dt { color: var(--muted); font-size: .85rem; }
dd { margin: 0; font-variant-numeric: tabular-nums; }
.alarm { border-left: 4px solid var(--bad); padding-left: .75rem; }
.scroll { overflow-x: auto; max-width: 100%; margin: .25rem 0 .75rem; }
table { border-collapse: collapse; width: 100%; min-width: 40rem; font-size: .925rem; }
caption { text-align: left; color: var(--muted); font-size: .85rem; padding: .25rem 0; }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0; border-top: 1px solid var(--line);
  font-variant-numeric: tabular-nums; }
thead th { color: var(--muted); font-weight: 600; border-top: 0; } tbody th { font-weight: 600; }
table { overflow-wrap: break-word; } th, td { min-width: 4.5rem; } td time { white-space: nowrap; }
td:last-child { min-width: 10rem; } details.group caption { position: absolute; clip-path: inset(50%); } small { color: var(--muted); }
summary { cursor: pointer; padding: .4rem 0; } details[hidden] { display: none; }
.state { font-weight: 600; white-space: nowrap; } .good { color: var(--good); } .busy { color: var(--busy); }
.bad { color: var(--bad); } .idle { color: var(--muted); }
.bad::before { content: "! "; } .good::before { content: "\\2713  "; }
.timeline { display: block; width: 100%; min-width: 44rem; height: auto; }
.timeline text { font: 12px system-ui, sans-serif; fill: var(--ink); } .timeline .tick { fill: var(--muted); }
.timeline .stage { font-weight: 600; }
.lane { fill: var(--soft); } .grid { stroke: var(--line); } .now { stroke: var(--ink); stroke-dasharray: 4 3; }
.bar { fill: var(--busy-bar); } .bar.Completed, .bar.Skipped { fill: var(--good-bar); }
.bar.Failed, .bar.Stopped { fill: var(--bad-bar); } .bar.wait { fill: var(--wait-bar); } .bar.gate { fill: var(--gate-bar); }
footer { margin-top: 3rem; border-top: 1px solid var(--line); color: var(--muted); font-size: .9rem; }
@media print { .tools, nav, .skip { display: none; } }
`;
