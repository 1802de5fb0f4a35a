/** The import directions of docs/architecture.md, checked by `npm run check`. */
const only = (name, from, to, comment) => ({ name, comment, severity: "error", from, to });
const concepts =
  "^shared/(declaration|snapshot|quarantine|drain|blue-green|node-pool|managed-cluster|simulator)/";
const deciding = "^shared/(update-run|promotion|rehearsal|status)/";
const adapters = "^shared/(azure|github)/";
const entries = "^(actions|functions|cli)/";

module.exports = {
  forbidden: [
    only("no-cycles", {}, { circular: true }, "A circle has no reading order."),
    only(
      "core-is-the-ground",
      { path: "^shared/core/" },
      { path: "^(shared/(?!core/)|actions|functions|cli|emulator)" },
      "core imports nothing of ours.",
    ),
    only(
      "http-stands-on-core",
      { path: "^shared/http/" },
      { path: "^(shared/(?!core/|http/)|actions|functions|cli|emulator)" },
      "The road to a service knows none of them.",
    ),
    only(
      "concepts-stand-on-core",
      { path: concepts },
      { path: [deciding, adapters, entries, "^emulator/"] },
      "Concepts know core and each other, nothing above.",
    ),
    only(
      "simulator-stands-alone",
      { path: "^shared/simulator/" },
      { path: "^shared/(?!core/|simulator/)" },
      "The world model knows no declared document.",
    ),
    only(
      "deciding-has-no-adapters",
      { path: deciding },
      { path: [adapters, entries, "^emulator/"] },
      "Decisions are pure: they own ports, adapters implement them.",
    ),
    only(
      "adapters-below-entries",
      { path: adapters },
      { path: [entries, "^emulator/"] },
      "Adapters do not know who composes them.",
    ),
    only(
      "product-does-not-know-the-emulator",
      { path: "^(actions|functions|shared)/" },
      { path: "^(emulator|cli)/" },
      "What runs locally is what runs in Azure.",
    ),
    only(
      "entries-are-separate",
      { path: "^functions/" },
      { path: "^(actions|cli)/" },
      "Entry points do not import each other.",
    ),
    only(
      "entries-are-separate-too",
      { path: "^actions/" },
      { path: "^(functions|cli)/" },
      "Entry points do not import each other.",
    ),
    only(
      "emulator-imports-the-simulator-only",
      { path: "^emulator/" },
      { path: "^(actions|functions|cli|shared/(?!simulator/|core/))" },
      "An oracle that shares our parsers shares our bugs.",
    ),
    only(
      "actions-toolkit-in-actions",
      { pathNot: "^actions/" },
      { path: "node_modules/@actions/" },
      "Only actions/ knows the runner.",
    ),
    only(
      "functions-library-in-functions",
      { pathNot: "^functions/" },
      { path: "node_modules/@azure/functions/" },
      "Only functions/ knows the Functions host.",
    ),
    only(
      "sdk-clients-in-adapters",
      { pathNot: "^(shared/(azure|github)|functions/host|actions/runner|test|emulator)/" },
      { path: "node_modules/(@azure/(arm-|identity|data-tables|eventgrid)|@octokit/)" },
      "SDK clients live in adapters and composition roots.",
    ),
    only(
      "no-junk-drawers",
      {},
      { path: "/(utils?|helpers?|common)(/|\\.ts$)", pathNot: "node_modules" },
      "Name the concept.",
    ),
    only(
      "no-dev-dependencies",
      { path: "^(actions|functions|shared)/" },
      // kubernetes-types holds types alone; the parser does not tell `import type` apart.
      { dependencyTypes: ["npm-dev"], pathNot: "node_modules/kubernetes-types/" },
      "What ships depends on what ships.",
    ),
  ],
  options: {
    parser: "swc",
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
    },
  },
};
