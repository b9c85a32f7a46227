// The clusters that a proxy was sent and that wait for their endpoints. Envoy "warms" them: until the endpoints have
// come after the cluster, requests to a new cluster fail and a changed cluster is not used.

import type { Resource } from '../../translate/resources.ts';
import { assignmentOf } from './assignment.ts';

/** Which assignments a proxy waits for, and for which cluster. */
export class Warming {
  readonly #assignments = new Map<string, string>();
  readonly #clusters = new Map<string, string>();

  /** An assignment that is waited for; undefined where none is. */
  get first(): string | undefined {
    return this.#clusters.keys().next().value;
  }

  /** Every assignment that is waited for. */
  assignments(): IterableIterator<string> {
    return this.#clusters.keys();
  }

  /** The proxy is sent this cluster. Returns the assignment that it waits for from now on, if it waits for one. */
  begin(cluster: Resource): string | undefined {
    this.drop(cluster.name);
    const assignment = assignmentOf(cluster);
    if (assignment === undefined) return undefined;
    this.#assignments.set(cluster.name, assignment);
    this.#clusters.set(assignment, cluster.name);
    return assignment;
  }

  /** The proxy has the assignment, or knows that there is none. */
  end(assignment: string): void {
    const cluster = this.#clusters.get(assignment);
    if (cluster === undefined) return;
    this.#clusters.delete(assignment);
    this.#assignments.delete(cluster);
  }

  /** The cluster is gone or was rejected. */
  drop(cluster: string): void {
    const assignment = this.#assignments.get(cluster);
    if (assignment === undefined) return;
    this.#assignments.delete(cluster);
    if (this.#clusters.get(assignment) === cluster) this.#clusters.delete(assignment);
  }
}
