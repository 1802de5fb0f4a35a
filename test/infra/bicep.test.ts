import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { beforeAll, describe, expect, test } from "vitest";
import { emits, findTopicType } from "../../emulator/event-grid/topic-types.ts";
import { filesBelow, functionNames } from "../support/files.ts";
import { readBicep, type BicepFile } from "./bicep.ts";

let files: ReadonlyMap<string, BicepFile>;

beforeAll(async () => {
  const read = await Promise.all(filesBelow("infra", /\.bicep$/).map(readBicep));
  files = new Map(read.map((file) => [file.path, file]));
});

const all = (): BicepFile[] => [...files.values()];
const file = (path: string): BicepFile => {
  const found = files.get(path);
  if (!found) throw new Error(`there is no ${path}`);
  return found;
};

describe("every file", () => {
  test("follows the grammar, and uses only names that it declares", () => {
    expect(files.size).toBeGreaterThan(9);
    expect(all().flatMap(({ syntaxErrors }) => syntaxErrors)).toEqual([]);
    expect(all().flatMap(({ undeclared }) => undeclared)).toEqual([]);
    expect(all().flatMap(({ path, doubled }) => doubled.map((name) => [path, name]))).toEqual([]);
    expect(all().flatMap(({ path, unused }) => unused.map((name) => [path, name]))).toEqual([]);
  });

  test("reads no output of a module that may not be deployed", () => {
    const conditional = all().flatMap(({ modules }) =>
      modules.filter(({ isConditional }) => isConditional),
    );
    expect(conditional.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["subscriber", "gateTopicOfOurs"]),
    );
    expect(conditional.flatMap(({ outputsRead }) => outputsRead)).toEqual([]);
  });

  test("gives each deployment of one scope a name of its own, as short as ARM takes it", () => {
    for (const { path, text } of all()) {
      const names = [...text.matchAll(/^module \w+ [^\n]*\n(?:[^\n]*\n)?\s+name: '([^']+)'/gm)];
      const told = names.map(([, name = ""]) => name);
      expect(new Set(told).size, path).toBe(told.length);
      for (const name of told) expect(name.length, `${path}: ${name}`).toBeLessThanOrEqual(64);
    }
  });

  test("gives each module what it needs and nothing that it does not know", () => {
    for (const { path, modules } of all()) {
      for (const module of modules) {
        const { params, outputs } = file(module.path);
        const required = [...params]
          .filter(([, { isRequired }]) => isRequired)
          .map(([name]) => name);
        expect(module.params, `${path}: ${module.name}`).toEqual(expect.arrayContaining(required));
        expect([...params.keys()], `${path}: ${module.name}`).toEqual(
          expect.arrayContaining([...module.params]),
        );
        expect([...outputs], `${path}: ${module.name}`).toEqual(
          expect.arrayContaining([...module.outputsRead]),
        );
      }
    }
  });

  test("deploys a module at the scope that the module is for", () => {
    for (const { path, targetScope, modules } of all()) {
      for (const module of modules) {
        const elsewhere = file(module.path).targetScope !== targetScope;
        // The other way round, a scope of the same kind may be another resource group.
        if (elsewhere) expect(module.hasScope, `${path}: ${module.name}`).toBe(true);
      }
    }
  });

  test("is used", () => {
    const used = new Set(all().flatMap(({ modules }) => modules.map(({ path }) => path)));
    const entries = ["infra/main.bicep", "infra/subscriptions.bicep", "infra/workflows.bicep"];
    expect(
      all()
        .map(({ path }) => path)
        .filter((path) => !used.has(path))
        .toSorted(),
    ).toEqual(entries);
  });

  test("speaks one version of each resource type", () => {
    const versions = new Map<string, Set<string>>();
    for (const { resources } of all()) {
      for (const { type, apiVersion } of resources) {
        expect(apiVersion).toMatch(/^20\d\d-\d\d-\d\d$/);
        // Parent and child types of a provider move together.
        const provider = type.split("/").slice(0, 2).join("/");
        versions.set(provider, (versions.get(provider) ?? new Set()).add(apiVersion));
      }
    }
    for (const [type, found] of versions) expect([type, ...found]).toHaveLength(2);
  });
});

describe("no key opens anything", () => {
  test("storage, topic and telemetry take identities alone, and nothing is listed, shared or put out", () => {
    const [storage, topic, app] = ["storage", "topic", "app"].map(
      (name) => file(`infra/modules/${name}.bicep`).text,
    );
    expect(storage).toContain("allowSharedKeyAccess: false");
    expect(storage).toContain("allowBlobPublicAccess: false");
    expect(topic).toContain("disableLocalAuth: true");
    expect(app).toContain("DisableLocalAuth: true");
    expect(app).toContain("httpsOnly: true");
    expect(file("infra/modules/vault.bicep").text).toContain("enableRbacAuthorization: true");
    for (const { path, calls, outputs } of all()) {
      const listing = [...calls].filter((name) => /list|sas|secret/i.test(name));
      expect([path, ...listing]).toEqual([path]);
      expect([...outputs].filter((name) => /key|secret|connection|password/i.test(name))).toEqual(
        [],
      );
    }
  });

  /** https://learn.microsoft.com/azure/role-based-access-control/built-in-roles */
  const BUILT_IN: Readonly<Record<string, string>> = {
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
    "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
    "12338af0-0e69-4776-bea7-57ae8d297424": "Key Vault Crypto User",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
    "de139f84-1758-47ae-9be6-808fbbe84772": "Website Contributor",
  };

  test("only the built-in roles that the documents name are assigned", async () => {
    const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
    const assigned = all().flatMap(({ strings }) => strings.filter((text) => guid.test(text)));
    expect(assigned.toSorted()).toEqual(Object.keys(BUILT_IN).toSorted());
    const operations = await readFile("docs/operations.md", "utf8");
    for (const name of assigned.map((id) => BUILT_IN[id] ?? "")) expect(operations).toContain(name);
  });
});

describe("what listens", () => {
  test("is a function that exists", () => {
    const named = all().flatMap(({ strings }) =>
      strings.flatMap((text) => /\/functions\/([a-z-]+)$/.exec(text)?.[1] ?? []),
    );
    const given = [...file("infra/subscriptions.bicep").text.matchAll(/functionName: '([^']+)'/g)];
    const listening = [...named, ...given.map(([, name]) => name ?? "")];
    expect(listening.length).toBeGreaterThanOrEqual(3);
    expect(functionNames()).toEqual(expect.arrayContaining(listening));
  });

  test("asks for events that its topic emits", () => {
    const asked = all().flatMap(({ strings }) =>
      strings.filter((text) => /^Microsoft\.[A-Za-z.]+$/.test(text)),
    );
    const events = asked.filter((name) => findTopicType(name) === undefined);
    const types = [
      "Microsoft.ContainerService.ManagedClusters",
      "Microsoft.ResourceNotifications.AKSResources",
    ]
      .map(findTopicType)
      .filter((type) => type !== undefined);
    for (const name of events)
      expect(
        types.some((type) => emits(type, name)),
        name,
      ).toBe(true);
    expect(events).toContain("Microsoft.ContainerService.NodePoolRollingFailed");
    expect(events).toContain("Microsoft.ResourceNotifications.AKSResources.FleetGateUpdated");
  });

  test("gets one event per request: a failing one would bring its whole batch again", () => {
    const subscribing = all().filter(({ resources }) =>
      resources.some(({ type }) => type.endsWith("eventSubscriptions")),
    );
    expect(subscribing).toHaveLength(3);
    for (const { text } of subscribing) expect(text).toContain("maxEventsPerBatch: 1");
  });
});

describe("settings", () => {
  test("of azd are parameters of the templates, which put out what the second half takes", async () => {
    const main = file("infra/main.bicep");
    const { parameters } = JSON.parse(await readFile("infra/main.parameters.json", "utf8")) as {
      parameters: Record<string, unknown>;
    };
    const required = [...main.params].filter(([, { isRequired }]) => isRequired);
    expect(Object.keys(parameters)).toEqual(expect.arrayContaining(required.map(([name]) => name)));
    expect([...main.params.keys()]).toEqual(expect.arrayContaining(Object.keys(parameters)));
    const { hooks } = parse(await readFile("azure.yaml", "utf8")) as {
      hooks: { postdeploy: { run: string } };
    };
    const { run } = hooks.postdeploy;
    const subscriptions = file("infra/subscriptions.bicep");
    const given = [...run.matchAll(/ (\w+)="/g)].map(([, name]) => name ?? "");
    expect(given.toSorted()).toEqual([...subscriptions.params.keys()].toSorted());
    const needed = [...run.matchAll(/"\$(FLEETWRIGHT_\w+)"/g)].map(([, name]) => name ?? "");
    expect([...main.outputs]).toEqual(expect.arrayContaining(needed));
  });

  test("that the template writes are documented, and those that the code requires are written", async () => {
    const app = file("infra/modules/app.bicep").text;
    const written = [
      ...app.matchAll(/^\s+([A-Z][A-Za-z]*_[A-Za-z_]+|AzureWebJobsStorage__\w+): /gm),
    ].map(([, name]) => name ?? "");
    const documented = await readFile("docs/deploy.md", "utf8");
    const ours = written.filter(
      (name) =>
        !name.startsWith("APPLICATIONINSIGHTS") && !name.includes("__cr") && !name.includes("__cl"),
    );
    for (const name of ours) expect(documented, name).toContain(`\`${name}\``);
    const required = (await readFile("functions/host/settings.ts", "utf8")).matchAll(
      /required\(env, "(\w+)"\)/g,
    );
    for (const [, name] of required) expect(app).toContain(`${name}: `);
  });

  test("make a Flex Consumption app of a runtime that package.json accepts", async () => {
    const app = file("infra/modules/app.bicep").text;
    expect(app).toMatch(/sku: \{ name: 'FC1', tier: 'FlexConsumption' \}/);
    const [, version] = /runtime: \{ name: 'node', version: '(\d+)' \}/.exec(app) ?? [];
    const { engines } = JSON.parse(await readFile("package.json", "utf8")) as {
      engines: { node: string };
    };
    expect(Number(version)).toBeGreaterThanOrEqual(Number(/\d+/.exec(engines.node)?.[0]));
    // Flex Consumption refuses these.
    expect(app).not.toMatch(
      /FUNCTIONS_WORKER_RUNTIME|FUNCTIONS_EXTENSION_VERSION|WEBSITE_TIME_ZONE/,
    );
  });
});

describe("shipped roles", () => {
  const DESTRUCTIVE =
    /\/delete$|agentPools\/write|managedClusters\/write|deleteMachines|eviction|pods\/delete|nodes\/write|\*/i;

  const ROLES = filesBelow("infra/roles", /\.json$/);

  test("are each defined and given to somebody by a template, as their files have them", () => {
    const loaded = all().flatMap((template) => template.loaded);
    expect(loaded.toSorted()).toEqual(ROLES.toSorted());
    const definition = file("infra/modules/custom-role.bicep").text;
    for (const field of ["Actions", "NotActions", "DataActions", "NotDataActions"])
      expect(definition).toMatch(new RegExp(`: role\\.${field}$`, "m"));
  });

  test.each(ROLES)(
    "%s is a custom role without wildcards that names each permission once",
    async (path) => {
      const role = JSON.parse(await readFile(path, "utf8")) as {
        readonly Name: string;
        readonly Description: string;
        readonly IsCustom: boolean;
        readonly Actions: readonly string[];
        readonly DataActions: readonly string[];
        readonly NotActions: readonly string[];
        readonly NotDataActions: readonly string[];
        readonly AssignableScopes: readonly string[];
      };
      const name = path.split("/").at(-1)?.replace(".json", "");
      expect(role.Name).toBe(`Fleetwright ${name}`);
      // Entra's limit of a role's description.
      expect(role.Description.length).toBeLessThanOrEqual(1_024);
      const granted = [...role.Actions, ...role.DataActions];
      expect(new Set(granted).size).toBe(granted.length);
      expect([...role.NotActions, ...role.NotDataActions]).toEqual([]);
      expect(role.AssignableScopes).toEqual(["/subscriptions/{subscription}"]);
      expect(role.IsCustom).toBe(true);
      for (const action of [...role.Actions, ...role.DataActions]) {
        expect(action).toMatch(/^Microsoft\.[A-Za-z]+(\/[A-Za-z]+)+$/);
      }
      if (name === "reactor" || name === "reader") {
        expect(
          [...role.Actions, ...role.DataActions].filter((action) => DESTRUCTIVE.test(action)),
        ).toEqual([]);
      }
    },
  );
});
