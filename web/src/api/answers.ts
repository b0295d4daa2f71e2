import { send } from './client.ts';
import { isAbort, Problem, problemFrom } from './problem.ts';
import { readEvents, type ServerEvent } from './sse.ts';
import type { Answer, Citation, Filters } from './types.ts';

export type AnswerRequest = {
  question: string;
  collections?: string[] | undefined;
  filters?: Filters;
  conversation_id?: string | undefined;
};

export type AnswerEvent =
  | { kind: 'started'; conversationId: string }
  | { kind: 'token'; text: string }
  | { kind: 'citation'; citation: Citation }
  | { kind: 'done'; answer: Answer };

/**
 * Asks, and yields what the server streams; ends after `done`.
 * @throws Problem when refused, when the stream reports an error or breaks off before `done`.
 */
export async function* streamAnswer(
  request: AnswerRequest,
  signal: AbortSignal,
): AsyncGenerator<AnswerEvent> {
  const response = await send('POST', 'v1/answers', {
    body: { ...request, stream: true },
    signal,
    accept: 'text/event-stream',
  });
  for await (const { event, data } of wholeEvents(response)) {
    const read = readEvent(event, data);
    if (read === null) continue;
    yield read;
    if (read.kind === 'done') return;
  }
  throw new Problem(0, 'answer_interrupted');
}

/** The events of the response; a connection that breaks meanwhile is an interrupted answer. */
async function* wholeEvents(response: Response): AsyncGenerator<ServerEvent> {
  try {
    if (response.body !== null) yield* readEvents(response.body);
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new Problem(0, 'answer_interrupted');
  }
}

function readEvent(event: string, data: string): AnswerEvent | null {
  switch (event) {
    case 'started':
      return {
        kind: 'started',
        conversationId: (JSON.parse(data) as { conversation_id: string }).conversation_id,
      };
    case 'token':
      return { kind: 'token', text: (JSON.parse(data) as { text: string }).text };
    case 'citation':
      return { kind: 'citation', citation: JSON.parse(data) as Citation };
    case 'done':
      return { kind: 'done', answer: JSON.parse(data) as Answer };
    case 'error':
      throw problemFrom(0, JSON.parse(data));
    default:
      return null;
  }
}
