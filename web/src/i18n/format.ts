const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** Dates, numbers and sizes as the language writes them. */
export function formats(tag: string) {
  const date = new Intl.DateTimeFormat(tag, { dateStyle: 'medium' });
  const dateTime = new Intl.DateTimeFormat(tag, { dateStyle: 'medium', timeStyle: 'medium' });
  const number = new Intl.NumberFormat(tag);
  return {
    date: (iso: string) => date.format(new Date(iso)),
    dateTime: (iso: string) => dateTime.format(new Date(iso)),
    number: (n: number) => number.format(n),
    percent: (n: number) => new Intl.NumberFormat(tag, { style: 'percent' }).format(n / 100),
    size: (bytes: number) => size(tag, bytes),
    list: (items: string[]) => new Intl.ListFormat(tag, { style: 'narrow' }).format(items),
  };
}

/** Steps of 1024, so that a limit set as 100 * 1024 * 1024 bytes reads "100 MB". */
function size(tag: string, bytes: number): string {
  const step = bytes < 1024 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
  const value = bytes / 1024 ** step;
  return new Intl.NumberFormat(tag, {
    style: 'unit',
    unit: units[step] ?? 'byte',
    unitDisplay: step === 0 ? 'long' : 'short',
    maximumFractionDigits: step < 2 || value >= 10 ? 0 : 1,
  }).format(value);
}
