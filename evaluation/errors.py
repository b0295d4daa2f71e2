"""What can go wrong while measuring.

EvaluationError
├── DatasetInvalid   a data set's file is missing or cannot be read
├── RunInvalid       a stored run cannot be read
└── NotComparable    two runs share no question
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
