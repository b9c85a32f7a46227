// Errors of the file system → what a user is told.

import type { FileResult } from './content.ts';

/** Whether the error says that there is no such file or folder. */
export function isMissing(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** The result of a file that could not be read for this error. */
export function failureOf(error: unknown): FileResult {
  if (isMissing(error)) return { status: 'gone' };
  return { status: 'failed', code: 'MAESH_FILE_UNREADABLE', reason: reasonOf(error) };
}

/** Why a file or folder cannot be read; completes "the file …". */
export function reasonOf(error: unknown): string {
  const code = codeOf(error);
  if (code !== undefined && Object.hasOwn(reasons, code)) return reasons[code] ?? code;
  return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'cannot be read: its permissions forbid it',
  EPERM: 'cannot be read: its permissions forbid it',
  ELOOP: 'cannot be read: its symbolic link leads back to itself',
  EISDIR: 'is a folder',
};

/** The system's code of an error, such as `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
