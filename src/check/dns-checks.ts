// DNS, end to end: the controller asks for names of services as any pod does, and what comes back is compared with the
// addresses that they should have.

import { shadowName } from '../apply/shadow-name.ts';
import { byText, type ServiceKey } from '../model/key.ts';
import type { NameJson, NamesJson } from '../serve/http/api-types.ts';
import type { Cluster } from './cluster.ts';
import { warning, well, wrong, type Finding } from './finding.ts';
import { once } from './once.ts';
import { askShadows, type Shadows } from './shadows.ts';

/** What one replica was told of one name. */
interface Answer {
  readonly pod: string;
  readonly name: NameJson;
  /** What it should have been. */
  readonly addresses: readonly string[];
}

/** Answers of a cluster, which are asked for once for both checks. */
const asked = new WeakMap<Cluster, () => Promise<readonly Answer[]>>();

/** `dns-cluster`: names of shadow Services themselves, behind which the cluster's own DNS is. */
export async function clusterNames(cluster: Cluster): Promise<Finding> {
  return judge(
    (await answersOf(cluster)).filter(({ name }) => name.domain === null),
    "The DNS of the cluster does not work for pods, or --clusterDomain is not its domain: look at DNS's pods in kube-system and at " +
      '/etc/resolv.conf of a pod.',
  );
}

/** `dns-mesh`: the names by which services are called. */
export async function meshNames(cluster: Cluster): Promise<Finding> {
  return judge(
    (await answersOf(cluster)).filter(({ name }) => name.domain !== null),
    "The cluster's DNS does not know the mesh, or something else by its name: see dns-configured. Servers of DNS take up to two " +
      'minutes to read a change of their configuration (--wait 120).',
  );
}

function judge(answers: readonly Answer[], advice: string): Finding {
  if (answers.length === 0) {
    return warning({
      message: 'there is no service in the mesh whose name could be asked for',
      advice: 'Check again when there is one.',
    });
  }
  const faults = answers.filter((answer) => !isRight(answer));
  if (faults.length === 0) {
    const slowest = Math.max(...answers.map(({ name }) => name.ms));
    const names = new Set(answers.map(({ name }) => name.name));
    return well(`${[...names].join(', ')} (within ${slowest} ms)`);
  }
  return wrong({
    message: `${faults.length} of ${answers.length} answers are wrong`,
    details: faults.map(({ pod, name, addresses }) => {
      const got = name.error ?? name.addresses.join(', ');
      return `${name.name}, asked for from pod ${pod}: ${got} instead of ${addresses.join(', ')} (${name.ms} ms)`;
    }),
    advice,
  });
}

/** Whether something came back, and nothing but addresses of the shadow Service. */
function isRight({ name, addresses }: Answer): boolean {
  return name.addresses.length > 0 && name.addresses.every((address) => addresses.includes(address));
}

async function answersOf(cluster: Cluster): Promise<readonly Answer[]> {
  const ask = asked.get(cluster) ?? once(() => askNames(cluster));
  asked.set(cluster, ask);
  return await ask();
}

async function askNames(cluster: Cluster): Promise<readonly Answer[]> {
  const shadows = await askShadows(cluster);
  const chosen = chooseServices(shadows, cluster.namespace);
  const controllers = await cluster.controllers();
  const asking = controllers.flatMap(({ pod }) =>
    chosen.map(async ({ key, addresses }) => {
      const { names } = await cluster.get<NamesJson>(pod, `/api/status/names/${key}`);
      return names.map((name): Answer => ({ pod: pod.name, name, addresses }));
    }),
  );
  return (await Promise.all(asking)).flat();
}

/** A service whose mesh name one rule of DNS is for as for most others, and one that needs a rule of its own. */
function chooseServices(
  { services, found }: Shadows,
  meshNamespace: string,
): readonly { readonly key: ServiceKey; readonly addresses: readonly string[] }[] {
  const addressesOf = new Map(found.map(({ name, addresses }) => [name, addresses]));
  const keys = [...services.keys()].toSorted(byText);
  const hasLongName = (key: ServiceKey): boolean => {
    const [namespace = '', name = ''] = key.split('/');
    return !shadowName(meshNamespace, key).endsWith(`-${name}-6d61657368-${namespace}`);
  };
  return [keys.find((key) => !hasLongName(key)), keys.find(hasLongName)].flatMap((key) => {
    const addresses = key === undefined ? [] : (addressesOf.get(shadowName(meshNamespace, key)) ?? []);
    return key === undefined || addresses.length === 0 ? [] : [{ key, addresses }];
  });
}
