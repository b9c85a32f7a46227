// What a kubeconfig refers to by path or holds in base64: certificates, keys and tokens.

import { dirname, resolve } from 'node:path';

import { AccessError, fileReason } from './access-error.ts';
import type { FreshFiles } from './fresh-files.ts';
import type { From } from './kubeconfig.ts';
import type { KubeconfigCluster, KubeconfigUser } from './kubeconfig-format.ts';

/** Fields that hold a path, with the same as base64 in `<field>-data`. */
export type PemField = 'certificate-authority' | 'client-certificate' | 'client-key';

/** The PEM of a field: its `-data` if there is one, else the file that it names; undefined where it has neither. */
export async function readPem(
  from: From<KubeconfigCluster & KubeconfigUser>,
  field: PemField,
  files: FreshFiles,
): Promise<string | undefined> {
  const data = from.value[`${field}-data`];
  if (data) return Buffer.from(data, 'base64').toString('utf8');
  const path = from.value[field];
  return path ? await readNamed({ path, field, file: from.file }, files) : undefined;
}

/** The token of the file that a user names. */
export async function readToken({ value, file }: From<KubeconfigUser>, files: FreshFiles): Promise<string> {
  const text = await readNamed({ path: value.tokenFile ?? '', field: 'tokenFile', file }, files);
  return text.trim();
}

async function readNamed(
  { path, field, file }: { readonly path: string; readonly field: string; readonly file: string },
  files: FreshFiles,
): Promise<string> {
  const full = resolve(dirname(file), path);
  try {
    return await files.read(full);
  } catch (error) {
    throw new AccessError(
      `Cannot read ${full}: ${fileReason(error)}. Kubeconfig ${file} names it as ${field}: put it there, or mend the path`,
      { cause: error },
    );
  }
}
