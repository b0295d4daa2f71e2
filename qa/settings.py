"""Limits and thresholds of answering. Every limit has its unit in its name."""

from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from retrieval.settings import RetrievalSettings

EXPERIMENT_NAME_CHARACTERS_MAX: Final = 80
_OF_THE_INDEX: Final = frozenset(
    {
        "lexical_buffer_bytes",
        "exact_vectors_max",
        "sketched_candidates_min",
        "sketched_candidates_share",
        "compaction_share",
        "follow_interval_seconds",
    }
)
"""Settings of retrieval that belong to the index, which both arms of an experiment share."""


class GroundingThresholds(BaseModel):
    """When a sentence counts as supported; calibrated by `benchmarks/answers.py`.

    Coverages are shares of a sentence's content words (Chinese: words and bigrams) that stand
    in the passage; similarities are cosines of sentence vectors, and may be lower where the passage
    also holds the numbers that a sentence states. The rest are scores of `qa.relevance`: below
    `relevance_min` the model is not even asked; what it writes must rest on a sentence at most
    `relevance_margin` behind the best; from the others on, a passage's own sentence answers when
    the model wrote nothing that is supported, wrote that there is no answer, or (either) when the
    sentence is in another language.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    coverage_min: float = Field(default=0.7, ge=0, le=1)
    new_coverage_min: float = Field(default=0.6, ge=0, le=1)
    similarity_min: float = Field(default=0.84, ge=0, le=1)
    similarity_with_numbers_min: float = Field(default=0.78, ge=0, le=1)
    relevance_min: float = Field(default=0.89, ge=0)
    relevance_margin: float = Field(default=0.15, ge=0)
    quotation_min: float = Field(default=1.0, ge=0)
    quotation_after_marker_min: float = Field(default=1.15, ge=0)
    quotation_elsewhere_min: float = Field(default=0.9, ge=0)


class ExperimentSettings(BaseModel):
    """Two ways of searching compared on live questions; see `docs/evaluation.md`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(
        default="",
        max_length=EXPERIMENT_NAME_CHARACTERS_MAX,
        description="Name of the experiment; none runs without. Another name draws people anew.",
    )
    variant_share: float = Field(
        default=0.5, ge=0, le=1, description="Share of the people who get the variant (arm B)."
    )
    retrieval: dict[str, float] = Field(
        default={},
        description='What of `retrieval` is otherwise for them, as JSON: `{"dense_weight": 0.6}`. '
        "What belongs to the index cannot be.",
    )

    @model_validator(mode="after")
    def _known(self) -> Self:
        self.variant_of(RetrievalSettings())
        if wrong := self.retrieval.keys() - RetrievalSettings.model_fields.keys() | (
            self.retrieval.keys() & _OF_THE_INDEX
        ):
            message = f"not settings of a search: {', '.join(sorted(wrong))}"
            raise ValueError(message)
        return self

    def variant_of(self, usual: RetrievalSettings) -> RetrievalSettings:
        """Return the settings of arm B, where `usual` are those of arm A."""
        return RetrievalSettings.model_validate(usual.model_dump() | self.retrieval)


class AnswerSettings(BaseModel):
    """How a question becomes an answer.

    `cached_answers_max` answers are kept in memory for questions that come again (0: none). A
    question that asks up to `question_parts_max` things is answered part by part (1: as a whole).
    The model is shown the best `shown_sentences_min` sentences, and up to `shown_sentences_max` of
    those whose score (see `GroundingThresholds`) is at most `shown_margin` behind the best.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cached_answers_max: int = Field(default=1_000, ge=0)
    question_parts_max: int = Field(default=4, gt=0)
    question_characters_max: int = Field(default=4_000, gt=0)
    passages_max: int = Field(default=8, gt=0)
    mentions_max: int = Field(default=10, gt=0)
    shown_sentences_min: int = Field(default=3, gt=0)
    shown_sentences_max: int = Field(default=6, gt=0)
    shown_margin: float = Field(default=0.08, ge=0)
    passage_tokens_max: int = Field(default=1_200, gt=0)
    history_turns_max: int = Field(default=2, ge=0)
    history_characters_max: int = Field(default=400, ge=0)
    new_tokens_max: int = Field(default=160, gt=0)
    grounding: GroundingThresholds = GroundingThresholds()
    experiment: ExperimentSettings = ExperimentSettings()
