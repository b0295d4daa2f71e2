// Permission lists as the page shows them.
import type { Dictionary } from '../i18n/en.ts';
import type { PermissionEntry, Role } from '../api/types.ts';

export type Option = { principal: string; name: string; detail: string };

const roles: Role[] = ['owner', 'editor', 'reader'];

/** Whoever may be named without looking them up: the whole collection, and its roles. */
export function fixedOptions(t: Dictionary, collection: string | null): Option[] {
  const everyone = { principal: `collection:${collection}`, name: t.permissions.everyone };
  const places = collection === null ? [] : [everyone];
  const named = roles.map((role) => ({
    principal: `role:${role}`,
    name: t.permissions.role[role],
  }));
  return [...places, ...named].map((one) => ({ ...one, detail: '' }));
}

/** What an entry is called. */
export function label(t: Dictionary, entry: PermissionEntry): string {
  const [kind, key] = entry.principal.split(':');
  if (kind === 'collection') return t.permissions.everyone;
  if (kind === 'role') return t.permissions.role[key as Role];
  return entry.name ?? t.permissions.gone;
}

export const isGroup = (principal: string) => !principal.startsWith('user:');
