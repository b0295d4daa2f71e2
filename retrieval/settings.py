"""Limits and weights of the search path."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class RetrievalSettings(BaseModel):
    """How searching works; the defaults suit one machine and up to a million chunks."""

    model_config = ConfigDict(extra="forbid")

    hits_max: int = Field(50, ge=1, description="Most hits one search returns.")
    candidates_max: int = Field(
        100, ge=1, description="Chunks that each index proposes before they are merged."
    )
    embedding_wait_seconds_max: float = Field(
        0.05,
        ge=0,
        description="Longest that a question waits while as many searches as there are cores are "
        "under way, so that those that come together are embedded together.",
    )
    query_terms_max: int = Field(
        128, ge=1, description="Distinct words of a query that are searched; the rest is ignored."
    )
    facet_values_max: int = Field(
        50, ge=1, description="Values of one property that are counted for the filters."
    )
    lexical_buffer_bytes: int = Field(
        50_000_000, ge=1_000_000, description="Memory in which one tenant's words are gathered."
    )
    exact_vectors_max: int = Field(
        20_000,
        ge=1,
        description="Visible passages of one script up to which a search by meaning looks at every "
        "one; above, sketches of one bit a dimension choose those that are looked at.",
    )
    sketched_candidates_min: int = Field(
        2_000, ge=1, description="Passages that sketches choose at least for one search."
    )
    sketched_candidates_share: float = Field(
        0.0125,
        gt=0,
        le=1,
        description="Share of the visible passages that sketches choose for one search.",
    )
    kernels: Literal["auto", "off"] = Field(
        "auto",
        description="Whether to compile the kernels of searches in memory once, if the processor "
        "(AVX512-VPOPCNTDQ) and a C++ compiler allow it. Everything works without them, more "
        "slowly.",
    )
    compaction_share: float = Field(
        0.2, gt=0, lt=1, description="Share of deleted chunks above which they are swept out."
    )
    # How the next five were chosen: docs/evaluation.md, "How good the search is".
    dense_weight: float = Field(
        0.45, ge=0, le=1, description="Weight of meaning against words, each scaled to its best."
    )
    document_weight: float = Field(
        1.0,
        ge=0,
        description="Weight of a document's own words and name against those of each of its "
        "passages.",
    )
    dense_spread_min: float = Field(
        0.08,
        ge=0,
        le=2,
        description="Cosine between the nearest passage and the last proposed from which on "
        "meaning has all of its weight; 0.08 is for multilingual-e5-small, whose cosines lie close "
        "together.",
    )
    feedback_passages: int = Field(
        3, ge=1, description="Best passages that the others are compared with."
    )
    feedback_weight: float = Field(
        0.5,
        ge=0,
        description="What likeness to the best passages weighs against meaning and words together; "
        "0: passages are not compared.",
    )
    # The next four hold for multilingual-e5-small and were chosen by the same benchmark's set
    # across languages; for a model that does not favour the question's language they are 0.
    foreign_centre_share: float = Field(
        0.8,
        ge=0,
        le=1,
        description="Share of what all texts in the question's language have in common that is "
        "taken out of it before passages in another are compared with it.",
    )
    foreign_bonus: float = Field(
        0.01,
        ge=0,
        le=2,
        description="Cosine that Chinese passages gain for questions in another language.",
    )
    foreign_bonus_chinese: float = Field(
        0.07,
        ge=0,
        le=2,
        description="Cosine that passages in other languages gain for Chinese questions.",
    )
    foreign_words_share: float = Field(
        0.7,
        ge=0,
        le=1,
        description="Share of the weight of words that passages in another language than the "
        "question's earn by meaning, when one of them is the nearest.",
    )
    # The next three matter when the section rerank names a reranker.
    rerank_candidates_max: int = Field(
        20, ge=1, description="Best candidates that a reranker reads again."
    )
    rerank_weight: float = Field(
        1.0,
        ge=0,
        le=1,
        description="Weight of the reranker's scores against those before it, each scaled to its "
        "best; 0: it is not asked.",
    )
    rerank_milliseconds_max: float = Field(
        1_000,
        gt=0,
        description="Time after which the order from before the reranker is kept.",
    )
    duplicate_similarity_min: float = Field(
        0.9,
        gt=0,
        le=1,
        description="Share of three-word runs in common from which on two passages are shown as "
        "one, if their figures, negations and headings do not differ; 1 keeps all but equal ones.",
    )
    copies_max: int = Field(
        10, ge=0, description="Copies of a passage that are told with it; the rest is left out."
    )
    follow_interval_seconds: float = Field(
        0.5, gt=0, description="Pause between two looks for changed documents."
    )
    catch_up_seconds_max: float = Field(
        0.2, ge=0, description="How long a search waits for an update that is being applied."
    )
