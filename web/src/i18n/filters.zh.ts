import type { filterTexts as english } from './filters.en.ts';

const number = (n: number) => new Intl.NumberFormat('zh-CN').format(n);

export const filterTexts: typeof english = {
  title: '筛选',
  group: '只看某些文档',
  on: (n) => `${number(n)} 项筛选`,
  labels: { types: '类型', years: '年份', tags: '标签', authors: '作者', languages: '语言' },
  others: { tags: '其他标签', authors: '其他作者' },
  types: {
    pdf: 'PDF 文件',
    text: '文本',
    slides: '演示文稿',
    table: '表格',
    mail: '邮件',
    web: '网页',
    book: '电子书',
    picture: '图片',
  },
  date: '日期',
  from: '起始',
  to: '截止',
  clear: '清除筛选',
};
