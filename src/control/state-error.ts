// The state folder of a standalone mesh cannot be used: which file, why, and what its user can do.

/** Shown as `message` and `advice`; what the system said is in `cause`. */
export class StateError extends Error {
  readonly code = 'MAESH_STATE_UNUSABLE';
  readonly advice: string;

  private constructor(message: string, advice: string, cause: unknown) {
    super(message, { cause });
    this.name = 'StateError';
    this.advice = advice;
  }

  /** What is there cannot be read; starting without it would move ports and addresses. */
  static unreadable(what: string, path: string, cause: unknown): StateError {
    return new StateError(
      `${what} cannot be read from ${path}: ${reasonOf(cause)}`,
      'Make the file readable, move it away (ports and addresses may then move), or name another folder with --stateDir',
      cause,
    );
  }

  /** What the mesh cannot run without cannot be written. */
  static unwritable(what: string, folder: string, cause: unknown): StateError {
    return new StateError(
      `${what} cannot be written to ${folder}: ${reasonOf(cause)}`,
      'Make the folder writable, or name another with --stateDir',
      cause,
    );
  }

  /** Whether an error is the file system's. */
  static isCause(error: unknown): boolean {
    return error instanceof Error && 'syscall' in error && 'path' in error;
  }
}

function reasonOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return reasons.get(code) ?? (cause instanceof Error ? cause.message : String(cause));
}

const reasons: ReadonlyMap<string, string> = new Map([
  ['EACCES', 'its permissions forbid it'],
  ['EPERM', 'its permissions forbid it'],
  ['EROFS', 'its file system is read-only'],
  ['ENOSPC', 'its file system is full'],
  ['EISDIR', 'it is a folder'],
  ['ENOENT', 'no folder can be made there'],
  ['EEXIST', 'a file is in its place'],
  ['ENOTDIR', 'a part of its path is a file and no folder'],
]);
