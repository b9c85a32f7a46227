import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { dump } from 'js-yaml';
import { subjectName } from '../../model/problem.ts';
import { readManifest } from './manifest.ts';

const service = (name: string, spec: object = { ports: [{ port: 80 }] }) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'store' },
  spec,
});

function read(text: string) {
  const pieces = [...readManifest(text, () => false)];
  const readings = pieces.map(({ reading }) => {
    assert.ok(reading !== undefined);
    return reading;
  });
  return {
    pieces,
    objects: readings.flatMap(({ objects }) => objects.map(({ kind, name }) => `${kind} ${name}`)),
    unreadable: readings.flatMap(({ unreadable }) => unreadable.map(({ kind, key }) => `${kind} ${key}`)),
    problems: readings.flatMap(({ problems }) => problems),
    codes: readings.flatMap(({ problems }) => problems.map(({ code, message }) => `${code} ${message}`)),
    ignored: readings.flatMap(({ ignoredKinds }) => ignoredKinds),
    isPartlyUnknown: readings.some((reading) => reading.isPartlyUnknown),
  };
}

describe('readManifest()', () => {
  it('reads documents, Lists, Lists in Lists and typed lists, in YAML and JSON alike', () => {
    const list = {
      kind: 'List',
      apiVersion: 'v1',
      items: [service('b'), { kind: 'List', items: [service('c')] }],
    };
    const typed = {
      kind: 'ServiceList',
      apiVersion: 'v1',
      items: [{ metadata: { name: 'd' }, spec: { ports: [{ port: 80 }] } }],
    };
    const all = [service('a'), list, typed];
    const expected = ['Service a', 'Service b', 'Service c', 'Service d'];
    assert.deepEqual(read(all.map((value) => dump(value)).join('---\n')).objects, expected);
    assert.deepEqual(read(all.map((value) => JSON.stringify(value)).join('\n---\n')).objects, expected);
    assert.deepEqual(read(all.map((value) => dump(value, { flowLevel: 1 })).join('---\n')).objects, expected);
  });

  it('takes a List of nothing for nothing', () => {
    const { objects, codes } = read(
      '{"kind": "List", "items": null}\n---\nkind: List\nitems: []\n---\n# nothing\n',
    );
    assert.deepEqual([objects, codes], [[], []]);
  });

  it('counts kinds that the mesh does not read, and is not misled by names of other groups', () => {
    const { objects, ignored, codes } = read(
      dump({
        kind: 'List',
        items: [
          { kind: 'Deployment', apiVersion: 'apps/v1' },
          { kind: 'ConfigMap', apiVersion: 'v1' },
          { kind: 'Service', apiVersion: 'serving.knative.dev/v1', metadata: { name: 'a' } },
          { kind: 'AllowList', apiVersion: 'example.com/v1', spec: {} },
          { kind: 'Anything' },
        ],
      }),
    );
    assert.deepEqual(ignored, [
      'Deployment.apps',
      'ConfigMap',
      'Service.serving.knative.dev',
      'AllowList.example.com',
      'Anything',
    ]);
    assert.deepEqual([objects, codes], [[], []]);
  });

  it('refuses API versions that it does not read, and objects without one', () => {
    const { unreadable, codes } = read(
      [
        'kind: EndpointSlice\napiVersion: discovery.k8s.io/v1beta1\nmetadata: {name: a, namespace: store}\n',
        'kind: Service\nmetadata: {name: b}\n',
        'kind: Service\napiVersion: 1\nmetadata: {name: c}\n',
        'kind: UDPRoute\napiVersion: specs.smi-spec.io/v1alpha3\nmetadata: {name: d}\n',
        'kind: TrafficTarget\napiVersion: access.smi-spec.io/v2\nmetadata: {name: e}\n',
      ].join('---\n'),
    );
    assert.deepEqual(unreadable, [
      'EndpointSlice store/a',
      'Service default/b',
      'Service default/c',
      'UDPRoute default/d',
      'TrafficTarget default/e',
    ]);
    assert.deepEqual(codes, [
      'MAESH_OBJECT_VERSION apiVersion is "discovery.k8s.io/v1beta1", but must be "discovery.k8s.io/v1"',
      'MAESH_OBJECT_VERSION apiVersion is missing: it must be "v1"',
      'MAESH_OBJECT_VERSION apiVersion is missing: it must be "v1"',
      'MAESH_OBJECT_VERSION apiVersion is "specs.smi-spec.io/v1alpha3", but must be "specs.smi-spec.io/v1alpha4"',
      'MAESH_OBJECT_VERSION apiVersion is "access.smi-spec.io/v2", but must be "access.smi-spec.io/v1alpha3" or "access.smi-spec.io/v1alpha2" or "access.smi-spec.io/v1alpha1"',
    ]);
  });

  it('reads every version of a kind that has several', () => {
    const { objects, codes } = read(
      ['v1alpha2', 'v1alpha3', 'v1alpha4']
        .map(
          (version) =>
            `kind: TrafficSplit\napiVersion: split.smi-spec.io/${version}\nmetadata: {name: ${version}}\nspec: {service: shop}\n`,
        )
        .join('---\n'),
    );
    assert.deepEqual(codes, []);
    assert.deepEqual(objects, ['TrafficSplit v1alpha2', 'TrafficSplit v1alpha3', 'TrafficSplit v1alpha4']);
  });

  it('tells an object that can be told but not read', () => {
    const { objects, unreadable, codes, isPartlyUnknown } = read(
      `${dump(service('a'))}---\n${dump(service('b', { ports: [{ port: 0 }] }))}`,
    );
    assert.deepEqual([objects, unreadable, isPartlyUnknown], [['Service a'], ['Service store/b'], false]);
    assert.match(codes[0] ?? '', /^MAESH_PORT_RANGE spec\.ports\[0\]\.port is 0/);
  });

  it('takes a name or namespace that YAML does not read as text for an object that cannot be told', () => {
    const service = (metadata: string) =>
      `kind: Service\napiVersion: v1\nmetadata: ${metadata}\nspec: {ports: [{port: 80}]}\n`;
    const { unreadable, problems, isPartlyUnknown } = read(
      `${service('{name: 1}')}---\n${service('{name: a, namespace: no}')}`,
    );
    assert.deepEqual([unreadable, isPartlyUnknown], [[], true]);
    assert.deepEqual(
      problems.map(({ subject, message }) => `${subjectName(subject)}: ${message}`),
      [
        'Service default/1: metadata.name is 1, but must be text',
        'Service false/a: metadata.namespace is false, but must be text',
      ],
    );
  });

  it('does not lose the other documents to a broken one, and says on which of its lines it breaks', () => {
    const { objects, problems, isPartlyUnknown, pieces } = read(
      `${dump(service('a'))}---\nkind: Service\nspec: [\nmetadata: {}\n---\n${dump(service('b'))}`,
    );
    assert.deepEqual([objects, isPartlyUnknown], [['Service a', 'Service b'], true]);
    assert.equal(problems[0]?.code, 'MAESH_DOCUMENT_BROKEN');
    assert.deepEqual(problems[0]?.subject, {
      kind: 'File',
      namespace: '',
      name: '',
      origin: { file: '', line: 4 },
    });
    assert.equal(pieces.length, 3);
  });

  it('does not lose the other items of a List to a broken one', () => {
    const items = [dump([service('a')]), '- kind: Service\n  spec: [\n', dump([service('b')])];
    const { objects, codes } = read(`kind: List\nitems:\n${items.join('')}metadata: {}\n`);
    assert.deepEqual(objects, ['Service a', 'Service b']);
    assert.equal(codes.length, 1);
  });

  it('says of each document that is no object why it is none', () => {
    const { codes, isPartlyUnknown } = read(
      '- a\n---\ntext\n---\nreplicas: 2\n---\nkind: Service\napiVersion: v1\n',
    );
    assert.deepEqual(codes, [
      'MAESH_DOCUMENT_UNKNOWN a document is not a Kubernetes object: it is no mapping of fields',
      'MAESH_DOCUMENT_UNKNOWN a document is not a Kubernetes object: it is no mapping of fields',
      'MAESH_DOCUMENT_UNKNOWN a document is not a Kubernetes object: it has no kind',
      'MAESH_DOCUMENT_UNKNOWN a document is not a Kubernetes object: it is a Service without a name',
    ]);
    assert.equal(isPartlyUnknown, true);
  });

  it('takes the items of a List that are one and the same but once', () => {
    const text = `items:\n- &a ${JSON.stringify(service('a'))}\n- *a\n- kind: List\n  items: [*a, *a]\nkind: List\n`;
    assert.deepEqual(read(text).objects, ['Service a', 'Service a']);
  });

  it('does not parse what is known, in documents, items and JSON Lists', () => {
    const texts = [
      `${dump(service('a'))}---\n${dump(service('b'))}`,
      dump({ kind: 'List', items: [service('a'), service('b')] }),
      JSON.stringify({ kind: 'List', items: [service('a'), service('b')] }),
    ];
    for (const text of texts) {
      const first = [...readManifest(text, () => false)];
      const known = new Set([first[0]?.hash]);
      const second = [...readManifest(text, (hash) => known.has(hash))];
      assert.deepEqual(
        second.map(({ hash }) => hash),
        first.map(({ hash }) => hash),
      );
      assert.deepEqual(
        second.map(({ reading }) => reading === undefined),
        [true, false],
      );
    }
  });

  it('knows equal text of another kind of list for another', () => {
    const item = '- metadata: {name: a}\n';
    const [services] = readManifest(`kind: ServiceList\napiVersion: v1\nitems:\n${item}`, () => false);
    const [accounts] = readManifest(`kind: ServiceAccountList\napiVersion: v1\nitems:\n${item}`, () => false);
    assert.notEqual(services?.hash, accounts?.hash);
    assert.equal(accounts?.reading?.objects[0]?.kind, 'ServiceAccount');
  });

  it('gives every piece a line, also behind line ends of other systems', () => {
    const text = `# first\r\n${dump(service('a')).replaceAll('\n', '\r\n')}---\r\n# second\r\n---\r\nkind: X\r\n`;
    assert.deepEqual(
      read(text).pieces.map(({ line }) => line),
      [1, 10, 12],
    );
  });

  it('survives JSON that is nested more deeply than it can be written', () => {
    const deep = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
    const { objects, codes } = read(`{"kind": "List", "items": [${JSON.stringify(service('a'))}, ${deep}]}`);
    assert.deepEqual(objects, ['Service a']);
    assert.deepEqual(codes, [
      'MAESH_DOCUMENT_BROKEN a document cannot be read: an item of the list is nested too deeply',
    ]);
  });

  it('never throws, whatever the text is', () => {
    const token = fc.constantFrom(
      '---',
      '...',
      '\n',
      ' ',
      '- ',
      ': ',
      'a',
      'kind: ',
      'List',
      'Service',
      'items:',
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      '|',
      '>',
      '&a',
      '*a',
      '<<: ',
      '#',
      '\t',
      '\r',
      '\0',
      '%',
      '!',
      '!!int',
      '\uFEFF',
      '\uD800',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(token).map((parts) => parts.join('')),
        ),
        (text) => {
          for (const { reading } of readManifest(text, () => false)) assert.ok(reading !== undefined);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('never throws, whatever value a document or a field of an object has', () => {
    const field = fc.anything({ withNullPrototype: true });
    const object = fc.record(
      {
        apiVersion: fc.constantFrom<unknown>('v1', 'discovery.k8s.io/v1', 1),
        kind: fc.constantFrom(
          'Service',
          'EndpointSlice',
          'Endpoints',
          'Pod',
          'Namespace',
          'ServiceAccount',
          'List',
        ),
        metadata: fc.oneof(field, fc.record({ name: fc.constant('a'), labels: field, annotations: field })),
        spec: fc.oneof(field, fc.record({ ports: field, selector: field, clusterIPs: field })),
        endpoints: field,
        subsets: field,
        items: field,
        status: field,
      },
      { requiredKeys: ['kind', 'apiVersion'] },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          object.map((value) => toJson(value)),
        ),
        (text) => {
          for (const { reading } of readManifest(text, () => false)) assert.ok(reading !== undefined);
        },
      ),
      { numRuns: 500 },
    );
  });
});

/** JSON of a value of any shape, with null for what JSON hasn't. */
function toJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'bigint' ? String(part) : (part ?? null),
  );
}
