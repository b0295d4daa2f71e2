import { afterEach, describe, expect, it, vi } from 'vitest';
import { streamAnswer, type AnswerEvent } from './answers.ts';

const token = 'event: token\ndata: {"text":"Yes."}\n\n';
const started = 'event: started\ndata: {"conversation_id":"c","id":"a"}\n\n';
const done = 'event: done\ndata: {"id":"a","answer":"Yes."}\n\n';

/** Lets fetch answer with these pieces; an Error among them breaks the connection. */
function answering(...pieces: (string | Error)[]) {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = pieces.shift();
      if (piece === undefined) controller.close();
      else if (typeof piece === 'string') controller.enqueue(encoder.encode(piece));
      else controller.error(piece);
    },
  });
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(body)));
}

async function ask(): Promise<AnswerEvent['kind'][]> {
  const kinds: AnswerEvent['kind'][] = [];
  const events = streamAnswer({ question: 'Is it?' }, new AbortController().signal);
  for await (const event of events) kinds.push(event.kind);
  return kinds;
}

describe('streamAnswer', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('ends after the whole answer, whatever follows', async () => {
    answering(started, token, 'event: later\ndata: {}\n\n', done, token);
    expect(await ask()).toEqual(['started', 'token', 'done']);
  });

  it('tells an answer that ends too early from a whole one', async () => {
    answering(token);
    await expect(ask()).rejects.toMatchObject({ code: 'answer_interrupted' });
  });

  it('tells a connection that breaks', async () => {
    answering(token, new TypeError('network error'));
    await expect(ask()).rejects.toMatchObject({ code: 'answer_interrupted' });
  });

  it('raises the problem that the stream reports', async () => {
    answering(token, 'event: error\ndata: {"status":503,"code":"generator_busy"}\n\n');
    await expect(ask()).rejects.toMatchObject({ code: 'generator_busy' });
  });

  it('leaves a stop by the reader as it is', async () => {
    answering(token, new DOMException('stopped', 'AbortError'));
    await expect(ask()).rejects.toMatchObject({ name: 'AbortError' });
  });
});
