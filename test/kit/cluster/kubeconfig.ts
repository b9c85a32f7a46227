// Kubeconfig files.

import type { KubeAccess } from '../kube-request.ts';

/** A kubeconfig with one cluster, one user and one context, all named `test`, that holds everything itself. (JSON is YAML.) */
export function kubeconfigText({ url, ca, certificate, token }: KubeAccess): string {
  const user = {
    ...(certificate && {
      'client-certificate-data': base64(certificate.cert),
      'client-key-data': base64(certificate.key),
    }),
    ...(token !== undefined && { token }),
  };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server: url, 'certificate-authority-data': base64(ca) } }],
    users: [{ name: 'test', user }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    'current-context': 'test',
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
