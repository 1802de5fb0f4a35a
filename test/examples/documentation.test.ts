import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { expect, test } from "vitest";

const PAGES = [
  "README.md",
  "CONTRIBUTING.md",
  "examples/harbour/README.md",
  ...readdirSync("docs")
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
];

/** As GitHub makes anchors of headings. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\- ]/gu, "")
    .trim()
    .replaceAll(" ", "-");
}

function anchorsOf(page: string): readonly string[] {
  return [...readFileSync(page, "utf8").matchAll(/^#+ (.*)$/gm)].map(([, text]) =>
    anchor(text ?? ""),
  );
}

test.each(PAGES)("%s links to what is there", (page) => {
  const links = [...readFileSync(page, "utf8").matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = ""]) => link)
    .filter((link) => !/^[a-z]+:/.test(link));
  const broken = links.filter((link) => {
    const [path = "", name] = link.split("#");
    const target = path === "" ? page : join(dirname(page), path);
    return !existsSync(target) || (name !== undefined && !anchorsOf(target).includes(name));
  });
  expect(broken).toEqual([]);
});

test("the README names every function and every command", () => {
  const readme = readFileSync("README.md", "utf8");
  for (const file of readdirSync("functions").filter((name) => name.endsWith(".ts"))) {
    expect(readme).toContain(`\`${basename(file, ".ts")}\``);
  }
  for (const command of ["init", "doctor", "lint", "status", "emulator"]) {
    expect(readme).toContain(`fleetwright ${command}`);
  }
});
