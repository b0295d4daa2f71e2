// The shapes of the HTTP contract, named as the server names them.

export type Role = 'owner' | 'editor' | 'reader' | 'auditor';
export type Verb = 'read' | 'ask' | 'upload' | 'edit' | 'share' | 'administer' | 'audit';
export type Page<T> = { items: T[] };

export type SessionUser = { id: string; name: string; role: Role | null; verbs: Verb[] };
export type WaysToSignIn = { password: boolean; providers: { id: string; title: string }[] };
export type User = {
  id: string;
  name: string;
  role: Role | null;
  created_at: string;
  /** Without one they sign in through an identity provider only. */
  has_password: boolean;
};
export type Member = { user_id: string; name: string; role: Role };
export type GroupRole = { group_id: string; name: string; role: Role };
export type Members = { items: Member[]; groups: GroupRole[] };
export type Group = {
  id: string;
  name: string;
  /** `local`, or the provider that says who is in it. */
  source: string;
  role: Role | null;
  member_count: number;
  created_at: string;
};
export type GroupPerson = { user_id: string; name: string };

export type PermissionEntry = { principal: string; name: string | null };
export type Permissions = { allow: PermissionEntry[]; deny: PermissionEntry[]; inherits: boolean };
export type Found = { kind: 'user' | 'group'; id: string; name: string };

export type Collection = {
  id: string;
  name: string;
  role: Role;
  document_count: number;
  created_at: string;
};

export type DocumentStatus = 'queued' | 'processing' | 'ready' | 'failed';
export type Stage = 'queued' | 'parsing' | 'chunking' | 'embedding' | 'indexing' | 'ready';
export type DocumentError = { code: string; detail: string; retryable: boolean };

/** What of a document was not read although the rest was; only pages have first and last numbers. */
export type Omission = DocumentError & {
  part: 'pages' | 'pictures' | 'attachments';
  count: number;
  pages: [number, number][];
};

export type SourceDocument = {
  id: string;
  name: string;
  collection_id: string;
  media_type: string;
  size_bytes: number;
  status: DocumentStatus;
  stage: Stage;
  /** 0..100 */
  progress: number;
  error: DocumentError | null;
  omissions: Omission[];
  page_count: number | null;
  chunk_count: number;
  language: string | null;
  /** The day that the file tells, else that of its upload. */
  dated_on: string;
  author: string | null;
  tags: string[];
  created_at: string;
  updated_at: string;
  duplicate: boolean;
};

export type DocumentPage = Page<SourceDocument> & { next_cursor: string | null; total: number };

/** Fractions 0..1 of the page, origin top left; `page` counts from 1. */
export type Box = { page: number; left: number; top: number; right: number; bottom: number };

/** `start` and `end` are code point offsets into the document's text. */
export type Block = {
  kind: 'heading' | 'text' | 'table' | 'list';
  level: number;
  text: string;
  page: number | null;
  start: number;
  end: number;
};

export type DocumentText = {
  document_id: string;
  name: string;
  media_type: string;
  page_count: number | null;
  blocks: Block[];
};

/** Another document that says the same; the offsets are into its own text. */
export type OtherPlace = {
  document_id: string;
  document_name: string;
  page: number | null;
  boxes: Box[];
  start: number;
  end: number;
};

export type Hit = {
  document_id: string;
  document_name: string;
  chunk_id: string;
  text: string;
  page: number | null;
  boxes: Box[];
  heading_path: string[];
  rank: number;
  start: number;
  end: number;
  also: OtherPlace[];
};

/** The documents that one may read, by how far their processing is. */
export type Queue = {
  waiting: number;
  oldest_waiting_at: string | null;
  running: Record<'parsing' | 'chunking' | 'embedding' | 'indexing', number>;
  /** Of the last hour; the rates are of the last ten minutes. */
  done_documents: number;
  done_chunks: number;
  documents_per_minute: number;
  chunks_per_minute: number;
  /** Failed after the last automatic attempt although the file may be sound. */
  dead_letters: number;
  cancelled: number;
  failures: QueueFailure[];
};
export type QueueFailure = DocumentError & { count: number; latest_at: string };

/** Values of one property are alternatives; different properties must all fit. */
export type Filters = {
  types: string[] | undefined;
  languages: string[] | undefined;
  years: number[] | undefined;
  tags: string[] | undefined;
  authors: string[] | undefined;
  dated_from: string | undefined;
  dated_to: string | undefined;
};
export type FacetCount = { value: string; count: number };
export type Facets = {
  total: number;
  types: FacetCount[];
  languages: FacetCount[];
  years: FacetCount[];
  tags: FacetCount[];
  authors: FacetCount[];
  collections: FacetCount[];
};

export type Citation = {
  number: number;
  document_id: string;
  document_name: string;
  page: number | null;
  boxes: Box[];
  quote: string;
  start: number;
  end: number;
  /** Other documents that hold the same quote. */
  also: OtherPlace[];
};

export type Answer = {
  id: string;
  conversation_id: string;
  answer: string;
  refused: boolean;
  /** The model stopped before its end; what is there holds. */
  interrupted: boolean;
  citations: Citation[];
  model: string;
};

export type ConversationSummary = { id: string; title: string; created_at: string };
export type Conversation = {
  id: string;
  title: string;
  turns: PastTurn[];
};

/** Withheld: a cited document is gone or hidden now, so the text and citations are left out. */
export type PastTurn = Answer & {
  question: string;
  status: 'answered' | 'interrupted' | 'withheld';
  helpful: boolean | null;
};

export type Token = {
  id: string;
  name: string;
  scopes: Verb[];
  expires_at: string;
};
export type NewToken = Token & { token: string };

/** The account of a program; its id is its client id. */
export type ServiceAccount = {
  id: string;
  name: string;
  role: Role | null;
  credential: 'secret' | 'key' | 'provider';
  expires_at: string;
};
export type NewServiceAccount = ServiceAccount & { secret: string | null };

/** What a directory shows to bring people and groups. */
export type ScimToken = {
  id: string;
  name: string;
  issuer: string | null;
  expires_at: string;
};
export type NewScimToken = ScimToken & { token: string };

export type About = {
  version: string;
  model: string;
  embedding_model: string;
  upload_bytes_max: number;
  question_characters_max: number;
  extensions: string[];
};

/** A mean from 0 to 1 with its 95 % interval. */
export type Mean = { value: number; low: number; high: number; count: number };
export type EvaluationSummary = {
  id: string;
  name: string;
  dataset: string;
  at: string;
  questions: number;
  means: Record<string, Mean>;
};
export type Evaluation = EvaluationSummary & {
  groups: Record<string, Record<string, Mean>>;
  /** Milliseconds by percentile. */
  times: Record<string, Record<string, number>>;
  subject: Record<string, string>;
};
export type Compared = { before: number; after: number; difference: Mean; clear: boolean };
export type EvaluationComparison = {
  before: EvaluationSummary;
  after: EvaluationSummary;
  same_questions: boolean;
  groups: Record<string, Record<string, Compared>>;
};

/** Votes on live answers by arm of the experiment; one arm without an experiment. */
export type LiveArm = {
  arm: 'A' | 'B';
  questions: number;
  refused: number;
  helpful: number;
  unhelpful: number;
  share_helpful: Mean | null;
};
export type LiveEvaluation = {
  experiment: string | null;
  arms: LiveArm[];
  difference: Mean | null;
  clear: boolean;
};
