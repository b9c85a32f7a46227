// What a mesh has made in an API server, or written into others' objects, besides DNS.

import { EventForm } from '../../apply/event-form.ts';
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

/** Something that is left, whatever was tried. Its message is a sentence without a full stop. */
export class LeftOverError extends Error {
  override readonly name = 'LeftOverError';
}

/** Calls to the API server at a time. */
const workers = 8;
/** How often one is tried again that somebody else was faster than. */
const maxAttempts = 5;

/** Deletes shadow Services and the record of mesh ports that rest. */
export async function deleteServices(context: CleanupContext): Promise<readonly string[]> {
  const { client, options, signal } = context;
  const { namespace } = options;
  const labelSelector = `app=maesh,type in (shadow,${restRecordType})`;
  const found = await client.list({ type: services, namespace, labelSelector }, { signal });
  const count = await deleteAll(services, found, context);
  return [`Shadow Services in namespace ${namespace}: ${count} deleted`];
}

/** Deletes the Leases of the election and of replicas. */
export async function deleteLeases(context: CleanupContext): Promise<readonly string[]> {
  const { namespace } = context.options;
  const count = await deleteAll(leases, await findLeases({ ...context.options, ...context }), context);
  return [`Leases in namespace ${namespace}: ${count} deleted`];
}

/** Takes what was said of problems back: Events on others' objects, and conditions in their statuses. */
export async function takeBackProblems(context: CleanupContext): Promise<readonly string[]> {
  const { client, options, log, clock } = context;
  const common = { client, namespaces: undefined, log, clock };
  const events = await takeBack(
    new EventForm({ ...common, meshNamespace: options.namespace, instance: 'cleanup' }),
    context,
  );
  const kinds = kindsWithStatus.map((kind) => kindParsers[kind]);
  const statuses = await takeBack(new StatusForm({ ...common, kinds }), context);
  return [
    `Events of the mesh: ${events} deleted`,
    `Statuses with a condition of the mesh: ${statuses} cleared`,
  ];
}

async function takeBack<Wanted>(form: ProblemForm<Wanted>, { signal }: CleanupContext): Promise<number> {
  await form.find(signal);
  const keys = [...form.keys()];
  await forEach(keys, async (key) => {
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
  await forEach(found, async ({ metadata: { namespace, name, uid } }) => {
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

/**
 * Does something for each. One for which it can't be done holds no other up, but where the API server gives no answer.
 *
 * @throws LeftOverError or KubeError of the first for which it couldn't be done, when nothing is under way any more.
 */
async function forEach<T>(items: readonly T[], action: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  const failures: Error[] = [];
  const work = async (): Promise<void> => {
    for (const item of rest) {
      try {
        await action(item);
      } catch (error) {
        const isOfOne = error instanceof LeftOverError || (error instanceof KubeError && error.status > 0);
        if (!isOfOne) throw error;
        failures.push(error);
      }
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: workers }, work));
  for (const each of ended) if (each.status === 'rejected') throw each.reason;
  const [first, ...others] = failures;
  if (first === undefined) return;
  throw others.length === 0 ? first : new LeftOverError(`${first.message} (and ${others.length} more)`);
}
