// Reads a golden case's traffic.yaml. Unknown keys are errors, so that a misspelt expectation can't pass by not being
// looked at.

import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { backendKinds } from '../backends/start.ts';
import type { Dial } from '../clients/http.ts';
import type {
  FilesStep,
  GrpcStep,
  HttpStep,
  TcpStep,
  Traffic,
  UdpStep,
  WebSocketStep,
} from './traffic-format.ts';

const target = {
  to: z.string().optional(),
  by: z.enum(['name', 'host', 'proxy', 'meshPort']).optional(),
  meshPort: z.int().optional(),
  host: z.string().optional(),
};
const texts = z.record(z.string(), z.string());
const from = z.union([z.string(), z.record(z.string(), z.number().gt(0).lte(1))]);
const failure = z.enum(['refused', 'closed', 'timeout', 'other']);
const base = { it: z.string(), times: z.int().positive().default(1) };

const httpStep: z.ZodType<HttpStep> = z.strictObject({
  ...base,
  http: z.strictObject({
    ...target,
    protocol: z.enum(['http1', 'h2c']).optional(),
    method: z.string().optional(),
    path: z.string().optional(),
    headers: texts.optional(),
    body: z.string().optional(),
    bodyBytes: z.int().optional(),
  }),
  expect: z.strictObject({
    status: z.int().optional(),
    from: from.optional(),
    body: z.string().optional(),
    answerBytes: z.int().optional(),
    headers: texts.optional(),
    trailers: texts.optional(),
    informational: z.array(z.int()).optional(),
    echo: z.record(z.string(), z.unknown()).optional(),
    echoHasNot: z.array(z.string()).optional(),
    failure: failure.optional(),
  }),
});
const webSocketStep: z.ZodType<WebSocketStep> = z.strictObject({
  ...base,
  webSocket: z.strictObject({ ...target, path: z.string().optional(), messages: z.array(z.string()) }),
  expect: z.strictObject({ from: from.optional(), echo: texts.optional(), failure: failure.optional() }),
});
const grpcStep: z.ZodType<GrpcStep> = z.strictObject({
  ...base,
  grpc: z.strictObject({
    ...target,
    call: z.enum(['unary', 'collect', 'expand', 'chat']),
    messages: z.array(
      z.strictObject({ text: z.string(), times: z.int().optional(), failWith: z.int().optional() }),
    ),
  }),
  expect: z.strictObject({
    status: z.int().optional(),
    from: from.optional(),
    texts: z.array(z.string()).optional(),
    trailers: texts.optional(),
    host: z.string().optional(),
  }),
});
const tcpStep: z.ZodType<TcpStep> = z.strictObject({
  ...base,
  tcp: z.strictObject({
    ...target,
    send: z.string().optional(),
    sendBytes: z.int().optional(),
    speaksFirst: z.enum(['client', 'server']).optional(),
  }),
  expect: z.strictObject({
    from: from.optional(),
    received: z.string().optional(),
    receivedBytes: z.int().optional(),
    failure: failure.optional(),
  }),
});
const udpStep: z.ZodType<UdpStep> = z.strictObject({
  ...base,
  udp: z.strictObject({ ...target, send: z.string() }),
  expect: z.strictObject({
    from: from.optional(),
    received: z.string().optional(),
    failure: failure.optional(),
  }),
});
const filesStep: z.ZodType<FilesStep> = z.strictObject({
  files: z.record(z.string(), z.string().nullable()),
});

const backendSchema = z.strictObject({
  kind: z.enum(backendKinds),
  version: z.string().optional(),
  listen: z.string(),
});

/** Which key tells what a step is: it picks the schema, so that a mistake is explained in that step's own terms. */
const stepSchemas = {
  http: httpStep,
  webSocket: webSocketStep,
  grpc: grpcStep,
  tcp: tcpStep,
  udp: udpStep,
  files: filesStep,
};

/** Reads a traffic.yaml. Throws with the place of the mistakes in it. */
export async function readTraffic(path: string): Promise<Traffic> {
  const document: unknown = parse(await readFile(path, 'utf8'));
  return check(
    z.strictObject({
      backends: z.record(z.string(), backendSchema).default({}),
      steps: z.array(z.record(z.string(), z.unknown())).transform((steps) =>
        steps.map((step, index) => {
          const kind = Object.entries(stepSchemas).find(([key]) => Object.hasOwn(step, key));
          if (kind === undefined)
            throw new Error(`Step ${index + 1} of ${path} sends nothing and changes no files`);
          return check<Traffic['steps'][number]>(kind[1], step, `step ${index + 1} of ${path}`);
        }),
      ),
    }),
    document,
    path,
  );
}

/** Address and port of `127.0.0.1:80` or `[::1]:80`. */
export function readListen(listen: string): Dial {
  const { hostname, port } = new URL(`tcp://${listen}`);
  return { address: hostname.replace(/^\[|\]$/gu, ''), port: Number(port) };
}

function check<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new Error(`Cannot read ${where}:\n${z.prettifyError(result.error)}`);
}
