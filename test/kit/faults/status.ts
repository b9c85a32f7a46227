// The Status object in which an API server words its errors.

/** An error of an API server. */
export interface StatusError {
  readonly code: number;
  /** The usual one of the code by default. */
  readonly reason?: string;
  readonly message?: string;
  readonly retryAfterSeconds?: number | undefined;
}

const reasons: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** The error as JSON. */
export function statusBody({ code, reason, message, retryAfterSeconds }: StatusError): string {
  return JSON.stringify({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: message ?? `the fault proxy says ${code}`,
    reason: reason ?? reasons[code] ?? 'Unknown',
    ...(retryAfterSeconds !== undefined && { details: { retryAfterSeconds } }),
    code,
  });
}
