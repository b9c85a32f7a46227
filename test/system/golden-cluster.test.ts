// The golden cases once more, out of a real API server: what it holds makes the same Envoy resources, byte for byte, as
// the same manifests in a file.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { TopologyBuilder } from '../../src/model/build.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { createFileSource } from '../../src/source/file/file-source.ts';
import type { Source } from '../../src/source/source.ts';
import { resourceToJson } from '../../src/translate/inspect.ts';
import type { Topology } from '../../src/model/topology.ts';
import type { Resources } from '../../src/translate/resources.ts';
import { createTranslator } from '../../src/translate/translate.ts';
import { startControlPlane, type ControlPlane } from '../kit/control-plane.ts';
import { ManifestFolder } from '../kit/folder.ts';
import { caseFiles, readCases, type GoldenCase } from '../kit/golden/cases.ts';
import { forApiServer, nameOf } from '../kit/golden/for-api-server.ts';
import { GoldenCluster } from '../kit/golden/golden-cluster.ts';
import { KubeObjects, type KubeObject } from '../kit/kube-objects.ts';
import { KubernetesWorld } from '../kit/kubernetes-world.ts';
import { testSettings } from '../kit/mesh.ts';
import { OfferRecorder } from '../kit/offer-recorder.ts';
import { installSmi } from '../kit/smi-definitions.ts';

/** All that can't be in an API server, by case: what it refuses with its reason, and what it can't be asked for. */
const notInAServer: Readonly<Record<string, readonly (string | RegExp)[]>> = {
  mistakes: [
    'a second Service store/twice',
    'a document without a name',
    'a document without a name',
    /^Service store\/port-out-of-range: .*must be between 1 and 65535/,
    /^Service store\/port-is-text: .*expected numeric/,
    /^Service store\/ports-is-a-map: .*expected list/,
    /^Service store\/Not_A_Name: .*metadata\.name: Invalid value/,
    /^Pod store\/shop-2: .*must be a valid IP address/,
  ],
};

/** Manifests that are no YAML, so that nobody could apply them. */
const brokenTexts: ReadonlySet<string> = new Set(['mistakes/half-written.yaml']);

describe('a golden case in a real API server gives the same Envoy resources as in a file', async () => {
  let plane: ControlPlane;
  let server: KubeObjects;

  before(async () => {
    plane = await startControlPlane({
      controllerManager: ['serviceaccount-controller', 'endpointslice-mirroring-controller'],
    });
    server = new KubeObjects(plane.admin);
    await installSmi(server);
  });
  after(async () => {
    server[Symbol.dispose]();
    await plane.stop();
  });

  for (const golden of await readCases()) {
    it(golden.name, async () => {
      await using cluster = new GoldenCluster(server);
      await using world = await KubernetesWorld.create({ plane });
      await using folder = await ManifestFolder.create();
      await using fromServer = await Following.start(world.makeSource(), golden);
      await using fromFile = await Following.start(
        createFileSource({ paths: [folder.path], log: silentLog }),
        golden,
      );
      for (const [step, text] of (await textsOf(golden)).entries()) {
        const { objects, leftOut } = forApiServer(text);
        const refused = await cluster.hold([...objects, ...marks(step)]);
        const isSameAgain = text === golden.input;
        expectLeftOut(
          [...leftOut, ...refused.entries().map(([name, reason]) => `${name}: ${reason}`)],
          isSameAgain ? notInAServer[golden.name] : [],
        );
        const held = [...objects, ...marks(step)].filter((object) => !refused.has(nameOf(object)));
        await folder.write({ 'input.yaml': held.map((object) => JSON.stringify(object)).join('\n---\n') });
        const [inServer, inFile] = [await fromServer.resourcesOf(step), await fromFile.resourcesOf(step)];
        assert.deepEqual(comparable(inServer), comparable(inFile));
      }
    });
  }
});

/** The manifests of a case, one after the other. */
async function textsOf({ name, folder, input, traffic }: GoldenCase): Promise<readonly string[]> {
  const texts = [input];
  for (const step of traffic?.steps ?? []) {
    if (!('files' in step) || brokenTexts.has(`${name}/${step.files['input.yaml']}`)) continue;
    const { 'input.yaml': text, ...others } = await caseFiles(folder, step.files);
    assert.deepEqual(others, {}, 'All of a case is in input.yaml');
    texts.push(text ?? '');
  }
  return texts;
}

function expectLeftOut(leftOut: readonly string[], expected: readonly (string | RegExp)[] = []): void {
  assert.equal(leftOut.length, expected.length, leftOut.join('\n'));
  for (const [index, each] of expected.entries()) assert.match(leftOut[index] ?? '', new RegExp(each));
}

/** Objects that come with a step and go with the next: one of each kind that is watched on its own, or comes late. */
function marks(step: number): readonly KubeObject[] {
  const metadata = { name: `mark-${step}`, namespace: 'mark' };
  const container = { name: 'mark', image: 'localhost/mark' };
  return [
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { clusterIP: 'None' } },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata,
      addressType: 'IPv4',
      endpoints: [],
    },
    { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [container] } },
    {
      apiVersion: 'split.smi-spec.io/v1alpha4',
      kind: 'TrafficSplit',
      metadata,
      spec: { service: 'mark', backends: [] },
    },
    {
      apiVersion: 'access.smi-spec.io/v1alpha3',
      kind: 'TrafficTarget',
      metadata,
      spec: { destination: { name: 'mark' } },
    },
    { apiVersion: 'specs.smi-spec.io/v1alpha4', kind: 'HTTPRouteGroup', metadata, spec: { matches: [] } },
    { apiVersion: 'specs.smi-spec.io/v1alpha4', kind: 'TCPRoute', metadata },
    { apiVersion: 'specs.smi-spec.io/v1alpha4', kind: 'UDPRoute', metadata },
  ];
}

/** A source, and the pure stages behind it. */
class Following implements AsyncDisposable {
  readonly #recorder: OfferRecorder;
  readonly #builder: TopologyBuilder;
  readonly #translate: (topology: Topology) => Resources;
  #taken = 0;

  private constructor(recorder: OfferRecorder, { isAccessControlled }: GoldenCase) {
    const settings = testSettings('127.87.0.0/16', isAccessControlled);
    this.#recorder = recorder;
    this.#builder = new TopologyBuilder(settings.model);
    this.#translate = createTranslator(settings.translate);
  }

  static async start(source: Source, golden: GoldenCase): Promise<Following> {
    return new Following(await OfferRecorder.start(source), golden);
  }

  /** What proxies are told when the source has offered all of a step. They are taken to have it at once. */
  async resourcesOf(step: number): Promise<Resources> {
    const { objects, offers } = this.#recorder;
    const hasAll = (): boolean => marks(step).every((mark) => objects.has(nameOf(mark)));
    const hasMore = (): boolean => marks(step - 1).some((mark) => objects.has(nameOf(mark)));
    await this.#recorder.when(`step ${step}`, () => hasAll() && !hasMore());
    for (const offer of offers.slice(this.#taken)) this.#builder.apply(offer);
    this.#taken = offers.length;
    const resources = this.#translate(this.#builder.build());
    const { ports, addresses } = this.#builder.allocation;
    const { http, tcp, udp } = ports;
    this.#builder.release({
      ports: { http: http.resting, tcp: tcp.resting, udp: udp.resting },
      addresses: addresses.resting,
    });
    return resources;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#recorder.stop();
  }
}

/** Each resource by name, its bytes, and what they say. */
function comparable(resources: Resources): unknown {
  const all = Object.values(resources).flatMap((ofType) => [...ofType.values()]);
  return all.map((resource) => [
    resource.name,
    resourceToJson(resource),
    Buffer.from(resource.bytes).toString('base64'),
  ]);
}
