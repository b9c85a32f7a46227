import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, it } from 'node:test';

import { refusingDns } from '../../../test/kit/dns/refusing-dns.ts';
import { clientOf, replies } from '../../../test/kit/kube-answers.ts';
import { RecordLog } from '../../../test/kit/record-log.ts';
import type { CleanupOptions } from '../../config/options.ts';
import { cleanUp, type CleanupStep } from './clean-up.ts';

const options: Omit<CleanupOptions, 'masterURL'> = {
  kubeConfig: undefined,
  env: {},
  namespace: 'maesh',
  leaseName: 'maesh-controller',
  meshDomains: ['maesh'],
  logLevel: 'error',
  logFormat: 'common',
};

function metadata(name: string): object {
  return { name, namespace: 'maesh', uid: name, resourceVersion: '1' };
}

/** A server of Services and Leases by these names, on which calls are answered otherwise where a test says so. */
async function serverOf(
  given: { readonly services?: readonly string[]; readonly leases?: readonly string[] },
  otherwise: (request: IncomingMessage, response: ServerResponse) => boolean = () => false,
): Promise<{ readonly url: string; readonly there: ReadonlySet<string> }> {
  const there = new Set([
    ...(given.services ?? []).map((name) => `/api/v1/namespaces/maesh/services/${name}`),
    ...(given.leases ?? []).map((name) => `/apis/coordination.k8s.io/v1/namespaces/maesh/leases/${name}`),
  ]);
  const held = { holderIdentity: 'a', leaseDurationSeconds: 3_600 };
  const { url } = await clientOf((request, response) => {
    const [path = ''] = (request.url ?? '').split('?');
    if (otherwise(request, response)) return;
    if (request.method === 'DELETE') replies(there.delete(path) ? 200 : 404, {})(request, response);
    else {
      const found = [...there].filter((each) => each.startsWith(`${path}/`));
      const items = found.map((each) => ({ metadata: metadata(each.split('/').at(-1) ?? ''), spec: held }));
      replies(200, { items, metadata: { resourceVersion: '1' } })(request, response);
    }
  });
  return { url, there };
}

async function stepsOf(
  masterURL: string,
  signal: AbortSignal = new AbortController().signal,
): Promise<readonly CleanupStep[]> {
  const steps: CleanupStep[] = [];
  await cleanUp(
    { ...options, masterURL },
    { log: new RecordLog(), signal, onStep: (step) => steps.push(step) },
  );
  return steps;
}

describe('maesh cleanup', () => {
  it('takes the mesh out of a place of DNS whatever comes of another', async () => {
    const { patched, answer } = refusingDns('.:53 {\n}\n#### Begin Maesh Block\n#### End Maesh Block\n');
    const { url } = await serverOf({}, answer);
    const steps = await stepsOf(url);
    assert.deepEqual(patched, ['coredns', 'node-local-dns']);
    assert.deepEqual(
      steps.slice(0, 2).map(({ kind, text }) => [kind, text.split(/[:(]/, 1)[0]]),
      [
        ['done', 'NodeLocal DNSCache '],
        ['failed', 'Cannot patch configmaps kube-system/coredns'],
      ],
    );
  });

  it('takes away what it may, however much there is that it may not', async () => {
    const kept = Array.from({ length: 20 }, (_, at) => `kept-${at}`);
    const gone = Array.from({ length: 20 }, (_, at) => `gone-${at}`);
    const { url, there } = await serverOf({ services: [...kept, ...gone] }, (request, response) => {
      const isKept = request.method === 'DELETE' && request.url?.includes('/kept-') === true;
      if (isKept) replies(403, { message: 'a webhook says no' })(request, response);
      return isKept;
    });
    const steps = await stepsOf(url);
    assert.deepEqual(
      [...there].map((path) => path.split('/').at(-1)),
      kept,
    );
    const failed = steps.filter(({ kind }) => kind === 'failed').map(({ text }) => text);
    assert.equal(failed.length, 1);
    assert.match(failed[0] ?? '', /^Cannot delete services maesh\/kept-.*a webhook says no \(and 19 more\)$/);
  });

  it('says that it was asked to end', async () => {
    const ending = new AbortController();
    const { url } = await serverOf({ leases: ['maesh-controller'] }, () => {
      setImmediate(() => ending.abort());
      return false;
    });
    assert.deepEqual(await stepsOf(url, ending.signal), [
      { kind: 'failed', text: 'Asked to end before all was taken away: run it again' },
    ]);
  });
});
