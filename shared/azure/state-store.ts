import { TableClient, odata } from "@azure/data-tables";
import type { TableEntity, TableEntityResult } from "@azure/data-tables";
import type { TokenCredential } from "@azure/identity";
import { FleetwrightError } from "../core/errors.ts";
import type { StateStore, StoredRow } from "../core/state-store.ts";
import type { Environment } from "./environment.ts";
import { toFleetwrightError } from "./errors.ts";
import { tableKey } from "./table-key.ts";

const TABLE = "fleetwright";
const ROLE = "Storage Table Data Contributor";
/** A string property holds 64 KiB; 15,000 UTF-16 characters leave room on both sides of that. */
const CHUNK_LENGTH = 15_000;
/** An entity holds 1 MiB: 30 chunks are 900 kB. */
const MAX_CHUNKS = 30;
/** A partition is a handful of rows per run; more than this is a leak, not state. */
const MAX_ROWS = 10_000;

type Entity = TableEntityResult<Record<string, unknown>>;

/**
 * State in one table of the Functions app's own storage account: `AzureWebJobsStorage__tableServiceUri` (or
 * `…__accountName`) with the app's identity, or the connection string `AzureWebJobsStorage`.
 */
export function createTableStateStore(env: Environment, credential: TokenCredential): StateStore {
  const table = connect(env, credential);
  let created: Promise<void> | undefined;
  const ready = async (): Promise<TableClient> => {
    created ??= table.createTable().catch((error: unknown) => {
      created = undefined;
      throw error;
    });
    await created;
    return table;
  };
  const attempt = async <T>(action: string, call: (table: TableClient) => Promise<T>) => {
    try {
      return await call(await ready());
    } catch (error) {
      const id = `${table.url}/${TABLE}`;
      throw toFleetwrightError(error, { id, action: actionName(action), role: ROLE });
    }
  };
  return {
    get: (partition, row) => attempt("read", (client) => readRow(client, partition, row)),
    list: (partition) => attempt("read", (client) => readRows(client, partition)),
    insert: (partition, row, value) =>
      attempt("add/action", (client) => insertRow(client, partition, row, value)),
    replace: (partition, row, value, etag) =>
      attempt("write", (client) => replaceRow(client, partition, row, value, etag)),
    remove: (partition, row, etag) =>
      attempt("delete", (client) => removeRow(client, partition, row, etag)),
  };
}

async function readRow<T>(
  client: TableClient,
  partition: string,
  row: string,
): Promise<StoredRow<T> | undefined> {
  try {
    return toRow(await client.getEntity(tableKey(partition), tableKey(row)));
  } catch (error) {
    if (hasStatus(error, 404)) return undefined;
    throw error;
  }
}

async function readRows<T>(client: TableClient, partition: string): Promise<StoredRow<T>[]> {
  const rows: StoredRow<T>[] = [];
  const filter = odata`PartitionKey eq ${tableKey(partition)}`;
  for await (const entity of client.listEntities({ queryOptions: { filter } })) {
    if (rows.length === MAX_ROWS) {
      throw new FleetwrightError("service-error", `${partition} holds over ${MAX_ROWS} rows`);
    }
    rows.push(toRow(entity));
  }
  return rows;
}

async function insertRow(
  client: TableClient,
  partition: string,
  row: string,
  value: unknown,
): Promise<string | undefined> {
  try {
    return etagOf(await client.createEntity(toEntity(partition, row, value)));
  } catch (error) {
    if (hasStatus(error, 409)) return undefined;
    throw error;
  }
}

async function replaceRow(
  client: TableClient,
  partition: string,
  row: string,
  value: unknown,
  etag: string,
): Promise<string | undefined> {
  try {
    return etagOf(await client.updateEntity(toEntity(partition, row, value), "Replace", { etag }));
  } catch (error) {
    // 404: somebody else removed it first.
    if (hasStatus(error, 412) || hasStatus(error, 404)) return undefined;
    throw error;
  }
}

function etagOf({ etag }: { readonly etag?: string }): string {
  if (etag) return etag;
  throw new FleetwrightError("service-error", "table storage answered a write without an ETag");
}

async function removeRow(
  client: TableClient,
  partition: string,
  row: string,
  etag: string | undefined,
): Promise<boolean> {
  try {
    await client.deleteEntity(
      tableKey(partition),
      tableKey(row),
      etag === undefined ? {} : { etag },
    );
  } catch (error) {
    if (hasStatus(error, 412)) return false;
    if (!hasStatus(error, 404)) throw error;
  }
  return true;
}

function connect(env: Environment, credential: TokenCredential): TableClient {
  const account = env["AzureWebJobsStorage__accountName"];
  const uri =
    env["AzureWebJobsStorage__tableServiceUri"] ||
    (account ? `https://${account}.table.core.windows.net` : undefined);
  if (uri) return new TableClient(uri, TABLE, credential);
  const connection = env["AzureWebJobsStorage"];
  if (!connection) {
    throw new FleetwrightError("invalid-input", "no storage account for the state", {
      remedy:
        "set AzureWebJobsStorage__tableServiceUri (with a managed identity) or AzureWebJobsStorage",
    });
  }
  return TableClient.fromConnectionString(connection, TABLE, {
    allowInsecureConnection: isLocal(connection),
  });
}

/** Only a storage emulator on this machine speaks plain http. */
function isLocal(connection: string): boolean {
  return /UseDevelopmentStorage=true|TableEndpoint=http:\/\/(127\.0\.0\.1|localhost)[:/]/i.test(
    connection,
  );
}

/** The original row name and the JSON text, cut to the size of a property. */
function toEntity(
  partition: string,
  row: string,
  value: unknown,
): TableEntity<Record<string, unknown>> {
  const json = asciiJson(value);
  const count = Math.ceil(json.length / CHUNK_LENGTH);
  if (count > MAX_CHUNKS) {
    throw new FleetwrightError("unsupported", `${partition}/${row} is too large to be state`, {
      subject: `${partition}/${row}`,
    });
  }
  const chunks = Array.from({ length: count }, (_, index) => [
    `json${index}`,
    json.slice(index * CHUNK_LENGTH, (index + 1) * CHUNK_LENGTH),
  ]);
  return {
    partitionKey: tableKey(partition),
    rowKey: tableKey(row),
    row,
    ...(Object.fromEntries(chunks) as Record<string, string>),
  };
}

/** ASCII only, so that no cut, neither ours nor one on the wire, goes through a character. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value ?? null).replace(
    /[\u0080-\uFFFF]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function toRow<T>(entity: Entity): StoredRow<T> {
  let json = "";
  for (let index = 0; index < MAX_CHUNKS; index++) {
    const chunk = entity[`json${index}`];
    if (typeof chunk !== "string") break;
    json += chunk;
  }
  return { row: String(entity["row"]), value: JSON.parse(json) as T, etag: entity.etag };
}

function hasStatus(error: unknown, status: number): boolean {
  return error instanceof Error && (error as { statusCode?: number }).statusCode === status;
}

function actionName(verb: string): string {
  return `Microsoft.Storage/storageAccounts/tableServices/tables/entities/${verb}`;
}
