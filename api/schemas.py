"""What goes over the wire, as pydantic models; the OpenAPI document is made from these."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from api.document_schemas import Failure, Omission
from api.filter_schemas import Filters
from api.schema_base import DocumentStatus, Identifier
from api.schema_base import Input as _Input
from api.schema_base import View as _View
from security.principal import Role, Verb


class User(_View):
    """A person; `role` is the tenant-wide one, if any."""

    id: str
    name: str
    role: Role | None


class SignedIn(_View):
    """Who is signed in; `verbs` are the tenant-wide ones."""

    id: str
    name: str
    role: Role | None
    verbs: list[Verb]


class SessionView(BaseModel):
    """The present session; `sign_out_url` is where a browser goes on to after signing out.

    Without a password, its person signs in through an identity provider only.
    """

    user: SignedIn
    has_password: bool = True
    sign_out_url: str | None = None


class IdentityProvider(BaseModel):
    """An identity provider to sign in through."""

    id: str
    title: str


class WaysToSignIn(BaseModel):
    """How people may sign in; `password` is for local accounts."""

    password: bool
    providers: list[IdentityProvider]


class BeginSignIn(_Input):
    """A path of the page at which to go on after the sign-in."""

    next: Annotated[str, Field(max_length=2000)] = "/"


class BegunSignIn(BaseModel):
    """Where the browser goes to sign in."""

    url: str


class SignIn(_Input):
    """Name and password of a local account."""

    name: str
    password: str


class PasswordChange(_Input):
    """The present password and the new one."""

    current: str
    new: str


class UserView(User):
    """A person in the list of users.

    Without a password, they sign in through an identity provider only.
    """

    created_at: datetime
    has_password: bool


class UserList(BaseModel):
    """All users of the tenant."""

    items: list[UserView]


class NewUser(_Input):
    """A local account; without a role the person sees only what collections grant."""

    name: str
    password: str
    role: Role | None = None


class Collection(_View):
    """A collection with the caller's role in it and the documents the caller may see."""

    id: str
    name: str
    role: Role
    document_count: int
    created_at: datetime


class CollectionList(BaseModel):
    """All collections that the caller may read."""

    items: list[Collection]


class NewCollection(_Input):
    """The name of a collection to create."""

    name: str


class Member(_View):
    """A person's role in a collection."""

    user_id: str
    name: str
    role: Role


class GroupRole(_View):
    """The role of a group's members in a collection."""

    group_id: str
    name: str
    role: Role


class MemberList(BaseModel):
    """The people and groups who hold a role of their own in a collection."""

    items: list[Member]
    groups: list[GroupRole]


class RoleChange(_Input):
    """The role to hold from now on."""

    role: Role


class Document(_View):
    """A document and how far its processing has come (`progress` in percent).

    `author` and `dated_on` are what the file says, else null and the day of the upload.
    """

    id: str
    name: str
    collection_id: str
    media_type: str
    size_bytes: int
    status: DocumentStatus
    stage: Literal["queued", "parsing", "chunking", "embedding", "indexing", "ready"]
    progress: int
    error: Failure | None
    omissions: list[Omission]
    page_count: int | None
    chunk_count: int
    language: str | None
    dated_on: date
    author: str | None
    tags: list[str]
    created_at: datetime
    updated_at: datetime
    duplicate: bool = False


class DocumentList(_View):
    """A page of documents, newest first; `next_cursor` is null on the last page."""

    items: list[Document]
    next_cursor: str | None
    total: int


class TextBlock(_View):
    """A paragraph, heading, list item or table, with its offsets in the document's text."""

    kind: Literal["heading", "text", "list", "table"]
    level: int
    text: str
    page: int | None
    start: int
    end: int


class DocumentText(BaseModel):
    """The whole text of a document."""

    document_id: str
    name: str
    media_type: str
    page_count: int | None
    blocks: list[TextBlock]


class Box(_View):
    """A rectangle on a page, in fractions of its size from the top left corner."""

    page: int
    left: float
    top: float
    right: float
    bottom: float


class OtherPlace(_View):
    """Another document that says the same; the offsets are into its own text."""

    document_id: str
    document_name: str
    page: int | None
    boxes: list[Box]
    start: int
    end: int


class Question(_Input):
    """What to answer; `stream` asks for server-sent events."""

    question: str
    collections: list[Identifier] | None = None
    filters: Filters = Filters()
    conversation_id: Identifier | None = None
    stream: bool = False


class Citation(_View):
    """The place that supports a sentence; `quote` is the document's text from start to end.

    `also` are other documents, as far as they were found, that hold the same quote.
    """

    number: int
    document_id: str
    document_name: str
    page: int | None
    boxes: list[Box]
    quote: str
    start: int
    end: int
    also: list[OtherPlace]


class Usage(_View):
    """Tokens read and written by the model."""

    prompt_tokens: int
    completion_tokens: int


class Timings(_View):
    """Milliseconds since the question arrived."""

    retrieval_ms: int
    first_token_ms: int
    total_ms: int


class Answer(BaseModel):
    """An answer; every sentence ends in `[n]`, the number of a citation.

    `unanswered` are parts of the question without an answer; a line of the text says so for each.
    """

    id: str
    conversation_id: str
    answer: str
    refused: bool
    interrupted: bool
    cached: bool
    unanswered: list[str]
    citations: list[Citation]
    model: str
    usage: Usage
    timings: Timings


class Feedback(_Input):
    """Whether an answer helped; null takes it back."""

    helpful: bool | None


class ConversationSummary(_View):
    """A conversation in the list."""

    id: str
    title: str
    created_at: datetime


class ConversationList(BaseModel):
    """The caller's conversations, newest first."""

    items: list[ConversationSummary]


class Turn(Answer):
    """A question and its answer; "withheld" when a cited document is no longer visible.

    `helpful` is what its asker said of it, null when nothing.
    """

    question: str
    status: Literal["answered", "interrupted", "withheld"]
    created_at: datetime
    helpful: bool | None


class Conversation(BaseModel):
    """A conversation with its turns, oldest first."""

    id: str
    title: str
    created_at: datetime
    turns: list[Turn]


class PasswordReset(_Input):
    """A new password for someone who forgot theirs."""

    password: str


class NewToken(_Input):
    """A personal access token to create."""

    name: str
    scopes: list[Verb]
    expires_in_days: int = Field(ge=1)


class Token(_View):
    """A personal access token, without its secret."""

    id: str
    name: str
    scopes: list[Verb]
    created_at: datetime
    expires_at: datetime


class CreatedToken(Token):
    """A new token; `token` is shown this once."""

    token: str


class TokenList(BaseModel):
    """The caller's tokens."""

    items: list[Token]


class About(BaseModel):
    """What this server is and what it takes."""

    version: str
    model: str
    embedding_model: str
    upload_bytes_max: int
    question_characters_max: int
    extensions: list[str]
