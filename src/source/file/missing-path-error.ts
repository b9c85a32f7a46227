// The one error with which reading files gives up: a path that was named and is not there.

/** Named paths that are not there. */
export class MissingPathError extends Error {
  readonly paths: readonly string[];

  constructor(paths: readonly string[]) {
    super(`No such file or folder: ${paths.join(', ')}`);
    this.name = 'MissingPathError';
    this.paths = paths;
  }
}
