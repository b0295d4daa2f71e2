/** An error the server described (RFC 9457), or one of ours: `network_error`, `unexpected_error`. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly detail: string;

  constructor(status: number, code: string, detail = '') {
    super(code);
    this.name = 'Problem';
    this.status = status;
    this.code = code;
    this.detail = detail;
  }
}

/** Reads a problem from a response body; anything else becomes `unexpected_error`. */
export function problemFrom(status: number, body: unknown): Problem {
  if (typeof body !== 'object' || body === null) return new Problem(status, 'unexpected_error');
  const { code, detail, title } = body as Record<string, unknown>;
  return new Problem(
    status,
    typeof code === 'string' ? code : 'unexpected_error',
    [detail, title].find((text) => typeof text === 'string') as string | undefined,
  );
}

export function problemFromText(status: number, text: string): Problem {
  try {
    return problemFrom(status, JSON.parse(text));
  } catch {
    return new Problem(status, 'unexpected_error');
  }
}

/** Whatever was thrown, as a Problem. */
export function asProblem(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem(0, 'unexpected_error');
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}
