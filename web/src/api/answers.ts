import { send } from './client.ts';
import { Problem, problemFrom } from './problem.ts';
import { readEvents } from './sse.ts';
import type { Answer, Citation } from './types.ts';

export type AnswerRequest = {
  question: string;
  collections?: string[] | undefined;
  conversation_id?: string | undefined;
};

export type AnswerEvent =
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
  if (response.body === null) throw new Problem(0, 'answer_interrupted');
  for await (const { event, data } of readEvents(response.body)) {
    const read = readEvent(event, data);
    if (read === null) continue;
    yield read;
    if (read.kind === 'done') return;
  }
  throw new Problem(0, 'answer_interrupted');
}

function readEvent(event: string, data: string): AnswerEvent | null {
  switch (event) {
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
