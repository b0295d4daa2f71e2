export type Route =
  | { page: 'ask'; conversation: string | null }
  | { page: 'search' }
  | { page: 'collections' }
  | { page: 'collection'; id: string }
  | { page: 'queue'; collection: string | null }
  | { page: 'people' }
  | { page: 'evaluations' }
  | { page: 'audit' }
  | { page: 'settings' }
  | { page: 'sign-in'; problem: string }
  | { page: 'unknown' };

/** Reads an address such as `#/collections/ID`. An empty one is the ask page. */
export function parseRoute(hash: string): Route {
  const [page = '', id, ...more] = hash
    .replace(/^#?\/?/, '')
    .split('/')
    .map(decode);
  if (more.length > 0) return { page: 'unknown' };
  if (page === '' || page === 'ask') return { page: 'ask', conversation: id || null };
  if (page === 'collections') return id ? { page: 'collection', id } : { page: 'collections' };
  if (page === 'queue') return { page, collection: id || null };
  if (page === 'sign-in' && id) return { page, problem: id };
  const plain = ['search', 'people', 'evaluations', 'audit', 'settings'] as const;
  const known = plain.find((name) => name === page && id === undefined);
  return known ? { page: known } : { page: 'unknown' };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The current address, read from the fragment: the server needs no rule for the page's routes. */
class Router {
  current = $state<Route>(parseRoute(location.hash));

  constructor() {
    addEventListener('hashchange', () => (this.current = parseRoute(location.hash)));
  }

  go(path: string): void {
    location.hash = path;
  }

  /** Changes the address without a new step in the browser's history. */
  replace(path: string): void {
    history.replaceState(null, '', path);
    this.current = parseRoute(path);
  }
}

export const router = new Router();
