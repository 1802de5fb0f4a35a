import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ArmError } from "../../emulator/arm/provider.ts";
import { evaluate, evaluateText } from "../../emulator/deployments/evaluate.ts";
import { parseLenientJson } from "../../emulator/deployments/lenient-json.ts";
import { collect } from "../conformance/sdk-clients.ts";
import { send, startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator } from "../support/emulator.ts";

const OLD_IMAGE = "AKSUbuntu-2204gen2containerd-202606.16.0";
const VERSION = "?api-version=2022-09-01";
const READER = "99999999-0000-4000-8000-000000000007";

let emulator: TestEmulator;
let group: string;

beforeAll(async () => {
  emulator = await startTestEmulator({
    clock: "manual",
    scenario: {
      resourceGroups: [{ name: "harbour", location: "westeurope" }],
      images: [{ region: "westeurope", version: OLD_IMAGE }],
      principals: [
        {
          name: "templates",
          clientId: READER,
          secret: "s",
          roles: [{ actions: ["Microsoft.Resources/*"], scope: "/" }],
        },
      ],
    },
  });
  group = `/subscriptions/${emulator.ready.subscription}/resourceGroups/harbour/providers`;
});
afterAll(() => emulator.close());

interface Body {
  readonly error?: { readonly code: string; readonly message: string };
  readonly status?: string;
  readonly properties: {
    readonly provisioningState: string;
    readonly parameters: object;
    readonly outputs?: Readonly<Record<string, { readonly value: unknown }>>;
    readonly error?: {
      readonly code: string;
      readonly details: readonly { readonly code: string; readonly message: string }[];
    };
    readonly changes: readonly { readonly resourceId: string; readonly changeType: string }[];
  };
  readonly value: readonly { readonly properties: Readonly<Record<string, unknown>> }[];
}

interface Deploying {
  readonly template?: object;
  readonly parameters?: object;
  readonly as?: string;
  /** Beside the template and its parameters. */
  readonly also?: object;
}

async function arm(method: string, path: string, body?: object, as?: string) {
  const answer = await emulator.call(`${path}${VERSION}`, {
    method,
    ...(body && { body }),
    ...(as !== undefined && { as }),
  });
  return { ...answer, json: answer.json as Body };
}

function properties({ template = {}, parameters = {}, also = {} }: Deploying): object {
  return { properties: { mode: "Incremental", template, parameters, ...also } };
}

/** Deploys, and lets time pass until it is over. */
async function deploy(name: string, deploying: Deploying): Promise<Body["properties"]> {
  const path = `${group}/Microsoft.Resources/deployments/${name}`;
  const begun = await arm("PUT", path, properties(deploying), deploying.as);
  expect(begun.json).toMatchObject({ properties: { provisioningState: "Running" } });
  expect(begun.headers["azure-asyncoperation"]).toContain("/operationStatuses/");
  return untilOver(path, deploying.as);
}

async function untilOver(path: string, as?: string): Promise<Body["properties"]> {
  for (let minute = 0; minute < 120; minute++) {
    const { json } = await arm("GET", path, undefined, as);
    if (json.properties.provisioningState !== "Running") return json.properties;
    await emulator.control("POST", "/clock", { advance: "PT1M" });
  }
  throw new Error(`${path} is still running after two hours`);
}

async function refusal(deploying: Deploying): Promise<string> {
  const path = `${group}/Microsoft.Resources/deployments/refused/validate`;
  const { status, json } = await arm("POST", path, properties(deploying));
  return `${status} ${json.error?.code}: ${json.error?.message}`;
}

const AKS = "Microsoft.ContainerService";
const fleet = { type: `${AKS}/fleets`, apiVersion: "2025-03-01", location: "westeurope" };

const HARBOUR = {
  parameters: {
    name: { type: "string", defaultValue: "quay" },
    nodes: { type: "int", maxValue: 3 },
    key: { type: "securestring", defaultValue: "hush" },
  },
  variables: {
    fleet: "[concat(parameters('name'), '-fleet')]",
    clusterId: `[resourceId('${AKS}/managedClusters', parameters('name'))]`,
  },
  resources: [
    {
      type: `${AKS}/fleets/members`,
      apiVersion: "2025-03-01",
      name: "[format('{0}/m1', variables('fleet'))]",
      dependsOn: ["[variables('fleet')]"],
      properties: {
        clusterResourceId: "[reference(parameters('name'), '2025-03-01', 'Full').id]",
        group: "blue",
      },
    },
    { ...fleet, name: "[variables('fleet')]" },
    {
      type: `${AKS}/fleets/updateStrategies`,
      apiVersion: "2025-03-01",
      name: "[format('{0}/s{1:D2}', variables('fleet'), copyIndex(1))]",
      copy: { name: "strategies", count: 2 },
      dependsOn: ["[variables('fleet')]"],
      properties: {
        strategy: {
          copy: [
            {
              name: "stages",
              count: 2,
              input:
                "[createObject('name', format('stage{0}', copyIndex('stages')), 'groups', createArray(createObject('name', format('blue{0}', copyIndex('stages')))))]",
            },
          ],
        },
      },
    },
    {
      type: `${AKS}/managedClusters`,
      apiVersion: "2025-03-01",
      name: "[parameters('name')]",
      location: "[resourceGroup().location]",
      identity: { type: "SystemAssigned" },
      properties: {
        dnsPrefix: "[toLower(parameters('name'))]",
        agentPoolProfiles: [
          {
            name: "system",
            mode: "System",
            vmSize: "Standard_D4s_v5",
            count: "[parameters('nodes')]",
          },
        ],
      },
      resources: [
        {
          type: "agentPools",
          apiVersion: "2025-03-01",
          name: "user",
          properties: { count: 1, vmSize: "Standard_D4s_v5", mode: "User" },
        },
      ],
    },
    { ...fleet, name: "never", condition: "[equals(parameters('name'), 'other')]" },
  ],
  outputs: {
    fqdn: { type: "string", value: "[reference(variables('clusterId')).fqdn]" },
    key: { type: "securestring", value: "[parameters('key')]" },
  },
};

describe("a template", () => {
  test("is deployed in the order of what depends on what, with its loops, conditions and outputs", async () => {
    const parameters = { nodes: { value: 2 } };
    const path = `${group}/Microsoft.Resources/deployments/harbour`;
    const foreseen = await arm(
      "POST",
      `${path}/whatIf`,
      properties({ template: HARBOUR, parameters }),
    );
    expect(foreseen.json.properties.changes.map(({ changeType }) => changeType)).toEqual(
      Array.from({ length: 6 }, () => "Create"),
    );
    const done = await deploy("harbour", { template: HARBOUR, parameters });
    expect(done.error).toBeUndefined();
    expect(done).toMatchObject({
      provisioningState: "Succeeded",
      parameters: { name: { value: "quay" }, key: { type: "securestring" } },
      outputs: { fqdn: { value: expect.stringMatching(/^quay-.*azmk8s\.io$/) } },
    });
    expect(JSON.stringify(done)).not.toContain("hush");
    expect(await emulator.aks.agentPools.get("harbour", "quay", "user")).toMatchObject({
      count: 1,
    });
    const strategy = await emulator.fleet.fleetUpdateStrategies.get("harbour", "quay-fleet", "s02");
    expect(strategy.properties?.strategy.stages.map(({ name }) => name)).toEqual([
      "stage0",
      "stage1",
    ]);
    const { json } = await arm("GET", `${path}/operations`);
    const made = json.value.map(
      (step) => step.properties["targetResource"] as { resourceName: string },
    );
    const names = made.map(({ resourceName }) => resourceName);
    expect(names).not.toContain("never");
    expect(names.indexOf("quay-fleet/m1")).toBeGreaterThan(names.indexOf("quay"));
    const again = await arm(
      "POST",
      `${path}/whatIf`,
      properties({ template: HARBOUR, parameters: { nodes: { value: 3 } } }),
    );
    const changed = again.json.properties.changes.filter(
      ({ changeType }) => changeType === "Modify",
    );
    expect(changed.map(({ resourceId }) => resourceId.split("/").at(-1))).toEqual(["quay"]);
  });

  test("fails with what its resource was refused for, and makes nothing that depends on it", async () => {
    const template = {
      resources: [
        { ...fleet, name: "UPPER" },
        { ...fleet, name: "after", dependsOn: ["UPPER"] },
        { ...fleet, name: "beside" },
      ],
    };
    const failed = await deploy("failing", { template });
    expect(failed.provisioningState).toBe("Failed");
    expect(failed.error).toMatchObject({
      code: "DeploymentFailed",
      details: [{ code: expect.any(String) }],
    });
    const fleets = await collect(emulator.fleet.fleets.listByResourceGroup("harbour"));
    const names = fleets.map(({ name }) => name);
    expect(names).toContain("beside");
    expect(names).not.toContain("after");
  });

  test("is deployed with the rights of its caller alone", async () => {
    const template = { resources: [{ ...fleet, name: "denied" }] };
    const failed = await deploy("denied", { template, as: "templates" });
    expect(failed.error?.details[0]).toMatchObject({
      code: "AuthorizationFailed",
      message: expect.stringContaining(`${AKS}/fleets/write`),
    });
  });

  test("may hold templates of its own, name resources by symbols and be meant for the subscription", async () => {
    const inner = {
      parameters: { n: { type: "string" } },
      resources: {
        one: { ...fleet, name: "[parameters('n')]" },
        two: { ...fleet, name: "inner-2", dependsOn: ["one"] },
      },
      languageVersion: "2.0",
      outputs: { id: { type: "string", value: "[reference('one', '2025-03-01', 'Full').id]" } },
    };
    const template = {
      resources: [
        {
          type: "Microsoft.Resources/resourceGroups",
          apiVersion: "2022-09-01",
          name: "yard",
          location: "[deployment().location]",
        },
        {
          type: "Microsoft.Resources/deployments",
          apiVersion: "2022-09-01",
          name: "inner",
          resourceGroup: "yard",
          dependsOn: ["[subscriptionResourceId('Microsoft.Resources/resourceGroups', 'yard')]"],
          properties: {
            mode: "Incremental",
            expressionEvaluationOptions: { scope: "inner" },
            parameters: { n: { value: "inner-1" } },
            template: inner,
          },
        },
      ],
      outputs: { id: { type: "string", value: "[reference('inner').outputs.id.value]" } },
    };
    const subscription = `/subscriptions/${emulator.ready.subscription}`;
    const path = `${subscription}/providers/Microsoft.Resources/deployments/outer`;
    const body = { location: "westeurope", ...properties({ template }) };
    expect((await arm("PUT", path, body)).status).toBe(201);
    expect(await untilOver(path)).toMatchObject({
      provisioningState: "Succeeded",
      outputs: { id: { value: expect.stringContaining("/resourceGroups/yard/") } },
    });
  });

  test("comes as the Azure CLI sends it: with comments and with a name that is not quoted", async () => {
    const url = `${emulator.ready.arm}${group}/Microsoft.Resources/deployments/cli/validate${VERSION}`;
    const owner = emulator.environment.tokens.principals.find(({ name }) => name === "owner");
    if (!owner) throw new Error("the owner is gone");
    const { token } = emulator.environment.tokens.issue(owner, "https://management.azure.com");
    const text = `{"properties": {"mode": "Incremental", template:{ // all of it
      "resources": [], /* no more */ "outputs": {"a": {"type": "string", "value": "two
lines: // here"}}}}}`;
    const { status } = await send(url, emulator.ca, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: text,
    });
    expect(status).toBe(200);
  });
});

describe("a deployment", () => {
  test("is listed, canceled, exported and deleted", async () => {
    const template = {
      resources: [
        { ...fleet, name: "slow" },
        { ...fleet, name: "later", dependsOn: ["slow"] },
      ],
    };
    const path = `${group}/Microsoft.Resources/deployments/slow`;
    await arm("PUT", path, properties({ template }));
    expect((await arm("PUT", path, properties({ template }))).json.error?.code).toBe(
      "DeploymentActive",
    );
    expect((await arm("POST", `${path}/cancel`)).status).toBe(204);
    await emulator.control("POST", "/clock", { advance: "PT10M" });
    expect((await arm("GET", path)).json.properties.provisioningState).toBe("Canceled");
    expect((await arm("POST", `${path}/cancel`)).status).toBe(409);
    expect((await arm("HEAD", path)).status).toBe(204);
    expect((await arm("POST", `${path}/exportTemplate`)).json).toEqual({ template });
    const { json } = await arm("GET", `${group}/Microsoft.Resources/deployments`);
    expect(json.value).toContainEqual(expect.objectContaining({ name: "slow" }));
    expect((await arm("DELETE", path)).status).toBe(204);
    expect((await arm("GET", path)).json.error?.code).toBe("DeploymentNotFound");
    const fleets = await collect(emulator.fleet.fleets.listByResourceGroup("harbour"));
    expect(fleets.map(({ name }) => name)).not.toContain("later");
  });
});

const one = { ...fleet, name: "one" };
const doubling = Object.fromEntries(
  Array.from({ length: 60 }, (_, index) => [
    `v${index + 1}`,
    `[createArray(variables('v${index}'), variables('v${index}'))]`,
  ]),
);

test.each<Deploying & { name: string; says: RegExp }>([
  { name: "no template", also: { template: 7 }, says: /InvalidTemplate/ },
  {
    name: "a link",
    also: { templateLink: { uri: "https://x" } },
    says: /NotSupported: 'templateLink'/,
  },
  { name: "another mode", also: { mode: "Complete" }, says: /NotSupported: The mode 'Complete'/ },
  {
    name: "a parameter without value",
    template: { parameters: { a: { type: "int" } } },
    says: /'a' is not provided/,
  },
  {
    name: "a parameter too many",
    parameters: { b: { value: 1 } },
    says: /'b' in the parameters file/,
  },
  {
    name: "a value of another type",
    template: { parameters: { a: { type: "int" } } },
    parameters: { a: { value: "x" } },
    says: /not of type 'int'/,
  },
  {
    name: "a value that is not allowed",
    template: { parameters: { a: { type: "string", allowedValues: ["x"] } } },
    parameters: { a: { value: "y" } },
    says: /'a' is not valid/,
  },
  {
    name: "an unknown function",
    template: { resources: [{ ...one, name: "[explode('a')]" }] },
    says: /'explode' is not known/,
  },
  {
    name: "a function of every object",
    template: { resources: [{ ...one, name: "[constructor('a')]" }] },
    says: /'constructor' is not known/,
  },
  {
    name: "half an expression",
    template: { resources: [{ ...one, name: "[concat('a']" }] },
    says: /not valid near/,
  },
  {
    name: "nesting without end",
    template: {
      resources: [{ ...one, name: `[${"not(".repeat(2_000)}true()${")".repeat(2_000)}]` }],
    },
    says: /nested too deep/,
  },
  {
    name: "values that double",
    template: {
      variables: { v0: "x", ...doubling },
      resources: [{ ...one, name: "[string(variables('v60'))]" }],
    },
    says: /too large/,
  },
  {
    name: "a variable of itself",
    template: {
      variables: { v: "[variables('v')]" },
      resources: [{ ...one, name: "[variables('v')]" }],
    },
    says: /refers to itself/,
  },
  {
    name: "what depends on nothing known",
    template: { resources: [{ ...one, dependsOn: ["two"] }] },
    says: /'two' that 'one' depends on/,
  },
  {
    name: "a circle",
    template: {
      resources: [
        { ...one, dependsOn: ["two"] },
        { ...fleet, name: "two", dependsOn: ["one"] },
      ],
    },
    says: /circular dependency/,
  },
  { name: "the same twice", template: { resources: [one, one] }, says: /defined multiple times/ },
  {
    name: "too many copies",
    template: { resources: [{ ...one, copy: { name: "c", count: 801 } }] },
    says: /count from 0 to 800/,
  },
  {
    name: "names and types that do not fit",
    template: { resources: [{ ...fleet, name: "a/b" }] },
    says: /same number of parts/,
  },
  {
    name: "no version",
    template: { resources: [{ type: `${AKS}/fleets`, name: "a" }] },
    says: /has no apiVersion/,
  },
  {
    name: "resources that are none",
    template: { resources: [7] },
    says: /a resource is no object/,
  },
])("$name is refused before anything is deployed", async ({ says, ...deploying }) => {
  expect(await refusal(deploying)).toMatch(/^400 /);
  expect(await refusal(deploying)).toMatch(says);
});

const plain = { functions: {}, loops: [] };

test.each<[expression: string, value: unknown]>([
  ["[[not an expression]", "[not an expression]"],
  ["plain", "plain"],
  ["[concat('it''s ', 1, true())]", "it's 1true"],
  ["[concat(createArray(1), createArray(2))]", [1, 2]],
  ["[format('{0}-{1:D3}-{{x}}', 'a', 7)]", "a-007-{x}"],
  ["[if(equals(1, 1), 'yes', div(1, 0))]", "yes"],
  ["[or(true(), equals(div(1, 0), 1))]", true],
  ['[json(\'{"a": [1, {"b": 2}]}\').a[1].b]', 2],
  ["[union(createObject('a', 1), createObject('b', 2))]", { a: 1, b: 2 }],
  ["[coalesce(null(), 'x')]", "x"],
  ["[length(range(3, 4))]", 4],
  ["[substring('harbour', 1, 3)]", "arb"],
  ["[join(split('a,b;c', createArray(',', ';')), '+')]", "a+b+c"],
  ["[toUpper(first(skip('quay', 1)))]", "U"],
  ["[contains(createObject('Key', 1), 'key')]", true],
  ["[padLeft(7, 3, '0')]", "007"],
  ["[base64ToString(base64('x'))]", "x"],
  ["[length(uniqueString('a'))]", 13],
  ["[equals(guid('a', 'b'), guid('a', 'b'))]", true],
  ["[max(createArray(1, 5, 3))]", 5],
  ["[empty('')]", true],
])("%s is %j", async (expression, value) => {
  expect(await evaluateText(expression, plain)).toEqual(value);
});

test("whatever stands in a template is worked out or refused", async () => {
  const word = fc.constantFrom(
    "[",
    "]",
    "(",
    ")",
    "'",
    ",",
    ".",
    "concat",
    "copy",
    "if",
    "1",
    " ",
    "range",
    "-",
  );
  const expression = fc.array(word, { maxLength: 14 }).map((words) => `[${words.join("")}]`);
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(expression, fc.string(), fc.jsonValue({ maxDepth: 3 })),
      async (value) => {
        const outcome = await evaluate({ copy: [value], other: value }, plain).catch(
          (error: unknown) => error,
        );
        expect(outcome instanceof Error ? outcome : new ArmError(400, "", "")).toBeInstanceOf(
          ArmError,
        );
      },
    ),
    { numRuns: 500 },
  );
});

test("lenient JSON reads what JSON reads, and nothing that is broken otherwise", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value);
      expect(parseLenientJson(`/* c */${text} // end`)).toEqual(JSON.parse(text));
    }),
  );
  for (const broken of ["{", "{a}", '{"a": b}', "/*", '"', "a:"]) {
    expect(() => parseLenientJson(broken)).toThrow(SyntaxError);
  }
});
