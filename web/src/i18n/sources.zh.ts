// 与资料库保持同步的来源。
import type { sourceTexts as english } from './sources.en.ts';

export const sourceTexts: typeof english = {
  sources: {
    title: '来源',
    lead: '与此资料库保持同步的服务器文件夹和网站。',
    none: '尚未连接任何来源。',
    kind: '类型',
    kinds: { folder: '文件夹', web: '网站' },
    addresses: { folder: '服务器上的路径', web: '网址' },
    connect: '连接',
    states: { waiting: '正在读取', in_step: '已同步', failing: '无法读取', paused: '已暂停' },
    files: (n) => `${n} 个文件`,
    refused: (n) => `${n} 个未收录`,
    read: (when) => `读取于 ${when}`,
    sync: '立即读取',
    syncOne: (name) => `立即读取 ${name}`,
    pause: '暂停',
    resume: '继续',
    removeOne: (name) => `断开 ${name}`,
    removeTitle: '断开此来源？',
    removeText: '已有的文档会保留，但不再随来源更新。',
    remove: '断开',
  },
};
