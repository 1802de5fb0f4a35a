import { afterEach, describe, expect, it } from "vitest";
import { runBundled } from "./bundled-process.ts";
import { startCloudServer } from "./cloud-server.ts";
import type { Answer, CloudServer } from "./cloud-server.ts";

let server: CloudServer | undefined;

afterEach(async () => {
  await server?.close();
});

/** Publishes the same two images twice and prints what went wrong, if anything. */
async function publishTwice(answer: Answer): Promise<{ printed: string; cloud: CloudServer }> {
  const cloud = await startCloudServer(() => answer);
  server = cloud;
  const code = `
    import { createEventPublisher } from "./shared/azure/event-publisher.ts";
    const credential = {
      getToken: async (scope) => ({ token: "for " + scope, expiresOnTimestamp: Date.now() + 3600000 }),
    };
    const publisher = createEventPublisher(process.env.TOPIC, credential);
    const released = (region) => ({
      region,
      nodeImageVersion: "AKSUbuntu-2204gen2containerd-202607.01.0",
      noticedAt: "2026-07-02T06:00:00.000Z",
    });
    const events = ["westeurope", "northeurope"].map(released);
    publisher
      .publish([])
      .then(() => publisher.publish(events))
      .then(() => publisher.publish(events))
      .catch((error) => console.log(error.code + " " + error.message));
  `;
  const env = { TOPIC: `${cloud.origin}/api/events` };
  return { printed: await runBundled(code, { ca: cloud.ca, env }), cloud };
}

describe("released node images", () => {
  it("are CloudEvents with an id of their own, the same each time", async () => {
    const { printed, cloud } = await publishTwice({ status: 200 });
    expect(printed).toBe("");
    expect(cloud.requests).toHaveLength(2);
    const [first, second] = cloud.requests.map(({ body }) => JSON.parse(body) as { id: string }[]);
    expect(first).toMatchObject([
      {
        specversion: "1.0",
        type: "Fleetwright.NodeImageReleased",
        source: "/fleetwright",
        subject: "locations/westeurope/nodeImages/AKSUbuntu-2204gen2containerd-202607.01.0",
        time: "2026-07-02T06:00:00.000Z",
        data: { region: "westeurope", noticedAt: "2026-07-02T06:00:00.000Z" },
      },
      { data: { region: "northeurope" } },
    ]);
    const ids = first?.map((event) => event.id);
    expect(new Set(ids).size).toBe(2);
    expect(second?.map((event) => event.id)).toEqual(ids);
    expect(cloud.requests[0]?.headers.authorization).toBe(
      "Bearer for https://eventgrid.azure.net/.default",
    );
    expect(cloud.requests[0]?.headers["content-type"]).toContain("cloudevents-batch+json");
  });

  it("that may not be published name the role", async () => {
    const { printed } = await publishTwice({
      status: 403,
      body: { error: { code: "Forbidden", message: "The principal lacks the data action." } },
    });
    expect(printed).toMatch(
      /^unauthorized .*Microsoft\.EventGrid\/events\/send\/action.*EventGrid Data Sender/,
    );
  });
});
