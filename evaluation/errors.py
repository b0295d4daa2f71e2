"""What can go wrong while measuring.

EvaluationError
├── DatasetInvalid       a data set's file is missing or cannot be read
├── RunInvalid           a run's file cannot be read
├── NotComparable        two runs share no question
├── EvaluationTooLarge   a run has more questions than are kept
└── TooManyEvaluations   the tenant keeps as many runs as it may
"""


class EvaluationError(Exception):
    """Any failure of evaluation; `status` is for HTTP, `code` is stable for clients."""

    status = 500
    code = "evaluation_failed"


class DatasetInvalid(EvaluationError):
    """A file of a data set is missing or a line of it is not as it should be."""

    status = 422
    code = "dataset_invalid"


class RunInvalid(EvaluationError):
    """A run's file is missing, damaged or of another version."""

    status = 422
    code = "run_invalid"


class NotComparable(EvaluationError):
    """Two runs share no question, so that no pairs can be formed."""

    status = 422
    code = "not_comparable"


class EvaluationTooLarge(EvaluationError):
    """An evaluation has more questions than are kept."""

    status = 413
    code = "evaluation_too_large"

    def __init__(self, questions_max: int) -> None:
        super().__init__(f"An evaluation may have at most {questions_max} questions here.")


class TooManyEvaluations(EvaluationError):
    """The tenant keeps as many evaluations as it may."""

    status = 409
    code = "too_many_evaluations"

    def __init__(self, runs_max: int) -> None:
        super().__init__(f"{runs_max} evaluations are kept already. Delete one first.")
