import type { liveTexts as english } from './live.en.ts';

export const liveTexts: typeof english = {
  title: '用户评价',
  none: '所有人对这里的回答的评价。',
  experiment: (name) => `在实验“${name}”中，所有人对这里的回答的评价。`,
  nothing: '还没有回答过问题。每个回答下方都可以评价是否有帮助，评价在这里汇总。',
  noVotes: '还没有人评价过回答。',
  arm: '搜索方式',
  arms: { A: 'A（原设置）', B: 'B（新设置）' },
  all: '全部回答',
  questions: '回答数',
  refused: '拒答数',
  votes: '有帮助 / 没有',
  share: '有帮助',
  difference: (points, interval) => `B 与 A 相差 ${points} 个百分点（${interval}）：`,
  better: '更好',
  worse: '更差',
  noise: '在误差内',
};
