// A certificate authority for tests, made with openssl, and what it signs.

import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A certificate and its key: PEM, and files with the same. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** Whom a certificate is for. Kubernetes takes the common name for a user and the organisation for its group. */
export interface CertificateSubject {
  readonly commonName: string;
  readonly organisation?: string;
  /** IP addresses of a server. */
  readonly addresses?: readonly string[];
  /** DNS names of a server. */
  readonly names?: readonly string[];
}

const days = '3650';

/** A certificate authority with a key of its own; its files are in a folder that it is given. */
export class CertificateAuthority {
  readonly certificate: Certificate;
  readonly #folder: string;

  private constructor(certificate: Certificate, folder: string) {
    this.certificate = certificate;
    this.#folder = folder;
  }

  /** Makes an authority (20 ms). The folder is made if it is not there. */
  static async create(folder: string): Promise<CertificateAuthority> {
    await mkdir(folder, { recursive: true });
    const extensions = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign'];
    const certificate = await makeCertificate(join(folder, 'ca'), {
      subject: '/CN=maesh-test-ca',
      extensions,
    });
    return new CertificateAuthority(certificate, folder);
  }

  /** Signs a certificate for a server or a client (20 ms). Its files are named after the common name. */
  issue({ commonName, organisation, addresses = [], names = [] }: CertificateSubject): Promise<Certificate> {
    const alternatives = [...names.map((name) => `DNS:${name}`), ...addresses.map((each) => `IP:${each}`)];
    return makeCertificate(join(this.#folder, commonName.replaceAll(/[^\w.-]/g, '-')), {
      subject: `${organisation === undefined ? '' : `/O=${organisation}`}/CN=${commonName}`,
      extensions: [
        'basicConstraints=critical,CA:FALSE',
        'keyUsage=critical,digitalSignature',
        'extendedKeyUsage=serverAuth,clientAuth',
        ...(alternatives.length === 0 ? [] : [`subjectAltName=${alternatives.join(',')}`]),
      ],
      signer: this.certificate,
    });
  }
}

interface CertificateContent {
  readonly subject: string;
  readonly extensions: readonly string[];
  /** Itself where nobody else is named. */
  readonly signer?: Certificate;
}

async function makeCertificate(path: string, content: CertificateContent): Promise<Certificate> {
  const { subject, extensions, signer } = content;
  const files = { certFile: `${path}.crt`, keyFile: `${path}.key` };
  // The machine's own configuration would add extensions of its own.
  const config = `${path}.cnf`;
  await writeFile(config, `[req]\ndistinguished_name=name\n[name]\n[extensions]\n${extensions.join('\n')}\n`);
  const key = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-keyout',
    files.keyFile,
  ];
  const signing = signer === undefined ? [] : ['-CA', signer.certFile, '-CAkey', signer.keyFile];
  const what = ['-subj', subject, '-config', config, '-extensions', 'extensions', '-days', days];
  await promisify(execFile)('openssl', ['req', '-x509', ...key, ...signing, ...what, '-out', files.certFile]);
  const [certText, keyText] = await Promise.all([
    readFile(files.certFile, 'utf8'),
    readFile(files.keyFile, 'utf8'),
  ]);
  return { cert: certText, key: keyText, ...files };
}
