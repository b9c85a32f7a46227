// Deployments and DaemonSets that answer DNS in a cluster: which program they run, and where its configuration lies.

import { z } from 'zod';

import type { ApiObject } from '../kube/api-object.ts';
import type { ResourceType } from '../kube/resource-type.ts';
import { coreDnsVersion, type CoreDnsVersion } from './corefile/version.ts';

/** Kinds of objects that run a cluster's DNS. */
export type WorkloadKind = 'Deployment' | 'DaemonSet';

/** What is asked of an API server about each of them. */
export const workloadTypes: Readonly<Record<WorkloadKind, ResourceType>> = {
  Deployment: { group: 'apps', version: 'v1', plural: 'deployments', verbs: ['list', 'watch', 'patch'] },
  DaemonSet: { group: 'apps', version: 'v1', plural: 'daemonsets', verbs: ['list', 'watch', 'patch'] },
};

/**
 * Programs that are known here. `node-cache` is NodeLocal DNSCache: CoreDNS under another name, with a Corefile of its
 * own, in front of the cluster's DNS.
 */
export type DnsProgram = 'coredns' | 'kube-dns' | 'node-cache';

/** A file of a ConfigMap as a pod sees it. */
export interface MountedConfigMap {
  readonly name: string;
  /** Folder in the container. */
  readonly mountPath: string;
  /** Which key is which file; undefined: every key is the file of its name. */
  readonly items: readonly { readonly key: string; readonly path: string }[] | undefined;
}

/** A workload that answers DNS. */
export interface DnsWorkload {
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly name: string;
  readonly program: DnsProgram;
  /** Undefined where the image doesn't say. */
  readonly version: CoreDnsVersion | undefined;
  /** Path of its configuration in the container; undefined where it is the program's default. */
  readonly configFile: string | undefined;
  /** In the order of the container. */
  readonly configMaps: readonly MountedConfigMap[];
  /** The annotation by which Maesh has its pods replaced; undefined where it never did. */
  readonly restartedFor: string | undefined;
}

/** Annotation of a pod template: for which configuration Maesh had the pods replaced. */
export const restartedForAnnotation = 'mesh.traefik.io/dns-restarted-for';

/** Labels of the pods that the Service of a cluster's DNS selects, and of the caches before it. */
const dnsLabels: ReadonlySet<string> = new Set(['kube-dns', 'coredns', 'node-local-dns', 'nodelocaldns']);
/** Names under which they are known where such a label lacks. */
const dnsNames: ReadonlySet<string> = new Set([
  'coredns',
  'rke2-coredns-rke2-coredns',
  'kube-dns',
  'node-local-dns',
  'nodelocaldns',
]);

const schema = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string() }),
  spec: z.object({
    replicas: z.number().optional(),
    template: z.object({
      metadata: z
        .object({
          labels: z.record(z.string(), z.string()).optional(),
          annotations: z.record(z.string(), z.string()).optional(),
        })
        .optional(),
      spec: z.object({
        containers: z.array(
          z.object({
            name: z.string(),
            image: z.string().optional(),
            command: z.array(z.string()).optional(),
            args: z.array(z.string()).optional(),
            volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() })).optional(),
          }),
        ),
        volumes: z
          .array(
            z.object({
              name: z.string(),
              configMap: z
                .object({
                  name: z.string(),
                  items: z.array(z.object({ key: z.string(), path: z.string() })).optional(),
                })
                .optional(),
            }),
          )
          .optional(),
      }),
    }),
  }),
});

type PodSpec = z.infer<typeof schema>['spec']['template']['spec'];
type Container = PodSpec['containers'][number];

/**
 * Reads a workload; undefined for one that answers no DNS of the cluster, or that has no pods: clusters that changed from
 * kube-dns to CoreDNS keep the other at no replicas.
 */
export function readWorkload(kind: WorkloadKind, object: ApiObject): DnsWorkload | undefined {
  const { success, data } = schema.safeParse(object);
  if (!success || data.spec.replicas === 0) return undefined;
  const { metadata, spec } = data.spec.template;
  const { labels = {}, annotations = {} } = metadata ?? {};
  const { name, namespace } = data.metadata;
  if (!dnsNames.has(name) && !dnsLabels.has(labels['k8s-app'] ?? '')) return undefined;
  const found = dnsContainer(spec.containers);
  if (found === undefined) return undefined;
  const { container, program } = found;
  return {
    kind,
    namespace,
    name,
    program,
    version: coreDnsVersion(container.image ?? ''),
    configFile: configFileOf(container),
    configMaps: mountedConfigMaps(container, spec),
    restartedFor: annotations[restartedForAnnotation],
  };
}

function mountedConfigMaps(
  { volumeMounts = [] }: Container,
  { volumes = [] }: PodSpec,
): readonly MountedConfigMap[] {
  return volumeMounts.flatMap((mount): MountedConfigMap[] => {
    const map = volumes.find(({ name }) => name === mount.name)?.configMap;
    return map === undefined ? [] : [{ name: map.name, mountPath: mount.mountPath, items: map.items }];
  });
}

/** How the containers of each program are called, or their images; in kube-dns' pods there are others besides. */
const containerPatterns: readonly (readonly [program: DnsProgram, pattern: RegExp])[] = [
  ['kube-dns', /^kubedns$|k8s-dns-kube-dns/],
  ['node-cache', /node-cache/],
  ['coredns', /coredns/],
];

function dnsContainer(
  containers: readonly Container[],
): { readonly container: Container; readonly program: DnsProgram } | undefined {
  for (const [program, pattern] of containerPatterns) {
    const container = containers.find(({ name, image = '' }) => pattern.test(name) || pattern.test(image));
    if (container !== undefined) return { container, program };
  }
  return undefined;
}

/** What stands behind `-conf` on the command line. */
function configFileOf({ command = [], args = [] }: Container): string | undefined {
  const words = [...command, ...args];
  for (const [index, word] of words.entries()) {
    const [flag, value] = word.split('=', 2);
    if (flag === '-conf' || flag === '--conf') return value ?? words[index + 1];
  }
  return undefined;
}
