import type { omissionTexts as english } from './omissions.en.ts';

const number = (n: number) => new Intl.NumberFormat('zh-CN').format(n);

export const omissionTexts: typeof english = {
  again: '重新读取',
  readAgain: (name) => `重新读取 ${name}`,
  pages: (n, stretches) => (stretches ? `第 ${stretches} 页未读取：` : `${number(n)} 页未读取：`),
  pictures: (n) => `${number(n)} 张图片未读取：`,
  attachments: (n) => `${number(n)} 个附件未完整读取：`,
  reasons: {
    archive_refused: '解压后过大。',
    document_damaged: '文件已损坏。',
    document_encrypted: '受密码保护。',
    document_too_large: '超过服务器对单个文档的读取上限。',
    ocr_unavailable: '此服务器关闭了文字识别。',
    office_unavailable: '此服务器无法读取 Office 2007 之前的格式。',
    parser_out_of_memory: '所需内存超过上限。',
    parser_timed_out: '所需时间超过上限，请在服务器空闲时重新读取。',
    picture_too_large: '像素超过服务器的上限。',
    picture_unreadable: '格式无法读取。请换成 PNG 或 JPEG。',
  },
  otherReason: '读取程序出错。',
};
