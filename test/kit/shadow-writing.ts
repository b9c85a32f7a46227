// A writer of shadow Services at work on a server that a test looks into.

import assert from 'node:assert/strict';

import { ShadowWriter, type Wanted } from '../../src/apply/shadow-writer.ts';
import { restRecordName } from '../../src/apply/resting-ports.ts';
import { shadowManifest, shadowOf, type ShadowManifest } from '../../src/apply/shadow.ts';
import { KubeClient } from '../../src/kube/client.ts';
import { noAnnotations } from '../../src/model/annotations.ts';
import { byText, type PortKey } from '../../src/model/key.ts';
import type { PortMoves, RecordedPorts } from '../../src/model/recorded.ts';
import type { ServiceDraft } from '../../src/model/services.ts';
import { SlotTable } from '../../src/model/slots.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { FakeServices } from './fake-services.ts';
import { accessTo } from './kube-answers.ts';
import { RecordLog } from './record-log.ts';
import { until } from './until.ts';

/** Mesh ports by service name. */
type Ports = Readonly<Record<string, number>>;

const drafts = new Map<string, ServiceDraft>();

/** The draft of a service `store/NAME` with port 80, the same one each time. */
export function draftOf(name: string): ServiceDraft {
  const key = `store/${name}/80`;
  const traffic = 'http';
  const port = { key, name: 'web', port: 80, traffic, upstream: 'auto', upstreamTls: false } as const;
  const parts = { annotations: noAnnotations, ipFamilies: [], problems: [], isUnresolvable: false };
  const made = { namespace: 'store', name, ports: [{ ...port, endpoints: [] }], ...parts };
  const draft = drafts.get(name) ?? made;
  drafts.set(name, draft);
  return draft;
}

/** A table in which these HTTP mesh ports are handed out. */
export function tableOf(assigned: ReadonlyMap<PortKey, number>): Wanted['table'] {
  const http = new SlotTable({ assigned, resting: new Set() });
  return { http, tcp: new SlotTable(), udp: new SlotTable() };
}

/** What a mesh wants; that anything of it may be another than last time is said by {@link Writing.want}. */
export type Wants = Omit<Wanted, 'touched'>;

/** What a mesh wants whose services have these mesh ports. */
export function wanted(ports: Ports): Wants {
  const assigned = new Map(Object.entries(ports).map(([name, port]) => [`store/${name}/80`, port]));
  return {
    drafts: new Map(Object.keys(ports).map((name) => [`store/${name}`, draftOf(name)])),
    table: tableOf(assigned),
  };
}

/** The shadow Service of `store/NAME` as it should be. */
export function manifest(name: string, meshPort: number): ShadowManifest {
  const { table } = wanted({ [name]: meshPort });
  const shadow = shadowOf(draftOf(name), { namespace: 'maesh', table, trafficDistribution: undefined });
  assert.ok(shadow);
  return shadowManifest(shadow, 'maesh');
}

/** The name of the shadow Service of `store/NAME`. */
export const nameOf = (name: string): string => `maesh-${name}-6d61657368-store`;

/** A writer at work. */
export interface Writing extends AsyncDisposable {
  readonly server: FakeServices;
  readonly want: (wants: Wants) => void;
  readonly log: RecordLog;
  readonly recorded: RecordedPorts[];
  /** Whether proxies acknowledge what they are told; they do. */
  readonly proxies: { acknowledge: boolean };
  /** Begins to lead; what it returns ends that. */
  readonly lead: () => () => Promise<void>;
  /** Resolves when the server was asked for exactly these writes of shadow Services, in whatever order. */
  readonly wrote: (...writes: readonly string[]) => Promise<void>;
  /** Resolves when a strange Service has come by the watch and was left alone, as all that came before it. */
  readonly settled: () => Promise<void>;
}

/** Has a writer follow a server that has these Services. Whatever is on record then, the same is wanted. */
export async function follow(...there: readonly ShadowManifest[]): Promise<Writing> {
  return await followWanting((_, last) => last, there);
}

/** The same, with something else wanted whenever something else is on record. */
export async function followWanting(
  onRecorded: (recorded: RecordedPorts, last: Wants, moves: PortMoves) => Wants,
  there: readonly ShadowManifest[],
): Promise<Writing> {
  const server = await FakeServices.start();
  for (const each of there) server.put(each);
  const client = new KubeClient({ access: accessTo(server.url) });
  const log = new RecordLog();
  const recorded: RecordedPorts[] = [];
  const proxies = { acknowledge: true };
  let last: Wants | undefined;
  const want = (next: Wants): void => {
    const touched = new Set([...(last?.drafts.keys() ?? []), ...next.drafts.keys()]);
    last = next;
    writer.want({ ...next, touched });
  };
  const writer: ShadowWriter = new ShadowWriter({
    client,
    namespace: 'maesh',
    trafficDistribution: () => undefined,
    onRecorded: (ports, { moves }) => {
      recorded.push(ports);
      if (last !== undefined) want(onRecorded(ports, last, moves));
    },
    acknowledged: () => Promise.resolve(proxies.acknowledge ? writer.version : undefined),
    log,
    clock: systemClock,
    timing: { retryMs: 1, maxRetryMs: 5 },
    restTiming: { restMs: 0, lookMs: 1 },
    moveTiming: { lookMs: 1, settleMs: 0, leaveMs: 0 },
  });
  const stop = new AbortController();
  const running: Promise<void>[] = [writer.follow(stop.signal)];
  await until('the first list', () => recorded[0]);
  let marks = 0;
  return {
    server,
    want,
    log,
    recorded,
    proxies,
    lead() {
      const end = new AbortController();
      const leading = writer.lead(AbortSignal.any([stop.signal, end.signal]));
      running.push(leading);
      return async () => {
        end.abort();
        await leading;
      };
    },
    async wrote(...writes) {
      const text = JSON.stringify(writes.toSorted(byText));
      await until(`writes ${text}`, () => {
        const seen = server.writes.filter((write) => !write.endsWith(restRecordName));
        assert.equal(JSON.stringify(seen.toSorted(byText)), text);
        return true;
      });
    },
    async settled() {
      const mark = { ...manifest(`mark${++marks}`, 7000 + marks) };
      server.put(mark);
      await until('the mark', () => recorded.at(-1)?.get(`store/mark${marks}/80`));
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all(running);
      client.close();
      await server[Symbol.asyncDispose]();
    },
  };
}
