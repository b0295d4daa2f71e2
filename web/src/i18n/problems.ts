// What a person reads for each problem code. A code that is missing here shows the server's detail.
import type { Problem } from '../api/problem.ts';

type Text = { en: string; zh: string };
export type Language = keyof Text;

const unexpected: Text = {
  en: 'Something went wrong. Please try again.',
  zh: '出了点问题，请重试。',
};

export const problemTexts: Record<string, Text> = {
  unexpected_error: unexpected,
  network_error: {
    en: 'The server cannot be reached. Check the connection and try again.',
    zh: '无法连接服务器，请检查网络后重试。',
  },
  answer_interrupted: {
    en: 'The answer broke off. Please ask again.',
    zh: '回答中断了，请重新提问。',
  },
  upload_cancelled: { en: 'The upload was cancelled.', zh: '上传已取消。' },
};

/** The words for a problem: ours by code, else the server's own, else a general sentence. */
export function describeProblem(problem: Pick<Problem, 'code' | 'detail'>, language: Language) {
  return problemTexts[problem.code]?.[language] ?? (problem.detail || unexpected[language]);
}
