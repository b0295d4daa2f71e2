const count = (n: number, one: string, many: string) =>
  `${new Intl.NumberFormat('en').format(n)} ${n === 1 ? one : many}`;

// What of a document was not read although the rest was, and why. Codes as in problems.ts.
export const omissionTexts = {
  again: 'Read again',
  readAgain: (name: string) => `Read ${name} again`,
  /** `stretches` such as "3, 41–300", or empty where there are too many to name. */
  pages: (n: number, stretches: string) =>
    stretches
      ? `${n === 1 ? 'Page' : 'Pages'} ${stretches} not read:`
      : `${count(n, 'page', 'pages')} not read:`,
  pictures: (n: number) => `${count(n, 'picture', 'pictures')} not read:`,
  attachments: (n: number) => `${count(n, 'attachment', 'attachments')} not read as a whole:`,
  reasons: {
    archive_refused: 'packed to an unreasonable size.',
    document_damaged: 'damaged.',
    document_encrypted: 'protected by a password.',
    document_too_large: 'more than this server reads of one document.',
    ocr_unavailable: 'text recognition is switched off on this server.',
    office_unavailable: 'an Office format of before 2007, which this server cannot read.',
    parser_out_of_memory: 'that takes more memory than is allowed.',
    parser_timed_out: 'that takes longer than is allowed. Read it again when there is less to do.',
    picture_too_large: 'more dots than this server accepts.',
    picture_unreadable: 'of a kind that cannot be read. Put it in as PNG or JPEG.',
  },
  otherReason: 'the reader failed at it.',
};
