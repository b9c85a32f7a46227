// What a Lease says, as Maesh and client-go write it, and the calls by which it is read and written.

import { isRecord, type ApiObject } from './api-object.ts';
import type { KubeClient } from './client.ts';
import { KubeError } from './kube-error.ts';
import { microTime } from './micro-time.ts';
import type { ResourceType } from './resource-type.ts';

/** coordination.k8s.io/v1 Lease: the one that replicas share, and one for each of them. */
export const leases: ResourceType = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  verbs: ['get', 'list', 'create', 'patch', 'delete'],
};

/** What a Lease says. */
export interface LeaseRecord {
  /** Who holds it; empty for nobody. */
  readonly holder: string;
  readonly durationMs: number;
  /** When the holder took it, RFC 3339; undefined where it does not say. */
  readonly acquireTime: string | undefined;
  /** How often it went from one holder to another. */
  readonly transitions: number;
}

/** A Lease as it was read: what it says, and the version that a write must find unchanged. */
export interface LeaseVersion {
  readonly record: LeaseRecord;
  readonly version: string;
}

/** Where one Lease is kept. Each call rejects with KubeError. */
export interface LeaseStore {
  /** Undefined where there is none yet. */
  read(signal: AbortSignal): Promise<LeaseVersion | undefined>;
  /** Writes it if it is still of the version, or not there for undefined; undefined where somebody else was faster. */
  write(
    record: LeaseRecord,
    version: string | undefined,
    signal: AbortSignal,
  ): Promise<LeaseVersion | undefined>;
}

/** A Lease in the API server. */
export function leaseStore(
  client: KubeClient,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): LeaseStore {
  const target = { type: leases, namespace, name };
  return {
    async read(signal) {
      const object = await unless(404, client.get(target, { signal }));
      return object && asVersion(object);
    },
    async write(record, version, signal) {
      const spec = asSpec(record);
      const manifest = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { namespace, name },
        spec,
      };
      // A Lease that was deleted meanwhile is as good as one that was changed; one that can't be created has no namespace.
      const written =
        version === undefined
          ? client.create(leases, manifest, { signal })
          : unless(404, client.patch(target, { spec }, { resourceVersion: version, signal }));
      const object = await unless(409, written);
      return object && asVersion(object);
    },
  };
}

async function unless<T>(status: number, call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof KubeError && error.status === status) return undefined;
    throw error;
  }
}

function asSpec({ holder, durationMs, acquireTime, transitions }: LeaseRecord): object {
  // Others look at it only to see that it changes. One moment: a Lease that was just taken was renewed when it was taken.
  const now = microTime();
  return {
    holderIdentity: holder,
    leaseDurationSeconds: Math.max(1, Math.ceil(durationMs / 1000)),
    acquireTime: acquireTime ?? now,
    renewTime: now,
    leaseTransitions: transitions,
  };
}

function asVersion({ metadata, spec }: ApiObject): LeaseVersion {
  const { holderIdentity, leaseDurationSeconds, acquireTime, leaseTransitions } = isRecord(spec) ? spec : {};
  return {
    version: metadata.resourceVersion,
    record: {
      holder: typeof holderIdentity === 'string' ? holderIdentity : '',
      durationMs: typeof leaseDurationSeconds === 'number' ? leaseDurationSeconds * 1000 : 0,
      acquireTime: typeof acquireTime === 'string' ? acquireTime : undefined,
      transitions: typeof leaseTransitions === 'number' ? leaseTransitions : 0,
    },
  };
}
