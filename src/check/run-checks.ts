// Makes the checks one after the other. Whatever goes wrong in one is its finding; those that depend on it are passed over.

import { KubeError } from '../kube/kube-error.ts';
import { checks } from './check-list.ts';
import { checkTable, type CheckName } from './check-table.ts';
import type { Cluster } from './cluster.ts';
import { wrong, type Finding } from './finding.ts';

/** What came of one check. */
export interface CheckResult extends Finding {
  readonly name: CheckName;
}

/** One check. */
export interface Check {
  /** Checks that have to have found nothing wrong: without that there is nothing to be looked at here. */
  readonly needs: readonly CheckName[];
  /** May reject with KubeError, and with what comes of an answer of another shape than this version knows. */
  readonly look: (cluster: Cluster) => Promise<Finding>;
}

/**
 * Makes all checks, in the order of the table. Each result comes when it is known.
 *
 * @param onBegin - told of each check before it is made.
 */
export async function* runChecks(
  cluster: Cluster,
  onBegin: (name: CheckName) => void = () => {},
): AsyncGenerator<CheckResult> {
  const failed = new Set<CheckName>();
  for (const name of Object.keys(checkTable) as CheckName[]) {
    const { needs, look } = checks[name];
    const missing = needs.find((need) => failed.has(need));
    if (missing === undefined) onBegin(name);
    const finding = missing === undefined ? await findingOf(look(cluster)) : skipped(missing);
    if (finding.status === 'error' || finding.status === 'skipped') failed.add(name);
    yield { name, ...finding };
  }
}

function skipped(missing: CheckName): Finding {
  const message = `not looked at, since that needs ${missing}`;
  return { status: 'skipped', message, details: [], advice: undefined };
}

async function findingOf(looking: Promise<Finding>): Promise<Finding> {
  try {
    return await looking;
  } catch (error) {
    return wrong({
      message: 'that could not be found out',
      details: [(error instanceof Error ? error.message : String(error)).replaceAll(/\s*\n\s*/g, ' ')],
      advice: adviceFor(error),
    });
  }
}

function adviceFor(error: unknown): string {
  if (!(error instanceof KubeError)) {
    return (
      'What answers may be of a version whose answers this command does not understand: see controller-versions and ' +
      'server-version. If it is not, this is a mistake of Maesh.'
    );
  }
  if (error.status === 403) return 'Grant what is named, or check as somebody who has it.';
  return 'See to what is named, then check again.';
}
