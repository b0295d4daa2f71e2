"""What can go wrong between a question and its answer.

    QaError
    ├── QuestionRefused             the question is not taken
    │   ├── QuestionEmpty
    │   └── QuestionTooLong
    ├── ConversationNotFound        unknown, deleted, or another person's: all look the same
    └── AnswerNotFound              likewise, or it broke off

Messages are fixed texts that say what to do; they never hold the question.
"""

from typing import ClassVar


class QaError(Exception):
    """Base of the package."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "answer_failed"
    message: ClassVar[str] = "The question could not be answered. Try again."

    def __init__(self, detail: str | None = None) -> None:
        self.detail = detail or self.message
        super().__init__(self.detail)


class QuestionRefused(QaError):
    """The question is refused before anything is searched or stored."""

    status = 422
    code = "question_refused"


class QuestionEmpty(QuestionRefused):
    """Nothing but white space."""

    code = "question_empty"
    message = "The question is empty. Type a question and send it again."


class QuestionTooLong(QuestionRefused):
    """More characters than the limit."""

    code = "question_too_long"

    def __init__(self, characters_max: int) -> None:
        super().__init__(
            f"The question is longer than {characters_max:,} characters. Shorten it; a long text "
            "can be uploaded as a document instead."
        )


class ConversationNotFound(QaError):
    """No conversation of this person has that id."""

    status = 404
    code = "conversation_not_found"
    message = "There is no such conversation. Start a new one."


class AnswerNotFound(QaError):
    """No whole answer to this person has that id."""

    status = 404
    code = "answer_not_found"
    message = "There is no such answer. Ask again and judge the new one."
