import { describe, expect, it } from 'vitest';
import { EventParser, readEvents } from './sse.ts';

const stream =
  'event: token\ndata: {"text":"你好"}\n\n: ping\n\ndata:one\ndata: two\n\nevent: done\n\n';
const events = [
  { event: 'token', data: '{"text":"你好"}' },
  { event: 'message', data: 'one\ntwo' },
];

describe('EventParser', () => {
  it('reads events, joins data lines, skips comments and events without data', () => {
    expect(new EventParser().push(stream)).toEqual(events);
  });

  it.each(['\n', '\r\n', '\r'])('gives the same for every way of cutting, line end %j', (end) => {
    const text = `${stream.replaceAll('\n', end)}:`;
    for (let cut = 0; cut <= text.length; cut++) {
      const parser = new EventParser();
      expect([...parser.push(text.slice(0, cut)), ...parser.push(text.slice(cut))]).toEqual(events);
    }
  });

  it('waits for the blank line', () => {
    const parser = new EventParser();
    expect(parser.push('event: token\ndata: x\n')).toEqual([]);
    expect(parser.push('\n')).toEqual([{ event: 'token', data: 'x' }]);
  });

  it('takes off one space only', () => {
    expect(new EventParser().push('data:  x\n\n')).toEqual([{ event: 'message', data: ' x' }]);
  });
});

describe('readEvents', () => {
  it('joins a character whose bytes arrive apart', async () => {
    const bytes = new TextEncoder().encode(stream);
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    const seen = [];
    for await (const event of readEvents(body)) seen.push(event);
    expect(seen).toEqual(events);
  });

  it('cancels the body when the reader stops early', async () => {
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new TextEncoder().encode('data: x\n\n')),
      cancel: () => {
        cancelled = true;
      },
    });
    for await (const event of readEvents(body)) {
      expect(event.data).toBe('x');
      break;
    }
    expect(cancelled).toBe(true);
  });
});
