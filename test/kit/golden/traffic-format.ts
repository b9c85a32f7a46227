// What a golden case's traffic.yaml says: which backends run, what is sent, and what must come back.
// test/golden/README.md explains it with examples; traffic-read.ts reads it.

import type { BackendKind } from '../backends/start.ts';
import type { GrpcCall } from '../backends/grpc-echo.ts';
import type { ClientFailure } from '../clients/client-error.ts';

/** A traffic.yaml. */
export interface Traffic {
  /** By the name that they answer with. */
  readonly backends: Readonly<Record<string, TrafficBackend>>;
  readonly steps: readonly Step[];
}

export interface TrafficBackend {
  readonly kind: BackendKind;
  readonly version?: string | undefined;
  /** `127.0.0.1:80` or `[::1]:80`. */
  readonly listen: string;
}

export type Step = FilesStep | ExchangeStep;

/** Changes manifests of the folder: each becomes a copy of the named file of the case; null takes it away. */
export interface FilesStep {
  readonly files: Readonly<Record<string, string | null>>;
}

/** Sends something and says what must come back. */
export type ExchangeStep = HttpStep | WebSocketStep | GrpcStep | TcpStep | UdpStep;

interface StepBase {
  /** What the step shows: the name of its test. */
  readonly it: string;
  /** How often, one after the other; every answer must be as expected. */
  readonly times: number;
}

/** Where a step goes: a service port by one of its ways, or a bare mesh port. */
export interface Target {
  /** Key of the service port, such as `store/shop/80` or `store/clock/123/udp`. */
  readonly to?: string | undefined;
  /**
   * - `name`: the service's own loopback address, at the real port, as its DNS name leads there.
   * - `host`: the port that serves all HTTP services, told apart by Host.
   * - `proxy`: the same port, spoken to as a forward proxy.
   * - `meshPort`: the mesh port, as a shadow Service leads there.
   */
  readonly by?: 'name' | 'host' | 'proxy' | 'meshPort' | undefined;
  /** A mesh port by its number, whatever it stands for. */
  readonly meshPort?: number | undefined;
  /** `Host` or `:authority`; the service's mesh name and port by default. */
  readonly host?: string | undefined;
}

/** Who must answer: one backend, or several with their shares of all answers (between 0 and 1), and nobody else. */
export type From = string | Readonly<Record<string, number>>;

type Texts = Readonly<Record<string, string>>;

export interface HttpStep extends StepBase {
  readonly http: Target & {
    readonly protocol?: 'http1' | 'h2c' | undefined;
    readonly method?: string | undefined;
    readonly path?: string | undefined;
    readonly headers?: Texts | undefined;
    readonly body?: string | undefined;
    /** Sends a body of so many bytes. */
    readonly bodyBytes?: number | undefined;
  };
  readonly expect: {
    readonly status?: number | undefined;
    readonly from?: From | undefined;
    readonly body?: string | undefined;
    readonly answerBytes?: number | undefined;
    /** These of the answer's headers and trailers; others may be there. */
    readonly headers?: Texts | undefined;
    readonly trailers?: Texts | undefined;
    readonly informational?: readonly number[] | undefined;
    /** What the backend received: these parts of its echo. */
    readonly echo?: Readonly<Record<string, unknown>> | undefined;
    /** Headers that the backend must not have received; a `*` at the end stands for anything. */
    readonly echoHasNot?: readonly string[] | undefined;
    readonly failure?: ClientFailure | undefined;
  };
}

export interface WebSocketStep extends StepBase {
  readonly webSocket: Target & {
    readonly path?: string | undefined;
    readonly messages: readonly string[];
  };
  readonly expect: {
    readonly from?: From | undefined;
    /** These parts of each echo. */
    readonly echo?: Texts | undefined;
    readonly failure?: ClientFailure | undefined;
  };
}

export interface GrpcStep extends StepBase {
  readonly grpc: Target & {
    readonly call: GrpcCall;
    readonly messages: ReadonlyArray<{
      readonly text: string;
      readonly times?: number | undefined;
      readonly failWith?: number | undefined;
    }>;
  };
  readonly expect: {
    /** gRPC status; 0 is OK. */
    readonly status?: number | undefined;
    readonly from?: From | undefined;
    /** Texts of the replies. */
    readonly texts?: readonly string[] | undefined;
    readonly trailers?: Texts | undefined;
    /** `:authority` as the backend received it. */
    readonly host?: string | undefined;
  };
}

export interface TcpStep extends StepBase {
  readonly tcp: Target & {
    readonly send?: string | undefined;
    /** Sends so many bytes instead. */
    readonly sendBytes?: number | undefined;
    readonly speaksFirst?: 'client' | 'server' | undefined;
  };
  readonly expect: {
    readonly from?: From | undefined;
    readonly received?: string | undefined;
    readonly receivedBytes?: number | undefined;
    readonly failure?: ClientFailure | undefined;
  };
}

export interface UdpStep extends StepBase {
  readonly udp: Target & { readonly send: string };
  readonly expect: {
    readonly from?: From | undefined;
    readonly received?: string | undefined;
    readonly failure?: ClientFailure | undefined;
  };
}
