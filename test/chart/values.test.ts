// Values that are wrong are refused before anything is made of them, with a message that says which and why.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';

import { envoyVersion } from '../../src/proxy/envoy-version.ts';
import { programs } from '../../tools/cluster/programs.ts';
import { chart, render, template, titleOf } from '../kit/chart.ts';

async function refusal(values: object): Promise<string> {
  const { code, stderr } = await template({ values });
  assert.equal(code, 1);
  return stderr;
}

/** Values without which nothing can be made. */
const needed: readonly string[] = [
  'clusterDomain',
  'meshDomains',
  'dns',
  'limits',
  'cleanup',
  'metrics.prometheus',
  'controller.image.name',
  'proxy.concurrency',
  'proxy.drainSeconds',
  'proxy.image.name',
  'proxy.image.tag',
  'coredns.image.name',
  'coredns.image.tag',
];

/** Values as they are given by whoever has null in the place of every one that isn't needed: of each, or of whole parts. */
function nulled(values: object, what: 'values' | 'parts', above: string = ''): object {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]: [string, unknown]) => {
      const path = above + key;
      const isPart = typeof value === 'object' && value !== null && !Array.isArray(value);
      const holdsNeeded = needed.some((each) => each.startsWith(`${path}.`) || each === path);
      if (isPart && (what === 'values' || holdsNeeded)) return [key, nulled(value, what, `${path}.`)];
      return [key, holdsNeeded ? value : null];
    }),
  );
}

describe('values', () => {
  it('that nobody knows are refused, wherever they are', async () => {
    const said = await refusal({
      acll: true,
      controller: { replica: 2, image: { nam: 'x' } },
      mesh: { concurrency: 3 },
      proxy: { resources: { limit: { memmory: '1Gi' } } },
    });
    for (const name of ['acll', 'replica', 'nam', 'concurrency', 'memmory'])
      assert.match(said, new RegExp(`'${name}' not allowed`, 'u'));
  });

  it('of another type, or none of those that there are, are refused', async () => {
    const said = await refusal({
      controller: { watchNamespaces: 'store', replicas: 0 },
      defaultMode: 'https',
      logLevel: 'verbose',
      clusterDomain: 'cluster.local.',
    });
    for (const path of ['watchNamespaces', 'replicas', 'defaultMode', 'logLevel', 'clusterDomain'])
      assert.match(said, new RegExp(`at '[\\w/]*/${path}'`, 'u'));
  });

  it('may not take the labels by which pods are found', async () => {
    assert.match(await refusal({ labels: { app: 'mine' } }), /'app'/u);
    assert.match(await refusal({ proxy: { podLabels: { component: 'mine' } } }), /'component'/u);
  });

  it('for the images of the original, or its arguments, are refused', async () => {
    const said = await refusal({
      image: { name: 'containous/maesh', tag: 'v1.3.2' },
      controller: { image: { name: 'traefik/mesh', tag: 'v1.4.8' }, resources: { limit: { mem: '100Mi' } } },
      mesh: { image: { name: 'traefik', tag: 'v2.3' }, additionalArguments: ['--accesslog=true'] },
      proxy: { env: [{ name: 'TRAEFIK_LOG_LEVEL', value: 'debug' }] },
    });
    for (const value of [
      'image.name',
      'image.tag',
      'controller.image.name',
      'controller.image.tag',
      'controller.resources.limit.mem',
      'mesh.image.name',
      'mesh.image.tag',
      'mesh.additionalArguments',
      'proxy.env',
    ])
      assert.match(said, new RegExp(`^  ${value.replaceAll('.', '\\.')}: .`, 'mu'));
  });

  it('for domains of the mesh that the cluster has itself are refused', async () => {
    const said = await refusal({ meshDomains: ['maesh', 'local', 'svc.cluster.local'] });
    for (const domain of ['local', 'svc.cluster.local'])
      assert.ok(said.includes(`meshDomains: the cluster's own names lie in ${domain} (`));
    assert.ok(!said.includes('maesh ('));
    assert.equal((await template({ values: { meshDomains: ['mesh.cluster.local'] } })).code, 0);
  });

  it('by which proxies would be killed before they have served to the end are refused', async () => {
    const said = await refusal({ proxy: { drainSeconds: 60 } });
    assert.match(said, /proxy\.drainSeconds: .* proxy\.terminationGracePeriodSeconds, which is 60/u);
    const proxy = { drainSeconds: 60, terminationGracePeriodSeconds: 61 };
    assert.equal((await template({ values: { proxy } })).code, 0);
  });

  it('by which nothing would be in the mesh are refused', async () => {
    const controller = { watchNamespaces: ['store', 'kube-system'], ignoreNamespaces: ['store'] };
    assert.match(await refusal({ controller }), /controller\.watchNamespaces: each of them is ignored/u);
  });

  it('of another chart, as --reuse-values brings them, are told for what they are', async () => {
    for (const part of ['proxy', 'cleanup', 'controller']) {
      const said = await refusal({ [part]: null });
      assert.match(said, new RegExp(`no \`${part}[.a-z]*\`.*--reset-then-reuse-values`, 'u'));
    }
  });

  it('that are null are as good as empty, or refused as what is needed', async () => {
    const all = parse(readFileSync(join(chart, 'values.yaml'), 'utf8')) as object;
    for (const what of ['values', 'parts'] as const) {
      for (const kubedns of [true, false]) {
        const { code, stdout, stderr } = await template({ values: { ...nulled(all, what), kubedns } });
        assert.equal(code, 0, stderr);
        assert.doesNotMatch(stdout, /<nil>/);
      }
    }
    for (const path of needed) {
      const values = path.split('.').reduceRight<unknown>((value, key) => ({ [key]: value }), null) as object;
      const said = await refusal({ kubedns: true, ...values });
      assert.match(said, new RegExp(`no \`${path}\`|the image .* has no tag`, 'u'));
    }
  });

  it('and names that YAML takes for something else stay names', async () => {
    const values = { kubedns: true, controller: { watchNamespaces: ['0x1'] }, proxy: { name: '007' } };
    const objects = await render({ namespace: '12e4', values });
    const given = objects.flatMap(({ metadata: { name, namespace } }) => [name, namespace]);
    assert.deepEqual(new Set(given.map((each) => typeof each)), new Set(['string', 'undefined']));
    assert.ok(given.includes('12e4') && given.includes('0x1') && given.includes('007'));
    const bootstrap = objects.find((object) => titleOf(object) === 'ConfigMap 12e4/maesh-mesh')?.['data'];
    assert.partialDeepStrictEqual(parse((bootstrap as Record<string, string>)['bootstrap.yaml'] ?? ''), {
      node: { cluster: '12e4' },
    });
  });
});

describe('the chart', () => {
  const at = (file: string): unknown => parse(readFileSync(join(chart, file), 'utf8'));

  it('goes with the version of Maesh that this is', () => {
    const { version } = JSON.parse(readFileSync(join(chart, '..', 'package.json'), 'utf8')) as {
      version: string;
    };
    assert.equal((at('Chart.yaml') as { readonly appVersion: string }).appVersion, version);
  });

  it('has the versions of Envoy and CoreDNS that tests are run with', () => {
    const { proxy, coredns } = at('values.yaml') as Record<
      'proxy' | 'coredns',
      { readonly image: { readonly tag: string } }
    >;
    assert.equal(proxy.image.tag, `v${envoyVersion}`);
    assert.equal(coredns.image.tag, programs.find(({ name }) => name === 'coredns')?.version);
  });
});
