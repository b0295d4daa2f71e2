// The audit log's routes, for those who hold the verb `audit`.
import { get, post } from './client.ts';

export type Outcome = 'success' | 'denied' | 'failure';

export type AuditEntry = {
  index: number;
  at: string;
  actor: string;
  actor_name: string | null;
  action: string;
  target: string | null;
  target_name: string | null;
  outcome: Outcome;
  details: Record<string, unknown> | null;
};
export type AuditEvent = AuditEntry & { event: Record<string, unknown> };
export type AuditCheckpoint = { size: number; at: string; note: string };
export type AuditState = {
  size: number;
  root: string;
  verifier_key: string;
  last_checkpoint: AuditCheckpoint | null;
};
export type Verification = {
  ok: boolean;
  size: number;
  checkpoints: number;
  finding: { kind: string; first: number; last: number; words: string } | null;
};

/** What is looked for; empty texts do not count. Times are those of an `<input>`, local. */
export type Filter = {
  since: string;
  until: string;
  actor: string;
  action: string;
  outcome: Outcome | '';
  target: string;
};

export const emptyFilter: Filter = {
  since: '',
  until: '',
  actor: '',
  action: '',
  outcome: '',
  target: '',
};

export function listEntries(filter: Filter, before: number | null) {
  const query = parameters(filter);
  if (before !== null) query.set('before', String(before));
  return get<{ items: AuditEntry[]; next: number | null }>(`v1/audit/entries?${query}`);
}
export const getEntry = (index: number) => get<AuditEvent>(`v1/audit/entries/${index}`);
export const auditState = () => get<AuditState>('v1/audit/state');
export const verifyLog = () => post<Verification>('v1/audit/verification');

export function exportAddress(format: 'log' | 'ocsf' | 'cef', filter: Filter): string {
  const query = format === 'log' ? new URLSearchParams() : parameters(filter);
  query.set('format', format);
  return `v1/audit/export?${query}`;
}

function parameters(filter: Filter): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, text] of Object.entries(filter)) {
    if (!text.trim()) continue;
    const isTime = name === 'since' || name === 'until';
    query.set(name, isTime ? new Date(text).toISOString() : text.trim());
  }
  return query;
}
