import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { fromBinary } from '@bufbuild/protobuf';
import { type GivenPort, meshService } from '../../../test/kit/topologies.ts';
import { ClusterLoadAssignmentSchema } from '../../gen/envoy/config/endpoint/v3/endpoint_pb.ts';
import type { Endpoint, SplitBackend } from '../../model/topology.ts';
import type { Resource } from '../resources.ts';
import { packWithKinds, withinKinds } from './endpoint-kinds.ts';

/** The endpoints of a port that lies on the pods of these accounts at these ports, as `account:port`. */
function packed(pods: readonly string[], given: GivenPort = {}): Resource {
  const [port] = meshService('store/shop', [{ ...given, endpoints: pods.map(endpoint) }]).ports;
  assert.ok(port !== undefined);
  return packWithKinds({ ...port, meshPort: 20_000 }, ['store/shop']);
}

let count = 0;

function endpoint(pod: string): Endpoint {
  const [account, port] = pod.split(':');
  const place = { otherAddresses: [], pod: undefined, node: undefined, zone: undefined, port: Number(port) };
  return { ...place, address: `10.0.0.${(count += 1)}`, ...(account !== '' && { account }) };
}

function split(backends: Readonly<Record<string, readonly string[]>>): GivenPort {
  const of = (key: string, pods: readonly string[]): SplitBackend => ({
    key,
    weight: 1,
    endpoints: pods.map(endpoint),
  });
  return {
    traffic: 'tcp',
    splits: [{ backends: Object.entries(backends).map(([key, pods]) => of(key, pods)) }],
  };
}

function sizeOf({ bytes }: Resource): number {
  const { endpoints } = fromBinary(ClusterLoadAssignmentSchema, bytes);
  return endpoints.flatMap(({ lbEndpoints }) => lbEndpoints).length;
}

/** How many of the endpoints may be sent to who holds these. */
function sent(whole: Resource, ...held: readonly Resource[]): number {
  return sizeOf(
    withinKinds(
      whole,
      held.map(({ version }) => version),
    ),
  );
}

describe('kinds of endpoints', () => {
  it('are their service accounts, and nobody is one too', () => {
    const all = packed(['x:80', 'x:80', 'y:80', ':80']);
    assert.equal(sent(all, packed(['x:80'])), 2);
    assert.equal(sent(all, packed(['y:80'])), 1);
    assert.equal(sent(all, packed([':80', 'z:80'])), 1);
    assert.equal(sent(all, packed([])), 0);
    assert.equal(sent(all, packed(['x:80', 'y:80']), packed(['y:80', ':80'])), 1);
  });

  it('are the ports too, those on the pods and that of the service', () => {
    assert.equal(sent(packed(['x:80']), packed(['x:81'])), 0);
    assert.equal(sent(packed(['x:80']), packed(['x:80'], { port: 90 })), 0);
    assert.equal(
      sent(packed(['x:80', 'x:81']), packed(['x:80'])),
      0,
      'a name that is two numbers means none',
    );
  });

  it('are those of the backends where a port is split', () => {
    const both = packed([], split({ 'store/v1/80': ['x:80'], 'store/v2/80': ['y:80', 'y:80'] }));
    assert.equal(
      sent(both, packed(['x:80'])),
      1,
      'the pods of v1 are of the kind of those that the root had',
    );
    assert.equal(sent(both, packed([], split({ 'store/v3/80': ['y:80'] }))), 2);
    assert.equal(sent(both, packed([], split({ 'store/v3/81': ['y:80'] }))), 0);
  });

  it('leave a resource as it is where nothing is to be left out, and make the same part of it each time', () => {
    const all = packed(['x:80', 'y:80']);
    const { version } = packed(['x:80']);
    assert.equal(withinKinds(all, []), all);
    assert.equal(withinKinds(all, [all.version, 'a version without kinds']), all);
    assert.equal(withinKinds(all, [version]), withinKinds(all, [version]));
  });
});
