// What a source of each kind asks for, and what people know it by.
import type { Kind, SourceConfig } from '../api/sources.ts';

// `many`: several, separated by commas; `pairs`: several of the form "theirs = ours".
export type Field = {
  name: FieldName;
  placeholder?: string;
  required?: boolean;
  shape?: 'many' | 'pairs';
};
export type FieldName =
  | 'path'
  | 'url'
  | 'repository'
  | 'bucket'
  | 'prefix'
  | 'endpoint'
  | 'region'
  | 'access_key_id'
  | 'host'
  | 'username'
  | 'mailboxes'
  | 'branch'
  | 'include'
  | 'ignore'
  | 'groups';
export type Values = Partial<Record<FieldName, string>>;

const ignore: Field = { name: 'ignore', placeholder: 'drafts/*, *.bak', shape: 'many' };

export const fields: Record<Kind, Field[]> = {
  folder: [
    { name: 'path', placeholder: '/srv/shared/policies', required: true },
    ignore,
    { name: 'groups', placeholder: 'legal = Legal, hr = HR', shape: 'pairs' },
  ],
  web: [{ name: 'url', placeholder: 'https://docs.example.com/', required: true }],
  s3: [
    { name: 'bucket', placeholder: 'policies', required: true },
    { name: 'prefix', placeholder: 'hr/' },
    { name: 'endpoint', placeholder: 'https://minio.example.com' },
    { name: 'region', placeholder: 'us-east-1' },
    { name: 'access_key_id' },
    ignore,
  ],
  imap: [
    { name: 'host', placeholder: 'imap.example.com', required: true },
    { name: 'username', placeholder: 'invoices@example.com', required: true },
    { name: 'mailboxes', placeholder: 'INBOX, Archive', shape: 'many' },
  ],
  git: [
    { name: 'repository', placeholder: 'https://git.example.com/docs.git', required: true },
    { name: 'branch', placeholder: 'main' },
    { name: 'include', placeholder: 'docs/*, *.md', shape: 'many' },
    { name: 'username' },
  ],
};

// Whether a kind signs in: a secret is then needed, or may be needed.
export function secretOf(kind: Kind, values: Values): 'none' | 'optional' | 'required' {
  if (kind === 'imap' || (kind === 's3' && values.access_key_id?.trim())) return 'required';
  return kind === 'git' ? 'optional' : 'none';
}

const parts = (text: string) =>
  text
    .split(/[,，;\n]/)
    .map((part) => part.trim())
    .filter(Boolean);

function pairs(text: string): Record<string, string> {
  return Object.fromEntries(
    parts(text).map((part) => {
      const [theirs = '', ours = ''] = part.split('=', 2).map((name) => name.trim());
      return [theirs, ours];
    }),
  );
}

export function configOf(kind: Kind, values: Values): SourceConfig {
  const config: Record<string, unknown> = { kind };
  for (const { name, shape } of fields[kind]) {
    const text = (values[name] ?? '').trim();
    if (!text) continue;
    const value = shape === 'many' ? parts(text) : shape === 'pairs' ? pairs(text) : text;
    config[name === 'repository' ? 'url' : name] = value;
  }
  return config as SourceConfig;
}

export function addressOf(config: SourceConfig): string {
  switch (config.kind) {
    case 'folder':
      return config.path;
    case 'web':
      return config.url;
    case 's3':
      return `s3://${config.bucket}/${config.prefix ?? ''}`;
    case 'imap':
      return `${config.username} (${config.host}): ${(config.mailboxes ?? ['INBOX']).join(', ')}`;
    case 'git':
      return config.branch ? `${config.url} (${config.branch})` : config.url;
  }
}
