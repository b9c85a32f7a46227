// Two meshes in one cluster, of which each keeps DNS. The block between the marks is one mesh's: what another has left there is
// replaced, once. Where that comes back, somebody is at work, and it is left alone by who sees that first: names that lead now
// here, now there would be worse.

/** What is said then: a sentence without a full stop. */
export function rivalTrouble(namespace: string): string {
  return (
    `The names of the mesh in namespace ${namespace} come back whenever this mesh's are put there, and there is room for ` +
    'those of one: uninstall either, or have one leave DNS alone (--keepDNS=false). If that one is gone: maesh cleanup ' +
    `--namespace ${namespace}`
  );
}
