// Cases of names: how a service is called by Host, at the port that serves them all, which is what the original's entry
// points were.

import fc from 'fast-check';
import { workload, type CaseMaker, type Trait } from './case.ts';

/** Ways to write the Host of `shop`, of which `%` is the namespace. */
const hosts: ReadonlyArray<{ readonly host: string; readonly trait?: Trait }> = [
  { host: 'shop.%.maesh' },
  { host: 'shop.%.traefik.mesh' },
  { host: 'Shop.%.Traefik.Mesh' },
  { host: 'SHOP.%.MAESH:80' },
  { host: 'shop.%.maesh:80' },
  { host: 'shop.%.traefik.mesh:80' },
  { host: 'shop.%.maesh.', trait: 'dot at the end' },
  { host: 'shop.%.maesh:8080', trait: 'another port' },
  { host: 'other.%.maesh' },
  { host: 'shop.%' },
  { host: 'shop.%.svc.cluster.local' },
  { host: 'x.shop.%.maesh' },
  { host: 'shop.none.maesh' },
  { host: '10.96.7.7' },
];

/** Cases of Hosts. */
export const hostCases: fc.Arbitrary<CaseMaker> = fc
  .record({
    host: fc.constantFrom(...hosts),
    path: fc.constantFrom('/', '/a?b', '/a%2Fb'),
    method: fc.constantFrom('GET', 'HEAD', 'OPTIONS', 'PUT'),
    headers: fc.constantFrom<Readonly<Record<string, string>>>(
      {},
      { 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https' },
      { 'x-forwarded-host': 'shop.example', 'x-real-ip': '203.0.113.7' },
      { accept: 'text/plain', 'accept-encoding': 'br', 'user-agent': 'curl', te: 'trailers' },
    ),
  })
  .map(({ host: { host, trait }, path, method, headers }): CaseMaker => (namespace) => ({
    objects: workload(namespace, { name: 'shop', pods: ['p1', 'p2'] }),
    probes: [
      {
        service: 'shop',
        port: 80,
        traffic: 'http',
        times: 4,
        entrance: 'host port',
        host: host.replace('%', namespace),
        path,
        method,
        headers,
      },
    ],
    traits: new Set(trait === undefined ? [] : [trait]),
  }));
