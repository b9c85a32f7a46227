// A cluster with two places of DNS of which one may not be written: CoreDNS, and a NodeLocal DNSCache before it.

import type { IncomingMessage, ServerResponse } from 'node:http';

import { replies } from '../kube-answers.ts';

/** What was asked to be changed. */
export interface RefusingDns {
  /** Names of ConfigMaps, in the order in which they were patched; patches of `coredns` are refused. */
  readonly patched: readonly string[];
  /** Answers what is about DNS; false for anything else. */
  readonly answer: (request: IncomingMessage, response: ServerResponse) => boolean;
}

/** Makes one, in which both places say this. */
export function refusingDns(text: string): RefusingDns {
  const patched: string[] = [];
  const lists: Readonly<Record<string, object>> = {
    deployments: workload('coredns', 'coredns:1.12.1'),
    daemonsets: workload('node-local-dns', 'k8s-dns-node-cache:1.23.0'),
  };
  const answer = (request: IncomingMessage, response: ServerResponse): boolean => {
    const [path = ''] = (request.url ?? '').split('?');
    const [, type = '', name] = /\/namespaces\/kube-system\/(\w+)(?:\/(.*))?$/.exec(path) ?? [];
    const listed = lists[type];
    if (listed !== undefined) {
      replies(200, { items: [listed], metadata: { resourceVersion: '1' } })(request, response);
      return true;
    }
    if (type !== 'configmaps' || name === undefined) return false;
    if (request.method === 'PATCH') patched.push(name);
    const isRefused = request.method === 'PATCH' && name === 'coredns';
    const found = {
      metadata: { name, resourceVersion: '1' },
      data: { Corefile: text, 'Corefile.base': text },
    };
    replies(isRefused ? 403 : 200, isRefused ? { message: 'no' } : found)(request, response);
    return true;
  };
  return { patched, answer };
}

/** A workload whose configuration is in the ConfigMap of its name. */
function workload(name: string, image: string): object {
  const volumes = [{ name: 'config', configMap: { name } }];
  const volumeMounts = [{ name: 'config', mountPath: '/etc/coredns' }];
  const spec = { containers: [{ name: 'dns', image, volumeMounts }], volumes };
  return { metadata: { name, namespace: 'kube-system', resourceVersion: '1' }, spec: { template: { spec } } };
}
