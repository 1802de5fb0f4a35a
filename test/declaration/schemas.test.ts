import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

it("the published JSON Schemas are those that the code parses with", () => {
  const { status, stderr } = spawnSync(process.execPath, ["scripts/schemas.mjs", "--check"], {
    cwd: root,
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  expect(status).toBe(0);
});

interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly pattern?: string;
}

it.each(["workspace", "update-strategy", "release"])(
  "%s.json explains its fields and refuses all others",
  (name) => {
    const schema = JSON.parse(readFileSync(`${root}schemas/${name}.json`, "utf8")) as Schema;
    expect(schema.required).toContain("apiVersion");
    const objects = objectsIn(schema);
    expect(objects.length).toBeGreaterThan(2);
    for (const { properties = {}, additionalProperties } of objects) {
      expect(additionalProperties).toBe(false);
      for (const [field, { type, description }] of Object.entries(properties)) {
        if (type !== "object") expect(description, field).toMatch(/\.$/);
      }
    }
  },
);

it("asks only for what has no default", () => {
  const text = readFileSync(`${root}schemas/workspace.json`, "utf8");
  const spec = (JSON.parse(text) as Schema).properties?.["spec"];
  expect(spec?.required).toEqual(["environments"]);
  expect(spec?.properties?.["environments"]?.items?.required).toEqual(["name", "fleet"]);
});

it("shows editors the forms of pins, and that an upgrade needs the patch", () => {
  const release = JSON.parse(readFileSync(`${root}schemas/release.json`, "utf8"));
  const { spec } = release.properties;
  const forms: Readonly<Record<string, Schema>> = spec.properties.nodeImages.patternProperties;
  const accepts = (family: string, version: string) =>
    Object.entries(forms)
      .filter(([families]) => new RegExp(families).test(family))
      .map(([, { pattern = "" }]) => new RegExp(pattern).test(version));
  expect(accepts("AKSUbuntu-2404gen2containerd", "202607.09.0")).toEqual([true]);
  expect(accepts("AKSUbuntu-2404gen2containerd", "202607.09")).toEqual([false]);
  expect(accepts("AKSWindows-2022-containerd", "20348.3207.250214")).toEqual([true]);
  expect(accepts("AKSWindows-2022-containerd", "202607.09.0")).toEqual([false]);
  expect(spec.if.properties.upgradeType.enum).toEqual(["Full", "ControlPlaneOnly"]);
  const patched = new RegExp(spec.then.properties.kubernetesVersion.pattern);
  expect(["1.33.5", "1.33"].map((version) => patched.test(version))).toEqual([true, false]);
});

function objectsIn(schema: Schema): readonly Schema[] {
  const { properties, items, anyOf = [], additionalProperties } = schema;
  const inner = [
    ...Object.values(properties ?? {}),
    ...(items ? [items] : []),
    ...anyOf,
    ...(typeof additionalProperties === "object" ? [additionalProperties] : []),
  ];
  return [...(properties ? [schema] : []), ...inner.flatMap(objectsIn)];
}
