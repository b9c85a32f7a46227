// The Events of a mesh that an API server has: of each, what is needed to refresh or delete it.

import { isRecord, keyOf, type ApiObject } from '../kube/api-object.ts';
import type { KubeClient, Selection } from '../kube/client.ts';
import type { ResourceType } from '../kube/resource-type.ts';
import type { ObjectKey } from '../model/key.ts';

/** events.k8s.io/v1 Event. */
export const events: ResourceType = {
  group: 'events.k8s.io',
  version: 'v1',
  plural: 'events',
  verbs: ['list', 'create', 'patch', 'delete'],
};

/** An Event that is there. */
export interface FoundEvent {
  readonly uid: string;
  /** How long ago it was written last, by the clocks of whoever wrote it and of this machine; in milliseconds, 0 or more. */
  readonly ageMs: number;
  /** How often it was written. */
  readonly count: number;
}

/** Lists Events page by page: an API server keeps those of the whole cluster in one place, and looks through all of them. */
export async function findEvents(
  client: KubeClient,
  selection: Omit<Selection, 'type'>,
  signal: AbortSignal,
): Promise<Map<ObjectKey, FoundEvent>> {
  const found = new Map<ObjectKey, FoundEvent>();
  let from: string | undefined;
  do {
    const page = await client.listPage({ ...selection, type: events }, { from, signal });
    for (const event of page.items) found.set(keyOf(event), readEvent(event));
    from = page.next;
  } while (from !== undefined);
  return found;
}

function readEvent({ metadata, eventTime, series }: ApiObject): FoundEvent {
  const { count, lastObservedTime } = isRecord(series) ? series : {};
  const age = Date.now() - Date.parse(String(lastObservedTime ?? eventTime));
  return {
    uid: metadata.uid ?? '',
    // Without a time it is as old as can be.
    ageMs: Number.isNaN(age) ? Number.POSITIVE_INFINITY : Math.max(0, age),
    count: typeof count === 'number' ? count : 1,
  };
}
