// What a mesh has made in an API server, or written into others' objects, besides DNS.

import { EventForm } from '../../apply/event-form.ts';
import { proxyPods, relievedPods } from '../../apply/original-proxies.ts';
import type { ProblemForm } from '../../apply/problem-writer.ts';
import { restRecordType } from '../../apply/resting-ports.ts';
import { services } from '../../apply/shadow-calls.ts';
import { StatusForm } from '../../apply/status-form.ts';
import type { ApiObject } from '../../kube/api-object.ts';
import { KubeError } from '../../kube/kube-error.ts';
import { leases } from '../../kube/lease-record.ts';
import type { ResourceType } from '../../kube/resource-type.ts';
import { kindsWithStatus } from '../../source/kubernetes/with-identity.ts';
import { kindParsers } from '../../source/parse/kinds.ts';
import type { CleanupContext } from './clean-up.ts';
import { findLeases } from './ended-controllers.ts';
import { forEach, LeftOverError } from './for-each.ts';

/** Calls to the API server at a time. */
const abreast = 8;
/** How often one is tried again that somebody else was faster than. */
const maxAttempts = 5;

/** Deletes shadow Services and the record of mesh ports that rest. */
export async function deleteServices(context: CleanupContext): Promise<void> {
  const { client, options, signal, onDone } = context;
  const { namespace } = options;
  const labelSelector = `app=maesh,type in (shadow,${restRecordType})`;
  const found = await client.list({ type: services, namespace, labelSelector }, { signal });
  const count = await deleteAll(services, found, context);
  onDone(`Shadow Services in namespace ${namespace}: ${count} deleted`);
}

/** Deletes proxies of the original that were taken out of the mesh: no daemon set has them any more. */
export async function deleteRelieved(context: CleanupContext): Promise<void> {
  const { client, options, signal, onDone } = context;
  const { namespace } = options;
  const found = await client.list(relievedPods(namespace), { signal });
  const count = await deleteAll(proxyPods, found, context);
  if (count > 0) onDone(`Proxies of the original in namespace ${namespace}: ${count} deleted`);
}

/** Deletes the Leases of the election and of replicas. */
export async function deleteLeases(context: CleanupContext): Promise<void> {
  const { namespace } = context.options;
  const count = await deleteAll(leases, await findLeases({ ...context.options, ...context }), context);
  context.onDone(`Leases in namespace ${namespace}: ${count} deleted`);
}

/** Takes what was said of problems back: Events on others' objects, and conditions in their statuses. */
export async function takeBackProblems(context: CleanupContext): Promise<void> {
  const { client, options, log, clock, onDone } = context;
  const common = { client, namespaces: undefined, log, clock };
  const events = await takeBack(
    new EventForm({ ...common, meshNamespace: options.namespace, instance: 'cleanup' }),
    context,
  );
  onDone(`Events of the mesh: ${events} deleted`);
  const kinds = kindsWithStatus.map((kind) => kindParsers[kind]);
  const statuses = await takeBack(new StatusForm({ ...common, kinds }), context);
  onDone(`Statuses with a condition of the mesh: ${statuses} cleared`);
}

async function takeBack<Wanted>(form: ProblemForm<Wanted>, { signal }: CleanupContext): Promise<number> {
  await form.find(signal);
  const keys = [...form.keys()];
  await forEach(keys, abreast, async (key) => {
    for (let attempt = 1; attempt <= maxAttempts; attempt++) {
      const later = await form.bring(key, undefined, async (call) => await call(signal));
      if (later === undefined) return;
    }
    throw new LeftOverError(`Somebody else changes it each time: ${form.name} ${key}`);
  });
  return keys.length;
}

async function deleteAll(
  type: ResourceType,
  found: readonly ApiObject[],
  { client, signal }: CleanupContext,
): Promise<number> {
  await forEach(found, abreast, async ({ metadata: { namespace, name, uid } }) => {
    try {
      await client.delete({ type, namespace, name }, { ...(uid !== undefined && { uid }), signal });
    } catch (error) {
      // Somebody else was faster, and what has the name by now is not what was found.
      const isGone = error instanceof KubeError && (error.status === 404 || error.status === 409);
      if (!isGone) throw error;
    }
  });
  return found.length;
}
