// Every check of a cluster, with what is so where all is well. docs/check.md has a row for each; a test holds the two
// together.

/** Name → group and statement, in the order in which they are made. Names are stable: scripts go by them. */
export const checkTable = {
  'server-reachable': { group: 'API server', title: 'the API server answers' },
  'server-version': { group: 'API server', title: 'its version is one that Maesh works with' },
  'user-permissions': { group: 'API server', title: 'you may see all that is looked at here' },
  'controller-installed': { group: 'Controller', title: 'the controller is installed' },
  'controller-ready': { group: 'Controller', title: 'all its replicas are ready' },
  'controller-answers': { group: 'Controller', title: 'each of them answers' },
  'controller-leader': { group: 'Controller', title: 'one of them leads' },
  'controller-versions': { group: 'Controller', title: 'they and this command are of one version' },
  'smi-served': {
    group: 'Service Mesh Interface',
    title: 'its kinds are served in a version that Maesh reads',
  },
  'smi-status': { group: 'Service Mesh Interface', title: 'its kinds have a status' },
  'controller-permissions': { group: 'Permissions', title: 'the controller may do all that it has to' },
  'proxies-installed': { group: 'Proxies', title: 'the proxies are installed' },
  'proxies-ready': { group: 'Proxies', title: 'a proxy is ready on every node' },
  'proxies-connected': { group: 'Proxies', title: 'each is connected to a controller' },
  'proxies-current': { group: 'Proxies', title: 'each has taken in all that it was told' },
  'shadow-services': { group: 'Services', title: 'each service of the mesh has its shadow Service' },
  'mesh-ports': { group: 'Services', title: 'there are mesh ports left' },
  problems: { group: 'Services', title: 'no object has a problem' },
  'dns-configured': { group: 'DNS', title: "the cluster's DNS is told of the mesh" },
  'dns-cluster': { group: 'DNS', title: 'pods can resolve names of Services' },
  'dns-mesh': { group: 'DNS', title: 'pods can resolve names of the mesh' },
} as const;

export type CheckName = keyof typeof checkTable;
