// Moments as Kubernetes writes them.

/** Now by the machine's clock, as metav1.MicroTime. */
export function microTime(): string {
  return new Date().toISOString().replace('Z', '000Z');
}
