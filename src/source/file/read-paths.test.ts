import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { subjectName } from '../../model/problem.ts';
import { MissingPathError } from './missing-path-error.ts';
import { readPaths, readText, type Manifests } from './read-paths.ts';

const fixture = join(import.meta.dirname, '../../../test/fixtures/kubectl-get.yaml');
let folder = '';

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maesh-test-'));
  await writeFile(
    join(folder, 'a.yaml'),
    'kind: Namespace\napiVersion: v1\nmetadata: {name: b}\n---\nkind: Deployment\napiVersion: apps/v1\n',
  );
  await writeFile(
    join(folder, 'b.json'),
    '{"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "a"}}',
  );
  await writeFile(
    join(folder, 'c.yml'),
    'kind: ConfigMap\napiVersion: v1\n---\nkind: Deployment\napiVersion: apps/v1\n---\nkind: [\n',
  );
});

after(async () => {
  await rm(folder, { recursive: true });
});

function namesIn({ objects }: Manifests): string[] {
  return objects.map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`);
}

describe('readPaths()', () => {
  it('reads files and folders, says what is wrong, and counts what is left alone', async () => {
    const manifests = await readPaths([folder]);
    assert.deepEqual(namesIn(manifests), ['Namespace /a', 'Namespace /b']);
    assert.deepEqual(manifests.objects[1]?.origin, { file: join(folder, 'a.yaml'), line: 1 });
    assert.deepEqual(
      manifests.problems.map(({ code, subject }) => [code, subjectName(subject), subject.origin?.line]),
      [['MAESH_DOCUMENT_BROKEN', `File ${join(folder, 'c.yml')}`, 7]],
    );
    assert.deepEqual(
      [...manifests.ignoredKinds],
      [
        ['ConfigMap', 1],
        ['Deployment.apps', 2],
      ],
    );
  });

  it('reads what kubectl says of a real cluster as it is', async () => {
    const manifests = await readPaths([fixture]);
    assert.deepEqual(manifests.problems, []);
    assert.deepEqual([...manifests.ignoredKinds], []);
    assert.deepEqual(
      manifests.objects.map(({ kind, namespace, name, origin }) => [
        `${kind} ${namespace}/${name}`,
        origin?.line,
      ]),
      [
        ['Service kube-system/kube-dns', 58],
        ['Service store/ledger', 92],
        ['Service store/mail', 115],
        ['Service store/shop', 3],
        ['EndpointSlice store/ledger-p8d2c', 183],
        ['EndpointSlice store/shop-mwq7r', 129],
        ['Pod store/shop-6c9d7b9c5-7k9zq', 273],
        ['Pod store/shop-6c9d7b9c5-x2x4k', 199],
      ],
    );
    const shop = manifests.objects.find(({ name }) => name === 'shop');
    assert.ok(shop?.kind === 'Service');
    assert.deepEqual(shop.annotations, { 'mesh.traefik.io/traffic-type': 'http' });
    assert.deepEqual(shop.clusterIPs, ['10.96.14.7', 'fd00:10:96::e07']);
    const slice = manifests.objects.find(({ name }) => name === 'shop-mwq7r');
    assert.ok(slice?.kind === 'EndpointSlice');
    assert.deepEqual(
      slice.endpoints.map(({ ready, serving, terminating, zone }) => [ready, serving, terminating, zone]),
      [
        [true, true, false, 'eu-1a'],
        [false, true, true, undefined],
      ],
    );
    const [gone, running] = manifests.objects.filter(({ kind }) => kind === 'Pod');
    assert.ok(gone?.kind === 'Pod' && running?.kind === 'Pod');
    assert.deepEqual([gone.terminating, gone.finished, gone.hostNetwork, gone.ips], [true, true, true, []]);
    assert.deepEqual(
      running.containerPorts.map(({ name, port }) => [name, port]),
      [
        ['web', 8080],
        ['metrics', 9102],
        ['tunnel', 9443],
      ],
    );
  });

  it('rejects where a path is not there', async () => {
    await assert.rejects(readPaths([folder, join(folder, 'nowhere')]), MissingPathError);
  });

  it('reads standard input for -, in its place among the paths', async () => {
    const input = 'kind: Namespace\napiVersion: v1\nmetadata: {name: a, labels: {from: input}}\n';
    const read = async (...paths: string[]) => {
      const program = `import { readPaths } from ${JSON.stringify(join(import.meta.dirname, 'read-paths.ts'))};
        const { objects, problems } = await readPaths(process.argv.slice(1));
        console.log(JSON.stringify([objects.map(({ name, labels, origin }) => [name, labels, origin.file]), problems.length]));`;
      const child = spawn(process.execPath, ['--input-type=module', '-e', program, '--', ...paths], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      child.stdin.end(input);
      const [printed] = await Promise.all([text(child.stdout), once(child, 'close')]);
      return JSON.parse(printed) as unknown;
    };
    const file = join(folder, 'b.json');
    assert.deepEqual(await read('-'), [[['a', { from: 'input' }, '-']], 0]);
    assert.deepEqual(await read('-', file), [[['a', { from: 'input' }, '-']], 1]);
    assert.deepEqual(await read(file, '-'), [[['a', {}, file]], 1]);
  });
});

describe('readText()', () => {
  it('says what a text says, under the name that it is given', () => {
    const manifests = readText(
      'kind: Namespace\napiVersion: v1\nmetadata: {name: a}\n---\nkind: [\n',
      'input',
    );
    assert.deepEqual(namesIn(manifests), ['Namespace /a']);
    assert.deepEqual(
      manifests.problems.map(({ code, subject }) => [code, subject.name, subject.origin]),
      [['MAESH_DOCUMENT_BROKEN', 'input', { file: 'input', line: 5 }]],
    );
  });
});
