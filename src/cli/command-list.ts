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
    summary: 'print every problem in a folder of manifests',
    description:
      'Prints every problem in Kubernetes manifests: where it is, what is wrong and why, and what to do about it. ' +
      'Starts nothing. The exit code is 1 if there is a problem.',
    examples: [
      ['maesh check -f mesh/', 'looks at the manifests in mesh/'],
      ['maesh check -f mesh/ -o json', 'says it for programs'],
      ['kubectl get svc,endpointslices,pods -A -o yaml | maesh check -f -', 'looks at a real cluster'],
    ],
    load: () => import('./commands/check.ts'),
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
