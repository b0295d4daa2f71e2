import { expect, test } from 'vitest';
import { addressOf, configOf, secretOf } from './kinds.ts';

test('empty fields are left out and lists are taken apart', () => {
  expect(
    configOf('git', { repository: ' https://a.example/b.git ', include: 'docs/*，*.md,' }),
  ).toEqual({ kind: 'git', url: 'https://a.example/b.git', include: ['docs/*', '*.md'] });
  expect(configOf('s3', { bucket: 'policies', prefix: ' ' })).toEqual({
    kind: 's3',
    bucket: 'policies',
  });
});

test('groups are pairs of theirs and ours', () => {
  expect(configOf('folder', { path: '/srv', groups: 'legal = Legal team, hr=人事' })).toEqual({
    kind: 'folder',
    path: '/srv',
    groups: { legal: 'Legal team', hr: '人事' },
  });
});

test('a secret is asked for where one is of use', () => {
  expect(secretOf('folder', {})).toBe('none');
  expect(secretOf('s3', {})).toBe('none');
  expect(secretOf('s3', { access_key_id: 'AKIA' })).toBe('required');
  expect(secretOf('imap', {})).toBe('required');
  expect(secretOf('git', {})).toBe('optional');
});

test('each kind has an address that tells it from others', () => {
  expect(addressOf({ kind: 's3', bucket: 'b', prefix: 'hr/' })).toBe('s3://b/hr/');
  expect(addressOf({ kind: 'imap', host: 'mail.example', username: 'ada' })).toBe(
    'ada (mail.example): INBOX',
  );
  expect(addressOf({ kind: 'git', url: 'https://a.example/b.git', branch: 'next' })).toBe(
    'https://a.example/b.git (next)',
  );
});
