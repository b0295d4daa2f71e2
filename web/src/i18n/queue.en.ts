const count = (n: number, one: string, many: string) =>
  `${new Intl.NumberFormat('en').format(n)} ${n === 1 ? one : many}`;

// What the page Processing says.
export const queueTexts = {
  lead: 'What waits, what is worked on and what failed, of the documents that you may read.',
  leadOne: (name: string) => `What waits, what is worked on and what failed in “${name}”.`,
  waiting: 'Waiting',
  oldest: (time: string) => `the oldest since ${time}`,
  running: 'Being worked on',
  done: 'Ready in the last hour',
  chunks: (n: number) => count(n, 'passage', 'passages'),
  rate: 'Documents a minute',
  rateChunks: (n: string) => `${n} passages`,
  dead: 'Given up',
  deadHint: 'though the file may be sound',
  failures: 'Why documents failed',
  noFailures: 'Nothing has failed.',
  latest: (time: string) => `last on ${time}`,
  failed: (n: number) => count(n, 'document', 'documents'),
  retryAll: 'Try all given up again',
  retryGroup: (n: number) => `Try ${count(n, 'document', 'documents')} again`,
  retried: (n: number) => `${count(n, 'document waits', 'documents wait')} again.`,
  cancel: 'Cancel',
  cancelOne: (name: string) => `Cancel the processing of ${name}`,
  cancelled: 'Cancelled',
  documents: 'Documents',
  show: 'Show',
  kinds: { unfinished: 'Not finished', failed: 'Failed' },
  nothing: { unfinished: 'Nothing waits.', failed: 'Nothing has failed.' },
};
