// What an API server is asked by some of its users, and what it answers: by its audit log.

import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A request that an API server has answered, or begun to answer. */
export interface AuditEvent {
  readonly user: { readonly username: string };
  readonly verb: string;
  readonly requestURI: string;
  readonly responseStatus?: { readonly code: number; readonly message?: string };
  /** Undefined for what is no object, such as `/version`. */
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
}

/** An audit log in a folder of its own, which is the caller's to delete. */
export class AuditLog {
  readonly folder: string;
  /** Arguments of the API server that keeps it. */
  readonly apiServerArgs: readonly string[];

  private constructor(folder: string) {
    this.folder = folder;
    this.apiServerArgs = [
      `--audit-policy-file=${join(folder, 'policy.json')}`,
      `--audit-log-path=${this.#file}`,
    ];
  }

  /** Makes one of all that these users ask, such as `system:serviceaccount:maesh:maesh-controller`. */
  static async create(users: readonly string[]): Promise<AuditLog> {
    const log = new AuditLog(await mkdtemp(join(tmpdir(), 'maesh-audit-')));
    const policy = {
      apiVersion: 'audit.k8s.io/v1',
      kind: 'Policy',
      omitStages: ['RequestReceived'],
      rules: [{ level: 'Metadata', users }],
    };
    await writeFile(join(log.folder, 'policy.json'), JSON.stringify(policy));
    return log;
  }

  get #file(): string {
    return join(this.folder, 'audit.log');
  }

  /** All until now, in the order of their answers. */
  async events(): Promise<readonly AuditEvent[]> {
    const lines = (await readFile(this.#file, 'utf8')).split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as AuditEvent);
  }
}
