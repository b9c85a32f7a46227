// Properties of reading manifests: what is written is what is read, in any order, by any way that leads there.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { dump } from 'js-yaml';
import type { KubeObject, Protocol } from '../../src/model/objects.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { createFileSource } from '../../src/source/file/file-source.ts';
import { readPaths, readText, type Manifests } from '../../src/source/file/read-paths.ts';
import { manifestOf } from '../kit/manifest-of.ts';
import { content, OfferRecorder } from '../kit/offer-recorder.ts';
import { until } from '../kit/until.ts';

const name = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/);
const portName = fc.stringMatching(/^[a-z]{1,3}([0-9]{1,3})?$/);
const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined });
const portNumber = fc.integer({ min: 1, max: 65_535 });
const protocol = fc.constantFrom<Protocol>('TCP', 'UDP', 'SCTP');
const text = fc.string({ maxLength: 8 });
const labels = fc.dictionary(fc.constantFrom('app', 'tier', 'on', '1', 'a.b/c'), text, {
  noNullPrototype: true,
});
const ipv4 = fc.ipV4();
const ipv6 = fc.ipV6().filter((address) => !address.includes('.'));
const base = { namespace: name, name, labels };

const service = fc.record({
  kind: fc.constant('Service' as const),
  ...base,
  annotations: fc.dictionary(fc.constantFrom('mesh.traefik.io/x', 'maesh.containo.us/y'), text, {
    noNullPrototype: true,
  }),
  type: fc.constantFrom('ClusterIP' as const, 'NodePort' as const, 'LoadBalancer' as const),
  clusterIPs: fc.oneof(fc.tuple(fc.constant('None')), fc.tuple(ipv4, ipv6), fc.tuple(ipv4)),
  ipFamilies: fc.subarray(['IPv4' as const, 'IPv6' as const]),
  selector: optional(labels.filter((map) => Object.keys(map).length > 0)),
  ports: fc.uniqueArray(
    fc.record({
      name: portName,
      port: portNumber,
      protocol,
      targetPort: fc.oneof(portNumber, portName),
      appProtocol: optional(fc.constantFrom('http', 'kubernetes.io/h2c')),
    }),
    { minLength: 1, maxLength: 4, selector: (port) => port.name, comparator: (a, b) => a === b },
  ),
  publishNotReadyAddresses: fc.boolean(),
});

const endpointPort = fc.record({
  name: fc.oneof(portName, fc.constant('')),
  port: optional(portNumber),
  protocol,
  appProtocol: optional(fc.constant('grpc')),
});

const slice = fc.constantFrom('IPv4' as const, 'IPv6' as const).chain((addressType) =>
  fc.record({
    kind: fc.constant('EndpointSlice' as const),
    ...base,
    service: fc.constant(''),
    addressType: fc.constant(addressType),
    endpoints: fc.array(
      fc.record({
        addresses: fc.array(addressType === 'IPv4' ? ipv4 : ipv6, { minLength: 1, maxLength: 2 }),
        ready: fc.boolean(),
        serving: fc.boolean(),
        terminating: fc.boolean(),
        nodeName: optional(name),
        zone: optional(name),
        pod: optional(name),
      }),
    ),
    ports: fc.array(endpointPort),
  }),
);

const endpointAddress = fc.record({
  ip: fc.oneof(ipv4, ipv6),
  nodeName: optional(name),
  pod: optional(name),
});
const endpoints = fc.record({
  kind: fc.constant('Endpoints' as const),
  ...base,
  subsets: fc.array(
    fc.record({
      addresses: fc.array(endpointAddress),
      notReadyAddresses: fc.array(endpointAddress),
      ports: fc.array(endpointPort),
    }),
  ),
});

const pod = fc.record({
  kind: fc.constant('Pod' as const),
  ...base,
  nodeName: optional(name),
  serviceAccount: name,
  ips: fc.array(fc.oneof(ipv4, ipv6)),
  ready: fc.boolean(),
  terminating: fc.boolean(),
  finished: fc.boolean(),
  hostNetwork: fc.boolean(),
  containerPorts: fc.array(fc.record({ name: portName, port: portNumber, protocol })),
});

const split = fc.record({
  kind: fc.constant('TrafficSplit' as const),
  ...base,
  service: name,
  backends: fc.array(fc.record({ service: name, weight: fc.maxSafeInteger() })),
  routeGroups: fc.array(name),
});

const account = fc.record({ kind: fc.constantFrom('ServiceAccount', 'Group'), name, namespace: name });
const target = fc.record({
  kind: fc.constant('TrafficTarget' as const),
  ...base,
  destination: account,
  port: optional(portNumber),
  sources: fc.array(account),
  rules: fc.array(
    fc.record({
      kind: fc.constantFrom('HTTPRouteGroup' as const, 'TCPRoute' as const, 'UDPRoute' as const),
      name,
      matches: fc.array(text),
    }),
  ),
});

const regex = fc.constantFrom('', '/api', '[a-z]+', '(?i)é');
const routeGroup = fc.record({
  kind: fc.constant('HTTPRouteGroup' as const),
  ...base,
  matches: fc.array(
    fc.record({
      name: text,
      methods: fc.subarray(['*', 'GET', 'PATCH']),
      pathRegex: regex,
      headers: fc.array(fc.record({ name, regex })),
    }),
  ),
});

const portRoute = fc.record({
  kind: fc.constantFrom('TCPRoute' as const, 'UDPRoute' as const),
  ...base,
  ports: fc.array(portNumber),
});

const object: fc.Arbitrary<KubeObject> = fc.oneof(
  service,
  slice,
  endpoints,
  pod,
  split,
  target,
  routeGroup,
  portRoute,
  fc.record({ kind: fc.constant('Namespace' as const), ...base, namespace: fc.constant('') }),
  fc.record({ kind: fc.constant('ServiceAccount' as const), ...base }),
);
const identity = ({ kind, namespace, name: own }: KubeObject): string => `${kind} ${namespace}/${own}`;
const objects = fc.uniqueArray(object, { selector: identity, minLength: 1, maxLength: 8 });

const yaml = (value: unknown): string => dump(value, { skipInvalid: true });

/** What is read, by object; nothing may be wrong with it. */
function contentsOf({ objects: read, problems }: Manifests): Map<string, unknown> {
  assert.deepEqual(problems, []);
  return new Map(read.map((one) => [identity(one), content(one)]));
}

describe('reading manifests', () => {
  it('gives back the objects that were written, as documents, as a List, in YAML and JSON', () => {
    fc.assert(
      fc.property(objects, (written) => {
        const manifests = written.map((one) => manifestOf(one));
        const list = { apiVersion: 'v1', kind: 'List', items: manifests };
        // The clone has the prototypes of plain objects, which generated ones have not.
        const expected = new Map(written.map((one) => [identity(one), structuredClone(content(one))]));
        const texts = [
          manifests.map(yaml).join('---\n'),
          manifests.map((manifest) => JSON.stringify(manifest)).join('\n---\n'),
          yaml(list),
          JSON.stringify(list, undefined, 2),
          yaml(list).replaceAll('\n', '\r\n'),
        ];
        for (const one of texts) assert.deepEqual(contentsOf(readText(one, 'a.yaml')), expected);
      }),
    );
  });

  it('does not depend on the order of documents', () => {
    const shuffled = objects.chain((written) =>
      fc.tuple(fc.constant(written), fc.shuffledSubarray(written, { minLength: written.length })),
    );
    fc.assert(
      fc.property(shuffled, ([written, other]) => {
        const read = (list: readonly KubeObject[]) =>
          contentsOf(readText(list.map((one) => yaml(manifestOf(one))).join('---\n'), 'a.yaml'));
        assert.deepEqual([...read(other)], [...read(written)]);
      }),
    );
  });
});

/** What somebody may do to a folder. Files hold accounts; each file has names of its own, so that none stands twice. */
type Step =
  | {
      readonly do: 'write' | 'replace';
      readonly file: number;
      readonly folder: number;
      readonly accounts: readonly number[];
    }
  | { readonly do: 'remove'; readonly file: number; readonly folder: number }
  | { readonly do: 'move'; readonly file: number; readonly folder: number; readonly to: number }
  | { readonly do: 'removeFolder' | 'renameFolder' | 'link'; readonly folder: number }
  | { readonly do: 'pause' };

const folders = ['.', 'one', 'one/deep', 'two'];
const file = fc.nat({ max: 3 });
const folder = fc.nat({ max: folders.length - 1 });
const accounts = fc.uniqueArray(fc.nat({ max: 3 }));
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('write' as const, 'replace' as const),
      file,
      folder,
      accounts,
    }),
  },
  fc.record({ do: fc.constant('remove' as const), file, folder }),
  fc.record({ do: fc.constant('move' as const), file, folder, to: folder }),
  fc.record({
    do: fc.constantFrom('removeFolder' as const, 'renameFolder' as const, 'link' as const),
    folder,
  }),
  fc.record({ do: fc.constant('pause' as const) }),
);

class Folder implements AsyncDisposable {
  readonly #base: string;
  #version = 0;

  private constructor(base: string) {
    this.#base = base;
  }

  static async create(): Promise<Folder> {
    const made = new Folder(await realpath(await mkdtemp(join(tmpdir(), 'maesh-test-'))));
    await mkdir(made.path);
    return made;
  }

  get path(): string {
    return join(this.#base, 'mesh');
  }

  async do(action: Exclude<Step, { do: 'pause' }>): Promise<void> {
    const at = join(this.path, folders[action.folder] ?? '');
    switch (action.do) {
      case 'write':
      case 'replace':
        return this.#write(action, at);
      case 'remove':
        return rm(join(at, `${action.file}.yaml`), { force: true, recursive: true });
      case 'move':
        return this.#move(
          join(at, `${action.file}.yaml`),
          join(this.path, folders[action.to] ?? ''),
          action.file,
        );
      case 'link':
        return this.#link();
      default:
        return this.#changeFolder(action, at);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#base, { recursive: true });
  }

  async #write(action: Extract<Step, { do: 'write' | 'replace' }>, at: string): Promise<void> {
    this.#version += 1;
    const documents = action.accounts.map((account) =>
      yaml({
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: {
          name: `f${action.file}-d${action.folder}-a${account}`,
          labels: { version: `v${this.#version}` },
        },
      }),
    );
    const manifest = documents.length === 0 ? '# nothing\n' : documents.join('---\n');
    await mkdir(at, { recursive: true });
    const path = join(at, `${action.file}.yaml`);
    if (action.do === 'write') return writeFile(path, manifest);
    await writeFile(join(this.#base, 'written'), manifest);
    await rename(join(this.#base, 'written'), path);
  }

  async #move(from: string, to: string, moved: number): Promise<void> {
    // Under the same name in another folder, or beside itself under another: what is there is replaced.
    await mkdir(to, { recursive: true });
    await rename(from, join(to, `${moved}.yaml`)).catch(ignoreMissing);
  }

  async #changeFolder(action: Extract<Step, { folder: number }>, at: string): Promise<void> {
    if (at === this.path) return;
    if (action.do === 'removeFolder') return rm(at, { recursive: true, force: true });
    await rename(at, join(this.#base, 'away')).catch(ignoreMissing);
    await mkdir(join(this.path, 'two'), { recursive: true });
    await rename(join(this.#base, 'away'), join(this.path, 'two', 'moved')).catch(ignoreMissing);
  }

  async #link(): Promise<void> {
    const outside = join(this.#base, `outside-${++this.#version}.yaml`);
    const manifest = {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: `link-${this.#version}` },
    };
    await writeFile(outside, yaml(manifest));
    await symlink(outside, join(this.#base, 'link'));
    await rename(join(this.#base, 'link'), join(this.path, 'link.yaml'));
  }
}

/** A step about something that is not there does nothing; renaming onto a folder that holds something neither. */
function ignoreMissing(error: NodeJS.ErrnoException): void {
  assert.ok(
    ['ENOENT', 'ENOTEMPTY', 'EEXIST', 'EINVAL', 'ENOTDIR', 'EISDIR'].includes(error.code ?? ''),
    error,
  );
}

describe('the file source', () => {
  it('has what a fresh look at the folder finds, after whatever was done to it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
        await using made = await Folder.create();
        const timing = { goneMs: 20, emptyMs: 20 };
        await using recorder = await OfferRecorder.start(
          createFileSource({ paths: [made.path], log: silentLog, timing }),
        );
        for (const action of steps) {
          if (action.do !== 'pause') await made.do(action);
          else {
            const { length } = recorder.offers;
            await made.do({ do: 'write', file: 9, folder: 0, accounts: [0] });
            await recorder.when('the next offer', () => recorder.offers.length > length);
          }
        }
        const fresh = await readPaths([made.path]);
        const wanted = new Map(fresh.objects.map((one) => [identity(one), one]));
        // Origins too. They follow an object to where it is now, which is no change that would be offered.
        await until('what a fresh look finds', () => {
          const isSame = isDeepStrictEqual(recorder.objects, wanted);
          return (isSame && isDeepStrictEqual(recorder.problems, fresh.problems)) || undefined;
        });
      }),
      { numRuns: 40 },
    );
  });
});
