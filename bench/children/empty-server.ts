import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";

/** Its turns come with pauses: no socket may be closed in one. */
const KEEP_ALIVE_MILLISECONDS = 300_000;

/**
 * What Node's https server can do when nobody does anything: the floor under the emulator. `/<number>`
 * is answered with so many bytes, everything else with none.
 */
export async function serveNothing(files: {
  readonly certificate: string;
  readonly key: string;
}): Promise<void> {
  const options = { cert: readFileSync(files.certificate), key: readFileSync(files.key) };
  const bodies = new Map<string, Buffer>();
  const server = createServer(options, ({ url = "/" }, response) => {
    const body = bodies.get(url) ?? Buffer.alloc(Number(url.slice(1)) || 0, "x");
    bodies.set(url, body);
    response.end(body);
  });
  server.keepAliveTimeout = KEEP_ALIVE_MILLISECONDS;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ arm: `https://127.0.0.1:${port}` })}\n`);
  await once(process, "SIGTERM");
  server.close();
  server.closeAllConnections();
}
