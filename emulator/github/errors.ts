const documentation = "https://docs.github.com/rest";

export interface FieldError {
  readonly resource: string;
  readonly code: "missing" | "missing_field" | "invalid" | "already_exists" | "custom";
  readonly field?: string;
  readonly message?: string;
}

/** An answer that GitHub gives instead of the one that was asked for. */
export class GitHubError extends Error {
  readonly status: number;
  readonly errors: readonly FieldError[];
  readonly headers: Readonly<Record<string, string>>;
  readonly documentationUrl: string;

  constructor(
    status: number,
    message: string,
    details: {
      readonly errors?: readonly FieldError[];
      readonly headers?: Readonly<Record<string, string>>;
      readonly documentationUrl?: string;
    } = {},
  ) {
    super(message);
    this.name = "GitHubError";
    this.status = status;
    this.errors = details.errors ?? [];
    this.headers = details.headers ?? {};
    this.documentationUrl = details.documentationUrl ?? documentation;
  }

  body(): object {
    return {
      message: this.message,
      ...(this.errors.length === 0 ? {} : { errors: this.errors }),
      documentation_url: this.documentationUrl,
      status: String(this.status),
    };
  }
}

export function notFound(message = "Not Found"): GitHubError {
  return new GitHubError(404, message);
}

export function forbidden(message = "Resource not accessible by integration"): GitHubError {
  return new GitHubError(403, message);
}

export function conflict(message: string): GitHubError {
  return new GitHubError(409, message);
}

/** 422 whose message says it all. */
export function unprocessable(message: string): GitHubError {
  return new GitHubError(422, message);
}

/** 422 that names resource and field. */
export function invalid(...errors: readonly FieldError[]): GitHubError {
  return new GitHubError(422, "Validation Failed", { errors });
}
