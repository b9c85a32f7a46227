// The problems of documents, as opposed to those of fields: their codes, words and advice.

import type { Problem, Subject } from '../../model/problem.ts';
import { keepsLastVersion } from './parsed.ts';

const keepsLast = 'Until then the mesh keeps what the file last said of the objects that it no longer gives.';

/** A document of which no object can be made out. Whoever knows the file fills in its name. */
const somewhere: Subject = { kind: 'File', namespace: '', name: '' };

/** Makers of problems, by what is wrong. */
export const problem: {
  /** Text that is neither YAML nor JSON; `line` is counted from the first line of the piece, 1-based. */
  readonly broken: (why: string, line: number) => Problem;
  /** A value that is no Kubernetes object. */
  readonly unknown: (why: string, advice: string) => Problem;
  /** A kind that is read, in an API version that is not. */
  readonly version: (
    subject: Subject,
    apiVersion: unknown,
    read: { readonly group: string; readonly versions: readonly string[] },
  ) => Problem;
} = {
  broken: (why, line) => ({
    code: 'MAESH_DOCUMENT_BROKEN',
    subject: { ...somewhere, origin: { file: '', line } },
    message: `a document cannot be read: ${why}`,
    advice: `Correct the document. ${keepsLast}`,
  }),
  unknown: (why, advice) => ({
    code: 'MAESH_DOCUMENT_UNKNOWN',
    subject: somewhere,
    message: `a document is not a Kubernetes object: ${why}`,
    advice: `${advice}. ${keepsLast}`,
  }),
  version: (subject, apiVersion, { group, versions }) => {
    const wanted = versions.map((version) => (group === '' ? version : `${group}/${version}`));
    const quoted = wanted.map((each) => JSON.stringify(each)).join(' or ');
    return {
      code: 'MAESH_OBJECT_VERSION',
      subject,
      message:
        typeof apiVersion === 'string'
          ? `apiVersion is ${JSON.stringify(apiVersion)}, but must be ${quoted}`
          : `apiVersion is missing: it must be ${quoted}`,
      advice: `Write apiVersion: ${wanted[0]}. ${keepsLastVersion}`,
    };
  },
};
