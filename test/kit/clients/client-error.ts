// How a client of the test kit fails: one error class, with the few causes that a test tells apart.

/**
 * Why there was no answer.
 * - `refused`: nobody listens there.
 * - `closed`: the connection was closed or reset before the answer was complete.
 * - `timeout`: no complete answer within the client's time.
 * - `other`: anything else; the message says what.
 */
export type ClientFailure = 'refused' | 'closed' | 'timeout' | 'other';

const failures: Readonly<Record<string, ClientFailure>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'closed',
  EPIPE: 'closed',
  ERR_HTTP2_STREAM_ERROR: 'closed',
  ERR_HTTP2_SESSION_ERROR: 'closed',
  ERR_STREAM_PREMATURE_CLOSE: 'closed',
  HPE_INVALID_EOF_STATE: 'closed',
};

/** A client that got no complete answer. */
export class ClientError extends Error {
  readonly failure: ClientFailure;

  constructor(failure: ClientFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ClientError';
    this.failure = failure;
  }

  /** Makes a client's error of whatever a socket or a library throws. One of its own is given back as it is. */
  static from(error: unknown): ClientError {
    if (error instanceof ClientError) return error;
    const { code, cause } = error as { readonly code?: unknown; readonly cause?: unknown };
    // A stream is cancelled because of something else that happened to its connection.
    if (code === 'ERR_HTTP2_STREAM_CANCEL' && cause !== undefined) return ClientError.from(cause);
    const failure = failures[String(code)] ?? 'other';
    return new ClientError(failure, `${String(error)} (${String(code)})`, { cause: error });
  }
}

/** Milliseconds that a client waits for the whole answer where the test says nothing else. */
export const defaultTimeoutMs = 5_000;

/**
 * Runs one exchange with a time limit, which another that it comes down to has anew.
 *
 * @param start Begins the exchange and returns how to abandon it; it is called back at most once.
 */
export function exchange<Answer>(
  timeoutMs: number | undefined,
  start: (
    resolve: (answer: Answer | Promise<Answer>) => void,
    reject: (error: unknown) => void,
  ) => () => void,
): Promise<Answer> {
  const limitMs = timeoutMs ?? defaultTimeoutMs;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      fail(new ClientError('timeout', `No complete answer within ${limitMs} ms`));
      abandon();
    }, limitMs);
    const fail = (error: unknown): void => {
      clearTimeout(timer);
      reject(ClientError.from(error));
    };
    const abandon = start((answer) => {
      clearTimeout(timer);
      resolve(answer);
    }, fail);
  });
}
