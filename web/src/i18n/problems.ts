// What a person reads for each problem code. The server writes its problems in English and says
// what to do, so English is given here only for the problems of the page itself. A code that is
// missing here shows the server's words.
import type { Problem } from '../api/problem.ts';

export type Language = 'en' | 'zh';
type Text = { en?: string; zh: string };

const unexpected = {
  en: 'Something went wrong. Please try again.',
  zh: '出了点问题，请重试。',
};

export const problemTexts: Record<string, Text> = {
  // the page itself
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

  // who asks and what they may do
  unauthenticated: { en: 'Please sign in.', zh: '请先登录。' },
  invalid_credentials: { zh: '用户名或密码不正确，请检查后重试。' },
  password_sign_in_off: { zh: '密码登录已关闭，请使用贵组织的登录方式。' },
  no_password: { zh: '此人通过贵组织的身份系统登录，请在那里修改密码。' },
  sign_in_expired: {
    en: 'This sign-in took too long or was begun elsewhere. Sign in again.',
    zh: '此次登录已超时，或不是在本浏览器中开始的，请重新登录。',
  },
  provider_denied: {
    en: 'Your organisation’s sign-in did not let you through. Try again there.',
    zh: '贵组织的身份系统未允许登录，请在那里重试。',
  },
  sign_in_not_proven: {
    en: 'The sign-in could not be verified. Try again; if it stays so, tell the operator.',
    zh: '无法验证此次登录。请重试；如果仍然失败，请联系管理员。',
  },
  not_admitted: {
    en: 'Your organisation knows you, but you have no access to Sourcebook. Ask for it there.',
    zh: '您的身份已确认，但您还没有 Sourcebook 的使用权限，请向贵组织申请。',
  },
  provider_unavailable: {
    en: 'Your organisation’s sign-in cannot be reached at the moment. Try again later.',
    zh: '暂时无法连接贵组织的身份系统，请稍后重试。',
  },
  too_many_attempts: { zh: '登录失败次数过多，请稍后再试。' },
  too_many_requests: { zh: '短时间内请求过多，请稍后再试。' },
  daily_budget_spent: { zh: '今天的提问额度已用完，UTC 零点后恢复；管理员可以提高额度。' },
  request_too_large: { zh: '请求过大，请分几次发送。' },
  request_too_slow: { zh: '请求未能及时送达，请重新发送。' },
  foreign_host: {
    zh: '服务器不以此名称提供服务，管理员可在 SOURCEBOOK_HOSTS 中添加。',
  },
  outbound_failed: { zh: '无法连接另一台服务器，请重试或检查其地址。' },
  outbound_refused: { zh: '不允许从这里访问该地址；如属本组织，请管理员将其列入允许范围。' },
  outbound_timeout: { zh: '另一台服务器未及时响应，请稍后再试。' },
  outbound_too_large: { zh: '另一台服务器返回的内容超出限制。' },
  forbidden: { zh: '您没有执行此操作的权限，请联系所有者。' },
  not_found: { zh: '找不到该内容，或您无权查看。' },
  conflict: { zh: '内容已有变化，请刷新后重试。' },
  name_taken: { zh: '已有同名用户，请换一个名称。' },
  last_owner: { zh: '这是最后一位所有者，请先指定另一位所有者。' },
  invalid_input: { zh: '输入的内容有误，请修改后重试。' },
  invalid_request: { zh: '请求的内容有误，请修改后重试。' },
  password_refused: { zh: '密码太短或太长，请换一个。' },
  name_refused: { zh: '名称须为 1 到 200 个可见字符，首尾不能有空格。' },
  key_destroyed: { zh: '该数据的密钥已被销毁，无法再读取。' },
  key_unavailable: { zh: '服务器的密钥不可用，请联系管理员。' },
  decryption_failed: { zh: '存储的数据无法解密，请联系管理员。' },

  group_name_taken: { zh: '已有同名群组，请换一个名称。' },
  group_denied: {
    zh: '有文档禁止该群组查看，删除它会让其成员看到这些文档。请先将其从文档权限中移除。',
  },
  managed_elsewhere: { zh: '该群组来自身份提供方，请在那里更改。' },
  locked_out: { zh: '这样您自己也将无法查看。请允许您自己、您的群组或角色，并且不要排除它们。' },
  permissions_refused: { zh: '权限列表中有不存在的人员、群组或角色，或条目过多。' },

  // uploads and collections
  file_empty: { zh: '文件是空的，请确认已保存后重新上传。' },
  file_too_large: { zh: '文件超过服务器允许的大小，请拆分文件或压缩其中的图片。' },
  unsupported_type: {
    zh: '无法读取此类文件。请上传 PDF、Word、PowerPoint、Excel、OpenDocument、RTF、EPUB、CSV、HTML、Markdown、文本、邮件或图片文件。',
  },
  upload_refused: { zh: '文件未被接受，请检查后重新上传。' },
  request_refused: { zh: '内容已有变化，请刷新后重试。' },
  collection_exists: { zh: '已有同名资料库，请换一个名称。' },
  invalid_name: { zh: '资料库名称须为 1 到 200 个可见字符。' },
  document_not_ready: { zh: '文档尚未处理完成，请稍候。' },
  tags_refused: { zh: '标签过多、过长或为空。请减少标签或改短。' },
  cancel_refused: { zh: '该文档的处理已经结束。如果不再需要，请删除文档。' },
  retry_refused: { zh: '只有处理失败或未完整读取的文档才能重试。' },

  // processing
  processing_failed: { zh: '文档处理失败，请重试。' },
  internal_error: { zh: '服务器出错。请重试；如果仍然失败，请联系管理员。' },
  storage_full: { zh: '服务器磁盘已满，请在管理员清理空间后重试。' },
  cancelled: { zh: '处理已取消。如果仍需要该文档，请重试。' },
  superseded: { zh: '该文档的处理已被取消。' },
  worker_crashed: {
    zh: '处理该文档时程序多次中断。请重试；如果仍然失败，请拆分文档或另存一份。',
  },
  parse_failed: { zh: '无法读取该文档，请另存一份后重新上传。' },
  archive_refused: { zh: '该文件解压后过大。请用原程序打开并另存一份后重新上传。' },
  document_damaged: { zh: '文件已损坏或不完整。请用原程序打开并另存一份后重新上传。' },
  document_encrypted: { zh: '文档受密码保护，请去除密码后重新上传。' },
  document_too_large: { zh: '文档的页数或文字超过服务器允许的范围，请拆分后上传。' },
  document_without_pages: { zh: '文档没有页面，请重新导出后上传。' },
  no_text: { zh: '文档中没有找到文字，因此无法据此回答。' },
  ocr_unavailable: {
    zh: '页面是没有文字的扫描图片，而此服务器关闭了文字识别。请上传带文字的版本，或请管理员开启文字识别。',
  },
  office_unavailable: {
    zh: '此服务器无法读取 Office 97-2003 文档。请另存为 .docx 或 .pptx 后上传，或请管理员安装 LibreOffice。',
  },
  picture_too_large: {
    zh: '图片的像素超过了服务器的上限。请以 300 dpi 扫描或缩小图片后重新上传。',
  },
  picture_unreadable: {
    zh: '文档中的图片格式无法读取。请将图片换成 PNG 或 JPEG 后重新上传。',
  },
  sheet_too_sparse: {
    zh: '工作表中有相距极远的单元格。请删除表末的多余单元格，保存后重新上传。',
  },
  parser_crashed: { zh: '读取该文档时出错。请用原程序打开并另存一份后重新上传。' },
  parser_out_of_memory: { zh: '读取该文档所需内存超过限制，请拆分或另存一份后重新上传。' },
  parser_timed_out: { zh: '读取该文档超时。请在服务器空闲时重试，或拆分文档。' },
  sandbox_unavailable: { zh: '文档读取程序无法启动，请几分钟后重试。' },

  // sources
  source_failed: { zh: '来源无法读取，稍后会自动重试。' },
  source_invalid: {
    zh: '来源须为服务器文件夹的完整路径，或以 https:// 开头的网址；已暂停的来源须先继续。',
  },
  folder_not_allowed: { zh: '该文件夹未对来源开放，请联系服务器管理员允许该文件夹。' },
  sources_full: { zh: '此资料库的来源已达上限，请先断开一个。' },
  source_unreachable: {
    zh: '来源没有响应、拒绝访问或不允许从此处访问，请检查网址；稍后会自动重试。',
  },
  folder_missing: {
    zh: '文件夹不存在、未挂载或服务器无权读取。没有删除任何文档，稍后会自动重试。',
  },
  source_address_refused: {
    zh: '服务器不能访问此地址。如属贵组织内部地址，请让服务器管理员允许它。',
  },
  source_refused: {
    zh: '来源拒绝访问。请检查名称、用户或访问密钥及其权限，并重新填写密码或密钥；稍后会自动重试。',
  },
  source_too_large: { zh: '来源的内容超过上限。请只连接其中一部分，或请服务器管理员提高上限。' },
  source_secret_missing: { zh: '请填写密码或密钥。更改地址、名称或范围后需要重新填写。' },
  source_extra_missing: { zh: '此服务器不能读取存储桶，请让服务器管理员安装所需组件。' },
  source_group_unknown: { zh: '找不到其中一个组，或有多个同名的组。请按“人员”页上的名称填写。' },
  bucket_missing: { zh: '没有这个名称的存储桶，请检查名称和地址。' },
  bucket_elsewhere: { zh: '存储桶在其他区域或地址，请更正此来源。' },
  mailbox_missing: { zh: '该账户没有这个名称的邮箱文件夹，请检查名称。' },
  repository_missing: {
    zh: '此地址没有 Git 仓库，或服务器版本过旧。请填写 git clone 使用的 https 地址。',
  },
  branch_missing: { zh: '仓库没有这个名称的分支，请检查名称。' },
  file_in_lfs: { zh: '此文件存放在 Git LFS 中，无法读取，请单独上传。' },
  source_forbidden: { zh: '设置此来源的人已无权管理该资料库，请由有权限的人重新设置。' },
  source_interrupted: { zh: '读取被中断，会自动继续。' },

  // questions
  question_empty: { zh: '问题是空的，请输入后再提问。' },
  question_too_long: { zh: '问题过长，请缩短；较长的文字可以作为文档上传。' },
  evaluation_too_large: { zh: '这次评测的问题过多，服务器无法保存。' },
  too_many_evaluations: { zh: '保存的评测已达上限，请先删除一些。' },
  not_comparable: { zh: '这两次评测没有共同的问题。' },
  conversation_not_found: { zh: '没有这个对话，请开始新的对话。' },
  index_not_ready: { zh: '索引尚未就绪，请稍候重试。' },
  vector_store_unavailable: { zh: '检索服务暂时没有响应，请稍后重试。' },
  embedding_server_failed: { zh: '语义模型服务没有响应，请稍后重试。' },
  generator_busy: { zh: '语言模型正忙，请稍后重试。' },
  prompt_too_long: { zh: '问题和相关段落过长，请缩短问题。' },
};

/** The words for a problem: ours by code, else the server's own, else a general sentence. */
export function describeProblem(
  problem: Pick<Problem, 'code' | 'detail'>,
  language: Language,
): string {
  return problemTexts[problem.code]?.[language] ?? (problem.detail || unexpected[language]);
}
