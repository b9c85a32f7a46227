// Versions of CoreDNS, from the names of its images.

/** A version as numbers. */
export interface CoreDnsVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/**
 * The version in the tag of an image, whatever stands before and behind it: `v1.11.1-eksbuild.4`, `1.9.3-rke2r1`.
 * Undefined where an image has no tag, or one that isn't a version: what is written then is what every version reads.
 */
export function coreDnsVersion(image: string): CoreDnsVersion | undefined {
  const [name = ''] = image.split('@', 1);
  const [, major, minor, patch] = /:v?(\d+)\.(\d+)(?:\.(\d+))?(?![\d/])[^/:]*$/.exec(name) ?? [];
  if (major === undefined) return undefined;
  return { major: Number(major), minor: Number(minor), patch: Number(patch ?? 0) };
}

/**
 * Whether a version reads what is written here: `rewrite` with answers, `template` and `forward`, of 1.3 (January 2019)
 * and later. A version that isn't known counts as one that does.
 */
export function isSupported(version: CoreDnsVersion | undefined): boolean {
  return version === undefined || version.major > 1 || (version.major === 1 && version.minor >= 3);
}
