import { existsSync } from "node:fs";
import { chromium, type Browser, type Page } from "playwright-core";

const CHROMIUM = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium";

/** Where it is missing the tests are skipped, but not in CI: .ci/run installs it. */
export const HAS_BROWSER = existsSync(CHROMIUM) || Boolean(process.env["CI"]);

/** Debian's Chromium; its sandbox needs a kernel feature that containers do not give. */
export async function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
}

/** What the browser complains about: console errors, exceptions, refused or failed requests. */
export function complaintsOf(page: Page): readonly string[] {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("requestfailed", (request) => complaints.push(`${request.method()} ${request.url()}`));
  return complaints;
}
