import type { queueTexts as en } from './queue.en.ts';

const number = (n: number) => new Intl.NumberFormat('zh').format(n);

export const queueTexts: typeof en = {
  lead: '您有权阅读的文档中，正在排队、处理和处理失败的情况。',
  leadOne: (name) => `“${name}”中正在排队、处理和处理失败的文档。`,
  waiting: '排队中',
  oldest: (time) => `最早始于 ${time}`,
  running: '处理中',
  done: '最近一小时完成',
  chunks: (n) => `${number(n)} 个段落`,
  rate: '每分钟完成',
  rateChunks: (n) => `${n} 个段落`,
  dead: '已放弃',
  deadHint: '文件本身可能没有问题',
  failures: '失败原因',
  noFailures: '没有失败的文档。',
  latest: (time) => `最近一次 ${time}`,
  failed: (n) => `${number(n)} 个文档`,
  retryAll: '重试全部已放弃的文档',
  retryGroup: (n) => `重试 ${number(n)} 个文档`,
  retried: (n) => `${number(n)} 个文档已重新排队。`,
  cancel: '取消',
  cancelOne: (name) => `取消处理 ${name}`,
  cancelled: '已取消',
  documents: '文档',
  show: '显示',
  kinds: { unfinished: '未完成', failed: '失败' },
  nothing: { unfinished: '没有排队的文档。', failed: '没有失败的文档。' },
};
