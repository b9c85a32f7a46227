// Loaded into the controller of a cluster before it starts. Of thousands of proxies only the real Envoy's messages are
// noted, and of every proxy when it was current first.

import { ControlLoop } from '../../src/control/loop.ts';
import { LineSplitter } from '../../src/kube/line-splitter.ts';
import { TopologyBuilder } from '../../src/model/build.ts';
import type { Offer } from '../../src/model/offer.ts';
import { Metrics } from '../../src/serve/http/metrics.ts';
import type { AckEvent, PushEvent } from '../../src/serve/xds/observer.ts';
import { XdsServer } from '../../src/serve/xds/server.ts';
import type { Session } from '../../src/serve/xds/session.ts';
import { SettledSequences } from '../../src/serve/xds/settled.ts';
import { realNode } from './controller-addresses.ts';
import { note, tap } from './tap.ts';

/** Offers of more objects are the first one: nobody asks when one of them came. */
const mostNamed = 1000;
const current = new Set<Session>();

note('booted');
tap(LineSplitter.prototype, 'push', { call: 'received' });
tap(ControlLoop.prototype, 'offer', {
  call: 'offered',
  about: ({ changes }: Offer) => (changes.length > mostNamed ? [] : changes.map(({ key }) => key)),
});
tap(TopologyBuilder.prototype, 'build', { call: 'building', return: 'built' });
tap(XdsServer.prototype, 'publish', { call: 'publishing', return: 'published' });
tap(Metrics.prototype, 'pushed', {
  call: 'pushed',
  about: ({ proxy, resources }: PushEvent) =>
    proxy.id === realNode
      ? resources.length > mostNamed
        ? []
        : resources.map(({ name }) => name)
      : undefined,
});
tap(Metrics.prototype, 'acknowledged', {
  call: 'acknowledged',
  about: ({ proxy, typeUrl }: AckEvent) => (proxy.id === realNode ? [typeUrl] : undefined),
});
tap(ControlLoop.prototype, 'settled', { call: 'settled', about: (sequence: number) => [String(sequence)] });
tap(SettledSequences.prototype, 'set', {
  call: 'current',
  about(session: Session, sequence: number) {
    if (sequence < 1 || current.has(session)) return undefined;
    current.add(session);
    return [session.proxy?.id ?? ''];
  },
});
