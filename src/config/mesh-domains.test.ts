import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { takenDomains } from './mesh-domains.ts';
import { mistakeText } from './mistake.ts';

describe('takenDomains', () => {
  const clusterDomain = 'cluster.local';

  it('tells of each domain that names of the cluster lie in', () => {
    const meshDomains = ['local', 'maesh', 'cluster.local', 'svc.cluster.local', 'a.pod.cluster.local'];
    const mistakes = takenDomains({ meshDomains, clusterDomain });
    assert.deepEqual(
      mistakes.map(({ what }) => what),
      meshDomains.filter((domain) => domain !== 'maesh').map((domain) => `--meshDomains ${domain}`),
    );
    assert.equal(
      mistakeText(mistakes[0] ?? assert.fail()),
      "--meshDomains local; the cluster's own names lie there (--clusterDomain cluster.local), and the mesh would answer for " +
        'them; give a domain that nothing else is in',
    );
  });

  it('takes those beside them', () => {
    const meshDomains = ['maesh', 'mesh.cluster.local', 'mycluster.local', 'svc', 'cluster.local.example'];
    assert.deepEqual(takenDomains({ meshDomains, clusterDomain }), []);
  });
});
