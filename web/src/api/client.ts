import { isAbort, Problem, problemFromText } from './problem.ts';

let onSignedOut: () => void = () => {};

/** Registers what happens when the server answers 401 to anything but a sign-in. */
export function whenSignedOut(handler: () => void): void {
  onSignedOut = handler;
}

type Options = { body?: unknown; signal?: AbortSignal | undefined; accept?: string };

/** Sends one request. Addresses are relative, so the page works behind a path prefix. */
export async function send(method: string, path: string, options: Options = {}): Promise<Response> {
  const headers: Record<string, string> = { Accept: options.accept ?? 'application/json' };
  if (options.body !== undefined) headers['Content-Type'] = 'application/json';
  const response = await reach(path, {
    method,
    headers,
    body: options.body === undefined ? null : JSON.stringify(options.body),
    signal: options.signal ?? null,
    credentials: 'same-origin',
  });
  if (!response.ok) throw refused(response.status, path, method, await response.text());
  return response;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await send('GET', path, { signal })).json() as Promise<T>;
}

export async function post<T>(path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  return (await send('POST', path, { body, signal })).json() as Promise<T>;
}

export async function put(path: string, body: unknown): Promise<void> {
  await send('PUT', path, { body });
}

export async function remove(path: string): Promise<void> {
  await send('DELETE', path);
}

/** The Problem of a refused request; a 401 also ends the session in the page. */
export function refused(status: number, path: string, method: string, body: string): Problem {
  const signingIn = path === 'v1/session' && method === 'POST';
  const changingPassword = path === 'v1/session/password';
  if (status === 401 && !signingIn && !changingPassword) onSignedOut();
  return problemFromText(status, body);
}

async function reach(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init);
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new Problem(0, 'network_error');
  }
}
