// The one error of this folder: Envoy can't be had, or isn't what it should be. Its message says what to do about it.

export type EnvoyErrorCode =
  /** The executable that the user named can't be used. */
  | 'MAESH_ENVOY_UNSUITABLE'
  /** Envoy is nowhere on the machine and could not be fetched. */
  | 'MAESH_ENVOY_FETCH';

/** Why there is no Envoy to run: a sentence for the user, with what to do. */
export class EnvoyError extends Error {
  readonly code: EnvoyErrorCode;

  constructor(code: EnvoyErrorCode, message: string) {
    super(message);
    this.name = 'EnvoyError';
    this.code = code;
  }
}
