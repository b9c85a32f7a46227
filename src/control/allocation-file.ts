// Where a standalone mesh keeps what it handed out, so that a restart moves no port and no address: one JSON file in
// the state folder, replaced as a whole.

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import * as z from 'zod';
import { emptyAllocation } from '../model/build.ts';
import type { Allocation } from '../model/compose.ts';
import type { Slots } from '../model/slots.ts';
import type { Log } from '../runtime/log.ts';
import { makeFolder } from '../runtime/make-folder.ts';
import { StateError } from './state-error.ts';

const slotsSchema = z.object({
  assigned: z.record(z.string(), z.int().nonnegative()),
  resting: z.array(z.int().nonnegative()),
});

const fileSchema = z.object({
  version: z.literal(1),
  ports: z.object({ http: slotsSchema, tcp: slotsSchema, udp: slotsSchema }),
  addresses: slotsSchema,
});

/** An allocation on disk. */
export class AllocationFile {
  readonly #path: string;
  readonly #log: Log;

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  /**
   * Reads what was handed out before; nothing where there is no file yet. A file that is broken is put aside as
   * `<path>.broken`: the mesh starts afresh, and the log says that ports and addresses may have moved.
   *
   * @throws StateError where the file may be whole, but cannot be read or put aside.
   */
  load(): Allocation {
    let text: string;
    try {
      text = readFileSync(this.#path, 'utf8');
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return emptyAllocation;
      throw StateError.unreadable('The table of ports and addresses', this.#path, error);
    }
    try {
      const { ports, addresses } = fileSchema.parse(JSON.parse(text));
      return {
        ports: { http: toSlots(ports.http), tcp: toSlots(ports.tcp), udp: toSlots(ports.udp) },
        addresses: toSlots(addresses),
      };
    } catch (error) {
      const aside = this.#putAside();
      this.#log.error('The table of ports and addresses is broken and was put aside; they may move', {
        file: aside,
        error,
      });
      return emptyAllocation;
    }
  }

  #putAside(): string {
    const aside = `${this.#path}.broken`;
    try {
      renameSync(this.#path, aside);
    } catch (error) {
      throw StateError.unreadable('The table of ports and addresses', this.#path, error);
    }
    return aside;
  }

  /** Writes what is handed out now. A failure is logged: the mesh goes on, and a restart may move what it could not record. */
  save({ ports, addresses }: Allocation): void {
    const content = {
      version: 1,
      ports: { http: fromSlots(ports.http), tcp: fromSlots(ports.tcp), udp: fromSlots(ports.udp) },
      addresses: fromSlots(addresses),
    } satisfies z.input<typeof fileSchema>;
    const draft = `${this.#path}.new`;
    try {
      makeFolder(dirname(this.#path), 0o700);
      writeFileSync(draft, JSON.stringify(content));
      renameSync(draft, this.#path);
    } catch (error) {
      this.#log.error('The table of ports and addresses cannot be written; a restart may move them', {
        file: this.#path,
        error,
      });
    }
  }
}

function toSlots({ assigned, resting }: z.output<typeof slotsSchema>): Slots {
  return { assigned: new Map(Object.entries(assigned)), resting: new Set(resting) };
}

function fromSlots({ assigned, resting }: Slots): z.input<typeof slotsSchema> {
  return { assigned: Object.fromEntries(assigned), resting: [...resting] };
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
