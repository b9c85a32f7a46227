// Settings that several commands have, each defined once for all of them.

import type { LogFormat, LogLevel } from '../runtime/pino-log.ts';
import type { DefaultMode, PortLimits } from './options.ts';
import type { Setting, SettingTable } from './setting.ts';
import { choice, count, namespaceName, optional, text, toggle } from './value.ts';

/** Port on which Envoys find Maesh unless told otherwise: the one that Istio's proxies know too. */
export const defaultXdsPort = 15_010;

/** Port on which an Envoy of one's own opens its admin interface unless told otherwise. */
export const defaultAdminPort = 9901;

/** What every command has that reads its settings from more than flags. */
export interface ConfigFileSetting {
  /** Where settings are read from; undefined where the user names no file. */
  readonly configFile: string | undefined;
}

export const configFile: Setting<string | undefined> = {
  doc: 'read all settings from this file (.toml, .yaml or .yml) and from nowhere else',
  group: 'General',
  kind: optional(text('file')),
  default: undefined,
  defaultText: 'none',
};

export const defaultMode: Setting<DefaultMode> = {
  doc: 'how a service is handled that has no annotation mesh.traefik.io/traffic-type',
  group: 'Mesh',
  kind: choice(['http', 'tcp', 'udp']),
  default: 'http',
};

export const namespace: Setting<string> = {
  doc: "the mesh's own namespace",
  group: 'Mesh',
  kind: namespaceName,
  default: 'maesh',
};

export const limits: SettingTable<PortLimits> = {
  limitHTTPPort: limit('HTTP'),
  limitTCPPort: limit('TCP'),
  limitUDPPort: limit('UDP'),
};

function limit(traffic: string): Setting<number | undefined> {
  return {
    doc: `most ${traffic} ports of services that the mesh serves`,
    group: 'Mesh',
    kind: optional(count(0)),
    default: undefined,
    defaultText: 'as many as there are mesh ports',
  };
}

/** Whether only those may call whom a TrafficTarget lets in: where either says so, as in the original. */
export interface AccessControlSettings {
  readonly acl: boolean;
  readonly smi: boolean;
  readonly closeForbidden: boolean;
}

/** The setting of every command that looks at TrafficTargets. */
export const acl: Setting<boolean> = {
  doc: 'let only those call whom a TrafficTarget lets in',
  group: 'Mesh',
  kind: toggle,
  default: false,
};

/** Settings of commands that run a mesh. */
export const accessControls: SettingTable<AccessControlSettings> = {
  acl,
  smi: { ...acl, deprecated: 'use --acl' },
  closeForbidden: {
    doc: 'with --acl: close open TCP connections, too, when their caller may no longer open them, within ten seconds',
    group: 'Mesh',
    kind: toggle,
    default: false,
  },
};

export const logLevel: Setting<LogLevel> = {
  doc: 'how much the log says: panic, fatal, error, warn, info, debug or trace',
  group: 'General',
  kind: choice(['panic', 'fatal', 'error', 'warn', 'warning', 'info', 'debug', 'trace'], 'level'),
  default: 'error',
};

export const logFormat: Setting<LogFormat> = {
  doc: 'log lines for people or as JSON',
  group: 'General',
  kind: choice(['common', 'json']),
  default: 'common',
};

export const debug: Setting<boolean> = {
  doc: 'log everything',
  group: 'General',
  kind: toggle,
  default: false,
  deprecated: 'use --logLevel debug',
};
