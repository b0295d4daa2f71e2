// Programs and directories on the page People.
import type { programTexts as english } from './programs.en.ts';

export const programTexts: typeof english = {
  programs: {
    title: '程序',
    lead: '批处理任务和内部应用使用的独立账号。',
    name: '名称',
    create: '添加程序',
    once: '请立即复制密钥，之后不会再次显示。',
    clientId: '客户端 ID',
    secret: '客户端密钥',
    credentials: {
      secret: '使用密钥',
      key: '使用自己的公钥',
      provider: '通过身份提供方',
    },
    renew: '更换密钥',
    renewOne: (name) => `为 ${name} 更换密钥`,
    renewTitle: (name) => `为 ${name} 更换密钥？`,
    renewText: '旧密钥和该程序的所有访问令牌会立即失效。',
    deleteText: '它的访问令牌会立即失效。',
  },
  provisioning: {
    title: '账号同步',
    lead: '企业目录（Entra、Okta 等）通过 SCIM 添加和移除人员与群组。',
    name: '目录名称',
    issuer: '登录所用的颁发者（可选）',
    address: 'SCIM 地址',
    revokeText: '该目录将无法再更改任何内容；人员和群组会保留。',
  },
};
