// One function per route of the HTTP contract that the page uses.
import { get, post, put, remove } from './client.ts';
import type {
  About,
  Collection,
  Conversation,
  ConversationSummary,
  DocumentPage,
  DocumentStatus,
  DocumentText,
  Evaluation,
  EvaluationComparison,
  EvaluationSummary,
  Facets,
  Filters,
  Found,
  Group,
  GroupPerson,
  Hit,
  LiveEvaluation,
  Members,
  NewScimToken,
  NewServiceAccount,
  NewToken,
  Page,
  Permissions,
  Queue,
  Role,
  ScimToken,
  ServiceAccount,
  SessionUser,
  SourceDocument,
  Token,
  User,
  Verb,
  WaysToSignIn,
} from './types.ts';

export type Session = { user: SessionUser; has_password: boolean; sign_out_url: string | null };

const segment = encodeURIComponent;

export const about = () => get<About>('v1/about');

export const currentSession = () => get<Session>('v1/session');
export const signIn = (name: string, password: string) =>
  post<Session>('v1/session', { name, password });
export const signOut = () => remove('v1/session');
export const waysToSignIn = () => get<WaysToSignIn>('v1/sign-in');
export const beginSignIn = (provider: string, next: string) =>
  post<{ url: string }>(`v1/sign-in/${segment(provider)}`, { next });
export const changePassword = (current: string, next: string) =>
  put('v1/session/password', { current, new: next });

export const listCollections = () => get<Page<Collection>>('v1/collections');
export const createCollection = (name: string) => post<Collection>('v1/collections', { name });
export const deleteCollection = (id: string) => remove(`v1/collections/${segment(id)}`);

const members = (id: string) => `v1/collections/${segment(id)}/members`;
export const listMembers = (id: string) => get<Members>(members(id));
export const setMember = (id: string, user: string, role: Role) =>
  put(`${members(id)}/${segment(user)}`, { role });
export const removeMember = (id: string, user: string) => remove(`${members(id)}/${segment(user)}`);
const groupRole = (id: string, group: string) =>
  `v1/collections/${segment(id)}/groups/${segment(group)}`;
export const setGroupMember = (id: string, group: string, role: Role) =>
  put(groupRole(id, group), { role });
export const removeGroup = (id: string, group: string) => remove(groupRole(id, group));

const permissions = (kind: 'documents' | 'collections', id: string) =>
  `v1/${kind}/${segment(id)}/permissions`;
export const getPermissions = (kind: 'documents' | 'collections', id: string) =>
  get<Permissions>(permissions(kind, id));
export const setPermissions = (
  kind: 'documents' | 'collections',
  id: string,
  allow: string[],
  deny: string[],
) => put(permissions(kind, id), { allow, deny });
export const findPeople = (query: string) =>
  get<Page<Found>>(`v1/directory?${new URLSearchParams({ query })}`);

export type Listing = {
  collection: string | null;
  /** Only those from collections that are not listed. */
  shared: boolean;
  /** In which states; all when there is none. */
  statuses: readonly DocumentStatus[];
};
/** A page of documents, newest first. */
export function listDocuments(wanted: Listing, cursor: string | null, limit: number) {
  const query = new URLSearchParams({ limit: String(limit) });
  if (wanted.shared) query.set('shared', 'true');
  if (wanted.collection !== null) query.set('collection', wanted.collection);
  for (const status of wanted.statuses) query.append('status', status);
  if (cursor !== null) query.set('cursor', cursor);
  return get<DocumentPage>(`v1/documents?${query}`);
}
const document = (id: string) => `v1/documents/${segment(id)}`;
export const getDocument = (id: string) => get<SourceDocument>(document(id));
export const deleteDocument = (id: string) => remove(document(id));
export const setTags = (id: string, tags: string[]) => put(`${document(id)}/tags`, { tags });
export const retryDocument = (id: string) => post<SourceDocument>(`${document(id)}/retry`);
export const cancelDocument = (id: string) => post<SourceDocument>(`${document(id)}/cancel`);
export const getQueue = (collection: string | null) =>
  get<Queue>(collection === null ? 'v1/queue' : `v1/queue?${new URLSearchParams({ collection })}`);
export const retryFailed = (collection: string | null, code: string | null) =>
  post<{ retried: number; remaining: number }>('v1/queue/retry', { collection, code });
export const documentText = (id: string) => get<DocumentText>(`${document(id)}/text`);
export const contentAddress = (id: string) => `${document(id)}/content`;
/** An office document as PDF; there is one where its citations have boxes. */
export const viewAddress = (id: string) => `${document(id)}/view`;

export const search = (
  query: string,
  limit: number,
  collections: string[] | undefined,
  filters: Filters,
  signal: AbortSignal,
) => post<{ hits: Hit[] }>('v1/search', { query, limit, collections, filters }, signal);
/** How many documents each filter would leave; a POST, so that no tag stands in an address. */
export const countFacets = (collections: string[] | undefined, filters: Filters) =>
  post<Facets>('v1/search/facets', { collections, filters });

export const listConversations = () => get<Page<ConversationSummary>>('v1/conversations');
const conversation = (id: string) => `v1/conversations/${segment(id)}`;
export const getConversation = (id: string) => get<Conversation>(conversation(id));
export const deleteConversation = (id: string) => remove(conversation(id));

export const giveFeedback = (answer: string, helpful: boolean | null) =>
  put(`v1/answers/${segment(answer)}/feedback`, { helpful });

export const listTokens = () => get<Page<Token>>('v1/tokens');
export const createToken = (name: string, scopes: Verb[], days: number) =>
  post<NewToken>('v1/tokens', { name, scopes, expires_in_days: days });
export const deleteToken = (id: string) => remove(`v1/tokens/${segment(id)}`);

export const listServiceAccounts = () => get<Page<ServiceAccount>>('v1/service-accounts');
export const createServiceAccount = (name: string, role: Role | null, days: number) =>
  post<NewServiceAccount>('v1/service-accounts', { name, role, expires_in_days: days });
const serviceAccount = (id: string) => `v1/service-accounts/${segment(id)}`;
export const deleteServiceAccount = (id: string) => remove(serviceAccount(id));
export const renewSecret = (id: string) => post<{ secret: string }>(`${serviceAccount(id)}/secret`);
export const setServiceAccountRole = (id: string, role: Role | null) =>
  role === null
    ? remove(`${serviceAccount(id)}/role`)
    : put(`${serviceAccount(id)}/role`, { role });

export const listScimTokens = () => get<Page<ScimToken>>('v1/scim-tokens');
export const createScimToken = (name: string, days: number, issuer: string | null) =>
  post<NewScimToken>('v1/scim-tokens', { name, expires_in_days: days, issuer });
export const deleteScimToken = (id: string) => remove(`v1/scim-tokens/${segment(id)}`);

export const listUsers = () => get<Page<User>>('v1/users');
export const createUser = (name: string, password: string, role: Role | null) =>
  post<User>('v1/users', { name, password, role });
const user = (id: string) => `v1/users/${segment(id)}`;
export const deleteUser = (id: string) => remove(user(id));
/** Everything that is stored about a person, as a file. */
export const personAddress = (id: string) => `${user(id)}/export`;
export const erasePerson = (id: string) => post<unknown>(`${user(id)}/erasure`, {});
export const resetPassword = (id: string, password: string) =>
  put(`${user(id)}/password`, { password });
export const setRole = (id: string, role: Role | null) =>
  role === null ? remove(`${user(id)}/role`) : put(`${user(id)}/role`, { role });

export const listGroups = () => get<Page<Group>>('v1/groups');
export const createGroup = (name: string) => post<Group>('v1/groups', { name });
const group = (id: string) => `v1/groups/${segment(id)}`;
export const deleteGroup = (id: string) => remove(group(id));
export const setGroupRole = (id: string, role: Role | null) =>
  role === null ? remove(`${group(id)}/role`) : put(`${group(id)}/role`, { role });
export const listGroupMembers = (id: string) => get<Page<GroupPerson>>(`${group(id)}/members`);
export const addGroupMember = (id: string, user: string) =>
  put(`${group(id)}/members/${segment(user)}`, {});
export const removeGroupMember = (id: string, user: string) =>
  remove(`${group(id)}/members/${segment(user)}`);

export const listEvaluations = () => get<Page<EvaluationSummary>>('v1/evaluations');
const evaluation = (id: string) => `v1/evaluations/${segment(id)}`;
export const getEvaluation = (id: string) => get<Evaluation>(evaluation(id));
export const deleteEvaluation = (id: string) => remove(evaluation(id));
export const liveEvaluation = () => get<LiveEvaluation>('v1/evaluations/live');
export const compareEvaluations = (before: string, after: string) =>
  get<EvaluationComparison>(`v1/evaluations/comparison?${new URLSearchParams({ before, after })}`);
