// The same load from several test pods, as a test sees it.

import { until } from '../until.ts';
import type { LoadFailure, LoadOrder, LoadReport } from './load.ts';
import type { TestPod } from './test-pod.ts';

/** Long enough for what a caller may wait for an answer, and for the next call to be made. */
const moreMs = 60_000;

/** A load that goes on until it is stopped. */
export class PodsLoad implements AsyncDisposable {
  readonly #pods: readonly TestPod[];
  #isStopped = false;

  private constructor(pods: readonly TestPod[]) {
    this.#pods = pods;
  }

  /** Has each pod begin. Resolves when calls are made. */
  static async start(pods: Iterable<TestPod>, order: LoadOrder): Promise<PodsLoad> {
    const load = new PodsLoad([...pods]);
    await Promise.all(load.#pods.map((pod) => pod.call('startLoad', order)));
    await load.more(10);
    return load;
  }

  /** Waits until each pod has made so many more calls. */
  async more(count: number): Promise<void> {
    const wait = async (pod: TestPod): Promise<void> => {
      const goal = (await pod.call('reportLoad', {})).count + count;
      const isThere = async (): Promise<true | undefined> =>
        (await pod.call('reportLoad', {})).count >= goal || undefined;
      await until(`${count} more calls of ${pod.name}`, isThere, moreMs);
    };
    await Promise.all(this.#pods.map(wait));
  }

  /** Ends it and adds up what came of it. What failed is named after the node that it was called from. */
  async stop(): Promise<LoadReport> {
    this.#isStopped = true;
    const ends = this.#pods.map(async (pod) => ({ ...(await pod.call('stopLoad', {})), node: pod.node }));
    const reports = await Promise.all(ends);
    const onNode = (node: string, failure: LoadFailure): LoadFailure => ({
      ...failure,
      target: `${failure.target} from ${node}`,
    });
    return {
      count: reports.reduce((sum, { count }) => sum + count, 0),
      failures: reports.flatMap(({ failures, node }) => failures.map((each) => onNode(node, each))),
      slowMs: Math.max(...reports.map(({ slowMs }) => slowMs)),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isStopped) await this.stop();
  }
}
