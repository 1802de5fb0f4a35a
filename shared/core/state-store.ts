/**
 * Small rows of JSON with optimistic concurrency: what the functions remember between two looks at
 * the world. Everything in them can be derived again from Azure and GitHub.
 */
export interface StateStore {
  get<T>(partition: string, row: string): Promise<StoredRow<T> | undefined>;
  list<T>(partition: string): Promise<StoredRow<T>[]>;
  /** Creates a row; `false` when it exists already. */
  insert(partition: string, row: string, value: unknown): Promise<boolean>;
  /** Replaces a row that still has this ETag; `false` when somebody else wrote it first. */
  replace(partition: string, row: string, value: unknown, etag: string): Promise<boolean>;
  /** Deletes a row; a row that is gone already is no error. */
  remove(partition: string, row: string): Promise<void>;
}

export interface StoredRow<T> {
  readonly row: string;
  readonly value: T;
  readonly etag: string;
}
