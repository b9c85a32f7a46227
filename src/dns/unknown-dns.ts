// What is said where a cluster's DNS is of no kind that is known here.

import type { MeshDns } from './corefile/mesh-dns.ts';
import { refused } from './corefile/patch.ts';
import { dnsNamespace } from './layout.ts';

/** What is wrong, and the lines that a Corefile needs. */
export function unknownDns(mesh: MeshDns): { readonly trouble: string; readonly byHand: string } {
  const domains = mesh.domains.map((domain) => `*.${domain}`).join(' and ');
  return {
    trouble:
      `This cluster's DNS is of no kind that Maesh knows: there is no CoreDNS or kube-dns in ${dnsNamespace}. The mesh ` +
      `runs, but nothing answers ${domains}; have your DNS do what this server block does for CoreDNS`,
    byHand: refused(mesh, '').byHand,
  };
}
