// The sources of a collection.
import { get, post, remove, send } from './client.ts';
import type { Page } from './types.ts';

export const KINDS = ['folder', 'web', 's3', 'imap', 'git'] as const;
export type Kind = (typeof KINDS)[number];
export type SourceConfig =
  | { kind: 'folder'; path: string; ignore?: string[]; groups?: Record<string, string> | null }
  | { kind: 'web'; url: string; depth_max?: number }
  | { kind: 's3'; bucket: string; prefix?: string; endpoint?: string; access_key_id?: string }
  | { kind: 'imap'; host: string; username: string; mailboxes?: string[] }
  | { kind: 'git'; url: string; branch?: string; include?: string[]; username?: string };
export type Source = {
  id: string;
  config: SourceConfig;
  has_secret: boolean;
  state: 'waiting' | 'in_step' | 'failing' | 'paused';
  error_code: string | null;
  error_detail: string | null;
  item_count: number;
  refused_count: number;
  refused: { name: string; code: string; detail: string }[];
  synced_at: string | null;
};

const segment = encodeURIComponent;
const ofCollection = (id: string) => `v1/collections/${segment(id)}/sources`;
const source = (id: string) => `v1/sources/${segment(id)}`;

export const listSources = (collection: string) => get<Page<Source>>(ofCollection(collection));
export const createSource = (collection: string, config: SourceConfig, secret?: string) =>
  post<Source>(ofCollection(collection), { config, secret });
export const giveSecret = (id: string, secret: string) =>
  send('PATCH', source(id), { body: { secret } });
export const syncSource = (id: string) => post<Source>(`${source(id)}/sync`);
export const pauseSource = (id: string, paused: boolean) =>
  send('PATCH', source(id), { body: { is_paused: paused } });
export const deleteSource = (id: string) => remove(source(id));
