// The commands of `maesh`, in the order in which help lists them.

import type { CommandName, SubcommandName } from '../config/settings.ts';
import { drainFlags } from '../proxy/drain.ts';
import type { Command } from './command.ts';

/** Every command, by name; `controller` is what `maesh` does without one. */
export const commands: { readonly [C in CommandName]: Command<C> } = {
  controller: {
    summary: 'The simpler service mesh for Kubernetes, and for a folder of manifests.',
    description:
      'Without a command it is the controller of a mesh in Kubernetes: it reads services and their endpoints from the ' +
      'API server, tells every proxy what to serve, and writes the Services behind the names service.namespace.maesh. ' +
      'Several may run; one of them writes. It waits for an API server that is not there yet. SIGINT or SIGTERM ends it.',
    examples: [
      ['maesh --kubeConfig ~/.kube/config', 'runs the controller of a cluster from outside of it'],
      ['maesh --watchNamespaces store,cart', 'within a cluster, for two of its namespaces'],
      ['maesh standalone --dir mesh/', 'runs a mesh without any cluster'],
    ],
    load: () => import('./commands/controller.ts'),
  },
  standalone: {
    summary: 'run a mesh from a folder of manifests, without a cluster',
    description:
      'Runs a mesh from Kubernetes manifests: reads them, starts Envoy, and reaches every service by the name ' +
      'that it has in a cluster, service.namespace.maesh. A changed manifest takes effect at once; a mistake in one ' +
      'leaves that service as it was and the others up to date. SIGINT or SIGTERM ends it.',
    examples: [
      ['maesh standalone --dir mesh/', 'runs the mesh of the manifests in mesh/'],
      ["curl -H 'Host: shop.store.maesh' localhost:8000", 'calls service shop of namespace store'],
      ['dig @127.0.0.1 -p 5353 shop.store.maesh', 'asks for its address, on which its own ports are open'],
      ['maesh standalone --dir a/,b.yaml --httpPort 0', 'takes several paths, and any free port'],
    ],
    load: () => import('./commands/standalone.ts'),
  },
  translate: {
    summary: 'print what Envoy would be told about a folder of manifests',
    description:
      'Prints what the mesh makes of Kubernetes manifests: what Envoy would be told, or the model that it is made of. ' +
      'Starts nothing. Problems go to standard error; the result is that of everything else.',
    examples: [
      ['maesh translate -f mesh/', 'prints the Envoy resources as YAML'],
      ['maesh translate -f mesh/ --what topology -o json', 'prints the model as JSON'],
      ['kubectl get svc,endpointslices,pods -A -o yaml | maesh translate -f -', 'takes a real cluster'],
    ],
    load: () => import('./commands/translate.ts'),
  },
  check: {
    summary: 'find what is wrong with a mesh in a cluster, or in a folder of manifests',
    description:
      'Looks at a cluster: the API server and permissions, the controller, the proxies of all nodes, the services, and DNS as ' +
      'pods see it. Says of each what is so, and where something is wrong, why and what to do. With --dir it looks at ' +
      'Kubernetes manifests instead and prints every problem in them. It changes nothing. The exit code is 1 if something is ' +
      'wrong; warnings about a cluster alone leave it 0.',
    examples: [
      ['maesh check', 'looks at the cluster that kubectl speaks to'],
      ['maesh check --wait 120', 'waits up to two minutes for a new mesh to be well'],
      ['maesh check -f mesh/ -o json', 'looks at the manifests in mesh/, and says it for programs'],
      [
        'kubectl get svc,endpointslices,pods -A -o yaml | maesh check -f -',
        "looks at a cluster's services alone",
      ],
    ],
    load: () => import('./commands/check.ts'),
  },
  calls: {
    summary: 'say which services are called by mesh names now, before you uninstall',
    description:
      'Asks every proxy what it has counted, twice, and says which services were called by mesh names in between: with whoever ' +
      'calls them so, `helm uninstall` breaks. Calls of a service with a TrafficSplit are told of the services they went to. It ' +
      'changes nothing. The exit code is 0 only where nobody called, no connection is open, and each proxy has answered.',
    examples: [
      ['maesh calls', 'looks at the cluster that kubectl speaks to, for ten seconds'],
      ['maesh calls --seconds 300', 'finds those, too, who call every few minutes'],
    ],
    load: () => import('./commands/calls.ts'),
  },
  bootstrap: {
    summary: 'print the configuration that an Envoy of your own starts with',
    description:
      'Prints the bootstrap configuration of an Envoy that Maesh does not start itself, for a mesh that runs with ' +
      '--envoy external. Envoy gets everything else from Maesh.',
    examples: [
      ['maesh bootstrap --nodeId laptop > envoy.yaml', 'writes it'],
      [
        `envoy -c envoy.yaml ${drainFlags.join(' ')}`,
        'starts Envoy so that connections to what is gone end before it can be something else',
      ],
      ['maesh bootstrap --xdsHost 10.0.0.5 --xdsPort 15010', 'for a mesh on another machine'],
    ],
    load: () => import('./commands/bootstrap.ts'),
  },
  prepare: {
    summary: "put the mesh's names into a cluster's DNS",
    description:
      'Looks what DNS the cluster has, and has it know the mesh: service.namespace.maesh. The controller does the same ' +
      'all the time; this is for clusters in which it may not (--keepDNS=false). The exit code is 1 where DNS does not ' +
      'know the mesh after it, and then it says what to do by hand.',
    examples: [
      ['maesh prepare', 'does it in the cluster that kubectl speaks to'],
      ['maesh prepare --clusterDomain cluster.example', 'for a cluster whose own names end so'],
    ],
    load: () => import('./commands/prepare.ts'),
  },
  cleanup: {
    summary: 'take everything that a mesh has made out of a cluster',
    description:
      "Puts the cluster's DNS back as it was and deletes shadow Services, Leases and Events, when the controllers have " +
      'ended. `helm uninstall` calls it. It may be run any number of times; the exit code is 1 where something is left.',
    examples: [
      ['maesh cleanup', 'does it in the cluster that kubectl speaks to'],
      ['maesh cleanup --namespace mesh', 'for a mesh that was installed in namespace mesh'],
    ],
    load: () => import('./commands/cleanup.ts'),
  },
  version: {
    summary: 'print the version',
    description: 'Prints the version of Maesh and of what it runs on.',
    examples: [['maesh version -o json', 'says it for programs']],
    load: () => import('./commands/version.ts'),
  },
};

/** Names of the commands that are words of the command line, in the order of the list. */
export const subcommandNames: readonly SubcommandName[] = (Object.keys(commands) as CommandName[]).filter(
  (name) => name !== 'controller',
);
