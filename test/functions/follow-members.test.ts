import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { followMembers } from "../../functions/host/follow-members.ts";
import { parseDestination } from "../../shared/azure/cluster-subscriptions.ts";
import { startLocalApp, type LocalApp } from "./local-app.ts";

/** Event subscriptions follow the members of the declared fleet, against the emulator's Event Grid. */
const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555";
const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/harbour/providers/Microsoft.ContainerService`;
const FLEET = `${GROUP}/fleets/harbour`;
const LIST = `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.EventGrid/locations/westeurope/topicTypes/Microsoft.ContainerService.ManagedClusters/eventSubscriptions?api-version=2025-02-15`;

/** Exactly the shipped roles, and no more. */
const actions = ["reactor", "subscriber"].flatMap((role) => {
  const path = join(import.meta.dirname, `../../infra/roles/${role}.json`);
  const { Actions, DataActions } = JSON.parse(readFileSync(path, "utf8")) as {
    Actions: string[];
    DataActions: string[];
  };
  return [...Actions, ...DataActions];
});

let hook: Server;
let local: LocalApp;
let address: string;

beforeAll(async () => {
  // The Functions host's part of the handshake.
  hook = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      if (request.method === "OPTIONS") {
        response.writeHead(200, { "WebHook-Allowed-Origin": "eventgrid.azure.net" }).end();
        return;
      }
      const [event] = JSON.parse(Buffer.concat(chunks).toString()) as {
        data?: { validationCode?: string };
      }[];
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ validationResponse: event?.data?.validationCode }));
    });
  });
  await new Promise<void>((listening) => hook.listen(0, "127.0.0.1", listening));
  const { port } = hook.address() as AddressInfo;
  address = `http://127.0.0.1:${port}/runtime/webhooks/EventGrid?code=s3cret`;
  local = await startLocalApp({
    scenario: {
      subscription: SUBSCRIPTION,
      images: [{ region: "westeurope", version: "AKSUbuntu-2404gen2containerd-202606.16.0" }],
      clusters: ["quay-1", "quay-2", "quay-3"].map((name) => ({
        name,
        resourceGroup: "harbour",
        location: "westeurope",
        pools: [{ name: "system", mode: "System" as const, count: 1, osSku: "Ubuntu" }],
      })),
      principals: [
        {
          name: "reactor",
          clientId: "99999999-0000-0000-0000-000000000001",
          roles: [{ actions, scope: `/subscriptions/${SUBSCRIPTION}` }],
        },
      ],
      fleets: [
        {
          name: "harbour",
          resourceGroup: "harbour",
          location: "westeurope",
          members: ["quay-1", "quay-2"].map((name) => ({ name, cluster: name, group: "one" })),
        },
      ],
    },
    principal: "reactor",
    files: {
      "fleetwright.yaml": `apiVersion: fleetwright.dev/v1alpha1
kind: Workspace
spec:
  environments:
    - {name: prod, fleet: ${FLEET}}
`,
    },
    settings: async () => ({ FLEETWRIGHT_EVENT_DESTINATION: address }),
  });
}, 60_000);
afterAll(async () => {
  hook.close();
  await local?.close();
});

async function subscribed(): Promise<readonly string[]> {
  const { json } = await local.azure.call(LIST);
  const { value } = json as {
    value: readonly { name: string; properties: { topic: string } }[];
  };
  return value
    .map(({ name, properties }) => `${properties.topic.split("/").at(-1)} ${name}`)
    .toSorted();
}

const both = (cluster: string) => [
  `${cluster} fleetwright`,
  `${cluster} fleetwright-on-kubernetes-version`,
];

async function member(name: string, method: "PUT" | "DELETE"): Promise<void> {
  const reply = await local.azure.call(`${FLEET}/members/${name}?api-version=2026-06-01`, {
    method,
    ...(method === "PUT"
      ? { body: { properties: { clusterResourceId: `${GROUP}/managedClusters/${name}` } } }
      : {}),
  });
  expect([200, 201, 202], reply.text).toContain(reply.status);
  await local.advance("PT10M");
}

test("each member is subscribed to once, and nobody else", async () => {
  // Azure's time is that of its answers: the sweep has asked for runs before.
  await local.app.fleets.listMembers(FLEET);
  await followMembers(local.app);
  expect(await subscribed()).toEqual([...both("quay-1"), ...both("quay-2")]);
  const { entries } = (await local.azure.control("GET", "/audit")) as { entries: object[] };
  await local.advance("PT11M");
  await local.app.fleets.listMembers(FLEET);
  await followMembers(local.app);
  const after = (await local.azure.control("GET", "/audit")) as { entries: object[] };
  expect(after.entries).toHaveLength(entries.length);
});

test("a member that joins is subscribed to, and one that leaves no more", async () => {
  await member("quay-3", "PUT");
  await member("quay-1", "DELETE");
  await local.app.fleets.listMembers(FLEET);
  await followMembers(local.app);
  expect(await subscribed()).toEqual([...both("quay-2"), ...both("quay-3")]);
});

test("a subscription with our name that leads elsewhere is left alone", async () => {
  const elsewhere = `${GROUP}/managedClusters/quay-1/providers/Microsoft.EventGrid/eventSubscriptions/fleetwright?api-version=2025-02-15`;
  const other = address.replace("/EventGrid", "/Other");
  const made = await local.azure.call(elsewhere, {
    method: "PUT",
    body: {
      properties: {
        destination: { endpointType: "WebHook", properties: { endpointUrl: other } },
        eventDeliverySchema: "CloudEventSchemaV1_0",
      },
    },
  });
  expect(made.status).toBe(201);
  await local.advance("PT11M");
  await local.app.fleets.listMembers(FLEET);
  await followMembers(local.app);
  expect(await subscribed()).toContain("quay-1 fleetwright");
});

test("an address that is none is refused without being repeated", () => {
  const wrong = "http://hooks.example/?code=s3cret";
  expect(() => parseDestination(wrong)).toThrow(/neither the id of a function app/);
  expect(() => parseDestination(wrong)).not.toThrow(/s3cret/);
});
