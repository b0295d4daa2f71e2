// The sources of a collection.
import { get, post, remove, send } from './client.ts';
import type { Page } from './types.ts';

export type SourceConfig =
  | { kind: 'folder'; path: string; ignore?: string[] }
  | { kind: 'web'; url: string; depth_max?: number };
export type Source = {
  id: string;
  config: SourceConfig;
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
export const createSource = (collection: string, config: SourceConfig) =>
  post<Source>(ofCollection(collection), { config });
export const syncSource = (id: string) => post<Source>(`${source(id)}/sync`);
export const pauseSource = (id: string, paused: boolean) =>
  send('PATCH', source(id), { body: { is_paused: paused } });
export const deleteSource = (id: string) => remove(source(id));
